//! Applies to a stack whose control plane sleeps, and from one mode to the other.

use super::*;

#[tokio::test]
async fn an_apply_that_changes_a_sleeping_control_plane_wakes_it() {
    let world = asleep().await;
    world.configure(&json!({"speed": 400}));
    let bigger = SPEC.replace("mode: on-demand", "mode: on-demand, memory: 2048");
    world.write("kongstack.yaml", &bigger);
    let before = executions(&world).len();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    assert_eq!(
        counts(&world, "od-cp").await,
        (1, 1),
        "its rollout is proved by a task"
    );
    assert!(executions(&world).len() > before);
    world.configure(&json!({"speed": 1}));
    let timer = due(&world).await.expect("a timer");
    assert!(timer > now(&world), "and it will sleep again");
    world.expect_converged(&[]);
    skip(&world, timer - now(&world) + 60.0).await;
    assert_eq!(counts(&world, "od-cp").await.0, 0);
}

#[tokio::test]
async fn both_modes_lead_to_the_other() {
    let world = asleep().await;
    world.configure(&json!({"speed": 400}));
    world.write("kongstack.yaml", &SPEC.replace("on-demand", "always-on"));
    // The machine's log is data like any other.
    let logs = ["--allow-data-loss", "logs/machine"];
    let _ = world
        .run(&["apply", "--auto-approve", logs[0], logs[1]])
        .exits(0);
    assert_eq!(counts(&world, "od-cp").await, (1, 1));
    world.expect_converged(&[]);
    let config = world.aws(REGION);
    let sfn = aws_sdk_sfn::Client::new(&config);
    let machines = sfn.list_state_machines().send().await.expect("machines");
    assert_eq!(machines.state_machines().len(), 0);
    let rules = aws_sdk_eventbridge::Client::new(&config).list_rules();
    assert_eq!(rules.send().await.expect("rules").rules().len(), 0);
    let schedules = aws_sdk_scheduler::Client::new(&config).list_schedules();
    let schedules = schedules.send().await.expect("schedules");
    assert_eq!(
        schedules.schedules().len(),
        0,
        "the timer went with its group"
    );

    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.configure(&json!({"speed": 1}));
    world.expect_converged(&[]);
    let timer = due(&world).await.expect("the apply sets it");
    skip(&world, timer - now(&world) + 60.0).await;
    assert_eq!(counts(&world, "od-cp").await.0, 0, "and it sleeps");
}
