//! IAM: the roles tasks run as, what these may do, and the policies that other services' resources carry.

mod policy;
mod resource_policy;
pub(crate) mod role;
mod role_holders;
pub(crate) mod role_policy;
mod tagging;

pub(crate) use policy::{Condition, PolicyDocument, Statement, Statements};
pub(crate) use resource_policy::{Grant, Principal, ResourcePolicy};
pub(crate) use role::Role;
pub(crate) use role_policy::RolePolicy;
