//! ECS services: tasks that are kept running, rolled over one by one, and undone when the new ones fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::{try_join, try_join_all};

use super::cluster::EcsCluster;
use super::log::TaskLog;
use super::network::TaskNetwork;
use super::rollout::Place;
use super::service_state::{Live, Share, describe};
use super::{aftermath, rollout, service_calls, service_diff, tagging};
use crate::aws::{OrAbsent, failed};
use crate::kinds::events;
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, Ref,
    References, Resolve, ResourceName, Step, Tags, Wanted,
};

/// A service on Fargate.
#[derive(Debug)]
pub(crate) struct EcsService;

/// What a service should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// Its name, which cannot be changed.
    pub(crate) name: String,
    /// The cluster, which cannot be changed.
    pub(crate) cluster: Ref<Arn>,
    /// What its tasks are.
    pub(crate) task_definition: Ref<Arn>,
    /// How many tasks.
    pub(crate) count: Count,
    /// On which of Fargate's capacity providers they run.
    pub(crate) strategy: Vec<Share>,
    /// Their network.
    pub(crate) network: TaskNetwork,
    /// How many tasks must stay healthy during a rollout, in percent of the count.
    pub(crate) minimum_healthy_percent: u32,
    /// How many there may be during a rollout, in percent of the count.
    pub(crate) maximum_percent: u32,
    /// Where requests come from.
    pub(crate) load_balancing: Option<LoadBalancing>,
    /// The Cloud Map service its tasks are registered in.
    pub(crate) registry: Option<Ref<Arn>>,
    /// Whether ECS Exec may open a shell in a task.
    pub(crate) execute_command: bool,
    /// Where the tasks' lines go, to explain a failed rollout with.
    pub(crate) log: TaskLog,
    /// Its tags, which its tasks inherit.
    pub(crate) tags: Tags,
    /// What must be there before its tasks can work, and may go only after it.
    pub(crate) after: Vec<Address>,
    /// What must be done before it is made or changed, and may go with it.
    pub(crate) started_after: Vec<Address>,
}

/// How many tasks a service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Always so many.
    Fixed(u32),
    /// So many at first; from then on the count is Application Auto Scaling's. It never goes to zero by itself, so
    /// zero is somebody's doing and set back to this.
    Scaled(u32),
    /// One at first; from then on the stack's machine wakes it and puts it to sleep. Whatever changes the service wakes
    /// it too, for a deployment is only proved by a task of it.
    OnDemand,
}

/// The target group that a service's tasks are registered in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadBalancing {
    /// The target group.
    pub(crate) target_group: Ref<Arn>,
    /// The container's name.
    pub(crate) container: String,
    /// The container's port.
    pub(crate) port: u16,
    /// How long a new task may fail its health checks.
    pub(crate) grace: Duration,
}

impl Kind for EcsService {
    const TYPE: &'static str = "AWS::ECS::Service";
    const NOUN: &'static str = "ECS service";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let balanced = desired.load_balancing.as_ref().map(|one| &one.target_group);
        let references = desired
            .network
            .references(References::none())
            .to(&desired.cluster)
            .to(&desired.task_definition)
            .to_all(balanced)
            .to_all(&desired.registry)
            .after_all(&desired.after);
        desired
            .started_after
            .iter()
            .fold(references, References::started_after)
    }

    /// Wanted services by name in the stack's clusters, ten a call; the inventory names those that left the spec.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let (clusters, inventory) = try_join(cx.live::<EcsCluster>(), cx.inventory()).await?;
        let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (_, cluster) in &clusters {
            let names = wanted.iter().map(|one| one.desired.name.clone());
            asked.insert(cluster.name.clone(), names.collect());
        }
        for (arn, _) in inventory.of("ecs", "service") {
            if let Some((cluster, name)) = cluster_and_name(arn) {
                let names = asked.entry(cluster.to_owned()).or_default();
                names.insert(name.to_owned());
            }
        }
        let asked = asked.iter().filter(|(_, names)| !names.is_empty());
        let answers = asked.map(|(cluster, names)| async move {
            let names: Vec<String> = names.iter().cloned().collect();
            describe(cx.clients(), cluster, &names).await
        });
        let services = try_join_all(answers).await?;
        let live = services.iter().flatten().filter_map(Live::from_sdk);
        Ok(live
            .filter(|live| live.status != "INACTIVE")
            .filter_map(|live| {
                // One that drains runs nothing new and leaves by itself; making it anew waits for that.
                let drains = live.status == "DRAINING";
                let found = place(cx, wanted, live)?;
                Some(if drains { found.leaving() } else { found })
            })
            .collect())
    }

    fn id(live: &Live) -> String {
        live.arn.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        outputs(&live.arn, &live.name)
    }

    fn uses(live: &Live) -> Vec<String> {
        let mut uses = vec![live.cluster.to_string(), live.task_definition.to_string()];
        uses.extend(live.in_use.iter().cloned());
        uses.extend(live.subnets.iter().map(ToString::to_string));
        uses.extend(live.security_groups.iter().map(ToString::to_string));
        uses.extend(live.registries.iter().cloned());
        let groups = live.target_groups.iter();
        uses.extend(groups.filter_map(|one| Some(one.split_once(" on ")?.0.to_owned())));
        uses
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        service_diff::diff(desired, live, outputs)
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let (arn, deployment) = service_calls::create(cx, desired).await?;
        cx.made(&arn);
        let cluster = cx.get(&desired.cluster)?;
        let place = Place {
            cluster: cluster.as_str(),
            name: &desired.name,
            log: &desired.log,
        };
        rollout::wait(cx, place, &deployment).await?;
        Ok(outputs(&arn, &desired.name))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        tagging::apply(cx, &live.arn, &desired.tags, &live.tags).await?;
        let sent = diff
            .changes()
            .iter()
            .any(|change| change.effect == Effect::InPlace && !change.field.starts_with("tags."));
        if sent && desired.count == Count::OnDemand {
            // First: should this run end here, the timer is set, and the control plane goes to sleep again.
            events::push(cx, "apply").await?;
        }
        let deployment = if sent {
            Some(service_calls::update(cx, desired, live, diff).await?)
        } else {
            live.primary.as_ref().map(|primary| primary.begun.clone())
        };
        let waits = sent || diff.has("rollout");
        if let Some(deployment) = deployment.filter(|_| waits) {
            let place = Place {
                cluster: live.cluster.as_str(),
                name: &live.name,
                log: &desired.log,
            };
            rollout::wait(cx, place, &deployment).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, &live.arn).await
    }

    /// Deletes it with its tasks, each of which first leaves the load balancer, and waits until the last is stopped.
    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        const ABSENT: [&str; 3] = [
            "ServiceNotFoundException",
            "ServiceNotActiveException",
            "ClusterNotFoundException",
        ];
        // One that drains already is not asked again.
        if live.status != "DRAINING" {
            let call = cx.clients().ecs().delete_service();
            let call = call.cluster(live.cluster.as_str()).service(&live.arn);
            let deleted = call.force(true).send().await;
            let deleted = deleted
                .map_err(failed("ecs:DeleteService"))
                .or_absent(&ABSENT)?;
            if deleted.is_none() {
                return Ok(Vec::new());
            }
        }
        let (what, names) = (format!("service {}", live.name), [live.arn.clone()]);
        cx.wait(&what, Patience::seconds(5, 160, 3600), || async {
            let found = describe(cx.clients(), live.cluster.as_str(), &names).await?;
            if let Some(service) = found.first().filter(|one| one.status() != Some("INACTIVE")) {
                let left = service.running_count() + service.pending_count();
                let status = service.status().unwrap_or("unknown");
                return Ok(Look::Pending(format!("{status}, {left} tasks left")));
            }
            let stopping = aftermath::stopped(cx, live.cluster.as_str(), &live.name)
                .await
                .or_absent(&ABSENT)?
                .unwrap_or_default();
            let left = stopping
                .iter()
                .filter(|task| task.last_status() != Some("STOPPED"));
            Ok(match left.count() {
                0 => Look::Ready(()),
                left => Look::Pending(format!("{left} tasks stopping")),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

/// Replaces every task of a service by a new one of the same definition, and waits until that is done: what a task only
/// reads when it starts, it reads again.
///
/// # Errors
/// When ECS refuses, or the new tasks do not come to run.
pub(crate) async fn restart(
    cx: &Step,
    cluster: &Arn,
    name: &str,
    log: &TaskLog,
) -> Result<(), Error> {
    let deployment = service_calls::restart(cx, cluster, name).await?;
    let place = Place {
        cluster: cluster.as_str(),
        name,
        log,
    };
    rollout::wait(cx, place, &deployment).await
}

/// The newest Fargate platform: AWS moves tasks to it as they are replaced.
pub(super) const PLATFORM: &str = "LATEST";

fn outputs(arn: &str, name: &str) -> Outputs {
    Outputs::default()
        .with(Arn::new(arn))
        .with(ResourceName::new(name))
}

/// `arn:aws:ecs:region:account:service/cluster/name`.
fn cluster_and_name(arn: &str) -> Option<(&str, &str)> {
    let (_, tail) = arn.split_once(":service/")?;
    tail.split_once('/')
}

fn place(cx: &Observer, wanted: &[Wanted<'_, EcsService>], live: Live) -> Option<Found<Live>> {
    let named = wanted.iter().find(|one| one.desired.name == live.name);
    let Some(address) = cx.address_of(&live.tags) else {
        return named
            .map(|one| Found::Foreign(one.address.clone(), format!("ECS service {}", live.name)));
    };
    Some(if live.tags.retired() {
        Found::Retired(address, live)
    } else {
        Found::Owned(address, live)
    })
}
