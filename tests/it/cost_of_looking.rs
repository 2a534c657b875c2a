//! How many calls a plan without changes makes, and how deep they wait for each other.

use crate::support::{World, production, rounds};

/// The services that a stack without any of its options has nothing of.
const OPTIONAL: [&str; 8] = [
    "events",
    "kms",
    "monitoring",
    "s3",
    "scheduler",
    "sns",
    "states",
    "wafv2",
];

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
    // What is optional costs what it is, and the rest what it did before there was any.
    let (optional, rest): (Vec<_>, Vec<_>) = calls
        .iter()
        .partition(|call| OPTIONAL.contains(&call.service.as_str()));
    // Seven of these are about the flow logs: their role, its policies, their group's tags, and themselves. Six are about
    // the archive's two roles, two about the firewall's log group.
    assert!(rest.len() <= 80 + 7 + 6 + 2, "{} calls", rest.len());
    // Seven of them are about the bucket of the access logs, each about another of its settings; five about the archive's
    // machine and rule; four about the key: itself, its policy, its rotation, its aliases.
    assert!(optional.len() <= 24 + 5 + 4, "{} calls", optional.len());
    assert!(rounds(&calls) <= 4, "{} rounds", rounds(&calls));
}
