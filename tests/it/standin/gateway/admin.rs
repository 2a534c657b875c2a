//! The Admin API: entities as Kong keeps them, and its refusals.

use serde_json::{Value, json};

use super::stack::{Admin, Stack};
use crate::standin::stage::answers;

/// The message of a refusal, after its status.
fn refusal(admin: &Admin<'_>, method: &str, path: &str, body: &Value) -> String {
    let (status, message) = admin.send(method, path, Some(body)).told();
    format!("{status} {message}")
}

#[tokio::test]
async fn put_makes_and_replaces_what_has_the_name() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let made = admin.put(
        "/services/echo",
        &json!({"url": "https://echo.example.com/base"}),
    );
    let fields = [
        "name",
        "protocol",
        "host",
        "port",
        "path",
        "retries",
        "read_timeout",
        "enabled",
    ];
    let shown: Vec<_> = fields.iter().map(|field| made[*field].clone()).collect();
    assert_eq!(
        Value::from(shown),
        json!([
            "echo",
            "https",
            "echo.example.com",
            443,
            "/base",
            5,
            60000,
            true
        ])
    );
    let again = admin.put("/services/echo", &json!({"host": "other", "retries": 1}));
    assert_eq!(again["id"], made["id"]);
    let again: Vec<_> = fields[1..6]
        .iter()
        .map(|field| again[*field].clone())
        .collect();
    assert_eq!(Value::from(again), json!(["http", "other", 80, null, 1]));

    let route = admin.put(
        "/services/echo/routes/echo",
        &json!({"paths": ["/echo"], "hosts": null}),
    );
    assert_eq!(route["service"]["id"], made["id"]);
    let defaults: Vec<_> = [
        "protocols",
        "strip_path",
        "https_redirect_status_code",
        "path_handling",
        "hosts",
    ]
    .iter()
    .map(|field| route[*field].clone())
    .collect();
    assert_eq!(
        Value::from(defaults),
        json!([["http", "https"], true, 426, "v0", null])
    );
}

#[tokio::test]
async fn plugins_are_put_by_their_instance_names_and_completed() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let route = admin.put("/routes/echo", &json!({"paths": ["/echo"]}));
    let path = "/routes/echo/plugins/echo-limits";
    let plugin = admin.put(
        path,
        &json!({"name": "rate-limiting", "config": {"minute": 5}}),
    );
    assert_eq!(plugin["instance_name"], "echo-limits");
    assert_eq!(plugin["route"]["id"], route["id"]);
    assert_eq!(plugin["enabled"], json!(true));
    assert_eq!(plugin["config"]["policy"], "local");
    assert_eq!(plugin["config"]["redis"]["port"], json!(6379));
    let listed = admin.get("/routes/echo/plugins");
    assert_eq!(listed["data"], json!([plugin]));
    let changed = json!({"enabled": false, "config": {"hour": 7}});
    let changed = admin
        .send("PATCH", "/plugins/echo-limits", Some(&changed))
        .json();
    assert_eq!(
        (&changed["config"]["minute"], &changed["config"]["hour"]),
        (&json!(5), &json!(7))
    );
}

#[tokio::test]
async fn consumers_have_keys_and_groups_and_take_them_along() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let consumer = admin.put("/consumers/somebody", &json!({"custom_id": "7"}));
    let key = json!({"key": "s3cret"});
    let made = admin.send("POST", "/consumers/somebody/key-auth", Some(&key));
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["consumer"]["id"], consumer["id"]);
    assert_eq!(
        admin.get("/consumers/somebody/key-auth/s3cret")["id"],
        made.json()["id"]
    );
    let drawn = admin
        .send("POST", "/consumers/somebody/key-auth", None)
        .json();
    assert_eq!(drawn["key"].as_str().map(str::len), Some(32));
    let group = admin.put("/consumers/somebody/acls/readers", &json!({}));
    assert_eq!(group["group"], "readers");
    assert_eq!(
        admin.put("/consumers/somebody/acls/readers", &json!({}))["id"],
        group["id"]
    );
    answers! {
        "a key twice" => refusal(&admin, "POST", "/consumers/somebody/key-auth", &key), "409 UNIQUE violation detected on '{key=\"s3cret\"}'";
        "a group twice" => admin.send("POST", "/consumers/somebody/acls", Some(&json!({"group": "readers"}))).status.to_string(), "409";
        "an unknown consumer" => refusal(&admin, "POST", "/consumers/nobody/key-auth", &key), "404 Not found";
        "deletion" => admin.send("DELETE", "/consumers/somebody", None).status.to_string(), "204";
        "deletion again" => admin.send("DELETE", "/consumers/somebody", None).status.to_string(), "204";
        "a key of nobody" => admin.send("GET", "/key-auths/s3cret", None).status.to_string(), "404";
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_kongs_words() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let service = "/services/kongstack-admin";
    let refused = |method: &str, path: &str, body: Value| refusal(&admin, method, path, &body);
    answers! {
        "no such entity" => refused("GET", "/services/none", json!({})), "404 Not found";
        "no such path" => refused("GET", "/nothing", json!({})), "404 Not found";
        "a field missing" => refused("POST", "/services", json!({"name": "a"})), "400 schema violation (host: required field missing)";
        "an unknown field" => refused("POST", "/services", json!({"host": "a", "hots": "b"})), "400 schema violation (hots: unknown field)";
        "a wrong type" => refused("PATCH", service, json!({"retries": "many"})), "400 schema violation (retries: expected an integer)";
        "out of range" => refused("PATCH", service, json!({"port": 70000})), "400 schema violation (port: value should be between 0 and 65535)";
        "a name twice" => refused("POST", "/services", json!({"name": "kongstack-admin", "host": "a"})), "409 UNIQUE violation detected on '{name=\"kongstack-admin\"}'";
        "in use" => refused("DELETE", service, json!({})), "400 an existing 'routes' entity references this 'services' entity";
        "a route of nothing" => refused("POST", "/routes", json!({"name": "a"})), "400 schema violation (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https')";
        "no such plugin" => refused("POST", "/plugins", json!({"name": "magic"})), "400 schema violation (name: plugin 'magic' not enabled; add it to the 'plugins' configuration property)";
        "a plugin's field" => refused("POST", "/plugins", json!({"name": "key-auth", "config": {"key": "a"}})), "400 schema violation (config.key: unknown field)";
        "no limit" => refused("POST", "/plugins", json!({"name": "rate-limiting"})).chars().take(81).collect(), "400 schema violation (at least one of these fields must be non-empty: 'config.sec";
        "no body" => refused("POST", "/services", json!(["a"])), "400 Cannot parse JSON body";
        "a method" => refused("PATCH", "/services", json!({})), "405 Method not allowed";
    }
    let fields = admin.send("POST", "/services", Some(&json!({}))).json();
    assert_eq!(fields["fields"], json!({"host": "required field missing"}));
    assert_eq!(
        (&fields["code"], &fields["name"]),
        (&json!(2), &json!("schema violation"))
    );
}

#[tokio::test]
async fn lists_come_in_pages() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let (mut path, mut seen) = ("/plugins?size=3".to_owned(), Vec::new());
    loop {
        let page = admin.get(&path);
        let data = page["data"].as_array().expect("a list");
        assert!(data.len() <= 3);
        seen.extend(
            data.iter()
                .map(|one| one["name"].as_str().unwrap_or_default().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["acl", "ip-restriction", "key-auth", "rate-limiting"]);
    let wrong = admin.send("GET", "/plugins?offset=zzz", None);
    assert_eq!(
        (wrong.status, wrong.json()["name"].clone()),
        (400, json!("invalid offset"))
    );
}
