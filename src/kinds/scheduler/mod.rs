//! EventBridge Scheduler: where timers lie.

mod schedule_group;

pub(crate) use schedule_group::{Desired as ScheduleGroupDesired, ScheduleGroup};
