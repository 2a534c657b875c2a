//! ECS services: tasks that are kept running, rolled over one by one, and undone when the new ones fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ecs::types::{
    DeploymentCircuitBreaker, DeploymentConfiguration, LoadBalancer, PropagateTags, Service,
    ServiceRegistry,
};
use futures::future::{try_join, try_join_all};

use super::acceptance::until_accepted;
use super::cluster::EcsCluster;
use super::container::seconds;
use super::log::TaskLog;
use super::network::TaskNetwork;
use super::service_state::{Live, Rollout, Share, breaker, describe, primary};
use super::{rollout, run, tagging};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, Ref,
    References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
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
        // One that drains runs nothing new and leaves by itself; making it anew waits for that.
        Ok(live
            .filter(|live| !matches!(live.status.as_str(), "INACTIVE" | "DRAINING"))
            .filter_map(|live| place(cx, wanted, live))
            .collect())
    }

    fn id(live: &Live) -> String {
        live.arn.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        outputs(&live.arn, &live.name)
    }

    fn uses(live: &Live) -> Vec<String> {
        let mut uses = vec![
            live.cluster.to_string(),
            live.task_definition.to_string(),
        ];
        uses.extend(live.subnets.iter().map(ToString::to_string));
        uses.extend(live.security_groups.iter().map(ToString::to_string));
        uses.extend(live.registries.iter().cloned());
        let groups = live.target_groups.iter();
        uses.extend(groups.filter_map(|one| Some(one.split_once(" on ")?.0.to_owned())));
        uses
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        diff(desired, live, outputs)
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let cluster = cx.get(&desired.cluster)?;
        let task_definition = cx.get(&desired.task_definition)?;
        let network = desired.network.to_sdk(cx)?;
        let (balancers, registries) = (load_balancers(cx, desired)?, registries(cx, desired)?);
        let strategy = strategy(desired)?;
        let token = run::token();
        let what = format!("service {}", desired.name);
        let answer = until_accepted(cx, &what, Patience::seconds(5, 10, 1200), || async {
            cx.clients()
                .ecs()
                .create_service()
                .cluster(cluster.as_str())
                .service_name(&desired.name)
                .task_definition(task_definition.as_str())
                .desired_count(desired.count.first())
                .set_capacity_provider_strategy(Some(strategy.clone()))
                .platform_version(PLATFORM)
                .network_configuration(network.clone())
                .deployment_configuration(deployment_configuration(desired))
                .set_health_check_grace_period_seconds(grace(desired))
                .set_load_balancers((!balancers.is_empty()).then(|| balancers.clone()))
                .set_service_registries((!registries.is_empty()).then(|| registries.clone()))
                .enable_execute_command(desired.execute_command)
                .enable_ecs_managed_tags(true)
                .propagate_tags(PropagateTags::Service)
                .set_tags(Some(tagging::to_sdk(&desired.tags)))
                .client_token(&token)
                .send()
                .await
                .map_err(failed("ecs:CreateService"))
        })
        .await?;
        let (arn, deployment) = begun(answer.service(), "ecs:CreateService")?;
        cx.made(&arn);
        rollout::wait(cx, cluster.as_str(), &desired.name, &deployment, &desired.log).await?;
        Ok(self::outputs(&arn, &desired.name))
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
        let deployment = if sent {
            Some(send_update(cx, desired, live, diff).await?)
        } else {
            live.primary.as_ref().map(|primary| primary.id.clone())
        };
        let waits = sent || diff.has("rollout");
        if let Some(deployment) = deployment.filter(|_| waits) {
            let cluster = live.cluster.as_str();
            rollout::wait(cx, cluster, &live.name, &deployment, &desired.log).await?;
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
        let deleted = cx
            .clients()
            .ecs()
            .delete_service()
            .cluster(live.cluster.as_str())
            .service(&live.arn)
            .force(true)
            .send()
            .await
            .map_err(failed("ecs:DeleteService"))
            .or_absent(&ABSENT)?;
        if deleted.is_none() {
            return Ok(Vec::new());
        }
        let (what, names) = (format!("service {}", live.name), [live.arn.clone()]);
        cx.wait(&what, Patience::seconds(5, 160, 3600), || async {
            let found = describe(cx.clients(), live.cluster.as_str(), &names).await?;
            if let Some(service) = found.first().filter(|one| one.status() != Some("INACTIVE")) {
                let left = service.running_count() + service.pending_count();
                let status = service.status().unwrap_or("unknown");
                return Ok(Look::Pending(format!("{status}, {left} tasks left")));
            }
            let stopping = rollout::stopped(cx, live.cluster.as_str(), &live.name)
                .await
                .or_absent(&ABSENT)?
                .unwrap_or_default();
            let left = stopping.iter().filter(|task| task.last_status() != Some("STOPPED"));
            Ok(match left.count() {
                0 => Look::Ready(()),
                left => Look::Pending(format!("{left} tasks stopping")),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

/// The newest Fargate platform: AWS moves tasks to it as they are replaced.
const PLATFORM: &str = "LATEST";

impl Count {
    fn first(self) -> i32 {
        let (Self::Fixed(count) | Self::Scaled(count)) = self;
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}

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

fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
    let Desired {
        name,
        cluster,
        task_definition,
        count,
        strategy,
        network,
        minimum_healthy_percent,
        maximum_percent,
        load_balancing,
        registry,
        execute_command,
        log: _, // explains failures only
        tags,
        after: _,         // says when, not what
        started_after: _, // says when, not what
    } = desired;
    let TaskNetwork {
        subnets,
        security_groups,
        assign_public_ip,
    } = network;
    let mut diff = Diff::new();
    diff.immutable("name", name, &live.name, "a service cannot be renamed");
    let moved = Effect::Replace("a service cannot be moved to another cluster");
    diff.reference("cluster", cluster, &live.cluster, outputs, moved);
    let (have, at) = (&live.task_definition, Effect::InPlace);
    diff.reference("task_definition", task_definition, have, outputs, at);
    match count {
        Count::Fixed(count) => diff.field("desired_count", count, &live.desired_count),
        Count::Scaled(first) if live.desired_count == 0 => {
            diff.field("desired_count", first, &live.desired_count);
        }
        Count::Scaled(_) => {}
    }
    let field = "capacity_provider_strategy";
    diff.set(field, strategy, &live.strategy, Effect::InPlace);
    diff.field(
        "platform_version",
        &PLATFORM.to_owned(),
        &live.platform_version,
    );
    diff.references("subnets", subnets, &live.subnets, outputs, Effect::InPlace);
    let (field, have) = ("security_groups", &live.security_groups);
    diff.references(field, security_groups, have, outputs, Effect::InPlace);
    diff.field("assign_public_ip", assign_public_ip, &live.assign_public_ip);
    let (want, have) = (minimum_healthy_percent, &live.minimum_healthy_percent);
    diff.field("minimum_healthy_percent", want, have);
    diff.field("maximum_percent", maximum_percent, &live.maximum_percent);
    let breaker = breaker(true, true).to_owned();
    diff.field("circuit_breaker", &breaker, &live.circuit_breaker);
    diff_traffic(load_balancing.as_ref(), registry.as_ref(), live, outputs, &mut diff);
    diff.field("execute_command", execute_command, &live.execute_command);
    let propagate = PropagateTags::Service.as_str().to_owned();
    diff.field("propagate_tags", &propagate, &live.propagate_tags);
    diff_rollout(live, &mut diff);
    diff.tags(tags, &live.tags);
    diff
}

fn diff_traffic(
    balancing: Option<&LoadBalancing>,
    registry: Option<&Ref<Arn>>,
    live: &Live,
    outputs: &dyn Resolve,
    diff: &mut Diff,
) {
    let texts = balancing.map(|one| {
        let LoadBalancing {
            target_group,
            container,
            port,
            grace: _, // below
        } = one;
        crate::resource::Text::from(target_group).then(format!(" on {container}:{port}"))
    });
    diff_texts("load_balancers", texts, &live.target_groups, outputs, diff);
    let grace = balancing.map_or(0, |one| one.grace.as_secs());
    diff.field("health_check_grace_period", &grace, &live.health_check_grace);
    let registry = registry.map(crate::resource::Text::from);
    diff_texts("service_registries", registry, &live.registries, outputs, diff);
}

/// Compares what there may be one of with what there may be several of.
fn diff_texts(
    field: &str,
    want: Option<crate::resource::Text>,
    have: &[String],
    outputs: &dyn Resolve,
    diff: &mut Diff,
) {
    let have = have.join(", ");
    let want = want.unwrap_or_default();
    diff.text(field, &want, &have, outputs, Effect::InPlace);
}

fn diff_rollout(live: &Live, diff: &mut Diff) {
    match live.primary.as_ref().map(|primary| &primary.rollout) {
        Some(Rollout::InProgress) => diff.pending("rollout", "IN_PROGRESS", "COMPLETED"),
        Some(Rollout::Failed(why)) => diff.push(
            "rollout".to_owned(),
            Some(format!("FAILED: {why}")),
            Some("COMPLETED".to_owned()),
            Effect::InPlace,
        ),
        Some(Rollout::Completed) | None => {}
    }
}

/// Sends what differs; answers the id of the deployment that is now the primary one.
async fn send_update(
    cx: &Step,
    desired: &Desired,
    live: &Live,
    diff: &Diff,
) -> Result<String, Error> {
    let changes = |field: &str| diff.has(field);
    let network_changes = ["subnets", "security_groups", "assign_public_ip"]
        .into_iter()
        .any(changes);
    let network = network_changes.then(|| desired.network.to_sdk(cx)).transpose()?;
    let deployment_changes = ["minimum_healthy_percent", "maximum_percent", "circuit_breaker"]
        .into_iter()
        .any(changes);
    let strategy = changes("capacity_provider_strategy")
        .then(|| strategy(desired))
        .transpose()?;
    let failed_before = live
        .primary
        .as_ref()
        .is_some_and(|primary| matches!(primary.rollout, Rollout::Failed(_)));
    // ECS takes another strategy only with a new deployment, and repeats a failed one only when told to.
    let force = strategy.is_some() || failed_before;
    let definition = cx.get(&desired.task_definition)?;
    let definition = changes("task_definition").then(|| definition.to_string());
    let balancers = load_balancers(cx, desired)?;
    let balancers = changes("load_balancers").then_some(balancers);
    let registries = registries(cx, desired)?;
    let registries = changes("service_registries").then_some(registries);
    let what = format!("service {}", live.name);
    let answer = until_accepted(cx, &what, Patience::seconds(5, 5, 300), || async {
        cx.clients()
            .ecs()
            .update_service()
            .cluster(live.cluster.as_str())
            .service(&live.name)
            .set_task_definition(definition.clone())
            .set_desired_count(changes("desired_count").then(|| desired.count.first()))
            .set_capacity_provider_strategy(strategy.clone())
            .set_platform_version(changes("platform_version").then(|| PLATFORM.to_owned()))
            .set_network_configuration(network.clone())
            .set_deployment_configuration(
                deployment_changes.then(|| deployment_configuration(desired)),
            )
            .set_health_check_grace_period_seconds(
                changes("health_check_grace_period").then(|| grace(desired).unwrap_or(0)),
            )
            .set_load_balancers(balancers.clone())
            .set_service_registries(registries.clone())
            .set_enable_execute_command(
                changes("execute_command").then_some(desired.execute_command),
            )
            .set_propagate_tags(changes("propagate_tags").then_some(PropagateTags::Service))
            .force_new_deployment(force)
            .send()
            .await
            .map_err(failed("ecs:UpdateService"))
    })
    .await?;
    Ok(begun(answer.service(), "ecs:UpdateService")?.1)
}

/// The service's ARN and the id of its primary deployment.
fn begun(
    service: Option<&Service>,
    operation: &'static str,
) -> Result<(String, String), Error> {
    let arn = service.and_then(Service::service_arn);
    let deployment = service.and_then(primary).and_then(|one| one.id());
    match (arn, deployment) {
        (Some(arn), Some(deployment)) => Ok((arn.to_owned(), deployment.to_owned())),
        _ => Err(Error::Incomplete {
            operation,
            missing: "a service with a primary deployment",
        }),
    }
}

fn strategy(
    desired: &Desired,
) -> Result<Vec<aws_sdk_ecs::types::CapacityProviderStrategyItem>, Error> {
    desired.strategy.iter().map(Share::to_sdk).collect()
}

fn deployment_configuration(desired: &Desired) -> DeploymentConfiguration {
    let percent = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    DeploymentConfiguration::builder()
        .deployment_circuit_breaker(
            DeploymentCircuitBreaker::builder()
                .enable(true)
                .rollback(true)
                .build(),
        )
        .minimum_healthy_percent(percent(desired.minimum_healthy_percent))
        .maximum_percent(percent(desired.maximum_percent))
        .build()
}

fn grace(desired: &Desired) -> Option<i32> {
    desired
        .load_balancing
        .as_ref()
        .map(|one| seconds(one.grace))
}

fn load_balancers(cx: &Step, desired: &Desired) -> Result<Vec<LoadBalancer>, Error> {
    let balancers = desired.load_balancing.iter().map(|one| {
        Ok(LoadBalancer::builder()
            .target_group_arn(cx.get(&one.target_group)?.as_str())
            .container_name(&one.container)
            .container_port(i32::from(one.port))
            .build())
    });
    balancers.collect()
}

/// An A-record registry names neither container nor port.
fn registries(cx: &Step, desired: &Desired) -> Result<Vec<ServiceRegistry>, Error> {
    let registries = desired.registry.iter().map(|arn| {
        Ok(ServiceRegistry::builder()
            .registry_arn(cx.get(arn)?.as_str())
            .build())
    });
    registries.collect()
}
