//! CloudWatch: alarms on what a stack does, and the dashboard that shows it.

mod alarm;
mod alarm_calls;
mod dashboard;
mod metric;

pub(crate) use alarm::{Alarm, AlarmDesired, Crossing, Missing};
pub(crate) use alarm_calls::{State, prefix, states};
pub(crate) use dashboard::{Dashboard, DashboardDesired};
pub(crate) use metric::{Metric, Watched};
