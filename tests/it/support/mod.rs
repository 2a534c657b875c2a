//! What every test stands on: one simulation for the whole run, an account of its own for each test.

pub(crate) mod account;
mod left;
mod standin;
mod world;

pub(crate) use left::left;
pub(crate) use standin::Call;
pub(crate) use world::{World, example, planned, run};
