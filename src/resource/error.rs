//! Why observing or changing a resource failed.

use std::time::Duration;

use super::{Address, Attribute};
use crate::aws::AwsError;

/// What a kind can fail with.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// AWS refused a call, or did not answer it.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The resource reached a state it cannot leave. `detail` holds AWS's own reasons, a line each.
    #[error("{what}{}{state}{}", verb(state), lines(detail))]
    Failed {
        /// What was waited for.
        what: String,
        /// The state it is in, as AWS spells it.
        state: String,
        /// AWS's reasons: events, stopped tasks, log lines.
        detail: Vec<String>,
    },
    /// It took longer than its own deadline, or than a step may take. `detail` holds AWS's own reasons, a line each.
    #[error("{what} was still {state} after {}{}", humantime::format_duration(*after), lines(detail))]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The last state seen.
        state: String,
        /// How long it was waited for.
        after: Duration,
        /// What AWS says of it.
        detail: Vec<String>,
    },
    /// The run was halted while it waited; what was begun goes on in AWS.
    #[error("halted while waiting for {what}")]
    Interrupted {
        /// What was waited for.
        what: String,
    },
    /// An output that should be published by now is not: a defect of this program.
    #[error("the {attribute} of {address} is not known yet")]
    Unresolved {
        /// Whose output.
        address: Address,
        /// Which output.
        attribute: Attribute,
    },
    /// More than one live resource carries one address.
    #[error("{address} is there {} times: {}", ids.len(), ids.join(", "))]
    Ambiguous {
        /// The address they carry.
        address: Address,
        /// The ids of all of them.
        ids: Vec<String>,
    },
    /// Something the spec names is not there, or not as it must be.
    #[error("{message}")]
    Lookup {
        /// What is missing or wrong, and what to do.
        message: String,
    },
    /// AWS answered a success without what it always holds.
    #[error("AWS answered {operation} without {missing}")]
    Incomplete {
        /// The call.
        operation: &'static str,
        /// What the answer lacks.
        missing: &'static str,
    },
    /// Anything else that went wrong on this side.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The failed call, if it was one.
    #[must_use]
    pub(crate) fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Aws(error) => Some(error),
            _ => None,
        }
    }

    /// Whether every further call would fail for the same reason.
    #[must_use]
    pub(crate) fn is_pointless(&self) -> bool {
        self.aws().is_some_and(AwsError::is_pointless)
    }
}

/// What stands between a resource and its state: `failed` is said of it as it is, other states it is in.
fn verb(state: &str) -> &'static str {
    if state.starts_with("failed") {
        " "
    } else {
        " is "
    }
}

fn lines(detail: &[String]) -> String {
    detail.iter().map(|line| format!("\n{line}")).collect()
}
