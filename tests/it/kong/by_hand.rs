//! `kongstack migrate`.

use serde_json::json;

use super::{REGION, applied, ran, spec};
use crate::support::{Running, World, secret_values, shows};

#[test]
fn without_a_stack_there_is_nothing_to_migrate() {
    let world = World::new();
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    for action in ["status", "list", "up"] {
        let output = world.run(&["migrate", action]).exits(1);
        assert!(
            output
                .all()
                .contains("there is nothing to migrate: the stack has no database yet"),
            "{}",
            output.stderr
        );
    }
}

#[tokio::test]
async fn an_upgrade_one_step_at_a_time() {
    let world = applied("kong:3.8.1");
    let mut said = String::new();
    let mut migrate = |action: &str, code: i32, says: &[&str]| {
        let output = world.run(&["migrate", action]).exits(code);
        let all = output.all();
        for text in says {
            assert!(all.contains(text), "no {text:?} in {all}");
        }
        said += &all;
        output
    };
    world.forget_calls();
    let _ = migrate("status", 0, &["All is as the spec wants it"]);
    assert_eq!(world.mutating(), Vec::<String>::new());
    let _ =
        migrate("list", 0, &["the schema is of the image's version"]).says("Executed migrations");
    let _ = migrate("bootstrap", 0, &["Database already bootstrapped"]);
    world.expect_converged(&[]);

    // Only the task definition is of the new version by now.
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let target = [
        "apply",
        "--auto-approve",
        "--target",
        "migrations/task-definition",
    ];
    let _ = world.run(&target).exits(0);
    let _ = migrate(
        "list",
        2,
        &["New migrations available", "they wait for `up`"],
    );
    let older = "a control plane of kong:3.8.1 still uses the database";
    let _ = migrate(
        "finish",
        1,
        &[older, "roll the control plane over to kong:3.9.3"],
    );
    let _ = migrate("bootstrap", 1, &[older]);
    let _ = migrate(
        "up",
        0,
        &["(pending)", "they wait for `finish`", "hold back writes"],
    );
    let _ = migrate("list", 2, &["Pending migrations", "they wait for `finish`"]);
    let _ = migrate("status", 0, &["An upgrade is half-way"]);

    // An apply goes on where this stopped.
    let before = ran(&world, "gate-migrations").len();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let by_apply = ran(&world, "gate-migrations").split_off(before);
    assert_eq!(by_apply, ["migrations finish"]);
    world.expect_converged(&[]);
    let _ = migrate("finish", 0, &["the schema is of the image's version"]);
    world.expect_converged(&[]);
    let values = secret_values(&world, REGION).await;
    assert!(
        !values.is_empty() && !shows(&said, &values),
        "a secret is in the output"
    );
}

#[test]
fn what_fails_says_why_with_the_last_lines() {
    let world = applied("kong:3.8.1");
    world.write("kongstack.yaml", &spec("kong:3.9.3"));
    let target = [
        "apply",
        "--auto-approve",
        "--target",
        "migrations/task-definition",
    ];
    let _ = world.run(&target).exits(0);
    for (order, says) in [
        (
            json!({"command": "up", "exit": 1, "times": 100}),
            &["not done: exit code 5", "failed to run migration: timeout"][..],
        ),
        (
            json!({"command": "up", "exit": 1, "half": true}),
            &[
                "there are pending and new migrations",
                "`kongstack apply` goes on by itself",
            ],
        ),
    ] {
        world.configure(&json!({"tasks": {"migrations": order}}));
        let output = world.run(&["migrate", "up"]).exits(1);
        for text in says {
            assert!(
                output.all().contains(text),
                "no {text:?} in {}",
                output.all()
            );
        }
    }
    let _ = world
        .run(&["migrate", "list"])
        .exits(2)
        .says("New migrations available");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn two_never_work_on_one_database() {
    let world = applied("kong:3.9.3");
    // Slow enough for another run to find the first one at work.
    world.configure(&json!({"speed": 4}));
    world.forget_calls();
    let mut first = Running::begin(&world, &["migrate", "up"]);
    first.until("ecs:RunTask");
    let output = world.run(&["migrate", "finish"]).exits(5);
    world.configure(&json!({"speed": 400}));
    assert!(output.all().contains("migrate"), "{}", output.stderr);
    // Looking takes no lease, and waits for the task that is at work.
    let _ = world.run(&["migrate", "list"]).exits(0);
    let _ = first.ends().exits(0);
}

#[test]
fn an_interruption_leaves_the_task_alone_and_says_so() {
    let world = applied("kong:3.9.3");
    world.configure(&json!({"speed": 20}));
    world.forget_calls();
    let mut first = Running::begin(&world, &["migrate", "up"]);
    first.until("ecs:RunTask");
    first.signal("-INT");
    let output = first.ends().exits(130);
    assert!(
        output
            .all()
            .contains("interrupted; a task that was begun goes on by itself"),
        "{}",
        output.stderr
    );
    world.configure(&json!({"speed": 400}));
    let _ = world.run(&["migrate", "list"]).exits(0);
}
