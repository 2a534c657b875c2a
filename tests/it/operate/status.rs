//! A stack at a glance.

use serde_json::{Value, json};

use super::{REGION, SPEC, applied};
use crate::support::leases::{leases, put_lease};
use crate::support::{Running, World, rounds};

/// A status without what differs from run to run: times, ages, numbers that AWS makes up.
fn blank(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| "(),:".contains(c));
        let blank = if humantime::parse_rfc3339(bare).is_ok() {
            word.replace(bare, "TIME")
        } else if bare == "<1s" || (bare.ends_with('s') && humantime::parse_duration(bare).is_ok())
        {
            word.replace(bare, "AGE")
        } else {
            word.to_owned()
        };
        let digits: Vec<&str> = blank.split(|c: char| !c.is_ascii_digit()).collect();
        let long = digits.into_iter().filter(|run| run.len() > 5);
        long.fold(blank.clone(), |text, run| text.replace(run, "NUMBER"))
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn status(world: &World) -> String {
    world.run(&["status"]).exits(0).stdout
}

fn read(world: &World) -> Value {
    let json = world.run(&["status", "--format", "json"]).exits(0).stdout;
    serde_json::from_str(&json).expect("JSON")
}

#[test]
fn a_stack_that_serves_in_80_columns() {
    let world = applied();
    let text = status(&world);
    let wide = text.lines().find(|line| line.chars().count() > 80);
    // An address is not broken.
    assert_eq!(wide.filter(|line| !line.contains("http://")), None);
    // In the first hour of a day the last day of a pair made then is one nearer.
    let text = blank(&text).replace("(1093 days)", "(1094 days)");
    insta::assert_snapshot!(text, @r"
    ops in eu-west-1: serving

    endpoint       http://ops-alb-NUMBER.eu-west-1.elb.amazonaws.com
    admin          http://ops-alb-NUMBER.eu-west-1.elb.amazonaws.com/kong-admin
    load balancer  active
    control plane  1 of 1 tasks running, Kong 3.9.3
                   ops-cp:1 completed AGE ago
    data plane     2 of 2 tasks running, Kong 3.9.3
                   ops-dp:1 completed AGE ago
    targets        2 healthy
    database       ops-db: available, awake
                   PostgreSQL 16.8, 0 to 2 ACU, pauses after 5m idle, now 0.5 ACU
                   writer ops-db-1 available
    migrations     schema of kong:3.9.3, finished
    certificates   HTTPS: none, the gateway speaks plain HTTP
                   cluster: valid until TIME (1094 days)
    lease          nobody holds it
    ");
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn a_look_is_short_and_changes_nothing() {
    let world = applied();
    world.configure(&json!({"latency_ms": 150}));
    let _ = status(&world);
    let calls = world.calls();
    assert!(calls.len() <= 16, "{} calls: {calls:?}", calls.len());
    assert!(rounds(&calls) <= 4, "{} rounds: {calls:?}", rounds(&calls));
    let changing: Vec<_> = calls.iter().filter(|call| call.mutating).collect();
    assert!(changing.is_empty(), "{changing:?}");
}

#[test]
fn programs_get_json() {
    let world = applied();
    let found = read(&world);
    assert_eq!(found["version"], 1);
    assert_eq!(found["overall"]["state"], "serving");
    assert_eq!(found["control_plane"]["running"], 1);
    assert_eq!(
        found["data_plane"]["deployments"][0]["rollout"],
        "completed"
    );
    assert_eq!(found["data_plane"]["tasks"][1]["kong"], "3.9.3");
    assert_eq!(found["targets"]["healthy"], 2);
    assert_eq!(found["database"]["activity"], "awake");
    assert_eq!(found["database"]["capacity_acu"], 0.5);
    assert_eq!(found["lease"], Value::Null);
    let at = found["at"].as_str().expect("a time");
    assert!(humantime::parse_rfc3339(at).is_ok(), "{at}");
}

#[test]
fn what_is_not_there_is_no_failure() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let none = world.run(&["status"]).exits(0);
    assert_eq!(none.stdout, "ops in eu-west-1: not there\n");
    let _ = none.warns("`kongstack apply --sandbox` makes it");
    assert_eq!(read(&world)["overall"]["state"], "absent");
}

#[test]
fn somebody_elses_things_of_our_names_are_not_our_stack() {
    let world = applied();
    let other = SPEC.replace("name: ops", "name: other")
        + "names: {ecs_cluster: ops, control_plane_service: ops-cp, data_plane_service: ops-dp, database_cluster: ops-db}\n";
    world.write("kongstack.yaml", &other);
    let none = world.run(&["status"]).exits(0);
    assert_eq!(none.stdout, "other in eu-west-1: not there\n");
}

#[test]
fn aws_that_cannot_be_read_is_a_failure_that_names_the_permission() {
    let world = applied();
    for (service, operation, action) in [
        ("rds", "DescribeDBClusters", "rds:DescribeDBClusters"),
        ("monitoring", "GetMetricData", "cloudwatch:GetMetricData"),
    ] {
        world.fault(service, operation, "access-denied", 1);
        let denied = world.run(&["status"]).exits(1);
        assert!(denied.all().contains(action), "{}", denied.stderr);
        assert_eq!(denied.stdout, "");
    }
    world.fault("monitoring", "GetMetricData", "throttle", 2);
    assert_eq!(read(&world)["overall"]["state"], "serving");
}

#[tokio::test]
async fn a_database_that_somebody_stopped_is_told_from_one_that_sleeps() {
    let world = applied();
    let _ = world.run(&["control-plane", "stop"]).exits(0);
    world.configure(&json!({"skip_seconds": 3600}));
    for _ in 0..2 {
        // A look wakes nobody.
        let sleeping = read(&world);
        assert_eq!(sleeping["database"]["activity"], "paused");
        assert_eq!(sleeping["database"]["capacity_acu"], 0.0);
        let summary = "serving; the control plane is asleep";
        assert_eq!(sleeping["overall"]["summary"], summary);
        assert!(!sleeping["control_plane"]["stopped_at"].is_null());
    }
    let rds = aws_sdk_rds::Client::new(&world.aws(REGION));
    let stopping = rds.stop_db_cluster().db_cluster_identifier("ops-db");
    stopping.send().await.expect("it is stopping");
    world.configure(&json!({"skip_seconds": 3600}));
    let stopped = read(&world);
    assert_eq!(stopped["overall"]["state"], "degraded");
    let summary = "degraded: somebody has stopped the database";
    assert_eq!(stopped["overall"]["summary"], summary);
    assert_eq!(stopped["database"]["activity"], "stopped");
}

#[test]
fn a_rollout_shows_old_and_new_nodes_and_who_is_at_work() {
    let world = applied();
    world.configure(&json!({"speed": 40}));
    let newer = [
        "apply",
        "--auto-approve",
        "--set",
        "data_plane.cpu=1024",
        "--set",
        "data_plane.memory=2048",
    ];
    let mut run = Running::begin(&world, &newer);
    run.until("ecs:UpdateService");
    let found = read(&world);
    assert_eq!(found["overall"]["state"], "changing");
    let summary = found["overall"]["summary"].as_str().expect("a text");
    assert!(
        summary.starts_with("being changed by ") && summary.ends_with("(apply)"),
        "{summary}"
    );
    assert_eq!(found["lease"]["process"], run.process());
    let deployments = found["data_plane"]["deployments"]
        .as_array()
        .expect("a list");
    let rollouts: Vec<_> = deployments.iter().map(|one| &one["rollout"]).collect();
    assert_eq!(rollouts, ["in-progress", "completed"]);
    let text = status(&world);
    assert!(text.contains("ops-dp:2 comes, begun"), "{text}");
    assert!(text.contains("ops-dp:1 goes: 2 tasks left"), "{text}");
    world.configure(&json!({"speed": 400}));
    let _ = run.ends().exits(0);
    assert_eq!(read(&world)["overall"]["state"], "serving");
}

#[tokio::test]
async fn a_dead_runs_lease_is_shown_and_is_nobody_at_work() {
    let world = applied();
    let mut run = Running::begin(&world, &["control-plane", "stop"]);
    run.until("dynamodb:PutItem");
    let config = world.aws(REGION);
    let mut item = leases(&config).await.remove(0);
    let _ = run.ends().exits(0);
    let past = aws_sdk_dynamodb::types::AttributeValue::S("2026-01-01T00:00:00Z".to_owned());
    item.insert("expires_at".to_owned(), past);
    put_lease(&config, item).await;
    let found = read(&world);
    assert_eq!(found["lease"]["purpose"], "control-plane stop");
    assert_eq!(found["lease"]["expired"], true);
    assert_eq!(found["overall"]["state"], "serving");
    assert!(status(&world).contains("that run is dead"));
}

#[test]
fn watching_tells_what_changes_and_ends_quietly() {
    let world = applied();
    let mut run = Running::begin(&world, &["status", "--watch"]);
    run.until_it_prints("ops in eu-west-1: serving\n");
    let _ = world.run(&["control-plane", "stop"]).exits(0);
    run.until_it_prints("serving; the control plane is asleep");
    run.signal("-INT");
    let ended = run.ends().exits(130);
    assert_eq!(
        ended.stdout.matches("ops in eu-west-1: serving\n").count(),
        1
    );
    assert!(!ended.stdout.contains('\u{1b}'), "no terminal, no cursor");
    assert!(!ended.stderr.contains("interrupted"), "{}", ended.stderr);
}
