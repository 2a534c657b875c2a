//! Rollouts that do not come through: never taken for success, explained, and tried again by the next run.

use serde_json::{Value, json};

use crate::support::{Output, Running, World, planned, wide};

const SPEC: &str = "\
name: roll
region: eu-west-1
kong: {image: 'kong:3.9.2'}
database: {deletion_protection: false, final_snapshot: false}
data_plane: {cpu: 512, memory: 1024, scaling: {min: 2, max: 4}}
";

/// What the data planes' rollout is spoilt with looks like a key, as a node might print one.
const KEY: &str = "s3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3t";

/// A stack that is applied.
fn applied() -> World {
    World::applied(SPEC)
}

/// Changes the data planes' size, so that the next apply rolls them over.
fn resize(world: &World) {
    let spec = SPEC.replace("cpu: 512, memory: 1024", "cpu: 1024, memory: 2048");
    world.write("kongstack.yaml", &spec);
}

/// Lets the tasks of a service misbehave until told otherwise.
fn spoil(world: &World, service: &str, how: &Value) {
    world.configure(&json!({"tasks": {"services": {service: how}}}));
}

/// Whether Fargate has room for new tasks.
fn capacity(world: &World, there_is: bool) {
    let state = match there_is {
        true => "available",
        false => "no-fargate-capacity",
    };
    for zone in ["eu-west-1a", "eu-west-1b", "eu-west-1c"] {
        let order = json!({"kind": "zone", "resource": zone, "state": state});
        world.order("states", &order);
    }
}

fn mend(world: &World) {
    world.configure(&json!({"tasks": {}}));
}

/// Insists that all of `texts` are said, and that the explanation of what failed fits 80 columns.
#[track_caller]
fn explains(output: &Output, texts: &[&str]) {
    let said = output.all();
    for text in texts {
        assert!(said.contains(text), "no {text:?} in\n{}", output.stderr);
    }
    // The report, at the end: what happened is told before it, in one line an event.
    let from = ["error:", "under way, and perhaps"].map(|begin| output.stderr.find(begin));
    let from = from.into_iter().flatten().min().expect("a report");
    assert_eq!(wide(&output.stderr[from..]), None, "in\n{}", output.stderr);
}

/// Ways to spoil a rollout, each with what is said of it then; `null` takes the room on Fargate away.
fn ways() -> [(Value, &'static [&'static str]); 5] {
    let line = format!("[error] plugin 'x' not enabled; key {KEY}");
    let log = ["kong starts", line.as_str()];
    let exit = json!({"exit": 1, "log": log, "after": 3, "times": 100});
    let image = "CannotPullContainerError: pull image manifest: not found";
    let secret = "ResourceInitializationError: unable to pull secrets or registry auth: unable to \
                  retrieve secret from asm: AccessDeniedException";
    let fail = |why: &str| json!({"fail": why, "times": 100});
    [
        (
            exit,
            &[
                "container kong: exit code 1",
                "the last lines of kong:",
                "kong starts [error] plugin 'x' not enabled; key (not shown)",
                "more like it) stopped: Essential container in task exited",
            ],
        ),
        (
            fail(image),
            &[
                "never ran: CannotPullContainerError: pull image manifest: not found",
                "what to do: the registry does not have this image",
            ],
        ),
        (
            fail(secret),
            &[
                "never ran: ResourceInitializationError: unable to pull secrets",
                "the execution role may read it",
            ],
        ),
        (
            json!({"unhealthy": true, "times": 100}),
            &["health checks", "its log says what it lacks"],
        ),
        (
            json!(null),
            &[
                "was unable to place a task. Reason: Capacity is",
                "more zones",
            ],
        ),
    ]
}

#[test]
fn a_rollback_is_a_failure_that_says_why_and_what_runs_now() {
    let world = applied();
    resize(&world);
    for (already, (how, texts)) in ways().into_iter().enumerate() {
        spoil(&world, "roll-dp", &how);
        capacity(&world, !how.is_null());
        // The first run has at least made the new revision; the others do nothing at all.
        let code = if already == 0 { 4 } else { 1 };
        let output = world.run(&["apply", "--auto-approve"]).exits(code);
        explains(&output, texts);
        explains(
            &output,
            &[
                "data-plane/service: cannot update it",
                "the rollout of service roll-dp failed",
                "ECS goes back to roll-dp:1",
                "running now:",
                "tasks of roll-dp:1",
                "ECS said of the service:",
                "deployment failed: tasks failed to start.",
            ],
        );
        if already == 0 {
            // Later ones may still see the last way back under way.
            explains(&output, &["running now: 2 tasks of roll-dp:1"]);
        }
        assert!(!output.all().contains(KEY), "{}", output.stderr);
        let plan = world.run(&["plan", "--detailed-exitcode"]).exits(2);
        let planned = planned(&plan.stdout);
        assert!(
            planned.contains(&"update data-plane/service".to_owned()),
            "{planned:?}"
        );
    }
    mend(&world);
    capacity(&world, true);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn a_first_rollout_that_fails_has_nothing_to_go_back_to() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    spoil(&world, "roll-cp", &json!({"exit": 137, "times": 100}));
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    explains(
        &output,
        &[
            "the rollout of service roll-cp failed",
            "no task is running now",
            "container kong: exit code 137",
            "skipped because of control-plane/service",
        ],
    );
    let plan = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    assert!(plan.all().contains("FAILED"), "{}", plan.stdout);
    mend(&world);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn another_deployment_in_the_place_of_ours_is_no_success() {
    let world = applied();
    resize(&world);
    let theirs = json!({
        "on": {"service": "ecs", "operation": "UpdateService"}, "seconds": 20,
        "call": {"service": "ecs", "operation": "UpdateService", "region": "eu-west-1",
                 "parameters": {"cluster": "roll", "service": "roll-dp", "forceNewDeployment": true}},
    });
    world.order("peers", &theirs);
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    explains(
        &output,
        &["another deployment, which this run did not begin, takes its place with roll-dp:2"],
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

/// The deployments of the data planes' service, as `STATUS ROLLOUT`.
async fn deployments(world: &World) -> Vec<String> {
    let ecs = aws_sdk_ecs::Client::new(&world.aws("eu-west-1"));
    let found = ecs.describe_services().cluster("roll").services("roll-dp");
    let found = found.send().await.expect("a service");
    let all = found.services().iter().flat_map(|one| one.deployments());
    all.map(|one| {
        let rollout = one.rollout_state().map_or("", |state| state.as_str());
        format!("{} {rollout}", one.status().unwrap_or_default())
    })
    .collect()
}

#[tokio::test]
async fn a_rollout_that_a_killed_run_began_is_waited_for_and_not_begun_again() {
    let world = applied();
    resize(&world);
    world.forget_calls();
    // A rollout of two minutes takes three seconds.
    world.configure(&json!({"speed": 40}));
    let mut run = Running::begin(&world, &["apply", "--auto-approve"]);
    run.until("ecs:UpdateService");
    run.signal("-KILL");
    let _ = run.ends();
    let left = deployments(&world).await;
    assert!(left.contains(&"PRIMARY IN_PROGRESS".to_owned()), "{left:?}");
    world.let_the_lease_expire("eu-west-1");
    let output = world.run(&["apply", "--auto-approve"]).exits(0);
    let waiting = "data-plane/service: waiting for the rollout of service roll-dp";
    assert!(output.stderr.contains(waiting), "{}", output.stderr);
    assert_eq!(deployments(&world).await, ["PRIMARY COMPLETED"]);
    let asked = world.mutating();
    let begun = asked.iter().filter(|call| *call == "ecs:UpdateService");
    assert_eq!(begun.count(), 1, "{asked:?}");
    let registered = asked
        .iter()
        .filter(|call| *call == "ecs:RegisterTaskDefinition");
    assert_eq!(registered.count(), 1, "{asked:?}");
    world.expect_converged(&[]);
}

#[test]
fn a_service_that_is_deleted_under_its_rollout_is_made_again_by_the_next_run() {
    let world = applied();
    resize(&world);
    let theirs = json!({
        "on": {"service": "ecs", "operation": "UpdateService"}, "seconds": 20,
        "call": {"service": "ecs", "operation": "DeleteService", "region": "eu-west-1",
                 "parameters": {"cluster": "roll", "service": "roll-dp", "force": true}},
    });
    world.order("peers", &theirs);
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    explains(&output, &["cut short: somebody is deleting the service"]);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[test]
fn time_that_runs_out_during_a_rollout_is_no_interruption() {
    let world = applied();
    resize(&world);
    spoil(&world, "roll-dp", &json!({"unhealthy": true, "times": 100}));
    // The circuit breaker would take a quarter of a minute.
    world.configure(&json!({"speed": 10}));
    let output = world
        .run(&["apply", "--auto-approve", "--timeout", "6s"])
        .exits(4);
    explains(
        &output,
        &["ran out of time", "running now: 2 tasks of roll-dp:1"],
    );
    assert!(!output.all().contains("interrupted"), "{}", output.stderr);
}

#[test]
fn a_migration_that_fails_says_what_ran_and_how_it_ended() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world.configure(&json!({"tasks": {"migrations": {"command": "*", "exit": 1, "times": 100}}}));
    let output = world.run(&["apply", "--auto-approve"]).exits(4);
    explains(
        &output,
        &[
            "migrations/schema: cannot create it",
            "not done: exit code 1",
            "of roll-migrations:1 stopped: Essential container in task exited",
            "container kong: exit code 1",
            "the last lines of kong:",
            "failed to run migration",
        ],
    );
    mend(&world);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}
