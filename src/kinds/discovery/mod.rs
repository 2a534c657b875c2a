//! Cloud Map: the private name under which data planes find the control plane.

mod instances;
mod namespace;
mod namespace_calls;
mod operation;
mod service;
mod tagging;

pub(crate) use namespace::{Namespace, NamespaceDesired};
pub(crate) use service::{DiscoveryService, DiscoveryServiceDesired};
