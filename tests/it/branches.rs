//! The means of the matrices: branches of the simulation, and a state in which two accounts can be compared.

use serde_json::json;

use crate::support::World;

const REGION: &str = "eu-west-1";

async fn group(world: &World, name: &str) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.aws(REGION));
    let made = logs.create_log_group().log_group_name(name).send().await;
    made.expect("a log group");
}

#[tokio::test]
async fn a_branch_stands_where_the_world_stood_and_changes_nothing_in_it() {
    let world = World::new();
    group(&world, "/first").await;
    world.configure(&json!({"fork": {"before": true, "after": true}}));
    group(&world, "/second").await;
    let forks = world.place().forks();
    let when: Vec<_> = forks
        .iter()
        .map(|fork| (fork.n, fork.when.as_str()))
        .collect();
    assert_eq!(when, [(1, "before"), (1, "after")]);
    let state = world.place().state(REGION);
    let [before, after] = [0, 1].map(|index| world.branch(&forks[index].endpoint));
    assert_eq!(after.place().difference(REGION, &state), "");
    let difference = before.place().difference(REGION, &state);
    assert!(
        difference.contains("-    \"logGroupName\": \"/second\""),
        "{difference}"
    );
    group(&before, "/third").await;
    assert_eq!(world.place().difference(REGION, &state), "");
    // A branch branches again.
    let again = before.branch(&before.place().fork().endpoint);
    let there = before.place().state(REGION);
    assert_eq!(again.place().difference(REGION, &there), "");
}

#[tokio::test]
async fn time_stands_still_in_a_branch_until_aws_is_asked() {
    let world = World::new();
    group(&world, "/first").await;
    let branch = world.branch(&world.place().fork().endpoint);
    let then = branch.place().simulated_time();
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(branch.place().simulated_time() <= then);
    group(&branch, "/second").await;
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(branch.place().simulated_time() > then + 1.0);
}

#[test]
fn an_ended_branch_answers_no_more() {
    let world = World::new();
    let place = world.place().fork();
    assert!(place.answers());
    place.end();
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        !place.answers()
    });
    assert!(gone, "the branch goes on");
    assert!(world.place().answers());
}

#[tokio::test]
async fn the_same_run_leaves_the_same_state_and_a_change_by_hand_shows() {
    let spec = "name: twins\nregion: eu-west-1\n";
    let worlds = [World::new(), World::new()];
    for world in &worlds {
        world.write("kongstack.yaml", spec);
        let _ = world.run(&["apply", "--auto-approve"]).exits(0);
        world.configure(&json!({"skip_seconds": 7200}));
        let services = world.place().services();
        let changed = world.calls().into_iter().filter(|call| call.mutating);
        let changed = changed.filter(|call| call.service != "dynamodb");
        for call in changed {
            assert!(
                services.contains(&call.service),
                "{} is changed, and left out of the comparison",
                call.service
            );
        }
    }
    let state = worlds[0].place().state(REGION);
    assert_eq!(worlds[1].place().difference(REGION, &state), "");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&worlds[1].aws(REGION));
    let longer = logs
        .put_retention_policy()
        .log_group_name("/kongstack/twins/data-plane");
    longer
        .retention_in_days(30)
        .send()
        .await
        .expect("a retention");
    let difference = worlds[1].place().difference(REGION, &state);
    assert!(
        difference.contains("+    \"retentionInDays\": 30"),
        "{difference}"
    );
}
