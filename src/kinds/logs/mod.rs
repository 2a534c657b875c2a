//! CloudWatch Logs: the groups that the tasks' output goes to.

mod encryption;
mod log_group;
mod log_group_calls;
mod recreated;

pub(crate) use encryption::remedy as key_remedy;
pub(crate) use log_group::{LogGroup, LogGroupDesired};
