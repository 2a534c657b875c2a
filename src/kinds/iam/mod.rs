//! IAM: the roles tasks run as, and what these may do.

mod policy;
pub(crate) mod role;
mod role_holders;
pub(crate) mod role_policy;
mod tagging;

pub(crate) use policy::{Condition, PolicyDocument, Statement, Statements};
pub(crate) use role::Role;
pub(crate) use role_policy::RolePolicy;
