//! Runs that were stopped half-way: the next one finds what is there and goes on.

use std::process::Stdio;
use std::time::Duration;

use crate::support::{World, planned};

const SPEC: &str = "\
name: stopped
region: eu-west-1
database: {deletion_protection: false}
";

/// Begins `args`, stops it with `signal` as soon as the simulation has been asked for `call`, and waits for its end.
fn stopped_after(world: &World, args: &[&str], signal: &str, call: &str) {
    world.forget_calls();
    let mut all = args.to_vec();
    all.extend(["--sandbox", "--auto-approve"]);
    let mut command = world.command(&all);
    let said = std::fs::File::create(world.folder().join("said")).expect("a file");
    let mut child = command
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .expect("the program runs");
    while !world.mutating().iter().any(|made| made == call) {
        let ended = child.try_wait().expect("a process");
        let said = || std::fs::read_to_string(world.folder().join("said"));
        assert!(ended.is_none(), "it ended before {call}: {:?}", said());
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args([signal, &pid])
        .status();
    assert!(kill.expect("kill runs").success());
    child.wait().expect("a process");
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
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.configure(&serde_json::json!({"speed": 40}));
    stopped_after(&world, &["destroy"], "-KILL", "rds:DeleteDBInstance");
    world.configure(&serde_json::json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}
