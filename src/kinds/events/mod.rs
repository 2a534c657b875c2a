//! EventBridge: what happens in AWS, and whom it starts.

mod push;
mod rule;
mod trigger;

pub(crate) use push::push;
pub(crate) use rule::{Desired as RuleDesired, Rule};
pub(crate) use trigger::Trigger;
