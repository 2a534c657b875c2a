//! CloudWatch Logs: the groups that the tasks' output goes to.

mod log_group;

pub(crate) use log_group::{LogGroup, LogGroupDesired};
