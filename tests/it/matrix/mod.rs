//! Every point of a run at which it can be killed, or a call of it can fail: what is left, one more run makes whole.
//!
//! A scenario runs undisturbed once, and the simulation branches at its calls; so every point costs one run in a branch
//! of its own. What all of it is compared with is the state the undisturbed run left. The whole of it is a command of
//! its own (`tests/matrix`); the ordinary tests take a sample.

mod ending;
mod fault;
mod kill;
mod points;
mod promises;
mod scenario;
mod stage;

pub(crate) use fault::{Fault, for_good, once, throughout};
pub(crate) use kill::{Calls, kill};
pub(crate) use points::Tally;
pub(crate) use scenario::{Scenario, scenarios};
