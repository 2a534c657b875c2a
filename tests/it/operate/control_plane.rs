//! The control plane put to sleep and woken.

use serde_json::json;

use super::{REGION, applied};
use crate::support::leases::leases;
use crate::support::{Running, World, planned};

/// What has been changed, but for leases.
fn changed(world: &World) -> Vec<String> {
    let mut changed = world.mutating();
    changed.retain(|call| !call.starts_with("dynamodb:"));
    changed
}

#[tokio::test]
async fn it_sleeps_and_wakes_and_each_only_once() {
    let world = applied();
    let awake = world.run(&["control-plane", "status"]).exits(0);
    assert!(
        awake
            .stdout
            .starts_with("The control plane is awake since "),
        "{}",
        awake.stdout
    );
    assert!(awake.all().contains("Kong 3.9.3"), "{}", awake.stdout);
    let already = world.run(&["control-plane", "start"]).exits(0);
    assert!(already.stdout.contains("is awake"), "{}", already.stdout);
    assert_eq!(world.mutating(), Vec::<String>::new());

    let stopped = world.run(&["control-plane", "stop"]).exits(0);
    assert!(
        stopped.stdout.contains("is asleep since "),
        "{}",
        stopped.stdout
    );
    let said = stopped.all();
    for text in [
        "control-plane/service: updating (ECS service)",
        "the data planes serve on",
        "shows its count as a difference",
        "`kongstack control-plane start --sandbox` wakes it",
    ] {
        assert!(said.contains(text), "no {text:?}: {}", stopped.stderr);
    }
    assert_eq!(changed(&world), ["ecs:UpdateService"]);
    assert_eq!(leases(&world.aws(REGION)).await, Vec::new(), "given back");
    world.forget_calls();
    let again = world.run(&["control-plane", "stop"]).exits(0);
    assert!(again.stdout.contains("is asleep"), "{}", again.stdout);
    assert_eq!(world.mutating(), Vec::<String>::new());
    let plan = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    assert_eq!(planned(&plan.stdout), ["update control-plane/service"]);
    assert!(plan.stdout.contains("desired_count"), "{}", plan.stdout);

    let started = world.run(&["control-plane", "start"]).exits(0);
    assert!(started.stdout.contains("is awake"), "{}", started.stdout);
    world.expect_converged(&[]);
}

#[test]
fn what_is_not_there_can_neither_sleep_nor_wake() {
    let world = World::new();
    world.write("kongstack.yaml", super::SPEC);
    for command in ["start", "stop", "status"] {
        let none = world.run(&["control-plane", command]).exits(1);
        let said = none.all();
        assert!(said.contains("has no control plane"), "{said}");
        assert!(
            said.contains("`kongstack apply --sandbox` makes it"),
            "{said}"
        );
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn it_stays_awake_while_a_data_plane_waits_for_it() {
    let world = applied();
    world.configure(&json!({"speed": 20}));
    let ecs = aws_sdk_ecs::Client::new(&world.aws(REGION));
    let rolled = ecs.update_service().cluster("ops").service("ops-dp");
    rolled
        .force_new_deployment(true)
        .send()
        .await
        .expect("a rollout");
    world.forget_calls();
    let refused = world.run(&["control-plane", "stop"]).exits(1);
    let said = refused.all();
    for text in [
        "the control plane is needed, and is left awake; nothing has been changed",
        "a rollout of the data plane is under way",
        "wait until `kongstack status --sandbox` says that the stack serves",
    ] {
        assert!(said.contains(text), "no {text:?}: {}", refused.stderr);
    }
    assert_eq!(changed(&world), Vec::<String>::new());
    assert_eq!(leases(&world.aws(REGION)).await, Vec::new(), "given back");
}

#[test]
fn one_run_at_a_time_changes_a_stack() {
    let world = applied();
    world.configure(&json!({"speed": 20}));
    let mut first = Running::begin(&world, &["control-plane", "stop"]);
    first.until("ecs:UpdateService");
    let locked = world.run(&["control-plane", "stop"]).exits(5);
    assert!(
        locked.all().contains("for `control-plane stop`"),
        "{}",
        locked.stderr
    );
    let apply = world.run(&["apply", "--auto-approve"]).exits(5);
    assert!(
        apply.all().contains("for `control-plane stop`"),
        "{}",
        apply.stderr
    );
    world.configure(&json!({"speed": 400}));
    let _ = first.ends().exits(0);
}

#[test]
fn one_that_does_not_come_up_says_why() {
    let world = applied();
    let _ = world.run(&["control-plane", "stop"]).exits(0);
    let breaks = json!({"exit": 1, "log": ["Error: no such plugin"], "after": 3, "times": 100});
    world.configure(&json!({"tasks": {"services": {"ops-cp": breaks}}}));
    let failed = world.run(&["control-plane", "start"]).exits(1);
    let said = failed.all();
    for text in [
        "the control plane does not wake",
        "healthy tasks of service ops-cp failed: 3 tasks ended",
        "container kong: exit code 1",
        "Error: no such plugin",
    ] {
        assert!(said.contains(text), "no {text:?}: {}", failed.stderr);
    }
    let status = world.run(&["control-plane", "status"]).exits(0);
    assert!(status.stdout.contains("is waking"), "{}", status.stdout);
    world.configure(&json!({"tasks": {}}));
    let _ = world.run(&["control-plane", "start"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn interrupted_it_goes_on_and_says_so() {
    let world = applied();
    let _ = world.run(&["control-plane", "stop"]).exits(0);
    world.forget_calls();
    world.configure(&json!({"speed": 10}));
    let mut run = Running::begin(&world, &["control-plane", "start"]);
    run.until("ecs:UpdateService");
    run.until_it_says("waiting for");
    run.signal("-INT");
    let ended = run.ends().exits(130);
    let said = ended.all();
    assert!(
        said.contains("the control plane wakes all the same"),
        "{said}"
    );
    assert!(
        said.contains("`kongstack control-plane status --sandbox`"),
        "{said}"
    );
    let slow = world
        .run(&["control-plane", "start", "--timeout", "1s"])
        .exits(1);
    assert!(
        slow.all().contains("the time given with --timeout is over"),
        "{}",
        slow.stderr
    );
    world.configure(&json!({"speed": 400}));
    let _ = world.run(&["control-plane", "start"]).exits(0);
    world.expect_converged(&[]);
}
