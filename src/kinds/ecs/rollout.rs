//! Whether a deployment came through: this very one, by its id.
//!
//! A service that is "steady" again may be steady on the old tasks, because the circuit breaker rolled back. So only
//! the deployment that our own call began counts; when it failed, or another took its place, the rollout failed,
//! and the service's events, the stopped tasks' reasons and their last lines say why.

use aws_sdk_ecs::types::{
    Deployment, DeploymentRolloutState, DesiredStatus, Service, ServiceEvent, Task,
};
use futures::future::join_all;

use super::ended::{Ended, task_id};
use super::log::{TaskLog, last_lines};
use super::service_state::{describe, primary};
use crate::aws::{AwsError, failed};
use crate::resource::{Error, Look, Output, Patience, Step};

/// Events told of a failed rollout, newest last.
const EVENTS: usize = 6;
/// Stopped tasks told of: more of them say the same.
const TASKS: usize = 2;
/// Lines told of each.
const LINES: i32 = 10;

/// What one look at a service says of a deployment.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Completed,
    Going(String),
    Failed(String),
}

/// Waits until `deployment` of the service is completed with all its tasks running.
///
/// # Errors
/// When it fails or another takes its place, with all that ECS and the tasks say of it.
pub(super) async fn wait(
    cx: &Step,
    cluster: &str,
    name: &str,
    deployment: &str,
    log: &TaskLog,
) -> Result<(), Error> {
    let what = format!("the rollout of service {name}");
    let names = [name.to_owned()];
    // A circuit breaker may need half an hour to give up on tasks that start and never become healthy.
    let failure = cx
        .wait(&what, Patience::seconds(5, 100, 3600), || async {
            let found = describe(cx.clients(), cluster, &names).await?;
            let Some(service) = found.first() else {
                return Ok(Look::Pending("not visible yet".to_owned()));
            };
            Ok(match judge(service, deployment) {
                Verdict::Completed => Look::Ready(None),
                Verdict::Going(state) => Look::Pending(state),
                Verdict::Failed(why) => Look::Ready(Some((why, events(service, deployment)))),
            })
        })
        .await?;
    let Some((state, mut detail)) = failure else {
        return Ok(());
    };
    detail.extend(stopped_tasks(cx, cluster, name, deployment, log).await);
    Err(Error::Failed {
        what,
        state,
        detail,
    })
}

fn judge(service: &Service, id: &str) -> Verdict {
    if matches!(service.status(), Some("DRAINING" | "INACTIVE")) {
        return Verdict::Failed("cut short: the service is being deleted".to_owned());
    }
    let ours = service
        .deployments()
        .iter()
        .find(|one| one.id() == Some(id));
    let reason = ours.and_then(Deployment::rollout_state_reason);
    let because = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    match ours {
        Some(one) if one.rollout_state() == Some(&DeploymentRolloutState::Failed) => {
            Verdict::Failed(format!("FAILED{because}"))
        }
        Some(one) if one.status() == Some("PRIMARY") => {
            let others = service
                .deployments()
                .iter()
                .filter(|other| other.id() != Some(id));
            progress(one, others.map(Deployment::running_count).sum())
        }
        _ => {
            let now = primary(service).and_then(Deployment::task_definition);
            let now = now.map_or("nothing", |arn| task_id(arn));
            Verdict::Failed(format!(
                "undone: another deployment took its place, which runs {now}{because}"
            ))
        }
    }
}

/// `old` counts the tasks of earlier deployments: what follows a rollout may rely on there being none.
fn progress(deployment: &Deployment, old: i32) -> Verdict {
    let (running, desired) = (deployment.running_count(), deployment.desired_count());
    let completed = deployment.rollout_state() == Some(&DeploymentRolloutState::Completed);
    if completed && running >= desired {
        return match old {
            0 => Verdict::Completed,
            old => Verdict::Going(format!("{old} tasks of the last deployment left")),
        };
    }
    let failed = match deployment.failed_tasks() {
        0 => String::new(),
        count => format!(", {count} failed"),
    };
    Verdict::Going(format!("{running} of {desired} tasks running{failed}"))
}

/// The service's last events since the deployment began.
fn events(service: &Service, id: &str) -> Vec<String> {
    let ours = service
        .deployments()
        .iter()
        .find(|one| one.id() == Some(id));
    let began = ours.and_then(Deployment::created_at);
    let since = |event: &&ServiceEvent| match (event.created_at(), began) {
        (Some(at), Some(began)) => at >= began,
        _ => true,
    };
    let newest = service.events().iter().filter(since).take(EVENTS);
    let mut lines: Vec<String> = newest
        .filter_map(|event| event.message().map(str::to_owned))
        .collect();
    lines.reverse();
    lines
}

/// What the deployment's stopped tasks say. A failure to ask is no reason to hide the rollout's own.
async fn stopped_tasks(
    cx: &Step,
    cluster: &str,
    name: &str,
    deployment: &str,
    log: &TaskLog,
) -> Vec<String> {
    let tasks = match stopped(cx, cluster, name).await {
        Ok(tasks) => tasks,
        Err(error) => return vec![format!("its stopped tasks could not be read: {error}")],
    };
    let group = cx.get(&log.group).ok();
    let ended = tasks
        .iter()
        .filter(|task| task.started_by() == Some(deployment))
        .take(TASKS)
        .map(|task| {
            let (ended, group) = (Ended::of(task), &group);
            async move {
                let Some(group) = group else { return ended };
                let stream = log.stream(&ended.task_id);
                let log = last_lines(cx.clients(), group.as_str(), &stream, LINES).await;
                Ended { log, ..ended }
            }
        });
    let ended = join_all(ended).await;
    ended.iter().flat_map(Ended::explain).collect()
}

/// The tasks of a service that are stopped or stopping, as long as ECS remembers them.
pub(super) async fn stopped(cx: &Step, cluster: &str, name: &str) -> Result<Vec<Task>, AwsError> {
    let listed = cx
        .clients()
        .ecs()
        .list_tasks()
        .cluster(cluster)
        .service_name(name)
        .desired_status(DesiredStatus::Stopped)
        .send()
        .await
        .map_err(failed("ecs:ListTasks"))?;
    if listed.task_arns().is_empty() {
        return Ok(Vec::new());
    }
    let answer = cx
        .clients()
        .ecs()
        .describe_tasks()
        .cluster(cluster)
        .set_tasks(Some(listed.task_arns().to_vec()))
        .send()
        .await
        .map_err(failed("ecs:DescribeTasks"))?;
    Ok(answer.tasks.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(id: &str, status: &str, state: DeploymentRolloutState) -> Deployment {
        Deployment::builder()
            .id(id)
            .status(status)
            .rollout_state(state)
            .desired_count(2)
            .running_count(2)
            .task_definition("arn:aws:ecs:eu-west-1:1:task-definition/gw-dp:3")
            .build()
    }

    fn service(deployments: Vec<Deployment>) -> Service {
        Service::builder()
            .status("ACTIVE")
            .set_deployments(Some(deployments))
            .build()
    }

    #[test]
    fn only_our_own_completed_deployment_is_success() {
        use DeploymentRolloutState as State;
        let ours = service(vec![deployment("ours", "PRIMARY", State::Completed)]);
        assert_eq!(judge(&ours, "ours"), Verdict::Completed);
        let going = service(vec![
            deployment("ours", "PRIMARY", State::InProgress),
            deployment("old", "ACTIVE", State::Completed),
        ]);
        assert_eq!(
            judge(&going, "ours"),
            Verdict::Going("2 of 2 tasks running".to_owned())
        );
    }

    #[test]
    fn a_rollback_is_a_failure_although_the_service_is_steady() {
        use DeploymentRolloutState as State;
        for deployments in [
            vec![deployment("rollback", "PRIMARY", State::Completed)],
            vec![
                deployment("rollback", "PRIMARY", State::InProgress),
                deployment("ours", "ACTIVE", State::InProgress),
            ],
            vec![deployment("ours", "PRIMARY", State::Failed)],
            vec![
                deployment("rollback", "PRIMARY", State::Completed),
                deployment("ours", "INACTIVE", State::Failed),
            ],
        ] {
            let verdict = judge(&service(deployments), "ours");
            assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
        }
    }

    #[test]
    fn tasks_of_the_last_deployment_are_waited_for() {
        use DeploymentRolloutState as State;
        let leaving = service(vec![
            deployment("ours", "PRIMARY", State::Completed),
            deployment("old", "ACTIVE", State::Completed),
        ]);
        assert_eq!(
            judge(&leaving, "ours"),
            Verdict::Going("2 tasks of the last deployment left".to_owned())
        );
    }

    #[test]
    fn a_completed_deployment_still_waits_for_tasks_that_were_added() {
        let one = Deployment::builder()
            .id("ours")
            .status("PRIMARY")
            .rollout_state(DeploymentRolloutState::Completed)
            .desired_count(3)
            .running_count(1)
            .failed_tasks(1)
            .build();
        assert_eq!(
            judge(&service(vec![one]), "ours"),
            Verdict::Going("1 of 3 tasks running, 1 failed".to_owned())
        );
    }
}
