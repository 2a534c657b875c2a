//! Tasks that run a script and stop: their states, exit codes, logs, and what keeps them from starting.

use serde_json::json;

use super::fleet::{Definition, Fleet, KONG};
use super::stage::answers;

/// Runs a script to its end: the exit code, and what was logged.
async fn ends(fleet: &Fleet, definition: &str, script: &str) -> (Option<i32>, String) {
    let task = fleet.run(definition, script, script).await.expect("a task");
    fleet.stage.skip(120);
    let seen = fleet.task(&task).await;
    assert_eq!(seen.last_status(), Some("STOPPED"), "{script}");
    let code = seen.containers()[0].exit_code();
    (code, fleet.log(&task).await.join("|"))
}

#[tokio::test]
async fn a_task_starts_runs_and_stops_once_for_a_token() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    let task = fleet
        .run(&definition, "echo begun; sleep 1; exit 3", "one")
        .await
        .expect("a task");
    let again = fleet
        .run(&definition, "echo begun; sleep 1; exit 3", "one")
        .await;
    assert_eq!(again, Ok(task.clone()));
    assert_eq!(fleet.task(&task).await.last_status(), Some("PROVISIONING"));
    fleet.stage.skip(30);
    assert_eq!(fleet.task(&task).await.last_status(), Some("PENDING"));
    assert!(fleet.log(&task).await.is_empty());
    fleet.stage.skip(60);
    let stopped = fleet.task(&task).await;
    assert_eq!(stopped.last_status(), Some("STOPPED"));
    assert_eq!(stopped.containers()[0].exit_code(), Some(3));
    assert_eq!(
        stopped.stop_code().map(|it| it.as_str()),
        Some("EssentialContainerExited")
    );
    assert_eq!(
        stopped.stopped_reason(),
        Some("Essential container in task exited")
    );
    assert_eq!(fleet.log(&task).await, ["begun"]);
    for subnet in &fleet.network.subnets {
        let gone = fleet.stage.ec2().delete_subnet().subnet_id(subnet).send();
        gone.await.expect("a subnet without tasks");
    }
    let outlived = fleet.task(&task).await;
    assert_eq!(outlived.availability_zone(), stopped.availability_zone());
}

#[tokio::test]
async fn a_script_runs_as_in_a_shell() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    for (script, code, log) in [
        ("printf '%s' secret | grep -Eq '^[a-z]+$'; echo $?", 0, "0"),
        (
            "set -e\nprintf '%s' 'a b' | grep -Eq '^[a-z]+$'\necho never",
            1,
            "",
        ),
        ("set -e; false | true; echo on", 0, "on"),
        ("false && echo no; echo yes", 0, "yes"),
        ("false || false || [ $? -eq 1 ]; echo $?", 0, "0"),
        (
            "X=a.b; [ \"${X#*[!a-z]}\" = \"$X\" ] || exit 64; echo never",
            64,
            "",
        ),
        (
            "printf a > f; printf b >> f; cat f; echo c | cat f - > g; cat g",
            0,
            "ababc",
        ),
        (
            "nothing-like-it; echo $?",
            0,
            "sh: 1: nothing-like-it: not found|127",
        ),
        (
            "set -u; echo $NOT_SET; echo never",
            2,
            "sh: 1: NOT_SET: parameter not set",
        ),
        (
            "kong version | grep -c 3.9; kong version > /dev/null",
            0,
            "1",
        ),
    ] {
        assert_eq!(
            ends(&fleet, &definition, script).await,
            (Some(code), log.to_owned()),
            "{script}"
        );
    }
}

#[tokio::test]
async fn a_secret_reaches_the_script_and_not_the_log() {
    let fleet = Fleet::ready().await;
    let secrets = aws_sdk_secretsmanager::Client::new(fleet.stage.config());
    let secret = secrets.create_secret().name("key").secret_string("s3cret");
    let secret = secret.send().await.expect("a secret").arn.expect("its ARN");
    let with = |secret| Definition {
        secret: Some(secret),
        ..KONG
    };
    let definition = fleet.register(with(&secret)).await.expect("a definition");
    let script = "printf '%s' \"$KEY\" | grep -qx s3cret && printf '%s' \"$KEY\" > f; echo done";
    assert_eq!(
        ends(&fleet, &definition, script).await,
        (Some(0), "done".to_owned())
    );

    let missing = secret.replace("key", "lost");
    let definition = fleet.register(with(&missing)).await.expect("a definition");
    let task = fleet
        .run(&definition, "echo never", "missing")
        .await
        .expect("a task");
    fleet.stage.skip(120);
    let stopped = fleet.task(&task).await;
    assert_eq!(
        stopped.stop_code().map(|it| it.as_str()),
        Some("TaskFailedToStart")
    );
    assert_eq!(stopped.containers()[0].exit_code(), None);
    let reason = stopped.stopped_reason().unwrap_or_default();
    assert!(
        reason.starts_with("ResourceInitializationError: unable to pull secrets"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_task_needs_a_possible_size_a_role_with_some_age_and_an_image() {
    let fleet = Fleet::new().await;
    let size = fleet
        .register(Definition {
            cpu: "4096",
            ..KONG
        })
        .await;
    let odd = fleet.register(Definition { cpu: "300", ..KONG }).await;
    let definition = fleet.register(KONG).await.expect("a definition");
    let early = fleet.run(&definition, "true", "early").await;
    answers! {
        "size" => size.expect_err("refused"), "ClientException";
        "odd" => odd.expect_err("refused"), "ClientException";
        "young role" => early.expect_err("refused"), "ClientException";
    }
    fleet.stage.skip(15);
    let missing = Definition {
        image: "kong:9.9.9",
        ..KONG
    };
    let missing = fleet.register(missing).await.expect("a definition");
    let task = fleet.run(&missing, "true", "image").await.expect("a task");
    fleet.stage.skip(120);
    let reason = fleet.task(&task).await.stopped_reason.unwrap_or_default();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
}

#[tokio::test]
async fn a_migration_breaks_when_it_is_told_to() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    fleet
        .stage
        .behave(&json!({"migrations": {"command": "up", "exit": 7, "times": 1}}));
    let (code, log) = ends(&fleet, &definition, "kong migrations up").await;
    assert_eq!(code, Some(7));
    assert!(log.contains("Error: failed to run migration"), "{log}");
    let (code, _) = ends(&fleet, &definition, "kong migrations up || exit 1").await;
    assert_ne!(code, Some(7), "once is enough");
}
