//! Whose account it is, whether the stack is there, and whether it is as the spec says.

use super::tally::Finding;
use crate::diff::Action;
use crate::plan::Plan;

/// How many addresses are listed before the others are only counted.
const LISTED: usize = 6;

/// Judges the account that the credentials are of.
pub(super) fn account(caller: &str, expected: Option<&str>) -> Finding {
    match expected {
        None => Finding::passed(format!("{caller} (the spec names none)")),
        Some(expected) if expected == caller => Finding::passed(caller),
        Some(expected) => Finding::failed(format!(
            "the credentials are of {caller}, the spec is for {expected}"
        ))
        .fix("choose other credentials (--profile, AWS_PROFILE), or change `account` in the spec"),
    }
}

/// What of a plan shows how the stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    live: usize,
    wanted: usize,
    differing: Vec<String>,
}

impl Standing {
    /// Reads it off a plan to apply.
    pub(super) fn of(plan: &Plan) -> Self {
        let entries = || plan.entries.iter();
        let differing = entries().filter(|entry| entry.action != Action::NoOp);
        Self {
            live: entries().filter(|entry| entry.live.is_some()).count(),
            wanted: entries().filter(|entry| entry.desired.is_some()).count(),
            differing: differing.map(|entry| entry.address.to_string()).collect(),
        }
    }
}

/// Judges whether there is anything to look at.
pub(super) fn stack(standing: &Standing, flags: &str) -> Finding {
    let Standing { live, wanted, .. } = standing;
    match *live {
        0 => Finding::failed("there is no such stack in this region")
            .fix(format!("`kongstack apply{flags}` makes it")),
        _ => Finding::passed(format!("{live} resources live, {wanted} in the spec")),
    }
}

/// Judges whether AWS is as the spec says.
pub(super) fn drift(standing: &Standing, flags: &str) -> Finding {
    let differing = &standing.differing;
    let listed: Vec<&str> = differing.iter().take(LISTED).map(String::as_str).collect();
    let more = match differing.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = match differing.len() {
        0 => return Finding::passed("nothing differs"),
        1 => "1 resource differs".to_owned(),
        count => format!("{count} resources differ"),
    };
    Finding::failed(format!("{count}: {}{more}", listed.join(", "))).fix(format!(
        "`kongstack plan{flags}` shows how, `kongstack apply{flags}` mends it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_compared_only_where_the_spec_names_one() {
        assert!(matches!(account("1", None), Finding::Passed(_)));
        assert_eq!(account("1", Some("1")), Finding::passed("1"));
        let Finding::Failed { seen, fix } = account("1", Some("2")) else {
            panic!("another account passes");
        };
        assert_eq!(seen, "the credentials are of 1, the spec is for 2");
        assert!(fix.is_some());
    }

    #[test]
    fn what_differs_is_named() {
        let standing = |live, count: usize| Standing {
            live,
            wanted: 64,
            differing: (0..count)
                .map(|one| format!("security/rule/{one}"))
                .collect(),
        };
        assert!(matches!(
            stack(&standing(0, 64), ""),
            Finding::Failed { .. }
        ));
        assert_eq!(
            stack(&standing(63, 1), ""),
            Finding::passed("63 resources live, 64 in the spec")
        );
        assert_eq!(
            drift(&standing(64, 0), ""),
            Finding::passed("nothing differs")
        );
        let told = |count| match drift(&standing(64, count), " -f x.yaml") {
            Finding::Failed { seen, fix } => format!("{seen}; {}", fix.unwrap_or_default()),
            other => format!("{other:?}"),
        };
        assert_eq!(
            told(1),
            "1 resource differs: security/rule/0; `kongstack plan -f x.yaml` shows how, \
             `kongstack apply -f x.yaml` mends it"
        );
        assert!(told(8).starts_with("8 resources differ: security/rule/0, "));
        assert!(told(8).contains("security/rule/5 and 2 more;"));
    }
}
