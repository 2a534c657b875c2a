//! Which version of a secret the tasks of a service were started with.
//!
//! A task definition that names a secret's version gives every task of it that version for life, so what the running
//! tasks hold can be told without asking them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{DesiredStatus, TaskDefinition};
use futures::future::try_join_all;

use super::service_state::Live;
use super::{tasks, value_from};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Output, SecretVersionId};

/// What a service's tasks hold of one secret; `None` stands for a version that no task definition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// What a task gets that is started now.
    pub(crate) next: Option<SecretVersionId>,
    /// What each task has that is not being stopped.
    pub(crate) tasks: Vec<Option<SecretVersionId>>,
}

impl Held {
    /// Asks ECS about the tasks of `service`; `variable` is what carries the secret.
    ///
    /// # Errors
    /// When AWS refuses.
    pub(crate) async fn by(
        clients: &Clients,
        service: &Live,
        variable: &str,
    ) -> Result<Self, AwsError> {
        let cluster = service.cluster.as_str();
        let list = clients
            .ecs()
            .list_tasks()
            .cluster(cluster)
            .service_name(&service.name)
            .desired_status(DesiredStatus::Running);
        let arns = tasks::list(list).await?;
        let tasks = tasks::describe(clients, cluster, &arns).await?;
        let next = service.task_definition.as_str().to_owned();
        let used: Vec<String> = tasks
            .iter()
            .filter_map(|task| task.task_definition_arn().map(str::to_owned))
            .collect();
        let all: BTreeSet<&String> = used.iter().chain([&next]).collect();
        let versions = all.into_iter().map(|arn| async move {
            let version = version_in(clients, arn, variable).await?;
            Ok::<_, AwsError>((arn.clone(), version))
        });
        let versions: BTreeMap<_, _> = try_join_all(versions).await?.into_iter().collect();
        let version = |arn: &String| versions.get(arn).cloned().flatten();
        Ok(Self {
            next: version(&next),
            tasks: used.iter().map(version).collect(),
        })
    }
}

async fn version_in(
    clients: &Clients,
    arn: &str,
    variable: &str,
) -> Result<Option<SecretVersionId>, AwsError> {
    let answer = clients
        .ecs()
        .describe_task_definition()
        .task_definition(arn)
        .send()
        .await
        .map_err(failed("ecs:DescribeTaskDefinition"))
        .or_absent(&["ClientException"])?;
    let definition = answer.and_then(|answer| answer.task_definition);
    Ok(definition.and_then(|definition| named(&definition, variable)))
}

fn named(definition: &TaskDefinition, variable: &str) -> Option<SecretVersionId> {
    let mut secrets = definition
        .container_definitions()
        .iter()
        .flat_map(|container| container.secrets());
    let from = secrets.find(|secret| secret.name() == variable)?;
    value_from::version(from.value_from()).map(SecretVersionId::new)
}
