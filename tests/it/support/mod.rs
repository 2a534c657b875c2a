//! What every test stands on: one simulation for the whole run, an account of its own for each test.

pub mod account;
mod left;
mod standin;
mod world;

pub use left::left;
pub use standin::Call;
pub use world::{World, example, planned, run};
