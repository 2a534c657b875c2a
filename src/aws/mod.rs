//! AWS as this program talks to it: lazily made clients and errors with AWS's own words.
//!
//! Nothing here knows a resource; what one service's resource needs lives with its kind.

mod clients;
mod error;

pub(crate) use clients::{Clients, once};
pub(crate) use error::{AwsError, Class, OrAbsent, failed};
