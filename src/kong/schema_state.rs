//! What a database's schema can be to an image, and the exit codes that say so.

use std::fmt;

/// The scripts' own exit code for [`SchemaState::Torn`].
pub(super) const TORN: i32 = 6;

/// What a database's schema is to an image: the exit code of a task that ran `kong migrations list` last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// Of the image's version, with nothing left of older ones.
    Clean,
    /// Not there.
    NeedsBootstrap,
    /// Usable by old and new nodes: `up` has run and `finish` has not.
    Pending,
    /// Older: `up` has not run.
    New,
    /// Both: an `up` was cut off, or the `finish` of an earlier upgrade never ran. Kong runs no new migrations before
    /// the pending ones are finished, and no node of the new version starts.
    Torn,
}

impl SchemaState {
    /// Every state with its exit code. Kong has one code for the second and the last; the scripts tell them apart by
    /// what `list` says, so that nobody depends on all of a log having arrived.
    pub(crate) const ALL: [(Self, i32); 5] = [
        (Self::Clean, 0),
        (Self::NeedsBootstrap, 3),
        (Self::Pending, 4),
        (Self::New, 5),
        (Self::Torn, TORN),
    ];

    /// The state that an exit code stands for; none when something else went wrong.
    #[must_use]
    pub(crate) fn of(exit_code: Option<i32>) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, code)| exit_code == Some(*code));
        found.map(|(state, _)| *state)
    }
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clean => "the schema is of the image's version",
            Self::NeedsBootstrap => "the database has no schema yet: it needs `bootstrap`",
            Self::Pending => "migrations are pending: they wait for `finish`",
            Self::New => "there are new migrations: they wait for `up`",
            Self::Torn => "there are pending and new migrations: an upgrade was cut off",
        })
    }
}

/// What the marks and the task definition of a live stack say of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaMarks {
    /// The image of the migrations task definition, which any migration would run with.
    pub(crate) image: String,
    /// The image that the spec asks for.
    pub(crate) wanted: String,
    /// The image whose `up` ran last.
    pub(crate) schema: Option<String>,
    /// The image whose `finish` ran last.
    pub(crate) finished: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_exit_code() {
        for (state, code) in SchemaState::ALL {
            assert_eq!(SchemaState::of(Some(code)), Some(state));
        }
        for code in [None, Some(1), Some(2), Some(64), Some(137)] {
            assert_eq!(SchemaState::of(code), None, "{code:?}");
        }
    }
}
