//! The control plane put to sleep and woken. What serves requests are the data planes; they keep what they were given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Plane;
use super::status::{Nodes, Rollout, Status};
use crate::apply::Engine;
use crate::blueprint::addresses;
use crate::event::{Event, Sink, Verb};
use crate::kinds::ecs::{Count, EcsCluster, EcsService, EcsServiceDesired, scale, settle};
use crate::kinds::events;
use crate::kinds::logs::LogGroup;
use crate::kinds::sfn;
use crate::resource::{
    Address, Attribute, Blueprint, Error, Kind, Limits, Note, Notify, Pace, Resolve, Step,
};

/// Whether a control plane runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakefulness {
    /// No task runs, and none is wanted.
    Asleep,
    /// Its task is being stopped.
    FallingAsleep,
    /// Its task is being started, or is not healthy yet.
    Waking,
    /// A healthy task runs.
    Awake,
}

impl Wakefulness {
    /// Tells it from the nodes.
    pub(crate) fn of(nodes: &Nodes) -> Self {
        let mut tasks = nodes.tasks.iter();
        let healthy = tasks.any(|task| task.state == "RUNNING" && task.health == "HEALTHY");
        match (nodes.desired, nodes.running + nodes.pending) {
            (0, 0) => Self::Asleep,
            (0, _) => Self::FallingAsleep,
            _ if healthy && nodes.running >= nodes.desired => Self::Awake,
            _ => Self::Waking,
        }
    }
}

/// Everything that needs the control plane just now: a node that starts has no configuration until it was given one.
pub(crate) fn needed_by(status: &Status) -> Vec<String> {
    let mut needed = Vec::new();
    for (plane, nodes) in [
        (Plane::Data, &status.data_plane),
        (Plane::Control, &status.control_plane),
    ] {
        let latest = nodes.as_ref().and_then(|nodes| nodes.deployments.first());
        let name = plane.name();
        match latest.map(|one| one.rollout) {
            Some(Rollout::InProgress) => {
                needed.push(format!("a rollout of the {name} is under way"));
            }
            Some(Rollout::Failed) => {
                needed.push(format!("the last rollout of the {name} failed"));
            }
            Some(Rollout::Completed) | None => {}
        }
    }
    if let Some(nodes) = &status.data_plane {
        let missing = nodes.desired.saturating_sub(nodes.running);
        if nodes.pending.max(missing) > 0 {
            let (running, desired) = (nodes.running, nodes.desired);
            needed.push(format!("only {running} of {desired} data planes run"));
        }
    }
    if let Some(targets) = &status.targets {
        let waiting = targets.unhealthy + targets.initial;
        if waiting > 0 {
            let all = waiting + targets.healthy;
            needed.push(format!(
                "{waiting} of {all} data planes are not healthy yet"
            ));
        }
    }
    if let Some(marks) = &status.migrations
        && marks.finished.as_ref() != Some(&marks.schema)
    {
        needed.push(format!(
            "the schema's upgrade to {} is not finished",
            marks.schema
        ));
    }
    needed
}

/// Brings the control plane to `count` tasks because of `reason`, and waits until it is so. What happens goes to `sink`.
///
/// One on demand is not brought there by us: an event wakes it, and its machine is told to look whether it may sleep.
///
/// # Errors
/// When AWS refuses or it does not come true; when `drain` is cancelled meanwhile.
pub(crate) async fn bring(
    engine: &Engine,
    (count, reason): (u32, &str),
    pace: Pace,
    drain: CancellationToken,
    sink: Arc<dyn Sink>,
) -> Result<(), Error> {
    let (address, blueprint) = (Plane::Control.address(), &engine.blueprint);
    let service = Plane::Control.service(blueprint)?;
    let limits = Limits {
        drain,
        step_timeout: None,
        pace,
        slots: Arc::new(Semaphore::new(1)),
    };
    let step = Step::new(
        address.clone(),
        (&blueprint.stack, &blueprint.region),
        Arc::clone(&engine.clients),
        Arc::new(Named(Arc::clone(blueprint))),
        Arc::new(Notes(Arc::clone(&sink))),
        limits,
    );
    let (start, verb) = (Instant::now(), Verb::Update);
    sink.event(Event::Started {
        address: address.clone(),
        verb,
        noun: EcsService::NOUN,
    });
    let result = match service.count {
        Count::OnDemand => by_machine(engine, &step, service, (count, reason)).await,
        Count::Fixed(_) | Count::Scaled(_) => scale(&step, service, count).await,
    };
    match &result {
        Ok(()) => {
            let took: Duration = start.elapsed();
            sink.event(Event::Finished {
                address,
                verb,
                took,
            });
        }
        Err(Error::Interrupted { .. }) => {}
        Err(error) => sink.event(Event::Failed {
            address,
            verb,
            error: error.clone(),
        }),
    }
    result
}

/// Has the machine do it.
async fn by_machine(
    engine: &Engine,
    step: &Step,
    service: &EcsServiceDesired,
    (count, reason): (u32, &str),
) -> Result<(), Error> {
    if count > 0 {
        events::push(step, reason).await?;
    } else {
        let (observer, address) = (engine.observer(), addresses::machine());
        let machine = observer.attribute(&address, Attribute::Arn).await?;
        let machine = machine.ok_or_else(|| Error::Failed {
            what: "the machine that puts the control plane to sleep".to_owned(),
            state: "not there".to_owned(),
            detail: vec!["an apply makes it".to_owned()],
        })?;
        sfn::sleep(step, &machine).await?;
    }
    settle(step, service, count).await
}

/// The names that a blueprint knows without AWS: ECS takes a cluster's name where it takes its ARN.
struct Named(Arc<Blueprint>);

impl Resolve for Named {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        let cluster = addresses::ecs_cluster();
        if *address == cluster && attribute == Attribute::Arn {
            let cluster = self.0.desired::<EcsCluster>(&cluster);
            return cluster.ok().map(|cluster| cluster.name.clone());
        }
        let group = self.0.desired::<LogGroup>(address).ok()?;
        (attribute == Attribute::Name).then(|| group.name.clone())
    }
}

/// Hands a step's notes on as events.
struct Notes(Arc<dyn Sink>);

impl Notify for Notes {
    fn note(&self, address: &Address, note: Note) {
        self.0.event(Event::Noted {
            address: address.clone(),
            note,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::status::sample::sample;

    #[test]
    fn a_control_plane_is_awake_when_a_healthy_task_runs() {
        let nodes = sample().control_plane.expect("nodes");
        let with = |desired, running, pending, health: &str| {
            let mut nodes = nodes.clone();
            (nodes.desired, nodes.running, nodes.pending) = (desired, running, pending);
            nodes.tasks[0].health = health.to_owned();
            Wakefulness::of(&nodes)
        };
        assert_eq!(with(1, 1, 0, "HEALTHY"), Wakefulness::Awake);
        assert_eq!(with(1, 1, 0, "UNKNOWN"), Wakefulness::Waking);
        assert_eq!(with(1, 0, 1, "UNKNOWN"), Wakefulness::Waking);
        assert_eq!(with(1, 0, 0, "UNKNOWN"), Wakefulness::Waking);
        assert_eq!(with(0, 1, 0, "HEALTHY"), Wakefulness::FallingAsleep);
        assert_eq!(with(0, 0, 0, "HEALTHY"), Wakefulness::Asleep);
    }

    #[test]
    fn whoever_waits_for_a_configuration_needs_the_control_plane() {
        type Spoil = fn(&mut Status);
        let spoilt = |spoil: Spoil| {
            let mut status = sample();
            spoil(&mut status);
            needed_by(&status)
        };
        assert_eq!(spoilt(|_| {}), Vec::<String>::new());
        let draining = spoilt(|it| it.targets.as_mut().expect("targets").draining = 1);
        assert_eq!(draining, Vec::<String>::new());
        let spoils: [(Spoil, &str); 5] = [
            (
                |it| {
                    let nodes = it.data_plane.as_mut().expect("nodes");
                    nodes.deployments[0].rollout = Rollout::InProgress;
                },
                "a rollout of the data plane is under way",
            ),
            (
                |it| {
                    let nodes = it.control_plane.as_mut().expect("nodes");
                    nodes.deployments[0].rollout = Rollout::Failed;
                },
                "the last rollout of the control plane failed",
            ),
            (
                |it| it.data_plane.as_mut().expect("nodes").running = 1,
                "only 1 of 2 data planes run",
            ),
            (
                |it| {
                    let targets = it.targets.as_mut().expect("targets");
                    (targets.healthy, targets.initial) = (1, 1);
                },
                "1 of 2 data planes are not healthy yet",
            ),
            (
                |it| it.migrations.as_mut().expect("marks").finished = None,
                "the schema's upgrade to kong:3.9.3 is not finished",
            ),
        ];
        for (spoil, expected) in spoils {
            assert_eq!(spoilt(spoil), [expected]);
        }
    }
}
