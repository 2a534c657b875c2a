//! Tables of specs and what is wrong with each, for the tests of the rules.

use crate::spec::document::Override;
use crate::spec::source::Source;
use crate::spec::{Problem, StackSpec, load};

/// A spec with name and region, and what else is given.
fn source(rest: &str) -> Source {
    let head = ["name", "region"]
        .iter()
        .zip(["name: kong-gw\n", "region: eu-west-1\n"]);
    let missing: String = head
        .filter(|(key, _)| {
            !rest
                .lines()
                .any(|line| line.starts_with(&format!("{key}:")))
        })
        .map(|(_, line)| line)
        .collect();
    Source {
        name: "test.yaml".to_owned(),
        text: format!("{missing}{rest}"),
    }
}

/// What is wrong with a spec.
fn problems(rest: &str) -> Vec<Problem> {
    load(source(rest), &[] as &[Override]).map_or_else(|invalid| invalid.problems, |_| Vec::new())
}

/// The spec, which must be good.
pub(crate) fn good(rest: &str) -> StackSpec {
    match load(source(rest), &[]) {
        Ok(spec) => spec,
        Err(invalid) => panic!("{rest}: {:#?}", invalid.problems),
    }
}

/// Checks that a spec has no problem.
pub(super) fn accept(specs: &[&str]) {
    for rest in specs {
        let found: Vec<_> = problems(rest)
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        assert_eq!(found, Vec::<String>::new(), "{rest}");
    }
}

/// Checks that each spec has exactly one problem: its rule, path and message, and that reason and fix are given.
pub(super) fn refuse(table: &[(&str, &str)]) {
    for (rest, expected) in table {
        let problems = problems(rest);
        let found: Vec<_> = problems
            .iter()
            .map(|problem| format!("{} {}: {}", problem.rule, problem.path, problem.message))
            .collect();
        assert_eq!(found, vec![(*expected).to_owned()], "{rest}");
        assert!(
            problems
                .iter()
                .all(|problem| !problem.reason.is_empty() && !problem.fix.is_empty()),
            "{rest}"
        );
    }
}
