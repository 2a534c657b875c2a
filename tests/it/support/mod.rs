//! What every test stands on: one simulation for the whole run, an account of its own for each test.

pub(crate) mod account;
mod edge;
pub(crate) mod leases;
mod left;
mod left_guards;
mod production;
mod running;
mod secrets;
pub(crate) mod standin;
mod world;

pub(crate) use edge::{Edge, Seen};
pub(crate) use left::left;
pub(crate) use production::production;
pub(crate) use running::Running;
pub(crate) use secrets::{secret_values, shows};
pub(crate) use standin::rounds;
pub(crate) use world::{Output, World, example, planned, run, wide};
