//! What every test stands on: one simulation for the whole run, an account of its own for each test.

mod standin;
mod world;

pub use standin::Call;
pub use world::{Output, World};
