//! What keeps a cluster from being deleted: services and tasks in it that are somebody else's.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::DesiredStatus;

use super::cluster::Live;
use super::ended::last_part;
use super::{EcsService, tagging, tasks};
use crate::aws::failed;
use crate::resource::{Blocker, Error, Observer};

/// Every service and task in the cluster that is not the stack's.
pub(super) async fn find(cx: &Observer, live: &Live) -> Result<Vec<Blocker>, Error> {
    let ours: BTreeSet<String> = cx
        .live::<EcsService>()
        .await?
        .into_iter()
        .map(|(_, service)| service.arn)
        .collect();
    let mut pages = cx
        .clients()
        .ecs()
        .list_services()
        .cluster(&live.arn)
        .into_paginator()
        .items()
        .send();
    let mut blockers = Vec::new();
    while let Some(arn) = pages.next().await {
        let arn = arn.map_err(failed("ecs:ListServices"))?;
        if !ours.contains(&arn) {
            blockers.push(Blocker {
                reason: format!("the service {arn} runs in it and is not the stack's"),
                fix: format!(
                    "delete it: aws ecs delete-service --force --service {arn} --cluster {}",
                    live.name
                ),
            });
        }
    }
    blockers.extend(foreign_tasks(cx, live).await?);
    blockers.extend(container_instances(cx, live).await?);
    Ok(blockers)
}

/// Machines that somebody registered: the stack's own tasks run on Fargate.
async fn container_instances(cx: &Observer, live: &Live) -> Result<Vec<Blocker>, Error> {
    let mut pages = cx
        .clients()
        .ecs()
        .list_container_instances()
        .cluster(&live.arn)
        .into_paginator()
        .items()
        .send();
    let mut blockers = Vec::new();
    while let Some(arn) = pages.next().await {
        let arn = arn.map_err(failed("ecs:ListContainerInstances"))?;
        let id = last_part(&arn);
        blockers.push(Blocker {
            reason: format!("the container instance {id} is registered in it and is not the stack's"),
            fix: format!(
                "deregister it: aws ecs deregister-container-instance --force --container-instance {id} --cluster {}",
                live.name
            ),
        });
    }
    Ok(blockers)
}

/// Running tasks that no service started and that are no one-off of the stack: somebody's, so the cluster stays.
async fn foreign_tasks(cx: &Observer, live: &Live) -> Result<Vec<Blocker>, Error> {
    let running = cx
        .clients()
        .ecs()
        .list_tasks()
        .cluster(&live.arn)
        .desired_status(DesiredStatus::Running);
    let arns = tasks::list(running).await?;
    let tasks = tasks::describe(cx.clients(), &live.arn, &arns).await?;
    let foreign = tasks.iter().filter(|task| {
        let of_service = task
            .group()
            .is_some_and(|group| group.starts_with("service:"));
        !of_service && cx.address_of(&tagging::from_sdk(task.tags())).is_none()
    });
    Ok(foreign
        .filter_map(|task| task.task_arn())
        .map(|arn| Blocker {
            reason: format!("the task {arn} runs in it and is not the stack's"),
            fix: format!(
                "stop it: aws ecs stop-task --task {arn} --cluster {}",
                live.name
            ),
        })
        .collect())
}
