//! The declarative configuration that leads from the gateway to its own Admin API.
//!
//! It is imported into the database, which updates what has the same id and deletes nothing. So every entity has a
//! fixed id, and a plugin that is not wanted is switched off instead of left out.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::environment::ADMIN_PORT;
use crate::resource::fingerprint;

/// Ids of the entities, made once and for all: a database holds one admin route.
mod id {
    pub(super) const SERVICE: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d101";
    pub(super) const ROUTE: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d102";
    pub(super) const KEY_AUTH: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d103";
    pub(super) const IP_RESTRICTION: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d104";
    pub(super) const ACL: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d105";
    pub(super) const RATE_LIMITING: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d106";
    pub(super) const CONSUMER: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d107";
    pub(super) const CREDENTIAL: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d108";
    pub(super) const GROUP: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d109";
}

/// The name of the service, route and consumer, and of the group whose members may use the route.
const NAME: &str = "kongstack-admin";

/// The request header that carries the key.
pub(crate) const KEY_HEADER: &str = "apikey";

/// An address no client has: a list of it alone admits nobody, where an empty list would admit everybody.
const NOBODY: &str = "255.255.255.255/32";

/// Stands for the key until the document is cut in two there.
const PLACEHOLDER: &str = "@key@";

/// How the Admin API is reached, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    /// The control plane's host name.
    pub(crate) host: &'a str,
    /// The public path, without a slash at its end.
    pub(crate) path: &'a str,
    /// Clients that may use it; 0.0.0.0/0 among them means all, none means nobody.
    pub(crate) allow: &'a [Ipv4Net],
    /// Requests a minute and client address.
    pub(crate) rate_limit: u32,
    /// Where the key is from; another source is another key, so the import is due again.
    pub(crate) key_source: &'a str,
}

/// The declarative configuration, cut where the key goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdminRoute {
    /// The text before the key.
    pub(crate) before: String,
    /// The text after the key.
    pub(crate) after: String,
    /// Changes when anything but the key itself does.
    pub(crate) hash: String,
}

impl AdminRoute {
    /// The configuration for `access`.
    pub(crate) fn new(access: &Access<'_>) -> Self {
        let text = document(access).to_string();
        let (before, after) = text.split_once(PLACEHOLDER).unwrap_or((&text, ""));
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
            hash: fingerprint(&[&text, access.key_source], 16),
        }
    }
}

fn document(access: &Access<'_>) -> Value {
    json!({
        "_format_version": "3.0",
        "services": [{
            "id": id::SERVICE,
            "name": NAME,
            "url": format!("http://{}:{ADMIN_PORT}", access.host),
            "routes": [{
                "id": id::ROUTE,
                "name": NAME,
                "paths": [access.path],
                "strip_path": true,
                "plugins": plugins(access),
            }],
        }],
        "consumers": [{
            "id": id::CONSUMER,
            "username": NAME,
            "keyauth_credentials": [{"id": id::CREDENTIAL, "key": PLACEHOLDER}],
            "acls": [{"id": id::GROUP, "group": NAME}],
        }],
    })
}

/// In the order in which Kong runs them.
fn plugins(access: &Access<'_>) -> Value {
    json!([
        // Kong's defaults accept the key in the query, where logs keep it, and pass it on to the Admin API.
        plugin(
            id::KEY_AUTH,
            "key-auth",
            true,
            &json!({
                "key_names": [KEY_HEADER],
                "key_in_header": true,
                "key_in_query": false,
                "key_in_body": false,
                "hide_credentials": true,
            })
        ),
        ip_restriction(access.allow),
        // Without it the key of any consumer of the gateway would open the Admin API.
        plugin(
            id::ACL,
            "acl",
            true,
            &json!({"allow": [NAME], "hide_groups_header": true})
        ),
        // A data plane has no database, so it cannot count for the whole cluster.
        plugin(
            id::RATE_LIMITING,
            "rate-limiting",
            true,
            &json!({
                "minute": access.rate_limit,
                "policy": "local",
                "limit_by": "ip",
            })
        ),
    ])
}

fn ip_restriction(allow: &[Ipv4Net]) -> Value {
    let anywhere = allow.iter().any(|net| net.prefix_len() == 0);
    let mut list: Vec<String> = allow.iter().map(ToString::to_string).collect();
    if list.is_empty() {
        list.push(NOBODY.to_owned());
    }
    list.sort();
    let config = json!({"allow": list});
    plugin(id::IP_RESTRICTION, "ip-restriction", !anywhere, &config)
}

fn plugin(id: &str, name: &str, enabled: bool, config: &Value) -> Value {
    json!({
        "id": id,
        "name": name,
        "instance_name": format!("{NAME}-{name}"),
        "enabled": enabled,
        "config": config,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(allow: &[Ipv4Net]) -> Access<'_> {
        Access {
            host: "config.kong.local",
            path: "/kong-admin",
            allow,
            rate_limit: 60,
            key_source: "generate",
        }
    }

    fn parsed(route: &AdminRoute) -> Value {
        let text = format!("{}secret{}", route.before, route.after);
        serde_json::from_str(&text).expect("valid JSON once the key is in")
    }

    fn net(text: &str) -> Ipv4Net {
        text.parse().expect("a network")
    }

    #[test]
    fn the_key_goes_where_the_credential_is() {
        let document = parsed(&AdminRoute::new(&access(&[])));
        assert_eq!(
            document.pointer("/consumers/0/keyauth_credentials/0/key"),
            Some(&json!("secret"))
        );
        assert_eq!(
            document.pointer("/services/0/url"),
            Some(&json!("http://config.kong.local:8001"))
        );
    }

    #[test]
    fn an_empty_list_admits_nobody_and_the_whole_internet_everybody() {
        let restriction = |allow: &[Ipv4Net]| {
            let document = parsed(&AdminRoute::new(&access(allow)));
            let plugin = document.pointer("/services/0/routes/0/plugins/1").cloned();
            let plugin = plugin.expect("the second plugin");
            (plugin["enabled"].clone(), plugin["config"]["allow"].clone())
        };
        assert_eq!(restriction(&[]), (json!(true), json!([NOBODY])));
        assert_eq!(
            restriction(&[net("203.0.113.0/24"), net("10.0.0.0/8")]),
            (json!(true), json!(["10.0.0.0/8", "203.0.113.0/24"]))
        );
        assert_eq!(restriction(&[net("0.0.0.0/0")]).0, json!(false));
    }

    #[test]
    fn the_hash_follows_everything_but_the_key() {
        let plain = AdminRoute::new(&access(&[]));
        assert_eq!(plain, AdminRoute::new(&access(&[])));
        assert_eq!(plain.hash.len(), 16);
        let nets = [net("10.0.0.0/8")];
        let others = [
            access(&nets),
            Access {
                rate_limit: 61,
                ..access(&[])
            },
            Access {
                key_source: "arn:aws:secretsmanager:eu-west-1:1:secret:mine",
                ..access(&[])
            },
        ];
        for other in &others {
            assert_ne!(plain.hash, AdminRoute::new(other).hash, "{other:?}");
        }
    }

    #[test]
    fn the_key_never_travels_in_a_query() {
        let document = parsed(&AdminRoute::new(&access(&[])));
        let auth = document.pointer("/services/0/routes/0/plugins/0/config");
        let auth = auth.expect("key-auth's configuration");
        assert_eq!(auth["key_in_query"], json!(false));
        assert_eq!(auth["hide_credentials"], json!(true));
    }
}
