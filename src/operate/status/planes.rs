//! What ECS says of the two planes: their services, deployments and tasks.

use aws_sdk_ecs::types::{
    Deployment as SdkDeployment, DeploymentRolloutState, DesiredStatus, Service, ServiceEvent,
    Task as SdkTask,
};
use futures::try_join;

use super::model::{Deployment, Moment, Nodes, Rollout, Task};
use crate::aws::{Clients, OrAbsent};
use crate::kinds::ecs::{describe_services, describe_tasks, list_tasks};
use crate::operate::Names;
use crate::resource::{Error, tags};

/// Control plane and data planes, each if it is there and the stack's own.
pub(super) async fn look(
    clients: &Clients,
    names: &Names<'_>,
    stack: &str,
) -> Result<(Option<Nodes>, Option<Nodes>), Error> {
    let asked = [names.control_plane.to_owned(), names.data_plane.to_owned()];
    let (services, tasks) = try_join!(
        describe_services(clients, names.cluster, &asked),
        tasks(clients, names.cluster)
    )?;
    let plane = |name: &str| {
        let mut services = services.iter();
        let service = services.find(|one| {
            let ours = one
                .tags()
                .iter()
                .any(|tag| tag.key() == Some(tags::STACK) && tag.value() == Some(stack));
            one.service_name() == Some(name) && one.status() != Some("INACTIVE") && ours
        })?;
        Some(nodes(service, &tasks))
    };
    Ok((plane(names.control_plane), plane(names.data_plane)))
}

/// The tasks of a cluster that run or will.
async fn tasks(clients: &Clients, cluster: &str) -> Result<Vec<SdkTask>, Error> {
    let running = clients
        .ecs()
        .list_tasks()
        .cluster(cluster)
        .desired_status(DesiredStatus::Running);
    let arns = list_tasks(running)
        .await
        .or_absent(&["ClusterNotFoundException"])?
        .unwrap_or_default();
    Ok(describe_tasks(clients, cluster, &arns).await?)
}

fn nodes(service: &Service, tasks: &[SdkTask]) -> Nodes {
    let name = service.service_name().unwrap_or_default();
    let group = format!("service:{name}");
    let own = tasks
        .iter()
        .filter(|task| task.group() == Some(group.as_str()));
    let mut own: Vec<Task> = own.map(task).collect();
    own.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let mut deployments: Vec<&SdkDeployment> = service.deployments().iter().collect();
    deployments.sort_by_key(|one| one.status() != Some("PRIMARY"));
    Nodes {
        service: name.to_owned(),
        status: service.status().unwrap_or("ACTIVE").to_owned(),
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        pending: count(service.pending_count()),
        deployments: deployments.into_iter().map(deployment).collect(),
        tasks: own,
        stopped_at: stopped_at(service.events()),
    }
}

/// Events come newest first.
fn stopped_at(events: &[ServiceEvent]) -> Option<Moment> {
    let stopped = |event: &&ServiceEvent| {
        let message = event.message().unwrap_or_default();
        message.contains(") has stopped ")
    };
    let event = events.iter().find(stopped)?;
    event.created_at().map(Moment::of)
}

fn deployment(one: &SdkDeployment) -> Deployment {
    let rollout = match one.rollout_state() {
        Some(DeploymentRolloutState::InProgress) => Rollout::InProgress,
        Some(DeploymentRolloutState::Failed) => Rollout::Failed,
        _ => Rollout::Completed,
    };
    let reason = one
        .rollout_state_reason()
        .filter(|_| rollout == Rollout::Failed);
    Deployment {
        id: one.id().unwrap_or_default().to_owned(),
        revision: last_part(one.task_definition().unwrap_or_default()),
        rollout,
        reason: reason.map(|reason| reason.trim_end_matches('.').to_owned()),
        desired: count(one.desired_count()),
        running: count(one.running_count()),
        pending: count(one.pending_count()),
        failed: count(one.failed_tasks()),
        created_at: one.created_at().map(Moment::of),
        updated_at: one.updated_at().map(Moment::of),
    }
}

fn task(one: &SdkTask) -> Task {
    let image = one.containers().first().and_then(|first| first.image());
    let image = image.unwrap_or_default();
    Task {
        id: last_part(one.task_arn().unwrap_or_default()),
        state: one.last_status().unwrap_or("UNKNOWN").to_owned(),
        health: one
            .health_status()
            .map_or("UNKNOWN", |health| health.as_str())
            .to_owned(),
        revision: last_part(one.task_definition_arn().unwrap_or_default()),
        image: image.to_owned(),
        kong: kong_version(image),
        created_at: one.created_at().map(Moment::of),
        started_at: one.started_at().map(Moment::of),
        address: attached(one, "privateIPv4Address").and_then(|address| address.parse().ok()),
        interface: attached(one, "networkInterfaceId").map(str::to_owned),
    }
}

/// A detail of a task's network interface, which it has from its first seconds on.
fn attached<'a>(task: &'a SdkTask, name: &str) -> Option<&'a str> {
    let attachments = task.attachments().iter();
    let mut details = attachments
        .filter(|one| one.r#type() == Some("ElasticNetworkInterface"))
        .flat_map(|one| one.details());
    details.find(|detail| detail.name() == Some(name))?.value()
}

/// The tag of an image, or the beginning of its digest; the whole where it has neither.
fn kong_version(image: &str) -> String {
    let (named, digest) = match image.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (image, None),
    };
    let name = named.rsplit('/').next().unwrap_or(named);
    match (name.split_once(':'), digest) {
        (Some((_, tag)), _) => tag.to_owned(),
        (None, Some(digest)) => digest.chars().take("sha256:".len() + 12).collect(),
        (None, None) => name.to_owned(),
    }
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn last_part(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn an_image_tells_the_version() {
        for (image, version) in [
            ("kong:3.9.3", "3.9.3"),
            ("registry.example:5000/team/kong:3.9-own", "3.9-own"),
            ("kong:3.9.3@sha256:0123456789abcdef", "3.9.3"),
            ("team/kong@sha256:0123456789abcdef", "sha256:0123456789ab"),
            ("registry.example:5000/kong", "kong"),
        ] {
            assert_eq!(kong_version(image), version, "{image}");
        }
    }

    #[test]
    fn the_newest_event_of_a_stop_tells_since_when_nothing_runs() {
        let event = |at: i64, text: &str| {
            ServiceEvent::builder()
                .created_at(DateTime::from_secs(at))
                .message(format!("(service gw-cp) {text}"))
                .build()
        };
        let events = [
            event(300, "has reached a steady state."),
            event(200, "has stopped 1 running tasks: (task 1)."),
            event(100, "has stopped 1 running tasks: (task 0)."),
        ];
        let expected = Moment::of(&DateTime::from_secs(200));
        assert_eq!(stopped_at(&events), Some(expected));
        assert_eq!(stopped_at(&events[..1]), None);
    }
}
