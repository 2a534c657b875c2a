//! How many calls a plan without changes makes, and how deep they wait for each other.

use crate::support::{Call, World, account, example};

/// The most calls of which each began only after the one before had ended: the longest chain.
fn rounds(calls: &[Call]) -> usize {
    let mut calls = calls.to_vec();
    calls.sort_by(|a, b| a.end.total_cmp(&b.end));
    let mut last_end = f64::NEG_INFINITY;
    let mut rounds = 0;
    for call in &calls {
        if call.start >= last_end {
            rounds += 1;
            last_end = call.end;
        }
    }
    rounds
}

#[tokio::test]
async fn a_plan_without_changes_is_cheap() {
    let world = World::new();
    let config = world.aws("ap-southeast-1");
    account::hosted_zone(&config, "example.com").await;
    let certificate = format!(
        "ingress.certificate={}",
        account::certificate(&config, "api.example.com").await
    );
    let account = format!("account=\"{}\"", world.account);
    let path = example("production");
    let set = ["-f", &path, "--set", &account, "--set", &certificate];
    let _ = world
        .run(&[&["apply", "--auto-approve"], &set[..]].concat())
        .exits(0);
    // A latency far above what the simulation itself takes makes the rounds stand apart.
    world.configure(&serde_json::json!({"latency_ms": 1000}));
    world.expect_converged(&set);
    let calls = world.calls();
    assert!(calls.len() <= 75, "{} calls", calls.len());
    assert!(rounds(&calls) <= 4, "{} rounds", rounds(&calls));
}
