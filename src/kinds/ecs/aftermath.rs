//! What is to be said of a rollout that did not come through: what runs now, how its tasks ended, what ECS said.
//!
//! Looks only; a failure to look is said in its place, and never hides the rollout's own failure.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types::{Deployment, DesiredStatus, Service, ServiceEvent, Task};
use futures::future::join_all;

use super::ended::{Ended, EndedContainer, last_part, without_ids};
use super::log::{TaskLog, last_lines};
use super::remedy::remedy;
use super::rollout::Place;
use super::service_state::{Begun, describe};
use super::tasks;
use crate::aws::AwsError;
use crate::resource::{Output, Step};

/// Events told of, newest last.
const EVENTS: usize = 5;
/// Sorts of ends told of.
const ENDS: usize = 2;
/// Lines told of each.
const LINES: i32 = 10;

/// All there is to say of `deployment`, a line each.
pub(super) async fn tell(cx: &Step, place: &Place<'_>, deployment: &Begun) -> Vec<String> {
    let names = [place.name.to_owned()];
    let (service, tasks) = futures::join!(
        describe(cx.clients(), place.cluster, &names),
        stopped(cx, place.cluster, place.name),
    );
    let (running, events) = match service.as_deref() {
        Ok([service, ..]) => (running(service), events(service, deployment)),
        Ok([]) => ("no task is running: the service is gone".to_owned(), vec![]),
        Err(error) => (format!("what runs now could not be read: {error}"), vec![]),
    };
    let ends = match tasks {
        Ok(tasks) => ends(cx, &tasks, deployment, place.log).await,
        Err(error) => vec![format!("its stopped tasks could not be read: {error}")],
    };
    let mut lines = vec![running];
    lines.extend(ends);
    if !events.is_empty() {
        lines.push("ECS said of the service:".to_owned());
        lines.extend(events.iter().map(|event| format!("  {event}")));
    }
    let advice = remedy(&lines);
    lines.extend(advice);
    lines
}

/// Which revisions have how many tasks.
fn running(service: &Service) -> String {
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for deployment in service.deployments() {
        let revision = revision(deployment);
        *counts.entry(revision).or_default() += deployment.running_count();
    }
    let shown = counts.iter().filter(|(_, count)| **count > 0);
    let shown: Vec<String> = shown
        .map(|(revision, count)| match count {
            1 => format!("1 task of {revision}"),
            count => format!("{count} tasks of {revision}"),
        })
        .collect();
    if shown.is_empty() {
        "no task is running now".to_owned()
    } else {
        format!("running now: {}", shown.join(", "))
    }
}

/// `family:revision` of a deployment's tasks.
pub(super) fn revision(deployment: &Deployment) -> &str {
    last_part(deployment.task_definition().unwrap_or("nothing"))
}

/// The service's last events since the deployment began, each once.
fn events(service: &Service, deployment: &Begun) -> Vec<String> {
    let since = |event: &&ServiceEvent| match (event.created_at(), deployment.at.as_ref()) {
        (Some(at), Some(began)) => at >= began,
        _ => true,
    };
    let messages = service.events().iter().filter(since);
    let of_service = format!("(service {}) ", service.service_name().unwrap_or_default());
    let messages: Vec<&str> = messages
        .filter_map(ServiceEvent::message)
        .map(|text| text.strip_prefix(&of_service).unwrap_or(text))
        .collect();
    let telling: Vec<&str> = messages
        .iter()
        .copied()
        .filter(|text| is_telling(text))
        .collect();
    let mut lines = once_each(if telling.is_empty() {
        messages
    } else {
        telling
    });
    lines.truncate(EVENTS);
    lines.reverse();
    lines
}

/// Whether an event tells more than that the scheduler does its work.
fn is_telling(event: &str) -> bool {
    const ROUTINE: [&str; 7] = [
        "has started ",
        "has stopped ",
        "registered ",
        "deregistered ",
        "has begun draining ",
        "has reached a steady state",
        "deployment completed",
    ];
    let event = event
        .split_once(") ")
        .filter(|(id, _)| id.starts_with("(deployment "))
        .map_or(event, |(_, rest)| rest);
    !ROUTINE.iter().any(|start| event.starts_with(start))
}

/// Texts that differ in ids only count as one; how often it came is said behind it.
fn once_each(texts: Vec<&str>) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut first = Vec::new();
    for text in texts {
        let count = counts.entry(without_ids(text)).or_default();
        *count += 1;
        if *count == 1 {
            first.push(text);
        }
    }
    let said = first
        .iter()
        .map(|text| match counts.get(&without_ids(text)) {
            Some(count) if *count > 1 => format!("{text} ({count} times)"),
            _ => (*text).to_owned(),
        });
    said.collect()
}

/// How the deployment's tasks ended, the latest of each sort with its last lines.
async fn ends(cx: &Step, tasks: &[Task], deployment: &Begun, log: &TaskLog) -> Vec<String> {
    let group = cx.get(&log.group).ok();
    let told = sorts(tasks, &deployment.id)
        .into_iter()
        .take(ENDS)
        .map(|(ended, others)| {
            let group = &group;
            async move {
                let Some(group) = group else {
                    return ended.explain_with(others);
                };
                let container = ended.failing().map(EndedContainer::name);
                let stream = log.stream(container.unwrap_or(&log.container), &ended.task_id);
                let log = last_lines(cx.clients(), group.as_str(), &stream, LINES).await;
                ended.with_log(log).explain_with(others)
            }
        });
    join_all(told).await.concat()
}

/// The latest of each sort of end, the latest sort first, and how many others there are of it.
///
/// Tasks that the scheduler itself had enough of did not fail.
fn sorts(tasks: &[Task], deployment: &str) -> Vec<(Ended, usize)> {
    let surplus = |task: &Task| {
        let reason = task.stopped_reason().unwrap_or_default();
        reason.starts_with("Scaling activity initiated")
    };
    let mut ours: Vec<&Task> = tasks
        .iter()
        .filter(|task| task.started_by() == Some(deployment) && !surplus(task))
        .collect();
    ours.sort_by_key(|task| std::cmp::Reverse(task.stopping_at().map(|at| at.as_nanos())));
    let mut sorts: Vec<(Ended, usize)> = Vec::new();
    for ended in ours.into_iter().map(Ended::of) {
        let signature = ended.signature();
        match sorts
            .iter_mut()
            .find(|(one, _)| one.signature() == signature)
        {
            Some((_, others)) => *others += 1,
            None => sorts.push((ended, 0)),
        }
    }
    sorts
}

/// The tasks of a service that are stopped or stopping, as long as ECS remembers them.
pub(super) async fn stopped(cx: &Step, cluster: &str, name: &str) -> Result<Vec<Task>, AwsError> {
    let stopped = cx
        .clients()
        .ecs()
        .list_tasks()
        .cluster(cluster)
        .service_name(name)
        .desired_status(DesiredStatus::Stopped);
    let arns = tasks::list(stopped).await?;
    tasks::describe(cx.clients(), cluster, &arns).await
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::primitives::DateTime;

    use super::*;

    fn event(at: i64, message: &str) -> ServiceEvent {
        ServiceEvent::builder()
            .created_at(DateTime::from_secs(at))
            .message(format!("(service gw-dp) {message}"))
            .build()
    }

    fn ours() -> Begun {
        Begun {
            id: "ecs-svc/2".to_owned(),
            at: Some(DateTime::from_secs(100)),
        }
    }

    #[test]
    fn events_tell_what_went_wrong_since_the_rollout_began_and_each_thing_once() {
        let of = |all: Vec<ServiceEvent>| {
            let service = Service::builder().service_name("gw-dp");
            events(&service.set_events(Some(all)).build(), &ours())
        };
        let told = of(vec![
            event(
                190,
                "rolling back to deployment ecs-svc/1111111111111111111.",
            ),
            event(
                180,
                "(deployment ecs-svc/2222222222222222222) deployment failed: tasks failed to start.",
            ),
            event(170, "is unable to consistently start tasks successfully."),
            event(
                160,
                "has started 1 tasks: (task 0a1b2c3d4e5f60718293a4b5c6d7e8f9).",
            ),
            event(150, "is unable to consistently start tasks successfully."),
            event(90, "was unable to place a task."),
        ]);
        assert_eq!(
            told,
            [
                "is unable to consistently start tasks successfully. (2 times)",
                "(deployment ecs-svc/2222222222222222222) deployment failed: tasks failed to start.",
                "rolling back to deployment ecs-svc/1111111111111111111.",
            ]
        );
        let routine = of(vec![event(150, "has started 1 tasks: (task 1).")]);
        assert_eq!(routine, ["has started 1 tasks: (task 1)."]);
        let done = "(deployment ecs-svc/1) deployment completed.";
        assert!(!is_telling(done) && is_telling("(port 8000) is unhealthy in (target-group x)"));
    }

    #[test]
    fn what_runs_is_counted_by_revision() {
        let deployment = |revision: u32, count| {
            let arn = format!("arn:aws:ecs:eu-west-1:1:task-definition/gw-dp:{revision}");
            Deployment::builder()
                .task_definition(arn)
                .running_count(count)
                .build()
        };
        let of = |all: Vec<Deployment>| {
            let service = Service::builder().set_deployments(Some(all));
            running(&service.build())
        };
        assert_eq!(
            of(vec![deployment(1, 1), deployment(2, 1), deployment(1, 1)]),
            "running now: 2 tasks of gw-dp:1, 1 task of gw-dp:2"
        );
        assert_eq!(of(vec![deployment(2, 0)]), "no task is running now");
    }

    #[test]
    fn only_tasks_of_this_deployment_that_failed_are_told_of() {
        let task = |id: &str, by: &str, at: i64, reason: &str| {
            Task::builder()
                .task_arn(format!("arn:task/gw/{id}"))
                .started_by(by)
                .stopping_at(DateTime::from_secs(at))
                .stopped_reason(reason)
                .build()
        };
        let exited = "Essential container in task exited";
        let told = sorts(
            &[
                task("1", "ecs-svc/2", 10, exited),
                task("2", "ecs-svc/2", 30, exited),
                task("3", "ecs-svc/2", 20, "Task failed ELB health checks in (x)"),
                task(
                    "4",
                    "ecs-svc/2",
                    40,
                    "Scaling activity initiated by (deployment ecs-svc/3)",
                ),
                task("5", "ecs-svc/1", 50, exited),
            ],
            "ecs-svc/2",
        );
        let told: Vec<_> = told
            .iter()
            .map(|(ended, others)| (ended.task_id.as_str(), *others))
            .collect();
        assert_eq!(told, [("2", 1), ("3", 0)]);
    }
}
