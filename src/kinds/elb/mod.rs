//! Elastic Load Balancing: the public load balancer, its listeners and rules, and the target group behind them.
//!
//! Listeners and rules are found through their parents, so a look goes down from the load balancer: it takes
//! three answers before the rules' own tags can be asked for. [`look`] takes that walk once, for all three kinds.

mod action;
mod attributes;
mod balancer_blockers;
mod condition;
mod health_check;
mod listener;
mod load_balancer;
mod look;
mod rule;
mod tagging;
mod target_blockers;
mod target_group;

pub(crate) use action::Action;
pub(crate) use attributes::AccessLogs;
pub(crate) use health_check::HealthCheck;
pub(crate) use listener::{Listener, ListenerDesired, Protocol};
pub(crate) use load_balancer::{LoadBalancer, LoadBalancerDesired};
pub(crate) use look::LoadBalancerLive;
pub(crate) use rule::{ListenerRule, ListenerRuleDesired};
pub(crate) use target_group::{TargetGroup, TargetGroupDesired};
