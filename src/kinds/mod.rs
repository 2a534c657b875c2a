//! The kinds: one sort of AWS resource a file, by service.
//!
//! What AWS does with a resource lives in its kind and nowhere else; what a Kong stack wants of it, in the
//! blueprint. A new kind is one file and one line here.

pub(crate) mod autoscaling;
pub(crate) mod ecs;
pub(crate) mod iam;
pub(crate) mod kong;
mod leftover;
pub(crate) mod rds;
pub(crate) mod secrets;

use crate::resource::{KindRef, kind};

/// Every kind there is, sorted by type.
pub(crate) static ALL: &[KindRef] = &[
    kind::<autoscaling::ScalableTarget>(),
    kind::<autoscaling::ScalingPolicy>(),
    kind::<ecs::EcsCluster>(),
    kind::<ecs::EcsService>(),
    kind::<ecs::TaskDefinition>(),
    kind::<iam::Role>(),
    kind::<iam::RolePolicy>(),
    kind::<rds::DbCluster>(),
    kind::<rds::DbClusterParameterGroup>(),
    kind::<rds::DbInstance>(),
    kind::<rds::DbSubnetGroup>(),
    kind::<secrets::Secret>(),
    kind::<kong::Schema>(),
    kind::<kong::SchemaFinish>(),
];
