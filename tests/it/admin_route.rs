//! The route to the Admin API on a live stack: compared and changed through the gateway itself, or not at all.

use serde_json::json;

use crate::standin::gateway::stack::Stack;
use crate::support::{Output, example};

const ADDRESS: &str = "control-plane/admin-route";

fn run(stack: &Stack, command: &[&str], set: &[&str]) -> Output {
    let file = example("quickstart");
    let sets = set.iter().flat_map(|one| ["--set", one]);
    let args: Vec<&str> = command
        .iter()
        .copied()
        .chain(["-f", &file])
        .chain(sets)
        .collect();
    stack.world.run(&args)
}

/// Applies, and answers the mutating calls that took.
fn apply(stack: &Stack, set: &[&str]) -> Vec<String> {
    stack.world.forget_calls();
    let _ = run(stack, &["apply", "--auto-approve"], set).exits(0);
    let calls = stack.world.mutating();
    let _ = run(stack, &["plan", "--detailed-exitcode"], set).exits(0);
    calls
}

#[track_caller]
fn says(output: &Output, text: &str) {
    assert!(
        output.stdout.contains(text),
        "no {text:?} in\n{}",
        output.all()
    );
}

#[tokio::test]
async fn a_change_goes_through_the_admin_api_and_restarts_nothing() {
    let stack = Stack::quickstart();
    let set = ["admin.rate_limit=120", "admin.path=/operate"];
    let plan = run(&stack, &["plan", "--detailed-exitcode"], &set).exits(2);
    says(&plan, ADDRESS);
    says(&plan, "plugins.rate-limiting.config.minute: 60 → 120");
    says(&plan, "route.paths: /kong-admin → /operate");
    let calls = apply(&stack, &set);
    for call in [
        "ecs:RunTask",
        "ecs:UpdateService",
        "ecs:RegisterTaskDefinition",
    ] {
        assert!(!calls.iter().any(|one| one == call), "{calls:?}");
    }
    let key = stack.key().await;
    let with_key = |path: &str| stack.get(path, &[("apikey", &key)]).status;
    assert_eq!(with_key("/operate/services/kongstack-admin"), 200);
    assert_eq!(stack.get("/operate/", &[]).status, 401);
    assert_ne!(with_key("/kong-admin/"), 200);
}

#[tokio::test]
async fn what_somebody_changed_by_hand_shows_and_is_put_right() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let plugin = "/plugins/kongstack-admin-key-auth";
    let change = json!({"config": {"key_in_query": true}});
    assert_eq!(admin.send("PATCH", plugin, Some(&change)).status, 200);
    let own = json!({"url": "https://echo.example.com"});
    let _ = admin.put("/services/echo", &own);
    let plan = run(&stack, &["plan", "--detailed-exitcode"], &[]).exits(2);
    says(&plan, "plugins.key-auth.config.key_in_query: true → false");
    let _ = apply(&stack, &[]);
    assert_eq!(admin.get(plugin)["config"]["key_in_query"], json!(false));
    // What is the operator's own stays.
    assert_eq!(
        admin.get("/services/echo")["host"],
        json!("echo.example.com")
    );
}

#[tokio::test]
async fn a_gateway_that_lets_nobody_in_from_here_is_not_compared_and_still_changed() {
    let stack = Stack::quickstart();
    stack.world.configure(&json!({"client_ip": "192.0.2.77"}));
    let plan = run(&stack, &["plan", "--detailed-exitcode"], &[]).exits(0);
    says(&plan, "not compared");
    let calls = apply(&stack, &["admin.rate_limit=90"]);
    let count = |call: &str| calls.iter().filter(|one| *one == call).count();
    assert_eq!(
        (count("ecs:RunTask"), count("ecs:UpdateService")),
        (1, 1),
        "{calls:?}"
    );
    stack.world.configure(&json!({"client_ip": "203.0.113.10"}));
    let plan = run(
        &stack,
        &["plan", "--detailed-exitcode"],
        &["admin.rate_limit=90"],
    );
    let plan = plan.exits(0);
    assert!(!plan.stdout.contains("not compared"), "{}", plan.stdout);
    let admin = stack.admin().await;
    let limit = admin.get("/plugins/kongstack-admin-rate-limiting");
    assert_eq!(limit["config"]["minute"], json!(90));
}

#[tokio::test]
async fn another_key_in_the_secret_reaches_the_gateway() {
    let stack = Stack::quickstart();
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.world.aws("eu-west-1"));
    let put = secrets
        .put_secret_value()
        .secret_id(stack.output("admin_key_secret"));
    let put = put
        .secret_string("a-key-that-somebody-made-up-0123456789")
        .send();
    let _ = put.await.expect("a new version");
    let plan = run(&stack, &["plan", "--detailed-exitcode"], &[]).exits(2);
    says(&plan, "another → the one in its secret");
    let _ = apply(&stack, &[]);
    let seen = stack.get(
        "/kong-admin/",
        &[("apikey", "a-key-that-somebody-made-up-0123456789")],
    );
    assert_eq!(seen.status, 200);
}
