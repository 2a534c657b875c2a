//! What goes wrong, and that nobody is left waiting.

use super::*;

#[tokio::test]
async fn a_control_plane_that_does_not_come_up_is_left_running_and_alarms() {
    let world = asleep().await;
    let breaks = json!({"exit": 1, "log": ["Error: no such plugin"], "after": 3, "times": 1000});
    world.configure(&json!({"tasks": {"services": {"od-cp": breaks}}}));
    let before = executions(&world).len();
    push(&world, 1).await;
    skip(&world, HOLD + 120.0).await;
    assert_eq!(
        ended(&world, before),
        ["wake: SUCCEEDED awake", "look: FAILED ControlPlaneNotUp"]
    );
    assert_eq!(counts(&world, "od-cp").await.0, 1, "left running");
    let timer = due(&world).await.expect("a timer");
    assert!(timer > now(&world), "it is looked at again");
    world.configure(&json!({"tasks": {}}));
    skip(&world, timer - now(&world) + 120.0).await;
    skip(&world, HOLD).await;
    assert_eq!(
        counts(&world, "od-cp").await.0,
        0,
        "and sleeps once it is well"
    );
}

#[tokio::test]
async fn it_is_not_stopped_while_a_data_plane_waits() {
    let world = asleep().await;
    scale(&world, 3).await;
    skip(&world, 75.0).await;
    assert_eq!(healthy(&world).await, 2, "the third waits");
    let sfn = aws_sdk_sfn::Client::new(&world.aws(REGION));
    let machines = sfn.list_state_machines().send().await.expect("machines");
    let arn = machines.state_machines()[0].state_machine_arn();
    let before = executions(&world).len();
    let call = sfn.start_execution().state_machine_arn(arn);
    let _ = call
        .input(r#"{"act":"sleep"}"#)
        .send()
        .await
        .expect("started");
    skip(&world, 20.0).await;
    assert_eq!(ended(&world, before), ["sleep: SUCCEEDED awake"]);
    assert_eq!(counts(&world, "od-cp").await.0, 1);
    assert!(due(&world).await.is_some(), "the timer is set again");
    let refused = world.run(&["control-plane", "stop"]).exits(1).all();
    assert!(
        refused.contains("is needed, and is left awake"),
        "{refused}"
    );
    skip(&world, 300.0).await;
    assert_eq!(healthy(&world).await, 3);
}

#[tokio::test]
async fn throttled_calls_are_made_again_and_refused_ones_leave_it_awake() {
    let world = asleep().await;
    for operation in ["GetSchedule", "UpdateSchedule"] {
        world.order("faults", &json!({"service": "machine:scheduler", "operation": operation, "kind": "throttle", "times": 2}));
    }
    world.order("faults", &json!({"service": "machine:ecs", "operation": "UpdateService", "kind": "throttle", "times": 3}));
    let before = executions(&world).len();
    push(&world, 1).await;
    skip(&world, 120.0).await;
    assert_eq!(ended(&world, before), ["wake: SUCCEEDED awake"]);
    assert_eq!(counts(&world, "od-cp").await.0, 1);

    // Nothing can be read for longer than it is asked for again: it stays awake, and that is a failure.
    let timer = due(&world).await.expect("a timer");
    world.order("faults", &json!({"service": "machine:elbv2", "operation": "DescribeTargetHealth", "kind": "throttle", "times": 7}));
    let before = executions(&world).len();
    skip(&world, timer - now(&world) + 180.0).await;
    assert_eq!(ended(&world, before), ["look: FAILED Failed"]);
    assert_eq!(counts(&world, "od-cp").await, (1, 1));
    skip(&world, EXTEND + 120.0).await;
    assert_eq!(
        counts(&world, "od-cp").await.0,
        0,
        "the next look finds it quiet"
    );
}

/// A machine whose creation was all that an apply came to: the next one sets its timer.
#[tokio::test]
async fn a_timer_that_was_never_set_is_a_difference() {
    let world = applied();
    let client = aws_sdk_scheduler::Client::new(&world.aws(REGION));
    let name = "od-control-plane";
    let gone = client.delete_schedule().group_name(name).name(name).send();
    let _ = gone.await.expect("deleted");
    let plan = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    let planned = crate::support::planned(&plan.stdout);
    assert_eq!(planned, ["update control-plane/machine"]);
    world.configure(&json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    assert!(due(&world).await.is_some());
    world.expect_converged(&[]);
}
