//! Whether a deployment came through: this very one, by its id.
//!
//! A service that is "steady" again may be steady on the old tasks, because the circuit breaker rolled back. So only
//! the deployment that our own call began counts; when it failed, or another took its place, the rollout failed,
//! and the service's events, the stopped tasks' reasons and their last lines say why.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service, ServiceEvent};

use super::aftermath::{revision, tell};
use super::log::TaskLog;
use super::service_state::{Begun, describe, primary};
use crate::resource::{Error, Look, Patience, Step};

/// A circuit breaker may need half an hour to give up on tasks that start and never become healthy.
const ROLLOUT: Patience = Patience::seconds(5, 100, 3600);

/// How many looks in a row may miss a deployment: describe calls lag behind by some seconds.
const MISSES: u32 = 12;

/// The service that is rolled over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Its cluster, by name or ARN.
    pub(super) cluster: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// Where its tasks' lines go.
    pub(super) log: &'a TaskLog,
}

/// What one look at a service says of a deployment.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Completed,
    Going(String),
    /// It is not listed, and nothing has taken its place.
    Missing,
    Failed(String),
}

/// Waits until `deployment` of the service is completed with all its tasks running.
///
/// # Errors
/// When it fails, another takes its place or time runs out, with what runs now and all that ECS and the tasks say. A
/// run that is halted meanwhile is told the same.
pub(super) async fn wait(cx: &Step, place: Place<'_>, deployment: &Begun) -> Result<(), Error> {
    let what = format!("the rollout of service {}", place.name);
    let names = [place.name.to_owned()];
    let misses = AtomicU32::new(0);
    let ended = cx
        .wait(&what, ROLLOUT, || async {
            let found = describe(cx.clients(), place.cluster, &names).await?;
            let verdict = found
                .first()
                .map_or(Verdict::Missing, |service| judge(service, deployment));
            if verdict != Verdict::Missing {
                misses.store(0, Ordering::Relaxed);
            }
            Ok(match verdict {
                Verdict::Completed => Look::Ready(None),
                Verdict::Going(state) => Look::Pending(state),
                Verdict::Failed(state) => Look::Ready(Some(state)),
                Verdict::Missing if misses.fetch_add(1, Ordering::Relaxed) < MISSES => {
                    Look::Pending("not visible yet".to_owned())
                }
                Verdict::Missing => Look::Ready(Some(gone(&found))),
            })
        })
        .await;
    match ended {
        Ok(None) => Ok(()),
        Ok(Some(state)) => Err(Error::Failed {
            what,
            state,
            detail: tell(cx, &place, deployment).await,
        }),
        Err(Error::TimedOut {
            what, state, after, ..
        }) => Err(Error::TimedOut {
            what,
            state,
            after,
            detail: tell(cx, &place, deployment).await,
        }),
        Err(Error::Interrupted { what }) => {
            for line in tell(cx, &place, deployment).await {
                cx.remark(line);
            }
            Err(Error::Interrupted { what })
        }
        Err(error) => Err(error),
    }
}

fn gone(found: &[Service]) -> String {
    let what = match found {
        [] => "service",
        _ => "deployment",
    };
    format!("cut short: ECS does not list the {what} any more")
}

fn judge(service: &Service, begun: &Begun) -> Verdict {
    if matches!(service.status(), Some("DRAINING" | "INACTIVE")) {
        return Verdict::Failed("cut short: somebody is deleting the service".to_owned());
    }
    let (id, deployments) = (begun.id.as_str(), service.deployments());
    let ours = deployments.iter().find(|one| one.id() == Some(id));
    let failed = ours.is_some_and(has_failed);
    match (ours, primary(service)) {
        (Some(one), Some(now)) if now.id() == Some(id) && !failed => {
            let others = deployments.iter().filter(|other| other.id() != Some(id));
            progress(one, others.map(Deployment::running_count).sum())
        }
        (Some(one), Some(now)) if now.id() == Some(id) => {
            Verdict::Failed(format!("failed{}", because(one)))
        }
        // What an older look shows says nothing yet.
        (None, Some(now)) if !is_newer(now, begun) => Verdict::Missing,
        (None, None) => Verdict::Missing,
        (ours, now) => Verdict::Failed(replaced(service, begun, ours, now)),
    }
}

fn has_failed(deployment: &Deployment) -> bool {
    deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
}

fn because(deployment: &Deployment) -> String {
    let reason = deployment.rollout_state_reason();
    reason.map_or_else(String::new, |reason| {
        format!(": {}", reason.trim_end_matches('.'))
    })
}

/// Whether `now` was begun after ours; when nobody says when, it was.
fn is_newer(now: &Deployment, begun: &Begun) -> bool {
    match (now.created_at(), begun.at.as_ref()) {
        (Some(now), Some(at)) => now > at,
        _ => true,
    }
}

/// Who took our deployment's place: the circuit breaker, or somebody else.
fn replaced(
    service: &Service,
    begun: &Begun,
    ours: Option<&Deployment>,
    now: Option<&Deployment>,
) -> String {
    // After the rollback ECS no longer lists the failed deployment, but its event is there.
    let its_failure = format!("(deployment {}) deployment failed", begun.id);
    let told = |event: &ServiceEvent| {
        event
            .message()
            .is_some_and(|text| text.contains(&its_failure))
    };
    let failed = ours.is_some_and(has_failed) || service.events().iter().any(told);
    let to = now.map_or("nothing", revision);
    if failed {
        let why = ours.map_or_else(String::new, because);
        return format!("failed{why}; ECS goes back to {to}");
    }
    format!("undone: another deployment, which this run did not begin, takes its place with {to}")
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

#[cfg(test)]
mod tests {
    use DeploymentRolloutState as State;
    use aws_sdk_ecs::primitives::DateTime;

    use super::*;

    /// Begun at second 100.
    fn ours() -> Begun {
        Begun {
            id: "ours".to_owned(),
            at: Some(DateTime::from_secs(100)),
        }
    }

    fn deployment(id: &str, status: &str, state: State) -> Deployment {
        because_of(id, status, state, None)
    }

    fn because_of(id: &str, status: &str, state: State, reason: Option<&str>) -> Deployment {
        let at = match id {
            "ours" => 100,
            "old" => 50,
            _ => 150,
        };
        Deployment::builder()
            .id(id)
            .created_at(DateTime::from_secs(at))
            .status(status)
            .rollout_state(state)
            .set_rollout_state_reason(reason.map(str::to_owned))
            .desired_count(2)
            .running_count(2)
            .task_definition("arn:aws:ecs:eu-west-1:1:task-definition/gw-dp:3")
            .build()
    }

    fn service(deployments: Vec<Deployment>) -> Service {
        with(deployments, "ACTIVE", &[])
    }

    fn with(deployments: Vec<Deployment>, status: &str, events: &[&str]) -> Service {
        let events = events
            .iter()
            .map(|text| ServiceEvent::builder().message(*text).build());
        Service::builder()
            .status(status)
            .set_deployments(Some(deployments))
            .set_events(Some(events.collect()))
            .build()
    }

    #[track_caller]
    fn fails(service: &Service, with: &str) {
        match judge(service, &ours()) {
            Verdict::Failed(state) => assert!(state.contains(with), "{state}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_our_own_completed_deployment_is_success() {
        let done = service(vec![deployment("ours", "PRIMARY", State::Completed)]);
        assert_eq!(judge(&done, &ours()), Verdict::Completed);
        let going = service(vec![
            deployment("ours", "PRIMARY", State::InProgress),
            deployment("old", "ACTIVE", State::Completed),
        ]);
        assert_eq!(
            judge(&going, &ours()),
            Verdict::Going("2 of 2 tasks running".to_owned())
        );
    }

    #[test]
    fn a_rollback_is_a_failure_although_the_service_is_steady() {
        for deployments in [
            vec![
                deployment("rollback", "PRIMARY", State::InProgress),
                deployment("ours", "ACTIVE", State::Failed),
                deployment("old", "ACTIVE", State::Completed),
            ],
            vec![
                deployment("rollback", "PRIMARY", State::Completed),
                deployment("ours", "INACTIVE", State::Failed),
            ],
        ] {
            fails(&service(deployments), "failed; ECS goes back to gw-dp:3");
        }
        let over = vec![deployment("rollback", "PRIMARY", State::Completed)];
        let event = "(service gw-dp) (deployment ours) deployment failed: tasks failed to start.";
        let over = with(over, "ACTIVE", &[event]);
        fails(&over, "failed; ECS goes back to gw-dp:3");
    }

    #[test]
    fn a_failure_without_a_rollback_says_why() {
        let why = Some("tasks failed to start.");
        let failed = because_of("ours", "PRIMARY", State::Failed, why);
        fails(&service(vec![failed]), "failed: tasks failed to start");
    }

    #[test]
    fn somebody_elses_deployment_is_a_failure_of_ours() {
        for deployments in [
            vec![deployment("theirs", "PRIMARY", State::Completed)],
            vec![
                deployment("theirs", "PRIMARY", State::InProgress),
                deployment("ours", "ACTIVE", State::InProgress),
            ],
        ] {
            fails(&service(deployments), "which this run did not begin");
        }
    }

    #[test]
    fn a_service_that_is_being_deleted_completes_nothing() {
        for status in ["DRAINING", "INACTIVE"] {
            let done = vec![deployment("ours", "PRIMARY", State::Completed)];
            let leaving = with(done, status, &[]);
            fails(&leaving, "deleting the service");
        }
    }

    #[test]
    fn a_look_at_the_past_decides_nothing() {
        for deployments in [
            vec![deployment("old", "PRIMARY", State::Completed)],
            Vec::new(),
        ] {
            assert_eq!(judge(&service(deployments), &ours()), Verdict::Missing);
        }
        assert!(gone(&[]).contains("service"));
    }

    #[test]
    fn tasks_of_the_last_deployment_are_waited_for() {
        let leaving = service(vec![
            deployment("ours", "PRIMARY", State::Completed),
            deployment("old", "ACTIVE", State::Completed),
        ]);
        assert_eq!(
            judge(&leaving, &ours()),
            Verdict::Going("2 tasks of the last deployment left".to_owned())
        );
    }

    #[test]
    fn a_completed_deployment_still_waits_for_tasks_that_were_added() {
        let one = Deployment::builder()
            .id("ours")
            .status("PRIMARY")
            .rollout_state(State::Completed)
            .desired_count(3)
            .running_count(1)
            .failed_tasks(1)
            .build();
        assert_eq!(
            judge(&service(vec![one]), &ours()),
            Verdict::Going("1 of 3 tasks running, 1 failed".to_owned())
        );
    }
}
