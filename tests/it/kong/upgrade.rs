//! Changes of the image: what a plan refuses, what it warns of.

use serde_json::json;

use super::{applied, spec};
use crate::support::planned;

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team";

#[test]
fn a_version_the_schema_cannot_go_to_is_refused() {
    let world = applied("kong:3.8.1");
    for (image, why, fix) in [
        (
            "kong:3.7.1".to_owned(),
            "kong:3.7.1 is older than kong:3.8.1, whose migrations the database has been through",
            "restore a snapshot of the database",
        ),
        (
            format!("{ECR}/kong:4.0.0"),
            "is another major version",
            "move the configuration over with decK",
        ),
    ] {
        world.write("kongstack.yaml", &spec(&image));
        world.forget_calls();
        let output = world.run(&["apply", "--auto-approve"]).exits(1);
        let said = output.all();
        assert!(
            said.contains(why) && said.contains(fix),
            "{}",
            output.stdout
        );
        assert_eq!(world.mutating(), Vec::<String>::new());
        // What does not concern the schema can be selected all the same.
        let _ = world.run(&["plan", "--target", "logs/data-plane"]).exits(0);
    }
    // A patch release back is no way back for the schema.
    world.write("kongstack.yaml", &spec("kong:3.8.0"));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn what_is_not_tested_or_not_told_is_warned_of() {
    let world = applied("kong:3.6.1");
    let digest = format!("kong@sha256:{}", "0".repeat(64));
    for (image, warning) in [
        ("kong:3.9.3".to_owned(), "skips 2 minor versions"),
        (digest, "are not compared: their names do not tell"),
        (format!("{ECR}/gateway:7"), "are not compared"),
    ] {
        world.write("kongstack.yaml", &spec(&image));
        let output = world.run(&["plan", "--detailed-exitcode"]).exits(2);
        assert!(output.all().contains(warning), "{}", output.stdout);
    }
    world.write("kongstack.yaml", &spec("kong:3.6.0"));
    let output = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    assert!(!output.all().contains("Warning:"), "{}", output.stdout);
}

#[test]
fn an_upgrade_warns_of_writes_until_it_is_finished() {
    const WRITES: &str = "hold back every write through the Admin API";
    let world = applied("kong:3.8.1");
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let output = world.run(&["plan"]).exits(0);
    assert!(output.all().contains(WRITES), "{}", output.stdout);
    // The new control plane does not come up: the schema stays half-way.
    world.configure(&json!({"tasks": {"services": {"gate-cp": {"exit": 1, "times": 100}}}}));
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    assert!(output.all().contains(WRITES), "{}", output.stdout);
    world.configure(&json!({"tasks": {}}));
    let output = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    assert!(output.all().contains(WRITES), "{}", output.stdout);
    let planned = planned(&output.stdout);
    for (address, is_planned) in [
        ("update migrations/schema", false),
        ("update migrations/finish", true),
        ("update data-plane/service", true),
    ] {
        assert_eq!(
            planned.contains(&address.to_owned()),
            is_planned,
            "{planned:?}"
        );
    }
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let output = world.run(&["plan", "--detailed-exitcode"]).exits(0);
    assert!(!output.all().contains(WRITES), "{}", output.stdout);
}

#[test]
fn another_writer_takes_over_when_no_task_works_on_the_database_any_more() {
    let world = applied("kong:3.8.1");
    let other = spec("kong:3.9.3") + "names: {database_instance: other}\n";
    world.write("kongstack.yaml", &other);
    world.forget_calls();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    // While Aurora hands over, nobody gets a connection: a migration would break off in the middle.
    let calls = world.mutating();
    let all_of = |name: &str| -> Vec<usize> {
        let found = calls.iter().enumerate().filter(|(_, call)| *call == name);
        found.map(|(place, _)| place).collect()
    };
    let (tasks, taken) = (all_of("ecs:RunTask"), all_of("rds:DeleteDBInstance"));
    assert_eq!((tasks.len(), taken.len()), (2, 1), "{calls:?}");
    assert!(tasks.iter().all(|task| *task < taken[0]), "{calls:?}");
    world.expect_converged(&[]);
}
