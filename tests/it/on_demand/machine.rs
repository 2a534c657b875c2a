//! Whose the pieces are, and what drifts.

use super::*;

#[tokio::test]
async fn what_is_changed_by_hand_is_put_right() {
    let world = applied();
    let config = world.aws(REGION);
    let events = aws_sdk_eventbridge::Client::new(&config);
    let _ = events
        .disable_rule()
        .name("od-push")
        .send()
        .await
        .expect("off");
    let ids = events.remove_targets().rule("od-new-tasks").ids("machine");
    let _ = ids.send().await.expect("no target");
    let sfn = aws_sdk_sfn::Client::new(&config);
    let machines = sfn.list_state_machines().send().await.expect("machines");
    let arn = machines.state_machines()[0].state_machine_arn();
    let seen = sfn.describe_state_machine().state_machine_arn(arn);
    let seen = seen.send().await.expect("the machine");
    let other = seen.definition().replace("\"extend\":900", "\"extend\":60");
    assert_ne!(other, seen.definition());
    let changed = sfn.update_state_machine().state_machine_arn(arn);
    let _ = changed.definition(other).send().await.expect("changed");
    let plan = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    for text in ["definition.extend", "enabled", "targets"] {
        assert!(plan.stdout.contains(text), "no {text}: {}", plan.stdout);
    }
    assert_eq!(
        crate::support::planned(&plan.stdout),
        [
            "update control-plane/machine",
            "update control-plane/rule/new-tasks",
            "update control-plane/rule/push"
        ]
    );
    world.configure(&json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn somebody_elses_of_the_same_name_is_left_alone() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let config = world.aws(REGION);
    let events = aws_sdk_eventbridge::Client::new(&config);
    let theirs = events
        .put_rule()
        .name("od-push")
        .event_pattern(r#"{"source":["theirs"]}"#);
    let _ = theirs.send().await.expect("a rule");
    let scheduler = aws_sdk_scheduler::Client::new(&config);
    let theirs = scheduler.create_schedule_group().name("od-control-plane");
    let _ = theirs.send().await.expect("a group");
    world.forget_calls();
    let refused = world.run(&["apply", "--auto-approve"]).exits(1).all();
    for text in [
        "the event rule od-push",
        "the schedule group od-control-plane",
    ] {
        assert!(refused.contains(text), "no {text}: {refused}");
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}
