//! A lease as it stands in the table.

use std::time::{Duration, SystemTime};

/// One state of a lease. Conditions are made of it, and whoever watches a lease compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Random, and another one each time the lease is taken.
    pub(crate) token: String,
    /// One more with each renewal.
    pub(crate) version: u64,
}

/// Who holds a lease, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The user's name on their machine.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The process there.
    pub(crate) process: u32,
    /// The address of the pipeline's run, if it is one.
    pub(crate) run: Option<String>,
}

/// A lease: who may change a stack now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The stack's name.
    pub(crate) stack: String,
    /// Its state.
    pub(crate) mark: Mark,
    /// Whose it is.
    pub(crate) owner: Owner,
    /// What it was taken for: the command, such as `apply` or `destroy`.
    pub(crate) purpose: String,
    /// When it was taken, on its owner's clock.
    pub(crate) taken_at: SystemTime,
    /// When it expires unless it is renewed, on its owner's clock.
    pub(crate) expires_at: SystemTime,
    /// How long it stays valid after each renewal.
    pub(crate) duration: Duration,
}

impl Lease {
    /// The same lease, renewed at `now`.
    pub(super) fn renewed(&self, now: SystemTime) -> Self {
        let mut renewed = self.clone();
        renewed.mark.version += 1;
        renewed.expires_at = now + self.duration;
        renewed
    }

    /// Whether it has expired at `now`, as far as two clocks can tell.
    #[must_use]
    pub(crate) fn has_expired(&self, now: SystemTime) -> bool {
        self.expires_at <= now
    }
}
