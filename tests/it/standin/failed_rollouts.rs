//! Rollouts that fail, each in a way of its own, with and without a circuit breaker that goes back.

use aws_sdk_ecs::types::{
    DeploymentCircuitBreaker, DeploymentConfiguration, DesiredStatus, LaunchType, Service, Task,
};
use serde_json::{Value, json};

use super::fleet::{Fleet, KONG};
use super::rollouts::{create, deployments, look, primary, says, update};

/// A service that runs, and another revision for it.
async fn running() -> (Fleet, Service, String) {
    let fleet = Fleet::ready().await;
    let first = fleet.register(KONG).await.expect("a definition");
    assert_eq!(create(&fleet, &first, None, None).await, "accepted");
    fleet.stage.skip(300);
    let steady = look(&fleet).await;
    assert_eq!(deployments(&steady), ["PRIMARY COMPLETED 2"]);
    let second = fleet.register(KONG).await.expect("a definition");
    (fleet, steady, second)
}

/// The tasks of a deployment that have stopped.
async fn stopped(fleet: &Fleet, deployment: &str) -> Vec<Task> {
    let ecs = fleet.stage.ecs();
    let list = ecs.list_tasks().cluster("kong").started_by(deployment);
    let list = list.desired_status(DesiredStatus::Stopped).send().await;
    let arns = list.expect("tasks").task_arns.expect("tasks");
    let seen = ecs.describe_tasks().cluster("kong").set_tasks(Some(arns));
    seen.send().await.expect("tasks").tasks.expect("tasks")
}

/// Lets the tasks of the next rollout misbehave.
fn spoil(fleet: &Fleet, how: &Value) {
    fleet.stage.behave(&json!({"services": {"web": how}}));
}

#[tokio::test]
async fn a_container_that_ends_takes_the_rollout_back() {
    let (fleet, steady, second) = running().await;
    spoil(
        &fleet,
        &json!({"exit": 1, "log": ["nginx: [emerg] no such plugin"], "after": 3, "times": 100}),
    );
    let failing = primary(&update(&fleet, &second).await);
    fleet.stage.skip(1200);
    let back = look(&fleet).await;
    assert_eq!(back.task_definition(), steady.task_definition());
    assert_eq!(deployments(&back), ["PRIMARY COMPLETED 2"]);
    assert_eq!(
        says(&back, &format!("(deployment {failing}) deployment failed")),
        1
    );
    assert_eq!(
        says(
            &back,
            &format!("rolling back to deployment {}", primary(&back))
        ),
        1
    );
    let ended = stopped(&fleet, &failing).await;
    assert!(ended.len() >= 3, "the breaker counts to three");
    let task = &ended[0];
    assert_eq!(
        task.stop_code().map(|it| it.as_str()),
        Some("EssentialContainerExited")
    );
    assert_eq!(task.containers()[0].exit_code(), Some(1));
    let log = fleet.log(task.task_arn().expect("its ARN")).await;
    assert_eq!(
        log.last().map(String::as_str),
        Some("nginx: [emerg] no such plugin")
    );
    let told = fleet.stage.world().place().told("eu-west-1");
    let order = ["deployment failed", "rolling back to deployment"].map(|what| told.find(what));
    assert!(order[0].is_some() && order[0] < order[1], "{told}");
    assert!(told.contains(" EssentialContainerExited: "), "{told}");
}

#[tokio::test]
async fn without_a_way_back_the_failed_deployment_stays() {
    let (fleet, steady, second) = running().await;
    let breaker = DeploymentCircuitBreaker::builder()
        .enable(true)
        .rollback(false)
        .build();
    let rollout = DeploymentConfiguration::builder()
        .deployment_circuit_breaker(breaker)
        .build();
    let update = fleet
        .stage
        .ecs()
        .update_service()
        .cluster("kong")
        .service("web");
    spoil(
        &fleet,
        &json!({"fail": "CannotPullContainerError: pull image manifest: denied", "times": 100}),
    );
    let update = update
        .task_definition(&second)
        .deployment_configuration(rollout);
    update.send().await.expect("an update");
    fleet.stage.skip(1200);
    let failed = look(&fleet).await;
    assert_eq!(failed.task_definition(), Some(second.as_str()));
    assert_eq!(
        deployments(&failed),
        ["PRIMARY FAILED 0", "ACTIVE COMPLETED 2"]
    );
    let reason = failed.deployments()[0]
        .rollout_state_reason()
        .unwrap_or_default();
    assert!(
        reason.contains("circuit breaker: tasks failed to start"),
        "{reason}"
    );
    assert_eq!(
        failed.deployments()[1].task_definition(),
        steady.task_definition()
    );
    let ended = stopped(&fleet, &primary(&failed)).await;
    assert_eq!(
        ended[0].stop_code().map(|it| it.as_str()),
        Some("TaskFailedToStart")
    );
    assert_eq!(
        ended[0].stopped_reason(),
        Some("CannotPullContainerError: pull image manifest: denied")
    );
}

#[tokio::test]
async fn without_a_breaker_a_rollout_fails_for_ever() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    let made = fleet
        .stage
        .ecs()
        .create_service()
        .cluster("kong")
        .service_name("web");
    let made = made
        .task_definition(&definition)
        .desired_count(1)
        .launch_type(LaunchType::Fargate);
    spoil(&fleet, &json!({"exit": 137, "times": 100}));
    made.network_configuration(fleet.placed())
        .send()
        .await
        .expect("a service");
    fleet.stage.skip(1500);
    let trying = look(&fleet).await;
    let deployment = &trying.deployments()[0];
    assert_eq!(
        deployment.rollout_state().map(|it| it.as_str()),
        Some("IN_PROGRESS")
    );
    assert!(
        deployment.failed_tasks() > 5,
        "{}",
        deployment.failed_tasks()
    );
    assert!(
        says(
            &trying,
            "is unable to consistently start tasks successfully"
        ) > 0
    );
    assert_eq!(says(&trying, "steady state"), 0);
}

#[tokio::test]
async fn a_deployment_that_another_replaces_is_gone_in_the_end() {
    let (fleet, steady, second) = running().await;
    let ours = primary(&update(&fleet, &second).await);
    fleet.stage.skip(20);
    let theirs = update(&fleet, steady.task_definition().expect("a definition")).await;
    assert_ne!(primary(&theirs), ours);
    let replaced = theirs
        .deployments()
        .iter()
        .find(|it| it.id() == Some(ours.as_str()));
    let replaced = replaced.expect("still there");
    assert_eq!(replaced.status(), Some("ACTIVE"));
    fleet.stage.skip(900);
    let after = look(&fleet).await;
    assert_eq!(deployments(&after), ["PRIMARY COMPLETED 2"]);
    assert_eq!(primary(&after), primary(&theirs));
    let list = fleet
        .stage
        .ecs()
        .list_service_deployments()
        .cluster("kong")
        .service("web");
    let list = list.send().await.expect("deployments");
    let statuses = list
        .service_deployments()
        .iter()
        .filter_map(|it| it.status());
    let statuses: Vec<_> = statuses.map(|it| it.as_str().to_owned()).collect();
    assert_eq!(statuses, ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
}

#[tokio::test]
async fn a_deployment_vanishes_between_two_looks() {
    let (fleet, steady, second) = running().await;
    let ours = primary(&update(&fleet, &second).await);
    fleet.stage.put("deployment", "web", "vanished");
    let seen = look(&fleet).await;
    let ids: Vec<_> = seen.deployments().iter().filter_map(|it| it.id()).collect();
    assert!(!ids.contains(&ours.as_str()), "{ids:?}");
    assert_eq!(seen.task_definition(), steady.task_definition());
    fleet.stage.skip(900);
    assert_eq!(deployments(&look(&fleet).await), ["PRIMARY COMPLETED 2"]);
}
