//! What the parts of a stack come to.

use super::*;
use crate::operate::status::sample::{at, sample};
use crate::operate::status::{Holder, TargetReason};

/// The verdict on a stack that serves, once it is spoilt.
fn spoilt(spoil: impl FnOnce(&mut Status)) -> Overall {
    let mut status = sample();
    spoil(&mut status);
    judge(&status)
}

fn said(spoil: impl FnOnce(&mut Status)) -> String {
    spoilt(spoil).summary
}

fn holder() -> Holder {
    Holder {
        user: "ann".to_owned(),
        host: "build-7".to_owned(),
        process: 12,
        purpose: "apply".to_owned(),
        since: at(3500),
        until: at(3660),
        expired: false,
        run: None,
    }
}

#[test]
fn a_stack_that_is_as_it_should_be_serves() {
    let overall = spoilt(|_| {});
    assert_eq!((overall.state, overall.reasons.len()), (State::Serving, 0));
    assert_eq!(overall.summary, "serving");
    let rolls = said(|status| {
        let nodes = status.data_plane.as_mut().expect("nodes");
        nodes.deployments[0].rollout = Rollout::InProgress;
    });
    assert_eq!(rolls, "serving; a rollout of the data plane is under way");
    let paused = said(|status| {
        let database = status.database.as_mut().expect("a database");
        database.activity = Activity::Paused;
        let nodes = status.control_plane.as_mut().expect("nodes");
        (nodes.desired, nodes.running) = (0, 0);
        nodes.tasks.clear();
    });
    assert_eq!(paused, "serving; the control plane is asleep");
}

/// One thing that is wrong.
type Spoil = fn(&mut Status);

/// Insists that each of them, alone, is what the stack is degraded by.
#[track_caller]
fn degrades(spoils: &[(Spoil, &str)]) {
    for (spoil, expected) in spoils {
        let overall = spoilt(spoil);
        assert_eq!(overall.state, State::Degraded, "{expected}");
        assert_eq!(overall.summary, format!("degraded: {expected}"));
    }
}

#[test]
fn what_is_wrong_in_front_of_the_nodes_is_said() {
    degrades(&[
        (|it| it.load_balancer = None, "there is no load balancer"),
        (
            |it| it.load_balancer.as_mut().expect("one").state = "failed".to_owned(),
            "the load balancer is failed",
        ),
        (
            |it| {
                let targets = it.targets.as_mut().expect("targets");
                (targets.healthy, targets.unhealthy) = (1, 1);
                targets.reasons = vec![TargetReason {
                    targets: 1,
                    code: "Target.FailedHealthChecks".to_owned(),
                    description: "Health checks failed".to_owned(),
                }];
            },
            "1 of 2 targets unhealthy (Health checks failed)",
        ),
        (
            |it| it.targets.as_mut().expect("targets").healthy = 0,
            "no target is healthy, so nobody is served",
        ),
        (
            |it| {
                let certificate = it.certificates.cluster.as_mut().expect("one");
                certificate.expires_at = Some(at(3000));
            },
            "the cluster certificate expired at 2026-09-21T15:03:20Z",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_the_nodes_is_said() {
    degrades(&[
        (
            |it| it.data_plane.as_mut().expect("nodes").running = 1,
            "data plane: 1 of 2 tasks running",
        ),
        (
            |it| it.control_plane = None,
            "there is no control plane service",
        ),
        (
            |it| {
                let nodes = it.control_plane.as_mut().expect("nodes");
                nodes.tasks[0].health = "UNHEALTHY".to_owned();
            },
            "control plane: a task fails its health check",
        ),
        (
            |it| {
                let nodes = it.data_plane.as_mut().expect("nodes");
                nodes.deployments[0].rollout = Rollout::Failed;
                nodes.deployments[0].reason = Some("tasks failed to start".to_owned());
            },
            "data plane: the last deployment failed (tasks failed to start)",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_the_database_is_said() {
    degrades(&[
        (
            |it| {
                let database = it.database.as_mut().expect("a database");
                database.activity = Activity::Broken;
                database.status = "storage-full".to_owned();
            },
            "the database is storage-full and cannot recover",
        ),
        (
            |it| it.database.as_mut().expect("one").activity = Activity::Stopped,
            "somebody has stopped the database",
        ),
        (|it| it.migrations = None, "the database has no schema yet"),
        (
            |it| it.migrations.as_mut().expect("marks").schema = "kong:4.0.0".to_owned(),
            "the schema's upgrade to kong:4.0.0 is not finished",
        ),
    ]);
}

#[test]
fn of_several_things_the_first_is_the_worst_and_the_others_are_counted() {
    let overall = spoilt(|status| {
        status.targets.as_mut().expect("targets").healthy = 0;
        status.data_plane.as_mut().expect("nodes").running = 0;
        status.migrations = None;
    });
    assert_eq!(
        overall.summary,
        "degraded: no target is healthy, so nobody is served, and 2 more"
    );
    assert_eq!(overall.reasons.len(), 3);
}

#[test]
fn who_is_at_work_is_said_whatever_else_there_is() {
    let overall = spoilt(|status| {
        status.lease = Some(holder());
        status.data_plane.as_mut().expect("nodes").running = 1;
    });
    assert_eq!(overall.state, State::Changing);
    assert_eq!(overall.summary, "being changed by ann on build-7 (apply)");
    assert_eq!(overall.reasons.len(), 1, "{:?}", overall.reasons);
    let dead = said(|status| {
        status.lease = Some(Holder {
            expired: true,
            ..holder()
        });
    });
    assert_eq!(dead, "serving");
}

#[test]
fn nothing_is_not_there_and_what_is_scaled_to_nothing_sleeps() {
    let absent = spoilt(|status| {
        status.control_plane = None;
        status.data_plane = None;
        status.load_balancer = None;
        status.database = None;
    });
    assert_eq!((absent.state, absent.reasons.len()), (State::Absent, 0));
    let asleep = spoilt(|status| {
        for nodes in [&mut status.control_plane, &mut status.data_plane] {
            let nodes = nodes.as_mut().expect("nodes");
            (nodes.desired, nodes.running) = (0, 0);
        }
    });
    assert_eq!(asleep.state, State::Asleep);
}
