//! AWS as this program talks to it: lazily made clients, errors with AWS's own words, and quotas.
//!
//! Nothing here knows a resource; what one service's resource needs lives with its kind.

mod class;
mod clients;
mod error;
mod quota;
mod throttle;

pub(crate) use class::Class;
pub(crate) use clients::{Clients, once};
pub(crate) use error::{AwsError, OrAbsent, failed};
pub(crate) use quota::{Quota, applied, quota_of};
pub(crate) use throttle::retries;
