//! Step Functions: the machines that wake a control plane, and that archive log groups.

mod calls;
mod control_plane;
mod definition;
mod log_archive;
#[cfg(test)]
mod model;
mod state_machine;

pub(crate) use calls::sleep;
pub(crate) use control_plane::Settings as ControlPlaneSettings;
pub(crate) use definition::Definition;
pub(crate) use log_archive::{Group as ArchivedGroup, Settings as LogArchiveSettings};
pub(crate) use state_machine::{Desired as StateMachineDesired, Sort, StateMachine};
