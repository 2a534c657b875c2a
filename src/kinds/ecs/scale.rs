//! How many tasks a service has, changed without a deployment: asked for, and waited for until they work or are gone.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{DeploymentRolloutState, DesiredStatus, HealthStatus, Service, Task};
use futures::try_join;

use super::aftermath::{stopped, tell};
use super::rollout::Place;
use super::service::Desired;
use super::service_state::{Begun, describe, primary};
use super::tasks;
use crate::aws::failed;
use crate::resource::{Error, Look, Output, Patience, Step};

/// A task is there within a minute or two, and its health check passes half a minute later.
const SCALED: Patience = Patience::seconds(5, 100, 1200);

/// An event is delivered within seconds, and the machine's calls take a few more; it retries for most of a minute.
const HEARD: Patience = Patience::seconds(2, 5, 120);

/// So many tasks that end by themselves are no accident; ECS would go on for ever.
const FAILURES: usize = 3;

/// What one look says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    Going(String),
    Failed(String),
}

/// Brings the service to `count` tasks, and waits until all of them are healthy and no other is left.
///
/// # Errors
/// When ECS refuses, the tasks keep failing, or it takes too long, with what ECS and the tasks say.
pub(crate) async fn scale(cx: &Step, service: &Desired, count: u32) -> Result<(), Error> {
    bring(cx, service, count, true).await
}

/// The same where somebody else brings it there, and was told to: nothing is asked for, and whoever asks for another
/// count meanwhile has the last word.
///
/// # Errors
/// As [`scale`]; when nobody asks for `count`, or another count is asked for again.
pub(crate) async fn settle(cx: &Step, service: &Desired, count: u32) -> Result<(), Error> {
    bring(cx, service, count, false).await
}

async fn bring(cx: &Step, service: &Desired, count: u32, asks: bool) -> Result<(), Error> {
    let (cluster, name) = (cx.get(&service.cluster)?, service.name.as_str());
    let place = Place {
        cluster: cluster.as_str(),
        name,
        log: &service.log,
    };
    let names = [name.to_owned()];
    let (before, live) = try_join!(
        async { Ok::<_, Error>(stopped(cx, place.cluster, name).await?) },
        describe(cx.clients(), place.cluster, &names)
    )?;
    let before = before.into_iter().filter_map(|task| task.task_arn);
    let before: BTreeSet<String> = before.collect();
    let begun = if asks {
        ask(cx, &place, live.first(), count).await?
    } else {
        heard(cx, &place, count).await?
    };
    let what = match count {
        0 => format!("the end of service {name}'s tasks"),
        _ => format!("healthy tasks of service {name}"),
    };
    let ended = cx
        .wait(&what, SCALED, || look(cx, &place, &before, count, !asks))
        .await;
    let failure = match ended {
        Ok(None) => return Ok(()),
        Ok(Some(state)) => (state, None),
        Err(Error::TimedOut { state, after, .. }) => (state, Some(after)),
        Err(error) => return Err(error),
    };
    let detail = match &begun {
        Some(begun) => tell(cx, &place, begun).await,
        None => Vec::new(),
    };
    Err(match failure {
        (state, None) => Error::Failed {
            what,
            state,
            detail,
        },
        (state, Some(after)) => Error::TimedOut {
            what,
            state,
            after,
            detail,
        },
    })
}

/// One look; ready with a state when it has failed. Tasks that had been stopped `before` say nothing.
async fn look(
    cx: &Step,
    place: &Place<'_>,
    before: &BTreeSet<String>,
    count: u32,
    theirs: bool,
) -> Result<Look<Option<String>>, Error> {
    let (clients, cluster, name) = (cx.clients(), place.cluster, place.name);
    let names = [name.to_owned()];
    let running = async {
        let call = clients.ecs().list_tasks().cluster(cluster);
        let call = call
            .service_name(name)
            .desired_status(DesiredStatus::Running);
        let arns = tasks::list(call).await?;
        Ok::<_, Error>(tasks::describe(clients, cluster, &arns).await?)
    };
    let (services, running, mut since) =
        try_join!(describe(clients, cluster, &names), running, async {
            Ok(stopped(cx, cluster, name).await?)
        })?;
    since.retain(|task| task.task_arn().is_some_and(|arn| !before.contains(arn)));
    let wanted = services.first().map(Service::desired_count);
    if theirs && wanted.is_some_and(|wanted| wanted != number(count)) {
        let state = format!("undone: {} tasks are wanted again", wanted.unwrap_or(0));
        return Ok(Look::Ready(Some(state)));
    }
    Ok(match judge(services.first(), &running, &since, count) {
        Verdict::Done => Look::Ready(None),
        Verdict::Going(state) => Look::Pending(state),
        Verdict::Failed(state) => Look::Ready(Some(state)),
    })
}

/// Asks for `count` tasks unless that has been asked for; answers the deployment they are of.
async fn ask(
    cx: &Step,
    place: &Place<'_>,
    live: Option<&Service>,
    count: u32,
) -> Result<Option<Begun>, Error> {
    let wanted = number(count);
    if let Some(live) = live.filter(|live| live.desired_count() == wanted) {
        return Ok(primary(live).and_then(Begun::from_sdk));
    }
    let answer = cx
        .clients()
        .ecs()
        .update_service()
        .cluster(place.cluster)
        .service(place.name)
        .desired_count(wanted)
        .send()
        .await
        .map_err(failed("ecs:UpdateService"))?;
    Ok(answer.service().and_then(primary).and_then(Begun::from_sdk))
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Waits until somebody has asked for `count` tasks.
async fn heard(cx: &Step, place: &Place<'_>, count: u32) -> Result<Option<Begun>, Error> {
    let names = [place.name.to_owned()];
    let what = format!("the machine that sets the count of service {}", place.name);
    cx.wait(&what, HEARD, || async {
        let found = describe(cx.clients(), place.cluster, &names).await?;
        Ok(match found.first() {
            Some(live) if live.desired_count() == number(count) => {
                Look::Ready(primary(live).and_then(Begun::from_sdk))
            }
            Some(live) => Look::Pending(format!("{} tasks are wanted", live.desired_count())),
            None => Look::Pending("there is no such service".to_owned()),
        })
    })
    .await
}

/// `since` are the tasks that have been stopped since it was asked for, or are stopping.
fn judge(service: Option<&Service>, running: &[Task], since: &[Task], count: u32) -> Verdict {
    let Some(service) = service.filter(|one| one.status() == Some("ACTIVE")) else {
        return Verdict::Failed("cut short: somebody is deleting it".to_owned());
    };
    let scaled = |task: &&Task| {
        let reason = task.stopped_reason().unwrap_or_default();
        reason.starts_with("Scaling activity initiated")
    };
    let failures = since.iter().filter(|task| !scaled(task)).count();
    let rollout = primary(service).and_then(|one| one.rollout_state());
    if count > 0 && (failures >= FAILURES || rollout == Some(&DeploymentRolloutState::Failed)) {
        return Verdict::Failed(format!("failed: {failures} tasks ended"));
    }
    let stopping = since
        .iter()
        .filter(|task| task.last_status() != Some("STOPPED"));
    let left = running.len() + stopping.count();
    if count == 0 {
        return match left {
            0 if service.running_count() + service.pending_count() == 0 => Verdict::Done,
            left => Verdict::Going(format!("{left} tasks stopping")),
        };
    }
    let healthy = |task: &&Task| {
        task.last_status() == Some("RUNNING")
            && task.health_status() == Some(&HealthStatus::Healthy)
    };
    let healthy = running.iter().filter(healthy).count();
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let steady = rollout != Some(&DeploymentRolloutState::InProgress);
    if steady && healthy >= wanted && left == healthy {
        return Verdict::Done;
    }
    let state = running.iter().find_map(Task::last_status);
    Verdict::Going(match (state, healthy) {
        (Some(state), 0) if state != "RUNNING" => state.to_owned(),
        _ => format!("{healthy} of {count} tasks healthy"),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::Deployment;

    use super::*;

    fn service(status: &str, running: i32, rollout: DeploymentRolloutState) -> Service {
        let deployment = Deployment::builder()
            .status("PRIMARY")
            .rollout_state(rollout);
        Service::builder()
            .status(status)
            .running_count(running)
            .deployments(deployment.build())
            .build()
    }

    fn task(state: &str, health: HealthStatus) -> Task {
        Task::builder()
            .last_status(state)
            .health_status(health)
            .build()
    }

    fn ended(state: &str, reason: &str) -> Task {
        Task::builder()
            .last_status(state)
            .stopped_reason(reason)
            .build()
    }

    const SCALING: &str = "Scaling activity initiated by (deployment ecs-svc/1)";

    #[test]
    fn a_service_wakes_when_its_task_is_healthy() {
        use DeploymentRolloutState::{Completed, InProgress};
        let woken =
            |tasks: &[Task], rollout| judge(Some(&service("ACTIVE", 1, rollout)), tasks, &[], 1);
        let going = |state: &str| Verdict::Going(state.to_owned());
        assert_eq!(woken(&[], Completed), going("0 of 1 tasks healthy"));
        let pending = [task("PENDING", HealthStatus::from("UNKNOWN"))];
        assert_eq!(woken(&pending, Completed), going("PENDING"));
        let started = [task("RUNNING", HealthStatus::from("UNKNOWN"))];
        assert_eq!(woken(&started, Completed), going("0 of 1 tasks healthy"));
        let healthy = [task("RUNNING", HealthStatus::Healthy)];
        assert_eq!(woken(&healthy, Completed), Verdict::Done);
        assert_eq!(woken(&healthy, InProgress), going("1 of 1 tasks healthy"));
    }

    #[test]
    fn tasks_that_keep_ending_are_a_failure_and_those_ecs_had_enough_of_are_none() {
        let live = service("ACTIVE", 0, DeploymentRolloutState::Completed);
        let ends = |reason: &str| vec![ended("STOPPED", reason); FAILURES];
        let failed = judge(
            Some(&live),
            &[],
            &ends("Essential container in task exited"),
            1,
        );
        assert_eq!(failed, Verdict::Failed("failed: 3 tasks ended".to_owned()));
        let scaled = judge(Some(&live), &[], &ends(SCALING), 1);
        assert!(matches!(scaled, Verdict::Going(_)), "{scaled:?}");
        let gone = judge(None, &[], &[], 1);
        assert!(matches!(gone, Verdict::Failed(_)), "{gone:?}");
    }

    #[test]
    fn a_service_sleeps_when_its_last_task_has_stopped() {
        let live = |running| service("ACTIVE", running, DeploymentRolloutState::Completed);
        let stopping = [ended("DEACTIVATING", SCALING)];
        let going = judge(Some(&live(0)), &[], &stopping, 0);
        assert_eq!(going, Verdict::Going("1 tasks stopping".to_owned()));
        let stopped = [ended("STOPPED", SCALING)];
        assert_eq!(judge(Some(&live(0)), &[], &stopped, 0), Verdict::Done);
        let counted = judge(Some(&live(1)), &[], &stopped, 0);
        assert!(matches!(counted, Verdict::Going(_)), "{counted:?}");
    }
}
