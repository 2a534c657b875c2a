//! Elastic Container Service: the cluster, task definitions, services, and one-off tasks.

mod acceptance;
mod aftermath;
mod cluster;
mod cluster_blockers;
mod container;
mod ended;
mod fields;
mod log;
mod network;
mod registered;
mod remedy;
mod rollout;
mod run;
mod service;
mod service_calls;
mod service_diff;
mod service_state;
mod tagging;
mod task_definition;
mod tasks;

pub(crate) use cluster::{Desired as ClusterDesired, EcsCluster};
pub(crate) use container::{Container, Health};
pub(crate) use ended::Ended;
pub(crate) use log::TaskLog;
pub(crate) use network::TaskNetwork;
pub(crate) use remedy::remedy;
pub(crate) use run::OneOff;
pub(crate) use service::{Count, Desired as EcsServiceDesired, EcsService, LoadBalancing, restart};
pub(crate) use service_state::Share;
pub(crate) use task_definition::{Architecture, Desired as TaskDefinitionDesired, TaskDefinition};
