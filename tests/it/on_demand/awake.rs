//! What wakes the control plane, how long it stays awake, and what puts it to sleep.

use super::*;

/// The ten steps of the loop, twice round.
#[tokio::test]
async fn the_ten_steps() {
    let world = applied();
    let wakings = ended(&world, 0);
    assert!(!wakings.is_empty(), "the apply sets the timer");
    assert!(
        wakings.iter().all(|one| one == "wake: SUCCEEDED awake"),
        "{wakings:?}"
    );
    let first = due(&world).await.expect("a timer");
    assert!(first > now(&world), "{first}");

    // Quiet: it sleeps, the database pauses, and nobody minds.
    skip(&world, first - now(&world) + 60.0).await;
    assert_eq!(counts(&world, "od-cp").await.0, 0);
    assert_eq!(ended(&world, wakings.len()), ["look: SUCCEEDED asleep"]);
    skip(&world, 600.0).await;
    let status = world.run(&["control-plane", "status"]).exits(0);
    assert!(status.stdout.contains("is asleep"), "{}", status.stdout);
    let status = world.run(&["status"]).exits(0).all();
    assert!(
        status.contains("serving; the control plane is asleep"),
        "{status}"
    );
    assert!(status.contains("paused"), "{status}");
    world.expect_converged(&[]);
    assert_eq!(
        counts(&world, "od-cp").await,
        (0, 0),
        "neither has woken it"
    );
    assert_eq!(healthy(&world).await, 2, "data planes serve on");
    round(&world).await;
}

/// From a spike to the sleep after it.
async fn round(world: &World) {
    // 1. More data planes. 2. and 3. The control plane comes up with them, and the database.
    let before = executions(world).len();
    scale(world, 3).await;
    let asked = now(world);
    skip(world, 30.0).await;
    assert_eq!(counts(world, "od-cp").await.0, 1, "woken");
    near(
        "5 and 30 minutes",
        due(world).await.expect("a timer") - asked,
        HOLD,
    );
    assert_eq!(
        healthy(world).await,
        2,
        "the third has no configuration yet"
    );
    // 4. They sync, and only then get traffic. 5. The cooldown runs.
    skip(world, 400.0).await;
    assert_eq!(
        (counts(world, "od-cp").await, healthy(world).await),
        ((1, 1), 3)
    );
    // 6. and 7. One more during the cooldown.
    skip(world, asked + 25.0 * 60.0 - now(world)).await;
    scale(world, 4).await;
    let again = now(world);
    skip(world, 200.0).await;
    near(
        "15 minutes more",
        due(world).await.expect("a timer") - again,
        EXTEND,
    );
    skip(world, asked + HOLD + 120.0 - now(world)).await;
    assert_eq!(counts(world, "od-cp").await.0, 1, "the old timer is void");
    // 8., 9. and 10.
    skip(world, again + EXTEND + 200.0 - now(world)).await;
    skip(world, 600.0).await;
    assert_eq!(
        (counts(world, "od-cp").await, healthy(world).await),
        ((0, 0), 4)
    );
    let all = ended(world, before);
    assert!(all.iter().all(|one| one.contains("SUCCEEDED")), "{all:?}");
    assert_eq!(all.last().expect("an end"), "look: SUCCEEDED asleep");
    world.expect_converged(&[]);
}

/// However many events come, one timer runs and one task is started.
#[tokio::test]
async fn three_bursts_of_fifty_events() {
    let world = asleep().await;
    let (before, tasks) = (executions(&world).len(), started(&world));
    for pause in [20.0, 300.0, 600.0] {
        push(&world, 50).await;
        skip(&world, pause).await;
        assert!(due(&world).await.is_some());
    }
    let all = ended(&world, before);
    assert_eq!(all.len(), 150);
    assert!(
        all.iter().all(|one| one == "wake: SUCCEEDED awake"),
        "{all:?}"
    );
    assert_eq!(started(&world) - tasks, 1, "one call changed something");
    let created: usize = executions(&world)
        .iter()
        .skip(before)
        .flat_map(|one| one["trail"].as_array().cloned().unwrap_or_default())
        .filter(|step| step["state"] == "CreateTimer")
        .count();
    assert_eq!(created, 0, "the timer of the apply is still the only one");
    skip(&world, HOLD).await;
    skip(&world, 60.0).await;
    assert_eq!(counts(&world, "od-cp").await.0, 0, "and it sleeps again");
}

/// An event that comes while the timer fires, and one that comes between the stop and the second look.
#[tokio::test]
async fn the_last_moment_is_not_too_late() {
    let world = applied();
    let timer = due(&world).await.expect("a timer");
    skip(&world, timer - now(&world) - 2.0).await;
    push(&world, 1).await;
    let pushed = now(&world);
    skip(&world, 60.0).await;
    assert_eq!(counts(&world, "od-cp").await, (1, 1), "never stopped");
    let timer = due(&world).await.expect("a timer");
    assert!(timer > pushed + EXTEND - 5.0, "{timer} {pushed}");

    skip(&world, timer - now(&world) + 3.0).await;
    assert_eq!(
        counts(&world, "od-cp").await.0,
        0,
        "stopped, and about to look again"
    );
    let before = executions(&world).len();
    push(&world, 1).await;
    skip(&world, 30.0).await;
    assert_eq!(ended(&world, before), ["wake: SUCCEEDED awake"]);
    let looks = ended(&world, 0);
    assert!(
        looks.contains(&"look: SUCCEEDED awake".to_owned()),
        "{looks:?}"
    );
    assert_eq!(counts(&world, "od-cp").await.0, 1);
    assert!(due(&world).await.expect("a timer") > now(&world) + HOLD - 60.0);
}

/// Started and stopped from the keyboard, through the machine.
#[tokio::test]
async fn a_person_wakes_it_and_puts_it_to_sleep() {
    let world = asleep().await;
    world.configure(&json!({"speed": 100}));
    world.forget_calls();
    let started = world.run(&["control-plane", "start", "--reason", "config-push"]);
    let said = started.exits(0).all();
    assert!(said.contains("cooling down until"), "{said}");
    let mut changed = world.mutating();
    changed.retain(|call| !call.starts_with("dynamodb:"));
    assert_eq!(changed, ["events:PutEvents"], "the machine does the rest");
    let timer = due(&world).await.expect("a timer");
    // Awake already: its time is extended, or left where it is later.
    let _ = world.run(&["control-plane", "start"]).exits(0);
    assert!(due(&world).await.expect("a timer") >= timer);

    world.forget_calls();
    let stopped = world.run(&["control-plane", "stop"]).exits(0);
    assert!(stopped.stdout.contains("is asleep"), "{}", stopped.stdout);
    let said = stopped.all();
    assert!(
        said.contains("the next data plane that starts wakes it"),
        "{said}"
    );
    let mut changed = world.mutating();
    changed.retain(|call| !call.starts_with("dynamodb:"));
    assert_eq!(changed, ["states:StartExecution"]);
    assert_eq!(due(&world).await, None, "no timer runs for one that sleeps");
    world.expect_converged(&[]);
}
