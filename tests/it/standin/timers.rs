//! What acts by itself: schedules that fire, and state machines that are carried out.

use std::time::{Duration, Instant};

use aws_sdk_ecs::types::LaunchType;
use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};

use super::fleet::{Fleet, KONG};
use super::rollouts::look;
use super::stage::{answers, code};

/// A service, and a role that a principal can assume and that may do these actions.
async fn ready(principal: &str, actions: &[&str]) -> (Fleet, String, String) {
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
        .desired_count(2)
        .launch_type(LaunchType::Fargate);
    made.network_configuration(fleet.placed())
        .send()
        .await
        .expect("a service");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": principal}}]});
    let iam = aws_sdk_iam::Client::new(fleet.stage.config());
    let role = iam
        .create_role()
        .role_name("timer")
        .assume_role_policy_document(trust.to_string());
    let role = role.send().await.expect("a role").role.expect("a role").arn;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let policy = iam
        .put_role_policy()
        .role_name("timer")
        .policy_name("all")
        .policy_document(policy.to_string());
    policy.send().await.expect("a policy");
    fleet.stage.skip(15);
    (fleet, role, definition)
}

/// A schedule that sets the number of tasks.
async fn schedule(fleet: &Fleet, role: &str, name: &str, expression: &str, count: u32) -> String {
    let input = json!({"Cluster": "kong", "Service": "web", "DesiredCount": count});
    let target = Target::builder()
        .arn("arn:aws:scheduler:::aws-sdk:ecs:updateService")
        .role_arn(role);
    let target = target.input(input.to_string()).build().expect("a target");
    let window = FlexibleTimeWindow::builder()
        .mode(FlexibleTimeWindowMode::Off)
        .build()
        .expect("a window");
    let client = aws_sdk_scheduler::Client::new(fleet.stage.config());
    let made = client
        .create_schedule()
        .name(name)
        .schedule_expression(expression);
    code(
        made.flexible_time_window(window)
            .target(target)
            .send()
            .await,
    )
}

#[tokio::test]
async fn a_schedule_fires_when_it_is_time() {
    let (fleet, role, _) = ready("scheduler.amazonaws.com", &["ecs:UpdateService"]).await;
    answers! {
        "nonsense" => schedule(&fleet, &role, "x", "cron(1 2 3)", 0).await, "ValidationException";
        "a role for tasks" => schedule(&fleet, &role.replace("timer", "tasks"), "x", "rate(1 hour)", 0).await,
            "ValidationException";
        "every hour" => schedule(&fleet, &role, "off", "rate(1 hour)", 0).await, "accepted";
        "again" => schedule(&fleet, &role, "off", "rate(1 hour)", 0).await, "ConflictException";
    }
    fleet.stage.skip(3500);
    assert_eq!(look(&fleet).await.desired_count(), 2);
    fleet.stage.skip(150);
    assert_eq!(look(&fleet).await.desired_count(), 0);
    let client = aws_sdk_scheduler::Client::new(fleet.stage.config());
    client
        .delete_schedule()
        .name("off")
        .send()
        .await
        .expect("deleted");
    assert_eq!(
        schedule(&fleet, &role, "on", "cron(0 * * * ? *)", 1).await,
        "accepted"
    );
    fleet.stage.skip(3700);
    assert_eq!(look(&fleet).await.desired_count(), 1);
}

#[tokio::test]
async fn a_schedule_does_nothing_that_its_role_may_not_do() {
    let (fleet, role, _) = ready("scheduler.amazonaws.com", &["ecs:RunTask"]).await;
    assert_eq!(
        schedule(&fleet, &role, "off", "rate(1 hour)", 0).await,
        "accepted"
    );
    fleet.stage.skip(7300);
    assert_eq!(look(&fleet).await.desired_count(), 2);
}

/// Waits, then sets the number of tasks, then runs a script to its end.
fn machine(definition: &str, placed: &Value, script: &str) -> Value {
    json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "Seconds": 600, "Next": "Scale"},
        "Scale": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ecs:updateService",
            "Parameters": {"Cluster": "kong", "Service": "web", "DesiredCount": 1}, "ResultPath": "$.scaled",
            "Next": "Run"},
        "Run": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "ResultPath": "$.ran",
            "Parameters": {"Cluster": "kong", "TaskDefinition": definition, "LaunchType": "FARGATE",
                "NetworkConfiguration": placed, "Overrides": {"ContainerOverrides":
                    [{"Name": "kong", "Command": ["sh", "-c", script]}]}},
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Broken"}], "Next": "Check"},
        "Check": {"Type": "Choice", "Default": "Broken", "Choices":
            [{"Variable": "$.scaled.Service.DesiredCount", "NumericEquals": 1, "Next": "Done"}]},
        "Broken": {"Type": "Fail", "Error": "Broken"},
        "Done": {"Type": "Succeed"}}})
}

/// Lets a machine run; gives its status after five simulated minutes, and in the end.
async fn execute(
    fleet: &Fleet,
    role: &str,
    name: &str,
    machine: &Value,
) -> (ExecutionStatus, ExecutionStatus) {
    let sfn = aws_sdk_sfn::Client::new(fleet.stage.config());
    let made = sfn
        .create_state_machine()
        .name(name)
        .role_arn(role)
        .definition(machine.to_string());
    let made = made
        .send()
        .await
        .expect("a state machine")
        .state_machine_arn;
    let started = sfn
        .start_execution()
        .state_machine_arn(made)
        .input("{}")
        .send()
        .await;
    let started = started.expect("an execution").execution_arn;
    let status = async || {
        let seen = sfn
            .describe_execution()
            .execution_arn(&started)
            .send()
            .await;
        seen.expect("an execution").status
    };
    fleet.stage.skip(300);
    // A machine is carried out beside the calls: what it has done shows a moment later.
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let early = status().await;
    let mut last = early.clone();
    while last == ExecutionStatus::Running && begun.elapsed() < Duration::from_secs(20) {
        fleet.stage.skip(100);
        tokio::time::sleep(Duration::from_millis(50)).await;
        last = status().await;
    }
    (early, last)
}

#[tokio::test]
async fn a_state_machine_waits_calls_and_runs_tasks() {
    let (fleet, role, definition) = ready("states.amazonaws.com", &["ecs:*", "iam:PassRole"]).await;
    let placed = json!({"AwsvpcConfiguration": {"Subnets": fleet.network.subnets, "AssignPublicIp": "ENABLED",
        "SecurityGroups": [fleet.network.group]}});
    let good = machine(&definition, &placed, "exit 0");
    let outcome = execute(&fleet, &role, "good", &good).await;
    assert_eq!(
        outcome,
        (ExecutionStatus::Running, ExecutionStatus::Succeeded)
    );
    assert_eq!(look(&fleet).await.desired_count(), 1);
    let bad = machine(&definition, &placed, "exit 3");
    let outcome = execute(&fleet, &role, "bad", &bad).await;
    assert_eq!(outcome.1, ExecutionStatus::Failed, "the task failed");

    let sfn = aws_sdk_sfn::Client::new(fleet.stage.config());
    let wrong = |name: &str, role: &str, definition: &str| {
        let made = sfn.create_state_machine().name(name);
        made.role_arn(role).definition(definition).send()
    };
    let others = role.replace("timer", "tasks");
    answers! {
        "no language" => code(wrong("x", &role, "{}").await), "InvalidDefinition";
        "a role for tasks" => code(wrong("x", &others, &good.to_string()).await), "AccessDeniedException";
    }
}
