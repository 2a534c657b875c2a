//! Resources that are Kong's and not AWS's: the schema in the database, brought to a version by one-off tasks.
//!
//! What was done is written down as tags on the database cluster, beside the data it was done to: a restored or
//! replaced cluster does not inherit the word of another.

mod admin_api;
mod admin_route;
pub(crate) mod by_hand;
mod finish;
mod marks;
mod schema;
mod work;

pub(crate) use admin_api::key as admin_key;
pub(crate) use admin_route::{AdminRoute, Desired as AdminRouteDesired, KeySecret};
pub(crate) use finish::{Desired as SchemaFinishDesired, SchemaFinish};
pub(crate) use marks::{FINISHED, SCHEMA};
pub(crate) use schema::{Desired as SchemaDesired, Schema};
