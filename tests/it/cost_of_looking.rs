//! How many calls a plan without changes makes, and how deep they wait for each other.

use crate::support::{World, production, rounds};

#[tokio::test]
async fn a_plan_without_changes_is_cheap() {
    let world = World::new();
    let set = production(&world).await;
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let _ = world
        .run(&[&["apply", "--auto-approve"], &set[..]].concat())
        .exits(0);
    // A latency far above what the simulation itself takes makes the rounds stand apart.
    world.configure(&serde_json::json!({"latency_ms": 1000}));
    world.expect_converged(&set);
    let calls = world.calls();
    assert!(calls.len() <= 80, "{} calls", calls.len());
    assert!(rounds(&calls) <= 4, "{} rounds", rounds(&calls));
}
