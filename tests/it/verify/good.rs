//! A stack that works: every check passes, in every format, and the key shows nowhere.

use std::net::Ipv4Addr;

use quick_junit::{Report, TestCaseStatus};
use serde_json::json;

use super::proof::Proof;
use crate::support::World;

/// The text without what differs from run to run: addresses, the account, hashes.
fn steady(text: &str, account: &str) -> String {
    let word = |word: &str| {
        if word.parse::<Ipv4Addr>().is_ok() {
            return "IP".to_owned();
        }
        if word.ends_with('…') {
            return "HASH…".to_owned();
        }
        word.replace(account, "ACCOUNT")
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(|one| line(one) + "\n").collect()
}

#[tokio::test]
async fn everything_passes_in_text() {
    let proof = Proof::new().await;
    let output = proof.world.run(&["verify"]).exits(0);
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80));
    assert!(!output.all().contains(proof.key), "the key is shown");
    insta::assert_snapshot!(steady(&output.stdout, &proof.world.account), @r"
    proof in eu-west-1

    passed       account        ACCOUNT (the spec names none)
    passed       stack          65 resources live, 65 in the spec
    passed       drift          nothing differs
    passed       database       available, 0.5 ACU of 0 to 2 ACU
    passed       migrations     of kong:3.9.3, finished
    passed       control-plane  1 of 1 running, kong:3.9.3
    passed       database-link  Kong says it is reachable
    passed       cloud-map      config.kong.local is IP
    passed       data-plane     2 of 2 running, kong:3.9.3
    passed       targets        2 healthy
    passed       sync           2 of 2 in sync, hash HASH…
    passed       dns            gw.example.com is the load balancer
    passed       tls            trusted for 197 more days
    passed       admin-key      401 without the key
    not checked  admin-list     this machine is let in, so only one that is not on
                                the list can try
    passed       admin-api      200 with the key: Kong 3.9.3, control plane
    passed       private        IP takes no connections from here

    16 passed, 0 failed, 1 not checked
    ");
}

#[tokio::test]
async fn programs_and_pipelines_are_told_the_same() {
    let proof = Proof::new().await;
    let found = proof.verify(&[]);
    assert_eq!((found.code, &found.said["version"]), (0, &json!(1)));
    assert_eq!(found.that("failed"), Vec::<&str>::new());
    // Only a machine that is not on the list can try what it refuses.
    assert_eq!(found.that("not-checked"), ["admin-list"]);
    assert_eq!(found.said["passed"], 16);
    assert!(
        !found.said.to_string().contains(proof.key),
        "the key is shown"
    );

    let output = proof.world.run(&["verify", "--format", "junit"]).exits(0);
    assert!(!output.all().contains(proof.key), "the key is shown");
    let report = Report::deserialize_from_str(&output.stdout).expect("JUnit's XML");
    let cases = &report.test_suites[0].test_cases;
    let passed = cases
        .iter()
        .filter(|case| matches!(case.status, TestCaseStatus::Success { .. }));
    assert_eq!((cases.len(), passed.count()), (17, 16));
}

#[tokio::test]
async fn one_check_is_made_with_what_it_needs_and_changes_nothing() {
    let proof = Proof::new().await;
    proof.world.forget_calls();
    let found = proof.verify(&["--only", "tls"]);
    assert_eq!(found.code, 0);
    assert_eq!(found.that("passed"), ["account", "stack", "dns", "tls"]);
    assert_eq!(
        found.that("failed").len() + found.that("not-checked").len(),
        0
    );
    let _ = proof.verify(&[]);
    assert_eq!(proof.world.mutating(), Vec::<String>::new());
    let output = proof.world.run(&["verify", "--only", "nonsense"]);
    let _ = output.exits(64).warns("possible values");
}

#[tokio::test]
async fn from_an_address_that_is_not_listed_the_refusal_is_the_proof() {
    let proof = Proof::new().await;
    proof.world.configure(&json!({"client_ip": "198.51.100.9"}));
    let found = proof.verify(&[]);
    assert_eq!((found.code, found.that("failed")), (0, vec![]));
    assert_eq!(
        found.that("not-checked"),
        ["database-link", "sync", "admin-api"]
    );
    let details = found.details();
    assert!(
        details["admin-list"].starts_with("403 with the key"),
        "{details:?}"
    );
    assert!(
        details["sync"].contains("not in `admin.allow`"),
        "{details:?}"
    );
}

#[tokio::test]
async fn a_stack_that_sleeps_at_the_database_is_well() {
    let proof = Proof::new().await;
    // Nobody uses it from within Kong while the control plane is away; that itself is a failure, the pause is none.
    let ecs = aws_sdk_ecs::Client::new(&proof.world.aws(super::proof::REGION));
    let stop = ecs.update_service().cluster("proof").service("proof-cp");
    let _ = stop.desired_count(0).send().await.expect("stopped");
    proof.wait(3600);
    let found = proof.verify(&["--only", "database"]);
    assert_eq!(found.that("failed"), Vec::<&str>::new());
    let details = found.details();
    assert!(details["database"].starts_with("paused"), "{details:?}");
}

#[test]
fn without_a_stack_there_is_nothing_else_to_say() {
    let world = World::new();
    world.write("kongstack.yaml", "name: none\nregion: eu-west-1\n");
    let output = world.run(&["verify"]).exits(1);
    let output = output.says("there is no such stack").says("needs stack");
    let _ = output.says("1 passed, 1 failed, 15 not checked");
}
