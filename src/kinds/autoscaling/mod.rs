//! Application Auto Scaling: how many tasks a service may have, and what adds or removes one.

mod scalable_target;
mod scaling_policy;

pub(crate) use scalable_target::{Desired as ScalableTargetDesired, ScalableTarget};
pub(crate) use scaling_policy::{Desired as ScalingPolicyDesired, Metric, ScalingPolicy};

/// What Application Auto Scaling calls a service.
pub(crate) fn resource_id(cluster: &str, service: &str) -> String {
    format!("service/{cluster}/{service}")
}
