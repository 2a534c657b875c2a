//! SNS: the topic that alarms are told to, and who hears of them.

mod subscription;
mod topic;

pub(crate) use subscription::{Subscription, SubscriptionDesired, unconfirmed};
pub(crate) use topic::{Topic, TopicDesired};
