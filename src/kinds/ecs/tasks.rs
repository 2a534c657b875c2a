//! Tasks of a cluster: which there are, however many pages their list has, and what they are, as many a call as ECS
//! takes.

use aws_sdk_ecs::operation::list_tasks::builders::ListTasksFluentBuilder;
use aws_sdk_ecs::types::{Task, TaskField};

use crate::aws::{AwsError, Clients, failed};

/// Most tasks that one DescribeTasks takes.
const A_CALL: usize = 100;

/// The ARNs of all tasks that `call` asks for.
pub(crate) async fn list(call: ListTasksFluentBuilder) -> Result<Vec<String>, AwsError> {
    let mut pages = call.into_paginator().items().send();
    let mut arns = Vec::new();
    while let Some(arn) = pages.next().await {
        arns.push(arn.map_err(failed("ecs:ListTasks"))?);
    }
    Ok(arns)
}

/// These tasks, with their tags; one that ECS has forgotten meanwhile is left out.
pub(crate) async fn describe(
    clients: &Clients,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Task>, AwsError> {
    let mut found = Vec::new();
    for some in arns.chunks(A_CALL) {
        let answer = clients
            .ecs()
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(some.to_vec()))
            .include(TaskField::Tags)
            .send()
            .await
            .map_err(failed("ecs:DescribeTasks"))?;
        found.extend(answer.tasks.unwrap_or_default());
    }
    Ok(found)
}
