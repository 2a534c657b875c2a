//! Step Functions: the machine that wakes a control plane and puts it to sleep.

mod calls;
mod definition;
#[cfg(test)]
mod model;
mod state_machine;

pub(crate) use calls::sleep;
pub(crate) use definition::Settings;
pub(crate) use state_machine::{Desired as StateMachineDesired, StateMachine};
