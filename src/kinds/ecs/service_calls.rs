//! The calls that make and change a service, and the forms ECS takes its parts in.

use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, DeploymentCircuitBreaker, DeploymentConfiguration, LoadBalancer,
    PropagateTags, Service, ServiceRegistry,
};

use super::acceptance::until_accepted;
use super::container::seconds;
use super::service::{Count, Desired, PLATFORM};
use super::service_state::{Begun, Live, Rollout, Share, primary};
use super::{run, tagging};
use crate::aws::failed;
use crate::resource::{Arn, Diff, Error, Output, Patience, Step};

/// Makes the service; answers its ARN and its first deployment.
pub(super) async fn create(cx: &Step, desired: &Desired) -> Result<(String, Begun), Error> {
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
    begun(answer.service(), "ecs:CreateService")
}

/// Sends what differs; answers the deployment that is now the primary one.
pub(super) async fn update(
    cx: &Step,
    desired: &Desired,
    live: &Live,
    diff: &Diff,
) -> Result<Begun, Error> {
    let changes = |fields: &[&str]| fields.iter().any(|field| diff.has(field));
    let network = ["subnets", "security_groups", "assign_public_ip"];
    let network = when(changes(&network), || desired.network.to_sdk(cx))?;
    let deployment = [
        "minimum_healthy_percent",
        "maximum_percent",
        "circuit_breaker",
    ];
    let deployment = changes(&deployment).then(|| deployment_configuration(desired));
    let strategy = when(changes(&["capacity_provider_strategy"]), || {
        strategy(desired)
    })?;
    let definition = when(changes(&["task_definition"]), || {
        cx.get(&desired.task_definition)
    })?;
    let balancers = when(changes(&["load_balancers"]), || load_balancers(cx, desired))?;
    let registries = when(changes(&["service_registries"]), || registries(cx, desired))?;
    let grace = changes(&["health_check_grace_period"]).then(|| grace(desired).unwrap_or(0));
    let platform = changes(&["platform_version"]).then(|| PLATFORM.to_owned());
    // A fixed count is always said: the step before this one may have stopped the tasks, or it sleeps.
    let fixed = matches!(desired.count, Count::Fixed(_) | Count::OnDemand);
    let count = (fixed || changes(&["desired_count"])).then(|| desired.count.first());
    let exec = changes(&["execute_command"]).then_some(desired.execute_command);
    let propagate = changes(&["propagate_tags"]).then_some(PropagateTags::Service);
    let before = live.primary.as_ref().map(|primary| &primary.rollout);
    // ECS takes another strategy only with a new deployment, and repeats a failed one only when told to.
    let force = strategy.is_some() || matches!(before, Some(Rollout::Failed(_)));
    let what = format!("service {}", live.name);
    let answer = until_accepted(cx, &what, Patience::seconds(5, 5, 300), || async {
        cx.clients()
            .ecs()
            .update_service()
            .cluster(live.cluster.as_str())
            .service(&live.name)
            .set_task_definition(definition.as_ref().map(ToString::to_string))
            .set_desired_count(count)
            .set_capacity_provider_strategy(strategy.clone())
            .set_platform_version(platform.clone())
            .set_network_configuration(network.clone())
            .set_deployment_configuration(deployment.clone())
            .set_health_check_grace_period_seconds(grace)
            .set_load_balancers(balancers.clone())
            .set_service_registries(registries.clone())
            .set_enable_execute_command(exec)
            .set_propagate_tags(propagate.clone())
            .force_new_deployment(force)
            .send()
            .await
            .map_err(failed("ecs:UpdateService"))
    })
    .await?;
    Ok(begun(answer.service(), "ecs:UpdateService")?.1)
}

/// Begins a deployment of what the service has already.
pub(super) async fn restart(cx: &Step, cluster: &Arn, name: &str) -> Result<Begun, Error> {
    let what = format!("service {name}");
    let answer = until_accepted(cx, &what, Patience::seconds(5, 5, 300), || async {
        let call = cx
            .clients()
            .ecs()
            .update_service()
            .force_new_deployment(true);
        let call = call.cluster(cluster.as_str()).service(name);
        call.send().await.map_err(failed("ecs:UpdateService"))
    })
    .await?;
    Ok(begun(answer.service(), "ecs:UpdateService")?.1)
}

/// What `make` makes, if it is needed.
fn when<T>(needed: bool, make: impl FnOnce() -> Result<T, Error>) -> Result<Option<T>, Error> {
    needed.then(make).transpose()
}

/// The service's ARN and its primary deployment.
fn begun(service: Option<&Service>, operation: &'static str) -> Result<(String, Begun), Error> {
    let arn = service.and_then(Service::service_arn);
    let deployment = service.and_then(primary).and_then(Begun::from_sdk);
    match (arn, deployment) {
        (Some(arn), Some(deployment)) => Ok((arn.to_owned(), deployment)),
        _ => Err(Error::Incomplete {
            operation,
            missing: "a service with a primary deployment",
        }),
    }
}

fn strategy(desired: &Desired) -> Result<Vec<CapacityProviderStrategyItem>, Error> {
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

impl Count {
    fn first(self) -> i32 {
        let count = match self {
            Self::Fixed(count) | Self::Scaled(count) => count,
            Self::OnDemand => 1,
        };
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}
