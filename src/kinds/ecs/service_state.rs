//! A service as ECS describes it, and what of it can be compared.

use std::fmt;

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{
    AssignPublicIp, CapacityProviderStrategyItem, Deployment, DeploymentRolloutState,
    NetworkConfiguration, PropagateTags, Service,
};

use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{Arn, Error, Output, SecurityGroupId, SubnetId, Tags};

/// One capacity provider's part in running a service's tasks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share {
    /// `FARGATE` or `FARGATE_SPOT`.
    pub(crate) provider: String,
    /// Tasks that run on it in any case; only one provider may have any.
    pub(crate) base: u16,
    /// Its part of the others, relative to the other providers' weights.
    pub(crate) weight: u16,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} base {} weight {}",
            self.provider, self.base, self.weight
        )
    }
}

impl Share {
    pub(super) fn to_sdk(&self) -> Result<CapacityProviderStrategyItem, Error> {
        CapacityProviderStrategyItem::builder()
            .capacity_provider(&self.provider)
            .base(i32::from(self.base))
            .weight(i32::from(self.weight))
            .build()
            .map_err(|error| Error::Internal(error.to_string()))
    }

    fn from_sdk(item: &CapacityProviderStrategyItem) -> Self {
        Self {
            provider: item.capacity_provider().to_owned(),
            base: item.base().try_into().unwrap_or(0),
            weight: item.weight().try_into().unwrap_or(0),
        }
    }
}

/// The deployment that ECS is bringing the service to, or has brought it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Primary {
    pub(super) begun: Begun,
    pub(super) rollout: Rollout,
}

/// A deployment, by what tells it from all others, and when it was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) at: Option<DateTime>,
}

impl Begun {
    /// `None` when the answer lacks the id.
    pub(super) fn from_sdk(deployment: &Deployment) -> Option<Self> {
        Some(Self {
            id: deployment.id()?.to_owned(),
            at: deployment.created_at().copied(),
        })
    }
}

/// How far a deployment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rollout {
    InProgress,
    Completed,
    /// With ECS's reason.
    Failed(String),
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(super) cluster: Arn,
    pub(super) status: String,
    pub(super) desired_count: u32,
    pub(super) task_definition: Arn,
    /// Of every deployment: while one is rolled out, ECS may go back to another.
    pub(super) in_use: Vec<String>,
    pub(super) strategy: Vec<Share>,
    pub(super) platform_version: String,
    pub(super) subnets: Vec<SubnetId>,
    pub(super) security_groups: Vec<SecurityGroupId>,
    pub(super) assign_public_ip: bool,
    pub(super) minimum_healthy_percent: u32,
    pub(super) maximum_percent: u32,
    pub(super) circuit_breaker: String,
    pub(super) health_check_grace: u64,
    pub(super) execute_command: bool,
    pub(super) target_groups: Vec<String>,
    pub(super) registries: Vec<String>,
    pub(super) propagate_tags: String,
    pub(super) primary: Option<Primary>,
    pub(super) tags: Tags,
}

impl Live {
    /// `None` when the answer lacks what every service has.
    pub(super) fn from_sdk(service: &Service) -> Option<Self> {
        let vpc = service
            .network_configuration()
            .and_then(NetworkConfiguration::awsvpc_configuration);
        let deployment = service.deployment_configuration();
        let percent = |value: Option<i32>, default| {
            value
                .and_then(|value| value.try_into().ok())
                .unwrap_or(default)
        };
        let groups = vpc.map(|vpc| vpc.security_groups()).unwrap_or_default();
        Some(Self {
            arn: service.service_arn()?.to_owned(),
            name: service.service_name()?.to_owned(),
            cluster: Arn::new(service.cluster_arn()?),
            status: service.status().unwrap_or("ACTIVE").to_owned(),
            desired_count: service.desired_count().try_into().unwrap_or(0),
            task_definition: Arn::new(service.task_definition().unwrap_or_default()),
            in_use: service
                .deployments()
                .iter()
                .filter_map(|one| one.task_definition().map(str::to_owned))
                .collect(),
            strategy: service
                .capacity_provider_strategy()
                .iter()
                .map(Share::from_sdk)
                .collect(),
            platform_version: service.platform_version().unwrap_or("LATEST").to_owned(),
            subnets: vpc
                .map(|vpc| vpc.subnets().iter().map(SubnetId::new).collect())
                .unwrap_or_default(),
            security_groups: groups.iter().map(SecurityGroupId::new).collect(),
            assign_public_ip: vpc.and_then(|vpc| vpc.assign_public_ip())
                == Some(&AssignPublicIp::Enabled),
            // ECS's defaults for a service that replicates tasks.
            minimum_healthy_percent: percent(
                deployment.and_then(|one| one.minimum_healthy_percent()),
                100,
            ),
            maximum_percent: percent(deployment.and_then(|one| one.maximum_percent()), 200),
            circuit_breaker: circuit_breaker(service),
            health_check_grace: service
                .health_check_grace_period_seconds()
                .and_then(|seconds| seconds.try_into().ok())
                .unwrap_or(0),
            execute_command: service.enable_execute_command(),
            target_groups: target_groups(service),
            registries: service
                .service_registries()
                .iter()
                .filter_map(|one| one.registry_arn().map(str::to_owned))
                .collect(),
            propagate_tags: service
                .propagate_tags()
                .map_or("NONE", PropagateTags::as_str)
                .to_owned(),
            primary: primary(service).and_then(Primary::from_sdk),
            tags: tagging::from_sdk(service.tags()),
        })
    }
}

impl Primary {
    fn from_sdk(deployment: &Deployment) -> Option<Self> {
        let rollout = match deployment.rollout_state() {
            Some(DeploymentRolloutState::InProgress) => Rollout::InProgress,
            Some(DeploymentRolloutState::Failed) => {
                Rollout::Failed(deployment.rollout_state_reason().unwrap_or("").to_owned())
            }
            _ => Rollout::Completed,
        };
        Some(Self {
            begun: Begun::from_sdk(deployment)?,
            rollout,
        })
    }
}

/// The deployment ECS calls PRIMARY.
pub(super) fn primary(service: &Service) -> Option<&Deployment> {
    let mut deployments = service.deployments().iter();
    deployments.find(|one| one.status() == Some("PRIMARY"))
}

/// The circuit breaker in words, as the diff shows it.
pub(super) const fn breaker(enable: bool, rollback: bool) -> &'static str {
    match (enable, rollback) {
        (true, true) => "enabled with rollback",
        (true, false) => "enabled without rollback",
        (false, _) => "disabled",
    }
}

fn circuit_breaker(service: &Service) -> String {
    let breaker_of = service
        .deployment_configuration()
        .and_then(|one| one.deployment_circuit_breaker());
    breaker_of
        .map_or("disabled", |one| breaker(one.enable(), one.rollback()))
        .to_owned()
}

/// `arn on container:port` for each.
fn target_groups(service: &Service) -> Vec<String> {
    let balanced = service.load_balancers().iter();
    balanced
        .filter_map(|one| {
            Some(format!(
                "{} on {}:{}",
                one.target_group_arn()?,
                one.container_name()?,
                one.container_port()?
            ))
        })
        .collect()
}

/// Services of one cluster by name or ARN, whatever their state, ten a call. One that was never there, or whose
/// cluster is not, is left out.
pub(crate) async fn describe(
    clients: &Clients,
    cluster: &str,
    names: &[String],
) -> Result<Vec<Service>, Error> {
    let mut found = Vec::new();
    for chunk in names.chunks(10) {
        let answer = clients
            .ecs()
            .describe_services()
            .cluster(cluster)
            .set_services(Some(chunk.to_vec()))
            .include(aws_sdk_ecs::types::ServiceField::Tags)
            .send()
            .await
            .map_err(failed("ecs:DescribeServices"))
            .or_absent(&["ClusterNotFoundException"])?;
        found.extend(
            answer
                .and_then(|answer| answer.services)
                .unwrap_or_default(),
        );
    }
    Ok(found)
}
