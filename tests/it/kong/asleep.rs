//! A database that has gone to sleep: whoever comes first waits for it, and nothing fails.

use serde_json::json;

use super::{REGION, applied, ran, spec};
use crate::support::World;

/// Stops the control plane, whose queries keep the database awake, and lets the night pass.
async fn sleep(world: &World) {
    let ecs = aws_sdk_ecs::Client::new(&world.aws(REGION));
    let stop = ecs.update_service().cluster("gate").service("gate-cp");
    let _ = stop.desired_count(0).send().await.expect("a service");
    world.configure(&json!({"skip_seconds": 600}));
    world.configure(&json!({"skip_seconds": 7200}));
}

#[tokio::test]
async fn a_control_plane_waits_until_the_database_is_awake() {
    let world = applied("kong:3.9.3");
    sleep(&world).await;
    // One task that gives up would be one too many for a fixed count of one.
    let output = world.run(&["apply", "--auto-approve"]).exits(0);
    assert!(!output.all().contains("trying again"), "{}", output.stderr);
    let started = super::times(&world, "gate-cp", |_| true);
    assert_eq!(
        started.len(),
        2,
        "one before and one after the night: {started:?}"
    );
    world.expect_converged(&[]);
}

#[tokio::test]
async fn a_migration_waits_until_the_database_is_awake() {
    let world = applied("kong:3.8.1");
    sleep(&world).await;
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let before = ran(&world, "gate-migrations").len();
    let output = world.run(&["apply", "--auto-approve"]).exits(0);
    assert!(!output.all().contains("trying again"), "{}", output.stderr);
    let ran = ran(&world, "gate-migrations").split_off(before);
    assert_eq!(ran, ["migrations up", "migrations finish"]);
    world.expect_converged(&[]);
}
