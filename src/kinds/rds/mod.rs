//! RDS: an Aurora PostgreSQL cluster, its instances, and the groups they need.

mod arn;
mod capacity;
pub(crate) mod cluster;
mod cluster_calls;
mod cluster_diff;
mod cluster_members;
mod events;
pub(crate) mod instance;
mod instance_calls;
pub(crate) mod parameter_group;
mod parameters;
mod phase;
mod snapshot;
pub(crate) mod subnet_group;
mod subnet_group_users;
mod tagging;
mod version;

pub(crate) use capacity::Capacity;
pub(crate) use cluster::DbCluster;
pub(crate) use instance::DbInstance;
pub(crate) use parameter_group::DbClusterParameterGroup;
pub(crate) use phase::{Phase, ailment};
pub(crate) use subnet_group::DbSubnetGroup;
pub(crate) use version::VersionPrefix;
