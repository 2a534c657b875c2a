//! Versions of Aurora PostgreSQL, as wanted and as running.

use std::fmt;

/// A version as a spec names it: a major, or a major and a minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionPrefix {
    /// Such as 16.
    pub(crate) major: u16,
    /// Such as 6 in 16.6; without one any minor will do.
    pub(crate) minor: Option<u16>,
}

/// What it takes to get from a running version to a wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// Nothing.
    Stay,
    /// An upgrade in place.
    Upgrade,
    /// It cannot be done in place; the text says why.
    Never(&'static str),
}

impl VersionPrefix {
    /// The parameter group family of its major.
    pub(crate) fn family(self) -> String {
        format!("aurora-postgresql{}", self.major)
    }

    /// How a cluster running `live`, such as `16.6`, gets to this version.
    pub(super) fn from(self, live: &str) -> Move {
        let mut parts = live.split(['.', '-']).map(|part| part.parse::<u16>().ok());
        let (major, minor) = (parts.next().flatten(), parts.next().flatten());
        if major != Some(self.major) {
            return Move::Never(
                "another major version needs the data to be upgraded, which apply does not do",
            );
        }
        match (self.minor, minor) {
            (Some(want), Some(have)) if want > have => Move::Upgrade,
            (Some(want), Some(have)) if want < have => {
                Move::Never("Aurora does not go back to an earlier minor version")
            }
            _ => Move::Stay,
        }
    }
}

impl fmt::Display for VersionPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        self.minor.map_or(Ok(()), |minor| write!(f, ".{minor}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(major: u16, minor: Option<u16>) -> VersionPrefix {
        VersionPrefix { major, minor }
    }

    #[test]
    fn a_minor_within_the_prefix_is_no_drift() {
        assert_eq!(prefix(16, None).from("16.8"), Move::Stay);
        assert_eq!(prefix(16, Some(6)).from("16.6"), Move::Stay);
        assert_eq!(prefix(16, Some(6)).from("16.6-limitless"), Move::Stay);
        assert_eq!(prefix(16, Some(10)).from("16.9"), Move::Upgrade);
    }

    #[test]
    fn what_cannot_be_done_in_place_is_never_done_in_place() {
        assert!(matches!(prefix(17, None).from("16.8"), Move::Never(_)));
        assert!(matches!(prefix(15, None).from("16.8"), Move::Never(_)));
        assert!(matches!(prefix(16, Some(6)).from("16.8"), Move::Never(_)));
    }

    #[test]
    fn the_family_follows_the_major() {
        assert_eq!(prefix(16, Some(6)).family(), "aurora-postgresql16");
        assert_eq!(prefix(16, Some(6)).to_string(), "16.6");
    }
}
