//! What AWS refuses, and what a person is told to do about it.

use serde_json::json;

use crate::support::{Output, World};

const SPEC: &str = "\
name: refused
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
";

fn world() -> World {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world
}

#[track_caller]
fn says(output: &Output, texts: &[&str]) {
    let all = output.all();
    for text in texts {
        assert!(all.contains(text), "no {text:?} in\n{}", output.stderr);
    }
}

#[test]
fn a_denied_action_comes_with_the_statement_that_allows_it() {
    let world = world();
    world.fault("rds", "CreateDBCluster", "access-denied", 1);
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    says(
        &output,
        &[
            "error: database/cluster: cannot create it because: rds:CreateDBCluster: AccessDenied:",
            "this statement in the caller's IAM policy allows it: { \"Effect\": \"Allow\", \"Action\": [ \"rds:CreateDBCluster\" ],",
            "skipped because of database/cluster:",
        ],
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn credentials_that_expire_half_way_stop_the_run_once() {
    let world = world();
    world.configure(&json!({"speed": 40}));
    // Those of the look and of the first steps still work.
    let output = std::thread::scope(|threads| {
        let run = threads.spawn(|| world.run(&["apply", "--auto-approve"]));
        while !world
            .mutating()
            .iter()
            .any(|call| call == "rds:CreateDBCluster")
        {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        world.fault("*", "*", "expired-token", 60);
        run.join().expect("a run")
    });
    let output = output.exits(4);
    assert_eq!(
        output.stderr.matches("because:").count(),
        1,
        "{}",
        output.stderr
    );
    assert_eq!(
        output.stderr.matches("aws sso login").count(),
        1,
        "{}",
        output.stderr
    );
    says(
        &output,
        &[
            "no further call can succeed",
            "Apply stopped:",
            "is expired",
            "the next run",
            "run the same command again",
        ],
    );
    assert!(!output.stderr.contains("skipped"), "{}", output.stderr);
    // Expired credentials are not asked for again and again: what runs meets them once each.
    let plan = world.run(&["plan"]);
    assert_eq!(plan.code, 1, "the fault was used up: {}", plan.stderr);
}

#[test]
fn a_throttled_service_is_slowed_down_and_the_others_are_not() {
    let world = world();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    // A burst of ten calls, then five a second.
    world.configure(&json!({"limits": {"ec2": [10, 5]}}));
    world.forget_calls();
    let output = world.run(&["destroy", "--auto-approve", "-v"]).exits(0);
    says(&output, &["ec2 is throttling: slowing to about"]);
    assert_eq!(
        output.stderr.matches(" is throttling").count(),
        output.stderr.matches("ec2 is throttling").count(),
        "{}",
        output.stderr
    );
    let calls = world.calls();
    let begin = calls
        .iter()
        .map(|call| call.start)
        .fold(f64::INFINITY, f64::min);
    let within = |from: f64, to: f64| {
        let in_time = calls
            .iter()
            .filter(move |call| (begin + from..begin + to).contains(&call.start));
        let ec2 = in_time.clone().filter(|call| call.service == "ec2").count();
        (ec2, in_time.count() - ec2)
    };
    // In three seconds EC2 takes 25 calls at most; it is asked for little more than it takes. Unslowed, it is asked for
    // nearly a hundred.
    for second in 3..60 {
        let from = f64::from(second);
        let (ec2, _) = within(from, from + 3.0);
        assert!(ec2 <= 37, "{ec2} calls from second {second} on");
    }
    let (_, others) = within(0.0, 5.0);
    assert!(others >= 40, "{others} calls of other services");
    let left = world.run(&["plan", "--destroy", "--detailed-exitcode"]);
    let _ = left.exits(0);
}

#[test]
fn a_first_apply_that_is_throttled_comes_to_its_end() {
    let world = world();
    world.configure(&json!({"limits": {"ec2": [10, 5]}}));
    let output = world.run(&["apply", "--auto-approve", "-v"]).exits(0);
    says(&output, &["ec2 is throttling: slowing to about"]);
    // A task that is started before its network lets it out fails for the others' slowness.
    let asked = world.mutating();
    let tasks = asked.iter().filter(|call| *call == "ecs:RunTask");
    assert_eq!(tasks.count(), 1, "{asked:?}");
    world.configure(&json!({"limits": {"ec2": [1000, 1000]}}));
    world.expect_converged(&[]);
}

#[test]
fn a_quota_is_named_with_its_value_and_where_to_raise_it() {
    let world = world();
    world.fault("ec2", "CreateVpc", "quota", 1);
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    says(
        &output,
        &[
            "ec2:CreateVpc: VpcLimitExceeded:",
            "the quota \"VPCs per Region\" is 5 in this account",
            "aws service-quotas request-service-quota-increase",
            "--service-code vpc --quota-code L-F678F1CE",
        ],
    );
    // A quota does not go away by asking again.
    let asked = world.mutating();
    assert_eq!(
        asked.iter().filter(|call| *call == "ec2:CreateVpc").count(),
        1
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}
