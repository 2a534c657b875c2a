//! Target tracking: a metric that is held at a value by adding and removing tasks.
//!
//! Policies take no tags. Their names say which resource of a stack they are; the service they scale says of which
//! stack. Policies of other names on the same service are somebody else's and stay.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalingPolicy as Sdk,
    ServiceNamespace, TargetTrackingScalingPolicyConfiguration,
};
use futures::future::try_join_all;

use super::resource_id;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Patience,
    References, Resolve, Step, Text, Wanted,
};

/// What the names of the stack's policies begin with; the address follows.
const PREFIX: &str = "kongstack/";

/// A target tracking policy of a service.
#[derive(Debug)]
pub(crate) struct ScalingPolicy;

/// What a policy should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The service's name.
    pub(crate) service: String,
    /// The scalable target's address: it must be there first.
    pub(crate) of: Address,
    /// What is measured.
    pub(crate) metric: Metric,
    /// The value to hold: percent, or requests a minute and task.
    pub(crate) target: u32,
    /// After tasks were added, before more are.
    pub(crate) scale_out_cooldown: Duration,
    /// After tasks were removed, before more are.
    pub(crate) scale_in_cooldown: Duration,
}

/// What a policy measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Average CPU of the tasks, in percent of what they reserve.
    Cpu,
    /// Average memory of the tasks, in percent of what they reserve.
    Memory,
    /// Requests a minute and task.
    RequestsPerTarget {
        /// The load balancer and target group that count them: `app/name/id/targetgroup/name/id`.
        label: Text,
    },
}

impl Metric {
    fn to_sdk(&self) -> MetricType {
        match self {
            Self::Cpu => MetricType::EcsServiceAverageCpuUtilization,
            Self::Memory => MetricType::EcsServiceAverageMemoryUtilization,
            Self::RequestsPerTarget { .. } => MetricType::AlbRequestCountPerTarget,
        }
    }

    fn label(&self) -> Option<&Text> {
        match self {
            Self::RequestsPerTarget { label } => Some(label),
            Self::Cpu | Self::Memory => None,
        }
    }
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    arn: String,
    name: String,
    resource_id: String,
    metric: String,
    label: String,
    target: f64,
    scale_out_cooldown: i32,
    scale_in_cooldown: i32,
    scale_in_disabled: bool,
}

impl Kind for ScalingPolicy {
    const TYPE: &'static str = "AWS::ApplicationAutoScaling::ScalingPolicy";
    const NOUN: &'static str = "scaling policy";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let labels = desired.metric.label();
        labels
            .into_iter()
            .fold(References::none(), References::in_text)
            .after(&desired.of)
    }

    /// One call a service: all its policies, wanted or not.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let ids: BTreeSet<String> = wanted.iter().map(|one| one.desired.resource_id()).collect();
        let found = try_join_all(ids.iter().map(|id| read(cx.clients(), id))).await?;
        let ours = found.into_iter().flatten().filter_map(|live| {
            let address: Address = live.name.strip_prefix(PREFIX)?.parse().ok()?;
            Some(Found::Owned(address, live))
        });
        Ok(ours.collect())
    }

    fn id(live: &Live) -> String {
        live.arn.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.resource_id.clone()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            cluster: _, // both are in the resource id that was asked for
            service: _,
            of: _, // says when, not what
            metric,
            target,
            scale_out_cooldown,
            scale_in_cooldown,
        } = desired;
        let mut diff = Diff::new();
        diff.field("metric", &metric.to_sdk().as_str().to_owned(), &live.metric);
        let label = metric.label().cloned().unwrap_or_default();
        diff.text(
            "resource_label",
            &label,
            &live.label,
            outputs,
            Effect::InPlace,
        );
        diff.field("target_value", &f64::from(*target), &live.target);
        let (out, back) = (seconds(*scale_out_cooldown), seconds(*scale_in_cooldown));
        diff.field("scale_out_cooldown", &out, &live.scale_out_cooldown);
        diff.field("scale_in_cooldown", &back, &live.scale_in_cooldown);
        diff.field("scale_in_disabled", &false, &live.scale_in_disabled);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        put(cx, desired).await
    }

    /// A policy is always put as a whole.
    async fn update(
        cx: &Step,
        desired: &Desired,
        _live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        put(cx, desired).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .autoscaling()
            .delete_scaling_policy()
            .policy_name(&live.name)
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(&live.resource_id)
            .send()
            .await
            .map_err(failed("application-autoscaling:DeleteScalingPolicy"))
            .or_absent(&["ObjectNotFoundException"])?;
        Ok(Vec::new())
    }
}

impl Desired {
    fn resource_id(&self) -> String {
        resource_id(&self.cluster, &self.service)
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

async fn read(clients: &Clients, resource_id: &str) -> Result<Vec<Live>, Error> {
    let mut pages = clients
        .autoscaling()
        .describe_scaling_policies()
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(resource_id)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(policy) = pages.next().await {
        let policy = policy.map_err(failed("application-autoscaling:DescribeScalingPolicies"))?;
        found.push(from_sdk(&policy));
    }
    Ok(found)
}

fn from_sdk(policy: &Sdk) -> Live {
    let tracking = policy.target_tracking_scaling_policy_configuration();
    let metric = tracking.and_then(|one| one.predefined_metric_specification());
    // AWS's default cooldown for ECS services is 300 s.
    let cooldown = |value: Option<i32>| value.unwrap_or(300);
    Live {
        arn: policy.policy_arn().to_owned(),
        name: policy.policy_name().to_owned(),
        resource_id: policy.resource_id().to_owned(),
        metric: metric.map_or_else(
            || policy.policy_type().as_str().to_owned(),
            |one| one.predefined_metric_type().as_str().to_owned(),
        ),
        label: metric
            .and_then(|one| one.resource_label())
            .unwrap_or_default()
            .to_owned(),
        target: tracking.map_or(0.0, |one| one.target_value()),
        scale_out_cooldown: cooldown(tracking.and_then(|one| one.scale_out_cooldown())),
        scale_in_cooldown: cooldown(tracking.and_then(|one| one.scale_in_cooldown())),
        scale_in_disabled: tracking
            .and_then(|one| one.disable_scale_in())
            .unwrap_or(false),
    }
}

async fn put(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
    let name = format!("{PREFIX}{}", cx.address);
    let label = desired
        .metric
        .label()
        .map(|label| cx.text(label))
        .transpose()?;
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(desired.metric.to_sdk())
        .set_resource_label(label)
        .build()
        .map_err(|error| Error::Internal(error.to_string()))?;
    let tracking = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(f64::from(desired.target))
        .predefined_metric_specification(metric)
        .scale_out_cooldown(seconds(desired.scale_out_cooldown))
        .scale_in_cooldown(seconds(desired.scale_in_cooldown))
        .disable_scale_in(false)
        .build();
    let tracking = tracking.map_err(|error| Error::Internal(error.to_string()))?;
    // The target was registered moments ago and may not be known everywhere yet.
    let unseen = ["ObjectNotFoundException", "ConcurrentUpdateException"];
    let patience = Patience::seconds(3, 3, 60);
    let answer = cx
        .retry("the scaling policy", patience, &unseen, || async {
            cx.clients()
                .autoscaling()
                .put_scaling_policy()
                .policy_name(&name)
                .policy_type(PolicyType::TargetTrackingScaling)
                .service_namespace(ServiceNamespace::Ecs)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .resource_id(desired.resource_id())
                .target_tracking_scaling_policy_configuration(tracking.clone())
                .send()
                .await
                .map_err(failed("application-autoscaling:PutScalingPolicy"))
        })
        .await?;
    cx.made(answer.policy_arn());
    Ok(Outputs::default().with(Arn::new(answer.policy_arn())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn desired(metric: Metric) -> Desired {
        Desired {
            cluster: "gw".to_owned(),
            service: "gw-dp".to_owned(),
            of: Address::new(crate::resource::Layer::DataPlane, "scalable-target"),
            metric,
            target: 60,
            scale_out_cooldown: Duration::from_secs(60),
            scale_in_cooldown: Duration::from_secs(300),
        }
    }

    fn live() -> Live {
        Live {
            arn: "arn:policy".to_owned(),
            name: "kongstack/data-plane/scaling-policy/cpu".to_owned(),
            resource_id: "service/gw/gw-dp".to_owned(),
            metric: "ECSServiceAverageCPUUtilization".to_owned(),
            label: String::new(),
            target: 60.0,
            scale_out_cooldown: 60,
            scale_in_cooldown: 300,
            scale_in_disabled: false,
        }
    }

    #[test]
    fn a_policy_as_it_was_put_is_no_change() {
        let diff = ScalingPolicy::diff(&desired(Metric::Cpu), &live(), &Nothing);
        assert!(diff.is_empty(), "{diff:?}");
    }

    #[test]
    fn a_value_changed_by_hand_is_put_back() {
        let changed = Live {
            target: 75.0,
            ..live()
        };
        let diff = ScalingPolicy::diff(&desired(Metric::Cpu), &changed, &Nothing);
        let change = &diff.changes()[0];
        assert_eq!(diff.changes().len(), 1);
        assert_eq!(change.field, "target_value");
        assert_eq!(
            (change.old.as_deref(), change.new.as_deref()),
            (Some("75"), Some("60"))
        );
    }
}
