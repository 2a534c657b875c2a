//! What a data plane answers: who gets through the admin route, and what is said when nobody is behind it.

use serde_json::json;

use super::stack::{CONTROL_PLANE, DATA_PLANE, Stack};

#[tokio::test]
async fn the_admin_route_admits_a_known_address_with_the_key() {
    let stack = Stack::quickstart();
    let key = stack.key().await;
    let none = stack.get("/kong-admin", &[]);
    assert_eq!(none.told(), (401, "No API key found in request".to_owned()));
    assert_eq!(none.header("www-authenticate"), Some("Key"));
    let wrong = stack.get("/kong-admin", &[("apikey", "guess")]);
    assert_eq!(wrong.told(), (401, "Unauthorized".to_owned()));
    let query = stack.get(&format!("/kong-admin?apikey={key}"), &[]);
    assert_eq!(query.told().0, 401, "the key is not taken from the query");

    let with = [("APIKEY", key.as_str())];
    let root = stack.get("/kong-admin", &with);
    assert_eq!(root.status, 200);
    assert_eq!(root.json()["version"], "3.9.3");
    assert_eq!(root.json()["configuration"]["role"], "control_plane");
    assert_eq!(root.header("x-ratelimit-limit-minute"), Some("60"));
    let status = stack.get("/kong-admin/status", &with).json();
    assert_eq!(status["database"]["reachable"], json!(true));

    let nobody = stack.get("/kong-admin/services?apikey=x", &[]);
    assert_eq!(nobody.told().0, 401, "the key comes first");
    stack.world.configure(&json!({"client_ip": "192.0.2.7"}));
    let guarded = stack.get("/kong-admin", &with);
    assert_eq!(guarded.status, 403, "a rule of the load balancer's");
    assert_eq!(guarded.header("server"), Some("awselb/2.0"));
}

#[tokio::test]
async fn the_clients_address_is_what_the_load_balancer_says() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let path = "/plugins/kongstack-admin-ip-restriction";
    let only = json!({"config": {"allow": ["192.0.2.0/24"]}});
    assert_eq!(admin.send("PATCH", path, Some(&only)).status, 200);
    let told = (403, "IP address not allowed: 203.0.113.10".to_owned());
    let asked = || admin.send("GET", "/", None);
    let refused = || {
        let seen = asked();
        (seen.status == 403).then(|| seen.told())
    };
    assert_eq!(
        stack.until(&Some(told.clone()), refused),
        Some(told.clone())
    );
    let claims = [
        ("apikey", admin.key.as_str()),
        ("X-Forwarded-For", "192.0.2.1"),
    ];
    assert_eq!(stack.get("/kong-admin", &claims).told(), told);
}

#[tokio::test]
async fn another_consumers_key_does_not_open_the_admin_route() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let _ = admin.put("/consumers/somebody", &json!({}));
    let _ = admin.put("/consumers/somebody/key-auth/theirs", &json!({}));
    let told = (403, "You cannot consume this service".to_owned());
    let theirs = || stack.get("/kong-admin", &[("apikey", "theirs")]).told();
    assert_eq!(stack.until(&told, theirs), told);
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    stack.world.configure(&json!({"speed": 1}));
    let limit = json!({"config": {"minute": 1}});
    let changed = admin.send(
        "PATCH",
        "/plugins/kongstack-admin-rate-limiting",
        Some(&limit),
    );
    assert_eq!(changed.status, 200);
    stack.world.configure(&json!({"skip_seconds": 2}));
    // Two data planes count for themselves, and one minute may end meanwhile.
    let seen: Vec<_> = (0..8).map(|_| admin.send("GET", "/", None)).collect();
    let refused: Vec<_> = seen.iter().filter(|one| one.status == 429).collect();
    assert!(refused.len() >= 4, "{seen:?}");
    assert_eq!(refused[0].told().1, "API rate limit exceeded");
    assert!(refused[0].header("retry-after").is_some());
}

#[tokio::test]
async fn a_data_plane_serves_on_without_its_control_plane_and_a_new_one_is_empty() {
    let stack = Stack::quickstart();
    let key = stack.key().await;
    stack.scale(CONTROL_PLANE, 0).await;
    let unresolved = (503, "name resolution failed".to_owned());
    let with = || stack.get("/kong-admin", &[("apikey", &key)]).told();
    assert_eq!(stack.until(&unresolved, with), unresolved);
    assert_eq!(stack.get("/kong-admin", &[]).told().0, 401);

    for task in stack.tasks(DATA_PLANE).await {
        stack.stop(&task).await;
    }
    let empty = (404, Some("no Route matched with those values".to_owned()));
    let asked = || {
        let seen = stack.get("/kong-admin", &[("apikey", &key)]);
        let told = (seen.status == 404).then(|| seen.told().1);
        (seen.status, told)
    };
    assert_eq!(stack.until(&empty, asked), empty);

    stack.scale(CONTROL_PLANE, 1).await;
    let back = || stack.get("/kong-admin", &[("apikey", &key)]).status;
    assert_eq!(stack.until(&200, back), 200);
}

#[tokio::test]
async fn an_admin_api_out_of_reach_is_a_timeout_in_kongs_words() {
    let stack = Stack::quickstart();
    let key = stack.key().await;
    let control = stack.service(CONTROL_PLANE).await;
    let network = control.network_configuration().expect("a network");
    let network = network.awsvpc_configuration().expect("a network");
    for group in network.security_groups() {
        let rules = stack.ec2().describe_security_group_rules();
        let filter = aws_sdk_ec2::types::Filter::builder().name("group-id");
        let rules = rules.filters(filter.values(group).build()).send().await;
        let rules = rules
            .expect("rules")
            .security_group_rules
            .unwrap_or_default();
        let admin = rules.iter().filter(|rule| rule.from_port() == Some(8001));
        let ids: Vec<_> = admin
            .filter_map(|rule| rule.security_group_rule_id())
            .collect();
        assert_eq!(ids.len(), 1, "{rules:?}");
        let revoke = stack.ec2().revoke_security_group_ingress().group_id(group);
        let _ = revoke
            .security_group_rule_ids(ids[0])
            .send()
            .await
            .expect("revoked");
    }
    let with = ("apikey", key.as_str());
    let json = stack.get("/kong-admin", &[with, ("Accept", "application/json")]);
    assert_eq!(
        json.told(),
        (504, "The upstream server is timing out".to_owned())
    );
    let plain = stack.get("/kong-admin", &[with]);
    assert!(
        plain
            .body
            .starts_with("The upstream server is timing out\n"),
        "without a word on what is accepted it is plain text: {plain:?}"
    );
}
