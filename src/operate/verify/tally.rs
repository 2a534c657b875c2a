//! What came of the checks so far, and which can be made next.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Check;

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It holds; the text says what was seen.
    Passed(String),
    /// It does not hold.
    Failed {
        /// What was seen instead.
        seen: String,
        /// What to do about it.
        fix: Option<String>,
    },
    /// It cannot be told from here, or does not apply, for this reason.
    NotChecked(String),
    /// It was not looked at, because this one failed.
    Needs(Check),
}

impl Finding {
    pub(super) fn passed(seen: impl Into<String>) -> Self {
        Self::Passed(seen.into())
    }

    pub(super) fn failed(seen: impl Into<String>) -> Self {
        Self::Failed {
            seen: seen.into(),
            fix: None,
        }
    }

    pub(super) fn not_checked(why: impl Into<String>) -> Self {
        Self::NotChecked(why.into())
    }

    /// In one line, for tables of tests.
    #[cfg(test)]
    pub(super) fn told(&self) -> String {
        match self {
            Self::Passed(seen) => format!("passed: {seen}"),
            Self::Failed { seen, .. } => format!("failed: {seen}"),
            Self::NotChecked(why) => format!("not checked: {why}"),
            Self::Needs(check) => format!("needs {check}"),
        }
    }

    /// A failure with what to do about it; others stay as they are.
    pub(super) fn fix(self, what: impl Into<String>) -> Self {
        match self {
            Self::Failed { seen, .. } => Self::Failed {
                seen,
                fix: Some(what.into()),
            },
            other => other,
        }
    }
}

/// The findings so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    wanted: BTreeSet<Check>,
    findings: BTreeMap<Check, Finding>,
}

impl Tally {
    /// Nothing has been found yet of these checks.
    pub(crate) fn new(wanted: BTreeSet<Check>) -> Self {
        Self {
            wanted,
            findings: BTreeMap::new(),
        }
    }

    /// Whether a check is wanted and nothing it needs has failed. What stands in its way is written down.
    pub(crate) fn is_due(&mut self, check: Check) -> bool {
        if !self.wanted.contains(&check) {
            return false;
        }
        let in_the_way = check.needs().iter().find_map(|need| self.root(*need));
        if let Some(root) = in_the_way {
            self.findings.insert(check, Finding::Needs(root));
        }
        in_the_way.is_none()
    }

    /// Writes down what came of a check.
    pub(crate) fn put(&mut self, check: Check, finding: Finding) {
        self.findings.insert(check, finding);
    }

    /// Writes down for every check that was not come to what stood in its way.
    pub(crate) fn close(&mut self) {
        for check in Check::ALL {
            if !self.findings.contains_key(&check) {
                self.is_due(check);
            }
        }
    }

    /// The failure behind a check that has no answer.
    fn root(&self, check: Check) -> Option<Check> {
        match self.findings.get(&check)? {
            Finding::Failed { .. } => Some(check),
            Finding::Needs(root) => Some(*root),
            Finding::Passed(_) | Finding::NotChecked(_) => None,
        }
    }

    /// What came of each check, in the order in which they are shown.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Check, &Finding)> {
        self.findings
            .iter()
            .map(|(check, finding)| (*check, finding))
    }

    /// Whether any check failed.
    #[must_use]
    pub(crate) fn has_failures(&self) -> bool {
        self.iter()
            .any(|(_, finding)| matches!(finding, Finding::Failed { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::with_needs;
    use super::*;

    #[test]
    fn what_rests_on_a_failure_is_not_guessed_at_and_names_its_root() {
        let mut tally = Tally::new(with_needs(&[]));
        for (check, finding) in [
            (Check::Account, Finding::passed("")),
            (Check::Stack, Finding::passed("")),
            (Check::ControlPlane, Finding::failed("no task")),
        ] {
            assert!(tally.is_due(check), "{check}");
            tally.put(check, finding);
        }
        for check in [Check::CloudMap, Check::AdminApi, Check::Sync] {
            assert!(!tally.is_due(check), "{check}");
            let found = tally.iter().find(|(one, _)| *one == check);
            let root = Finding::Needs(Check::ControlPlane);
            assert_eq!(found, Some((check, &root)));
        }
        assert!(tally.is_due(Check::Dns));
        assert!(tally.has_failures());
    }

    #[test]
    fn a_failure_at_the_beginning_leaves_everything_else_open() {
        let mut tally = Tally::new(with_needs(&[]));
        tally.put(Check::Account, Finding::failed("another"));
        tally.close();
        let needs = Finding::Needs(Check::Account);
        assert!(tally.iter().skip(1).all(|(_, finding)| *finding == needs));
        assert_eq!(tally.iter().count(), Check::ALL.len());
    }

    #[test]
    fn what_does_not_apply_stands_in_nobodys_way() {
        let mut tally = Tally::new(with_needs(&[]));
        tally.put(Check::Tls, Finding::not_checked("HTTP only"));
        assert!(tally.is_due(Check::AdminKey));
        assert!(!tally.has_failures());
    }

    #[test]
    fn what_is_not_wanted_is_never_due() {
        let mut tally = Tally::new(with_needs(&[Check::Dns]));
        assert!(!tally.is_due(Check::Tls) && tally.is_due(Check::Dns));
        assert_eq!(tally.iter().count(), 0);
    }
}
