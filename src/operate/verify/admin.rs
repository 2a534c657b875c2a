//! The Admin API as people reach it: whom it refuses and whom it answers.

use futures::future::join;
use hyper::StatusCode;
use ipnet::Ipv4Net;
use serde_json::Value;

use super::tally::Finding;
use crate::aws::Clients;
use crate::gateway::{AdminApi, Closed, Question, Reply, Site, Trouble};
use crate::kinds::kong::admin_key;

/// How the Admin API is reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door<'a> {
    /// The gateway by its public name.
    pub(super) site: &'a Site,
    /// The public path.
    pub(super) path: &'a str,
    /// The secret with the key, as Secrets Manager takes it.
    pub(super) secret: &'a str,
}

/// What came of asking with the key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// The key is not to be had, for this reason.
    NoKey(String),
    /// There was no answer.
    Trouble(Trouble),
    /// There was one.
    Reply(Reply),
}

/// What the Admin API said of what only it knows.
pub(super) struct Said {
    /// To `GET /status`.
    pub(super) status: Result<Reply, Trouble>,
    /// To `GET /clustering/data-planes`.
    pub(super) data_planes: Result<Reply, Trouble>,
}

impl Door<'_> {
    /// Asks without a key.
    pub(super) async fn knock(&self, clients: &Clients) -> Result<StatusCode, Trouble> {
        let question = Question::get(&format!("{}/", self.path));
        let answer = clients.gateway().ask(self.site, question).await?;
        Ok(answer.status)
    }

    /// Asks with the key who is there, and if that is the Admin API what else it knows.
    pub(super) async fn ask(&self, clients: &Clients) -> (Asked, Option<Said>) {
        let key = match admin_key(clients, self.secret).await {
            Ok(key) => key,
            Err(why) => return (Asked::NoKey(why), None),
        };
        let Some(api) = AdminApi::new(clients.gateway(), self.site, self.path, &key) else {
            let unfit = "the key holds characters that no HTTP header can carry";
            return (Asked::NoKey(unfit.to_owned()), None);
        };
        match api.get("/").await {
            Err(trouble) => (Asked::Trouble(trouble), None),
            Ok(reply) if reply.status != StatusCode::OK => (Asked::Reply(reply), None),
            Ok(reply) => {
                let (status, data_planes) = join(
                    api.get("/status"),
                    api.get("/clustering/data-planes?size=1000"),
                )
                .await;
                let said = Said {
                    status,
                    data_planes,
                };
                (Asked::Reply(reply), Some(said))
            }
        }
    }
}

/// Judges what is answered to somebody without the key.
pub(super) fn without_key(answer: &Result<StatusCode, Trouble>, flags: &str) -> Finding {
    let apply = format!("`kongstack apply{flags}` puts the admin route right");
    match answer {
        Ok(StatusCode::UNAUTHORIZED) => Finding::passed("401 without the key"),
        Ok(StatusCode::FORBIDDEN) => {
            Finding::passed(format!("403 without the key: {}", Closed::NotListed))
        }
        Ok(status) if status.is_success() => Finding::failed(format!(
            "THE ADMIN API IS OPEN: it answers {status} without the key"
        ))
        .fix(format!("close `ingress.allow`, then {apply}")),
        Ok(StatusCode::NOT_FOUND) => {
            Finding::failed("404: the data planes have no such route").fix(apply)
        }
        Ok(status) => Finding::failed(format!("the gateway answers {status}")),
        Err(trouble @ (Trouble::Tls { .. } | Trouble::Broken { .. })) => {
            Finding::failed(trouble.to_string())
        }
        Err(trouble) => Finding::not_checked(format!("not reached from here: {trouble}")),
    }
}

/// Judges whether the list of addresses is kept, by what is answered to this machine with the key.
pub(super) fn list(allow: &[Ipv4Net], asked: &Asked) -> Finding {
    if allow.iter().any(|net| net.prefix_len() == 0) {
        return Finding::not_checked("`admin.allow` admits every address");
    }
    match asked {
        Asked::Reply(reply) if reply.status == StatusCode::FORBIDDEN => {
            Finding::passed(format!("403 with the key: {}", Closed::NotListed))
        }
        Asked::Reply(reply) if reply.status.is_success() && allow.is_empty() => {
            Finding::failed("`admin.allow` admits nobody, and this machine was let in")
        }
        Asked::Reply(reply) if reply.status.is_success() => Finding::not_checked(
            "this machine is let in, so only one that is not on the list can try",
        ),
        Asked::Reply(reply) => {
            Finding::not_checked(format!("the gateway answers {}", reply.status))
        }
        Asked::NoKey(why) => Finding::not_checked(why.as_str()),
        Asked::Trouble(trouble) => Finding::not_checked(trouble.to_string()),
    }
}

/// Judges `GET /` with the key.
pub(super) fn api(asked: &Asked, flags: &str) -> Finding {
    let reply = match asked {
        Asked::NoKey(why) => return Finding::not_checked(why.as_str()),
        Asked::Trouble(trouble) => return Finding::not_checked(trouble.to_string()),
        Asked::Reply(reply) => reply,
    };
    match reply.status {
        StatusCode::OK => {}
        StatusCode::FORBIDDEN => return Finding::not_checked(Closed::NotListed.to_string()),
        StatusCode::TOO_MANY_REQUESTS => return Finding::not_checked(Closed::Limited.to_string()),
        StatusCode::UNAUTHORIZED => {
            return Finding::failed("the key of the secret is refused")
                .fix(format!("`kongstack apply{flags}` writes it again"));
        }
        status => return Finding::failed(format!("the gateway answers {status}")),
    }
    let role = reply.body.pointer("/configuration/role");
    match (version(reply), role.and_then(Value::as_str)) {
        (Some(version), Some("control_plane")) => {
            Finding::passed(format!("200 with the key: Kong {version}, control plane"))
        }
        (Some(version), role) => {
            let role = role.unwrap_or("none");
            Finding::failed(format!("Kong {version} answers, but its role is {role}"))
        }
        (None, _) => Finding::failed("what answers 200 is not Kong's Admin API"),
    }
}

/// The version of the Kong that answered.
pub(super) fn version(reply: &Reply) -> Option<&str> {
    reply.body.get("version").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(status: StatusCode, body: Value) -> Asked {
        Asked::Reply(Reply::new(status, body))
    }

    fn root(role: &str) -> Value {
        json!({"version": "3.9.3", "configuration": {"role": role}})
    }

    fn broken() -> Trouble {
        Trouble::Broken {
            host: "gw.example.com".to_owned(),
            reason: "reset".to_owned(),
        }
    }

    #[test]
    fn only_a_refusal_proves_that_the_key_counts() {
        for (answer, expected) in [
            (Ok(StatusCode::UNAUTHORIZED), "passed: 401 without the key"),
            (
                Ok(StatusCode::FORBIDDEN),
                "passed: 403 without the key: the address of this machine is not in `admin.allow`",
            ),
            (
                Ok(StatusCode::OK),
                "failed: THE ADMIN API IS OPEN: it answers 200 OK without the key",
            ),
            (
                Ok(StatusCode::NOT_FOUND),
                "failed: 404: the data planes have no such route",
            ),
            (
                Ok(StatusCode::SERVICE_UNAVAILABLE),
                "failed: the gateway answers 503 Service Unavailable",
            ),
            (
                Err(broken()),
                "failed: gw.example.com broke the exchange off: reset",
            ),
            (
                Err(Trouble::Refused(([192, 0, 2, 1], 80).into())),
                "not checked: not reached from here: 192.0.2.1:80 refused the connection",
            ),
        ] {
            assert_eq!(without_key(&answer, "").told(), expected);
        }
    }

    #[test]
    fn the_list_is_tried_only_from_an_address_that_is_not_on_it() {
        let some = ["203.0.113.0/24".parse().unwrap()];
        let all = ["0.0.0.0/0".parse().unwrap()];
        let refused = || reply(StatusCode::FORBIDDEN, json!({}));
        let let_in = || reply(StatusCode::OK, root("control_plane"));
        for (allow, asked, expected) in [
            (
                &some[..],
                refused(),
                "passed: 403 with the key: the address of this machine is not in `admin.allow`",
            ),
            (
                &[][..],
                refused(),
                "passed: 403 with the key: the address of this machine is not in `admin.allow`",
            ),
            (
                &some[..],
                let_in(),
                "not checked: this machine is let in, so only one that is not on the list can try",
            ),
            (
                &[][..],
                let_in(),
                "failed: `admin.allow` admits nobody, and this machine was let in",
            ),
            (
                &all[..],
                let_in(),
                "not checked: `admin.allow` admits every address",
            ),
            (
                &some[..],
                Asked::NoKey("denied".to_owned()),
                "not checked: denied",
            ),
        ] {
            assert_eq!(list(allow, &asked).told(), expected);
        }
    }

    #[test]
    fn a_control_plane_must_answer_the_key() {
        for (asked, expected) in [
            (
                reply(StatusCode::OK, root("control_plane")),
                "passed: 200 with the key: Kong 3.9.3, control plane",
            ),
            (
                reply(StatusCode::OK, root("traditional")),
                "failed: Kong 3.9.3 answers, but its role is traditional",
            ),
            (
                reply(StatusCode::OK, json!({"hello": 1})),
                "failed: what answers 200 is not Kong's Admin API",
            ),
            (
                reply(StatusCode::FORBIDDEN, json!({})),
                "not checked: the address of this machine is not in `admin.allow`",
            ),
            (
                reply(StatusCode::TOO_MANY_REQUESTS, json!({})),
                "not checked: `admin.rate_limit` is used up for this minute",
            ),
            (
                reply(StatusCode::UNAUTHORIZED, json!({})),
                "failed: the key of the secret is refused",
            ),
            (
                reply(StatusCode::BAD_GATEWAY, json!({})),
                "failed: the gateway answers 502 Bad Gateway",
            ),
            (Asked::NoKey("denied".to_owned()), "not checked: denied"),
            (
                Asked::Trouble(broken()),
                "not checked: gw.example.com broke the exchange off: reset",
            ),
        ] {
            assert_eq!(api(&asked, "").told(), expected);
        }
    }
}
