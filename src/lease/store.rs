//! Where leases are kept, as the protocol needs it.

use std::future::Future;

use super::record::{Lease, Mark};
use crate::resource::Error;

/// What must stand in the store for a write or a deletion to act.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// No lease.
    Nothing,
    /// A lease in exactly this state.
    Exactly(&'a Mark),
    /// A lease with this token, however often renewed.
    Token(&'a str),
}

impl Expected<'_> {
    /// Whether `there` is what is expected.
    #[cfg(test)]
    pub(super) fn is_met_by(self, there: Option<&Lease>) -> bool {
        match self {
            Self::Nothing => there.is_none(),
            Self::Exactly(mark) => there.is_some_and(|lease| lease.mark == *mark),
            Self::Token(token) => there.is_some_and(|lease| lease.mark.token == token),
        }
    }
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It stands.
    Done,
    /// Something else stands there. It can be our own write, sent before, whose answer was lost.
    Refused,
    /// There is no place for leases yet.
    NoPlace,
}

/// What came of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// It is gone.
    Done,
    /// Something else stands there, or nothing.
    Refused,
}

/// Keeps at most one lease a stack.
///
/// A call that fails without a clear answer may have acted.
pub(crate) trait Store: Send + Sync + 'static {
    /// Makes the place for leases, and waits until it can be used. It may be there.
    fn prepare(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// The lease of a stack after all writes that have been answered.
    fn read(&self, stack: &str) -> impl Future<Output = Result<Option<Lease>, Error>> + Send;

    /// Puts a lease where `expected` stands.
    fn write(
        &self,
        lease: &Lease,
        expected: Expected<'_>,
    ) -> impl Future<Output = Result<Written, Error>> + Send;

    /// Deletes the lease of a stack if `expected` stands there.
    fn delete(
        &self,
        stack: &str,
        expected: Expected<'_>,
    ) -> impl Future<Output = Result<Deleted, Error>> + Send;
}
