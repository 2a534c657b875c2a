//! The way from the gateway to its own Admin API: a service, a route, its plugins, and who may use it.
//!
//! It is imported into the database before the first control plane starts, and kept in step through the Admin API
//! afterwards. Neither deletes anything: what else is in the database is the operator's. So every entity has a fixed id
//! and name, and a plugin that is not wanted is switched off instead of left out.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::admin_settings::{Settings, text};
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
    pub(super) const GROUP: &str = "6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d109";
}

/// The name of the service, route and consumer, and of the group whose members may use the route.
pub(crate) const NAME: &str = "kongstack-admin";

/// The request header that carries the key.
pub(crate) const KEY_HEADER: &str = "apikey";

/// An address no client has: a list of it alone admits nobody, where an empty list would admit everybody.
const NOBODY: &str = "255.255.255.255/32";

/// Stands for the key until the document is cut there.
const KEY_PLACEHOLDER: &str = "@key@";
/// Stands for the credential's id, which follows from the key.
const ID_PLACEHOLDER: &str = "@credential@";

/// What comes before the key where its credential's id is made of it.
pub(super) const ID_OF: &str = "kongstack-admin-key:";
/// How many hexadecimal digits of the hash are in each part of that id.
pub(super) const ID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// How the Admin API is reached, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdminRoute {
    /// The control plane's host name.
    pub(crate) host: String,
    /// The public path, without a slash at its end.
    pub(crate) path: String,
    /// Clients that may use it; 0.0.0.0/0 among them means all, none means nobody.
    pub(crate) allow: Vec<Ipv4Net>,
    /// Requests a minute and client address.
    pub(crate) rate_limit: u32,
    /// Where the key is from; another source is another key, so the route is due again.
    pub(crate) key_source: String,
}

/// One entity of the route in the Admin API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entity {
    /// Where it is, by name: `PUT` there makes it or replaces it.
    pub(crate) path: String,
    /// What it is.
    pub(crate) body: Value,
}

impl AdminRoute {
    /// Changes when anything but the key itself does.
    #[must_use]
    pub(crate) fn hash(&self) -> String {
        fingerprint(&[&self.document().to_string(), &self.key_source], 16)
    }

    /// The declarative configuration, cut where the credential's id goes and where the key goes.
    #[must_use]
    pub(crate) fn pieces(&self) -> [String; 3] {
        let text = self.document().to_string();
        let (before, rest) = text.split_once(ID_PLACEHOLDER).unwrap_or((&text, ""));
        let (between, after) = rest.split_once(KEY_PLACEHOLDER).unwrap_or((rest, ""));
        [before, between, after].map(str::to_owned)
    }

    /// What it is set to.
    #[must_use]
    pub(crate) fn settings(&self) -> Settings {
        Settings::of(&self.service(), &self.route(), &self.plugins())
    }

    /// The entities, in an order in which the route is never open: who may use it, what guards it, and last where it
    /// leads. They are `PUT` through the route itself, so it is there; the key is not among them.
    #[must_use]
    pub(crate) fn entities(&self) -> Vec<Entity> {
        let consumer = format!("/consumers/{NAME}");
        let group = format!("{consumer}/acls/{}", id::GROUP);
        let mut all = vec![
            entity(consumer, json!({"username": NAME})),
            entity(group, json!({"group": NAME})),
        ];
        all.extend(self.plugins().into_iter().map(|mut plugin| {
            let path = format!("/plugins/{}", text(&plugin["instance_name"]));
            strip(&mut plugin, "id");
            plugin["route"] = json!({"name": NAME});
            entity(path, plugin)
        }));
        all.push(entity(format!("/services/{NAME}"), self.service()));
        let mut route = self.route();
        route["service"] = json!({"name": NAME});
        all.push(entity(format!("/routes/{NAME}"), route));
        all
    }

    fn document(&self) -> Value {
        let (mut service, mut route) = (self.service(), self.route());
        route["id"] = json!(id::ROUTE);
        route["plugins"] = json!(self.plugins());
        service["id"] = json!(id::SERVICE);
        service["routes"] = json!([route]);
        json!({
            "_format_version": "3.0",
            "services": [service],
            "consumers": [{
                "id": id::CONSUMER,
                "username": NAME,
                "keyauth_credentials": [{"id": ID_PLACEHOLDER, "key": KEY_PLACEHOLDER}],
                "acls": [{"id": id::GROUP, "group": NAME}],
            }],
        })
    }

    fn service(&self) -> Value {
        json!({"name": NAME, "protocol": "http", "host": self.host, "port": ADMIN_PORT})
    }

    fn route(&self) -> Value {
        json!({"name": NAME, "paths": [self.path], "strip_path": true})
    }

    /// In the order in which Kong runs them.
    fn plugins(&self) -> [Value; 4] {
        [
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
                }),
            ),
            ip_restriction(&self.allow),
            // Without it the key of any consumer of the gateway would open the Admin API.
            plugin(
                id::ACL,
                "acl",
                true,
                &json!({"allow": [NAME], "hide_groups_header": true}),
            ),
            // A data plane has no database, so it cannot count for the whole cluster.
            plugin(
                id::RATE_LIMITING,
                "rate-limiting",
                true,
                &json!({"minute": self.rate_limit, "policy": "local", "limit_by": "ip"}),
            ),
        ]
    }
}

/// The credential of `key`. Its id follows from the key, so that one key is one credential however it came into the
/// database, and two keys are two.
#[must_use]
pub(crate) fn credential(key: &str) -> Entity {
    let path = format!("/consumers/{NAME}/key-auth/{}", credential_id(key));
    entity(path, json!({"key": key}))
}

/// The id of a key's credential: the beginning of its SHA-256 in the form of a UUID.
///
/// It tells nothing of a key that was drawn at random.
#[must_use]
pub(crate) fn credential_id(key: &str) -> String {
    let digits = crate::resource::sha256(&format!("{ID_OF}{key}"));
    let mut rest = digits.as_str();
    let parts = ID_PARTS.map(|length| {
        let (part, more) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = more;
        part
    });
    parts.join("-")
}

fn entity(path: String, body: Value) -> Entity {
    Entity { path, body }
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

fn strip(value: &mut Value, key: &str) {
    if let Some(object) = value.as_object_mut() {
        object.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(allow: &[&str]) -> AdminRoute {
        AdminRoute {
            host: "config.kong.local".to_owned(),
            path: "/kong-admin".to_owned(),
            allow: allow
                .iter()
                .map(|net| net.parse().expect("a network"))
                .collect(),
            rate_limit: 60,
            key_source: "generate".to_owned(),
        }
    }

    fn parsed(route: &AdminRoute) -> Value {
        let [before, between, after] = route.pieces();
        let text = format!("{before}some-id{between}secret{after}");
        serde_json::from_str(&text).expect("valid JSON once id and key are in")
    }

    #[test]
    fn the_key_goes_where_the_credential_is() {
        let document = parsed(&route(&[]));
        let credential = document.pointer("/consumers/0/keyauth_credentials/0");
        assert_eq!(credential, Some(&json!({"id": "some-id", "key": "secret"})));
        assert_eq!(
            document.pointer("/services/0/host"),
            Some(&json!("config.kong.local"))
        );
        assert_eq!(document.pointer("/services/0/port"), Some(&json!(8001)));
    }

    #[test]
    fn an_empty_list_admits_nobody_and_the_whole_internet_everybody() {
        let restriction = |allow: &[&str]| {
            let settings = route(allow).settings();
            let field = |name: &str| {
                let field = format!("plugins.ip-restriction.{name}");
                settings.get(&field).cloned().unwrap_or_default()
            };
            (field("enabled"), field("config.allow"))
        };
        let pair = |enabled: &str, allow: &str| (enabled.to_owned(), allow.to_owned());
        assert_eq!(restriction(&[]), pair("true", NOBODY));
        assert_eq!(
            restriction(&["203.0.113.0/24", "10.0.0.0/8"]),
            pair("true", "10.0.0.0/8, 203.0.113.0/24")
        );
        assert_eq!(restriction(&["0.0.0.0/0"]).0, "false");
    }

    #[test]
    fn the_hash_follows_everything_but_the_key() {
        let plain = route(&[]);
        assert_eq!(plain.hash(), route(&[]).hash());
        assert_eq!(plain.hash().len(), 16);
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:mine".to_owned();
        let others = [
            route(&["10.0.0.0/8"]),
            AdminRoute {
                rate_limit: 61,
                ..route(&[])
            },
            AdminRoute {
                key_source: arn,
                ..route(&[])
            },
        ];
        for other in &others {
            assert_ne!(plain.hash(), other.hash(), "{other:?}");
        }
    }

    #[test]
    fn the_key_never_travels_in_a_query() {
        let settings = route(&[]).settings();
        let get = |field: &str| settings.get(field).map(String::as_str);
        assert_eq!(get("plugins.key-auth.config.key_in_query"), Some("false"));
        assert_eq!(
            get("plugins.key-auth.config.hide_credentials"),
            Some("true")
        );
    }

    #[test]
    fn entities_are_put_by_name_and_the_guards_before_the_way_they_guard() {
        let entities = route(&[]).entities();
        let paths: Vec<&str> = entities.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/consumers/kongstack-admin",
                "/consumers/kongstack-admin/acls/6b1d2c9e-53c4-4f0a-9a57-0c6f4be7d109",
                "/plugins/kongstack-admin-key-auth",
                "/plugins/kongstack-admin-ip-restriction",
                "/plugins/kongstack-admin-acl",
                "/plugins/kongstack-admin-rate-limiting",
                "/services/kongstack-admin",
                "/routes/kongstack-admin",
            ]
        );
        assert!(entities.iter().all(|one| one.body.get("id").is_none()));
    }

    #[test]
    fn what_the_admin_api_adds_is_no_difference() {
        let want = route(&["10.0.0.0/8"]);
        let mut service = want.service();
        service["id"] = json!("another");
        service["retries"] = json!(5);
        let mut plugins = want.plugins();
        plugins[1]["config"]["allow"] = json!(["10.0.0.0/8"]);
        plugins[1]["config"]["message"] = Value::Null;
        plugins[1]["route"] = json!({"id": "x"});
        let have = Settings::of(&service, &want.route(), &plugins);
        for (field, value) in want.settings().iter() {
            assert_eq!(have.get(field), Some(value), "{field}");
        }
    }

    #[test]
    fn one_key_is_one_credential() {
        let id = credential_id("Ab-1._~+/=");
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, ID_PARTS);
        assert_eq!(id, credential_id("Ab-1._~+/="));
        assert_ne!(id, credential_id("Ab-1._~+/"));
        let credential = credential("secret");
        assert!(!credential.path.contains("secret"), "{}", credential.path);
    }
}
