//! The protocol on a store in memory and on paused time.

mod fake;
mod hold;
mod never_both;
mod take;

use std::time::{Duration, SystemTime};

use super::record::{Lease, Mark, Owner};

/// Somebody's lease, taken on the 1st of May 2026.
pub(crate) fn sample() -> Lease {
    let taken_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_777_629_600);
    Lease {
        stack: "kong-gw".to_owned(),
        mark: Mark {
            token: "0123456789abcdef0123456789abcdef".to_owned(),
            version: 3,
        },
        owner: Owner {
            user: "ann".to_owned(),
            host: "build-7".to_owned(),
            process: 4711,
            run: Some("https://ci.example.com/runs/42".to_owned()),
        },
        purpose: "apply".to_owned(),
        taken_at,
        expires_at: taken_at + Duration::from_secs(90),
        duration: Duration::from_secs(60),
    }
}
