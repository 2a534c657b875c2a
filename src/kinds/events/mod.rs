//! EventBridge: what happens in AWS, and whom it starts.

mod push;
mod rule;

pub(crate) use push::push;
pub(crate) use rule::{Desired as RuleDesired, Pattern, Rule};
