//! Migrations that break half-way or lose their lock: what came of them is found out, never taken from an exit code.

use serde_json::json;

use super::{applied, ran, spec, times};
use crate::support::World;

fn break_one(world: &World, command: &str, how: &str) {
    world.configure(&json!({"tasks": {"migrations": {"command": command, "exit": 1, how: true}}}));
}

#[test]
fn a_bootstrap_that_breaks_half_way_is_finished() {
    let world = World::new();
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    break_one(&world, "bootstrap", "half");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    assert_eq!(
        ran(&world, "gate-migrations"),
        [
            "migrations bootstrap",
            // The second one finds a schema, and it is what follows that fills it.
            "migrations bootstrap",
            "migrations finish",
            "migrations up",
            "migrations finish",
            "config db_import /tmp/kongstack-admin-route.json",
        ]
    );
    world.expect_converged(&[]);
}

#[test]
fn a_lost_lock_is_no_success() {
    let world = World::new();
    world.write("kongstack.yaml", &spec("kong:3.8.1"));
    break_one(&world, "bootstrap", "lost");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let before = ran(&world, "gate-migrations").len();
    break_one(&world, "up", "lost");
    let output = world.run(&["apply", "--auto-approve"]).exits(0);
    assert!(
        output.all().contains("aborted: another node"),
        "{}",
        output.stderr
    );
    let ran = ran(&world, "gate-migrations").split_off(before);
    let expected = ["migrations up", "migrations up", "migrations finish"];
    assert_eq!(ran, expected);
    world.expect_converged(&[]);
}

#[test]
fn a_finish_that_loses_its_lock_is_done_again() {
    let world = applied("kong:3.8.1");
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let before = ran(&world, "gate-migrations").len();
    break_one(&world, "finish", "lost");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let ran = ran(&world, "gate-migrations").split_off(before);
    let expected = ["migrations up", "migrations finish", "migrations finish"];
    assert_eq!(ran, expected);
    world.expect_converged(&[]);
}

#[test]
fn an_up_that_was_cut_off_goes_on_without_a_control_plane() {
    let world = applied("kong:3.8.1");
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let before = ran(&world, "gate-migrations").len();
    break_one(&world, "up", "half");
    let output = world.run(&["apply", "--auto-approve"]).exits(0);
    assert!(
        output
            .all()
            .contains("an earlier upgrade of the schema was cut off"),
        "{}",
        output.stderr
    );
    let ran = ran(&world, "gate-migrations").split_off(before);
    let expected = ["up", "finish", "up", "finish"].map(|action| format!("migrations {action}"));
    assert_eq!(ran, expected);
    // Nothing of the old version used the database when the pending migrations were finished.
    let finishing = |task: &serde_json::Value| task["commands"][0] == "migrations finish";
    let (finished, _) = times(&world, "gate-migrations", finishing)[0];
    let old = times(&world, "gate-cp", |task| task["revision"] == 1);
    assert!(!old.is_empty());
    for (_, stopped) in old {
        assert!(
            stopped.is_some_and(|stopped| stopped <= finished),
            "{stopped:?}"
        );
    }
    // The data planes of the old version went on serving until those of the new one were there.
    for (_, stopped) in times(&world, "gate-dp", |task| task["revision"] == 1) {
        assert!(
            stopped.is_some_and(|stopped| stopped > finished),
            "{stopped:?}"
        );
    }
    world.expect_converged(&[]);
}

#[test]
fn a_control_plane_that_was_stopped_comes_back_with_the_next_run() {
    let world = applied("kong:3.8.1");
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    break_one(&world, "up", "half");
    // The run ends where the control plane is stopped: its task that finishes does not start.
    let second = json!({"service": "ecs", "operation": "RunTask", "kind": "access-denied", "times": 1, "skip": 1});
    let _ = world.order("faults", &second);
    let _ = world.run(&["apply", "--auto-approve"]).exits(4);
    world.forget_faults();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    assert!(
        times(&world, "gate-cp", |task| task["revision"] == 2)
            .iter()
            .any(|(_, stopped)| stopped.is_none())
    );
}
