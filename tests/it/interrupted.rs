//! Runs that were stopped half-way: the next one finds what is there and goes on.

use crate::support::{Running, World, account, left, planned};

const SPEC: &str = "\
name: stopped
region: eu-west-1
database: {deletion_protection: false}
";

/// Begins `args`, stops it with `signal` as soon as the simulation has been asked for `call`, and waits for its end. The
/// lease of a killed run is then as if it had expired; an interrupted one gives it back itself.
fn stopped_after(world: &World, args: &[&str], signal: &str, call: &str) {
    world.forget_calls();
    let mut run = Running::begin(world, &[args, &["--auto-approve"]].concat());
    run.until(call);
    run.signal(signal);
    let _ = run.ends();
    if signal == "-KILL" {
        world.let_the_lease_expire("eu-west-1");
    }
}

#[test]
fn a_destruction_goes_on_with_what_is_being_deleted() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let slow = serde_json::json!({"speed": 40});
    for (signal, call) in [
        ("-INT", "ecs:DeleteService"),
        ("-KILL", "ec2:DeleteNatGateway"),
        ("-INT", "elasticloadbalancing:DeleteLoadBalancer"),
        ("-KILL", "rds:DeleteDBInstance"),
        ("-KILL", "rds:DeleteDBCluster"),
    ] {
        let _ = world.run(&["apply", "--auto-approve"]).exits(0);
        world.configure(&slow);
        stopped_after(&world, &["destroy"], signal, call);
        world.configure(&serde_json::json!({"speed": 400}));
        let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
        let plan = world.run(&["plan", "--destroy"]).exits(0);
        assert_eq!(planned(&plan.stdout), Vec::<String>::new(), "{call}");
    }
}

#[test]
fn what_is_being_deleted_is_made_again() {
    let world = World::applied(SPEC);
    world.configure(&serde_json::json!({"speed": 40}));
    stopped_after(&world, &["destroy"], "-KILL", "rds:DeleteDBInstance");
    world.configure(&serde_json::json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn a_deletion_whose_answer_was_lost_is_not_refused_for_being_done() {
    let world = World::applied(SPEC);
    world.fault("ecs", "DeleteTaskDefinitions", "cut-after", 3);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(world.faults_left(), 0);
}

#[tokio::test]
async fn a_record_whose_deletion_was_not_answered_is_gone_all_the_same() {
    let world = World::new();
    account::hosted_zone(&world.aws("eu-west-1"), "example.com").await;
    let ingress =
        "ingress: {domain: gw.example.com, hosted_zone: example.com, certificate: issue}\n";
    world.write("kongstack.yaml", &format!("{SPEC}{ingress}"));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    // The alias's and the certificate's. Asked again, Route 53 refuses to delete what it does not have.
    let place = world.place();
    world.forget_calls();
    place.fault_each("route53", "ChangeResourceRecordSets", "cut-after");
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    place.forget_faults();
    let calls = world.calls();
    let mut refused = calls.iter().filter_map(|call| call.error.as_deref());
    let cut = calls
        .iter()
        .filter(|call| call.operation == "ChangeResourceRecordSets");
    assert_eq!(cut.count(), 4, "each of the two was asked for twice");
    assert!(refused.any(|code| code == "InvalidChangeBatch"));
    let plan = world.run(&["plan", "--destroy"]).exits(0);
    assert_eq!(planned(&plan.stdout), Vec::<String>::new());
}

#[test]
fn a_secret_whose_deletion_was_not_answered_is_gone_all_the_same() {
    let world = World::applied(SPEC);
    // Of each secret; asked again, AWS refuses to delete what can still be restored but is marked deleted.
    let place = world.place();
    place.fault_each("secretsmanager", "DeleteSecret", "cut-after");
    let output = world.run(&["destroy", "--auto-approve"]).exits(0);
    place.forget_faults();
    assert!(output.all().contains("can be restored for"), "{output:?}");
    let cut = world
        .calls()
        .into_iter()
        .filter(|call| call.operation == "DeleteSecret");
    let refused: Vec<_> = cut.filter_map(|call| call.error).collect();
    assert!(
        refused.iter().any(|code| code == "InvalidRequestException"),
        "{refused:?}"
    );
    let plan = world.run(&["plan", "--destroy"]).exits(0);
    assert_eq!(planned(&plan.stdout), Vec::<String>::new());
}

/// ECS lists for ever what was deregistered and not deleted.
#[tokio::test]
async fn a_revision_that_was_deregistered_and_not_deleted_is_deleted_by_the_next_run() {
    let world = World::applied(SPEC);
    let larger = [
        "--set",
        "data_plane.cpu=1024",
        "--set",
        "data_plane.memory=2048",
    ];
    let apply = [&["apply", "--auto-approve"], &larger[..]].concat();
    world.fault("ecs", "DeleteTaskDefinitions", "access-denied", 100);
    let _ = world.run(&apply).exits(4);
    world.place().forget_faults();
    let plan = world.run(&[&["plan"], &larger[..]].concat()).exits(0);
    let planned_now = planned(&plan.stdout);
    assert_eq!(planned_now, ["delete data-plane/task-definition"]);
    let _ = world.run(&apply).exits(0);
    world.expect_converged(&larger);
    // Nothing else of a family need be there.
    world.fault("ecs", "DeleteTaskDefinitions", "access-denied", 100);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(4);
    world.place().forget_faults();
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let mut left = left(&world.aws("eu-west-1"), "stopped").await;
    left.retain(|one| one.starts_with("ecs:"));
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn what_a_killed_run_made_is_not_made_again_though_aws_shows_it_late() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    // Fifteen seconds on this machine; the dead run's lease keeps the next one out for twenty.
    world.configure(&serde_json::json!({"speed": 3}));
    for service in ["ec2", "tagging"] {
        world.order(
            "stale",
            &serde_json::json!({"service": service, "seconds": 45}),
        );
    }
    let args = ["apply", "--auto-approve", "--target", "network/vpc"];
    let mut run = Running::begin(&world, &args);
    run.until("ec2:CreateVpc");
    run.signal("-KILL");
    let _ = run.ends();
    let patient = [&args[..], &["--lock-timeout", "2m"]].concat();
    let _ = world.run(&patient).exits(0);
    let made = world.mutating();
    let made = made.iter().filter(|call| *call == "ec2:CreateVpc");
    assert_eq!(
        made.count(),
        1,
        "a VPC is made without a token: asked again, AWS makes another"
    );
}
