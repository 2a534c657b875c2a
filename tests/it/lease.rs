//! One apply or destroy of a stack at a time.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::leases::{leases, put_lease, remove_leases};
use crate::support::{Running, World, left};

const REGION: &str = "eu-west-1";
const SPEC: &str = "\
name: leased
region: eu-west-1
database: {deletion_protection: false}
";

/// An account where time goes slowly enough for a run to be met at work.
fn slow_world() -> World {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world.configure(&json!({"speed": 40}));
    world
}

fn fast(world: &World) {
    world.configure(&json!({"speed": 400}));
}

/// Begins an apply and kills it at work.
fn killed(world: &World) -> u32 {
    let mut run = Running::begin(world, &["apply", "--auto-approve"]);
    run.until("ec2:CreateSubnet");
    run.signal("-KILL");
    let process = run.process();
    let _ = run.ends();
    process
}

fn dynamodb(world: &World) -> usize {
    let calls = world.calls();
    calls
        .iter()
        .filter(|call| call.service == "dynamodb")
        .count()
}

#[tokio::test]
async fn of_two_runs_at_once_one_works_and_the_other_names_it() {
    let world = slow_world();
    // Neither has a table to begin with.
    let runs = ["1", "2"].map(|_| Running::begin(&world, &["apply", "--auto-approve"]));
    let processes = [runs[0].process(), runs[1].process()];
    let [one, two] = runs.map(Running::ends);
    let (winner, other) = if one.code == 0 {
        (processes[0], two)
    } else {
        let _ = two.exits(0);
        (processes[1], one)
    };
    let other = other.exits(5);
    assert!(
        other.all().contains(&format!("(process {winner})")),
        "{}",
        other.stderr
    );
    assert!(
        other.stderr.contains("kongstack unlock"),
        "{}",
        other.stderr
    );
    let made = world.mutating();
    let vpcs = made.iter().filter(|call| *call == "ec2:CreateVpc").count();
    assert_eq!(vpcs, 1);
    assert_eq!(leases(&world.aws(REGION)).await, Vec::new(), "given back");
    fast(&world);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn a_run_with_nothing_to_do_takes_no_lease() {
    let world = World::applied(SPEC);
    world.forget_calls();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    assert_eq!(world.mutating(), Vec::<String>::new());
    assert_eq!(dynamodb(&world), 0);
    let _ = world.run(&["unlock"]).exits(0).says("nobody holds it");
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    world.forget_calls();
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(dynamodb(&world), 0);
}

#[tokio::test]
async fn the_table_belongs_to_no_stack_and_stays() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let target = ["--auto-approve", "--target", "network/vpc"];
    let _ = world.run(&[&["apply"], &target[..]].concat()).exits(0);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let tables = aws_sdk_dynamodb::Client::new(&world.aws(REGION));
    let seen = tables.describe_table().table_name("kongstack-leases");
    let table = seen.send().await.expect("a table").table;
    let table = table.expect("a table");
    let billing = table
        .billing_mode_summary()
        .and_then(|it| it.billing_mode());
    assert_eq!(billing.map(|mode| mode.as_str()), Some("PAY_PER_REQUEST"));
    let tags = tables.list_tags_of_resource();
    let tags = tags.resource_arn(table.table_arn().expect("an ARN"));
    let tags = tags.send().await.expect("tags");
    let keys: Vec<_> = tags.tags().iter().map(|tag| tag.key()).collect();
    assert_eq!(keys, ["kongstack:made-for"]);
    assert_eq!(
        left(&world.aws(REGION), "leased").await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_killed_runs_lease_keeps_the_next_one_out_and_is_then_taken_over() {
    let world = slow_world();
    let dead = killed(&world);
    fast(&world);
    let refused = world.run(&["apply", "--auto-approve"]).exits(5);
    let named = format!("(process {dead})");
    assert!(refused.all().contains(&named), "{}", refused.stderr);
    let patient = ["apply", "--auto-approve", "--lock-timeout", "60s"];
    let next = world.run(&patient).exits(0);
    assert!(
        next.all().contains("took over the dead lease of"),
        "{}",
        next.stderr
    );
    assert!(next.all().contains(&named), "{}", next.stderr);
    world.expect_converged(&[]);
    assert_eq!(leases(&world.aws(REGION)).await, Vec::new());
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_without_patience() {
    let world = slow_world();
    let _ = killed(&world);
    fast(&world);
    let mut item = leases(&world.aws(REGION)).await.remove(0);
    let past = AttributeValue::S("2026-01-01T00:00:00Z".to_owned());
    item.insert("expires_at".to_owned(), past);
    put_lease(&world.aws(REGION), item).await;
    let next = world.run(&["apply", "--auto-approve"]).exits(0);
    assert!(
        next.all().contains("watching it for 30s to be sure"),
        "{}",
        next.stderr
    );
    world.expect_converged(&[]);
}

#[tokio::test]
async fn unlock_shows_whose_lease_it_is_and_breaks_it() {
    let world = slow_world();
    let none = world.run(&["unlock"]).exits(0);
    assert!(none.stdout.contains("nobody holds it"), "{}", none.stdout);
    assert_eq!(world.mutating(), Vec::<String>::new());
    let dead = killed(&world);
    fast(&world);
    let asked = world.run(&["unlock", "--no-input"]).exits(64);
    let named = format!("(process {dead})");
    assert!(asked.stdout.contains(&named), "{}", asked.stdout);
    assert!(
        asked.all().contains("It has not expired"),
        "{}",
        asked.stdout
    );
    assert_eq!(leases(&world.aws(REGION)).await.len(), 1);
    let broken = world.run(&["unlock", "--auto-approve"]).exits(0);
    assert!(broken.stdout.contains("is broken"), "{}", broken.stdout);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn a_lease_taken_away_stops_the_run() {
    let world = slow_world();
    let mut run = Running::begin(&world, &["apply", "--auto-approve"]);
    run.until("rds:CreateDBCluster");
    let config = world.aws(REGION);
    let mut item = leases(&config).await.remove(0);
    for (name, value) in [
        ("token", "another"),
        ("user", "eve"),
        ("purpose", "destroy"),
    ] {
        item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    }
    put_lease(&config, item).await;
    let taken = SystemTime::now().duration_since(UNIX_EPOCH);
    let taken = taken.expect("after 1970").as_secs_f64();
    let stopped = run.ends().exits(4);
    let said = stopped.all();
    for text in [
        "lost the stack's lease",
        "eve on ",
        "`destroy`",
        "not begun",
    ] {
        assert!(said.contains(text), "no {text}: {}", stopped.stderr);
    }
    // Renewals come every five seconds.
    let late = world
        .calls()
        .into_iter()
        .filter(|call| call.mutating && call.service != "dynamodb" && call.start > taken + 7.0);
    let late: Vec<_> = late.map(|call| call.operation).collect();
    assert_eq!(late, Vec::<String>::new());
    assert_eq!(leases(&config).await.len(), 1, "it is eve's");
    remove_leases(&config).await;
    fast(&world);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn patience_waits_for_the_other_run_and_finds_its_work_done() {
    let world = slow_world();
    let mut first = Running::begin(&world, &["apply", "--auto-approve"]);
    first.until("ec2:CreateVpc");
    let patient = ["apply", "--auto-approve", "--lock-timeout", "10m"];
    let mut second = Running::begin(&world, &patient);
    second.until_it_says("lock:");
    fast(&world);
    let _ = first.ends().exits(0);
    let second = second.ends().exits(0);
    assert!(
        second.all().contains("waiting up to 10m00s"),
        "{}",
        second.stderr
    );
    assert!(second.stdout.contains("No changes"), "{}", second.stdout);
}

#[tokio::test]
async fn a_run_that_fails_gives_its_lease_back() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world.fault("ec2", "CreateVpc", "access-denied", 1);
    let failed = world.run(&["apply", "--auto-approve"]);
    assert!([1, 4].contains(&failed.code), "{failed:?}");
    assert_eq!(leases(&world.aws(REGION)).await, Vec::new());
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
}

#[test]
fn a_lease_that_may_not_be_taken_says_what_is_missing() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world.fault("dynamodb", "CreateTable", "access-denied", 1);
    let refused = world.run(&["apply", "--auto-approve"]).exits(1);
    let said = refused.all();
    assert!(
        said.contains("\"dynamodb:CreateTable\""),
        "{}",
        refused.stderr
    );
    assert!(
        said.contains("nothing has been changed"),
        "{}",
        refused.stderr
    );
    // The write that was refused because there is no table was the only other one.
    assert_eq!(
        world.mutating(),
        ["dynamodb:PutItem", "dynamodb:CreateTable"]
    );
}

#[test]
fn lost_answers_and_refused_calls_cost_nothing_but_time() {
    for (operation, kind) in [
        ("PutItem", "cut-after"),
        ("PutItem", "throttle"),
        ("GetItem", "error500"),
        ("CreateTable", "cut-after"),
        ("DeleteItem", "cut-before"),
    ] {
        let world = World::new();
        world.write("kongstack.yaml", SPEC);
        world.fault("dynamodb", operation, kind, 1);
        let run = world.run(&["apply", "--auto-approve", "--target", "network/vpc"]);
        let _ = run.exits(0);
        let _ = world.run(&["unlock"]).exits(0).says("nobody holds it");
    }
}
