//! What the YAML parser refuses, in words for whoever wrote the file.

use super::parse;
use crate::spec::path::SpecPath;
use crate::spec::problem::{Place, Problem};

/// A problem of the YAML itself.
pub(super) fn problem(error: &serde_saphyr::Error, text: &str) -> Problem {
    use serde_saphyr::Error;
    let whole = error.without_snippet();
    let raw = whole.to_string();
    let said = raw.split(" at line ").next().unwrap_or_default().to_owned();
    let (rule, message, reason, fix) = match whole {
        Error::Budget {
            breach: serde_saphyr::budget::BudgetBreach::Documents { .. },
            ..
        } => (
            "several-documents",
            "a second document begins here".to_owned(),
            "a file describes one stack",
            "give every stack a file of its own",
        ),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasError { .. } => too_large(),
        _ if said.contains("recursion limit") => too_large(),
        Error::NullIntoString { .. } | Error::Unexpected { .. } => (
            "key-not-text",
            "this key is not a text".to_owned(),
            "every key of a spec is a name",
            "write `key: value`",
        ),
        _ => (
            "yaml-syntax",
            format!("this is not YAML: {said}"),
            "what the file says cannot be told from here on",
            hint(&said),
        ),
    };
    let place = whole.location().map_or(Place::Whole, |location| {
        let mut span = parse::span(location);
        if location.span().byte_offset().is_none() {
            let start = byte_at(text, span.line, span.column);
            span.bytes = start..start;
        }
        Place::File(span)
    });
    Problem::new(rule, SpecPath::default(), message)
        .because(reason)
        .fix(fix)
        .at(place)
}

fn too_large() -> (&'static str, String, &'static str, &'static str) {
    (
        "yaml-too-complex",
        "the document is nested too deep or grows too large".to_owned(),
        "no stack needs that much, and such files are made to exhaust whoever reads them",
        "write the values out, with fewer anchors and less nesting",
    )
}

fn hint(said: &str) -> &'static str {
    if said.contains("tab") {
        "indent with spaces"
    } else if said.contains("mapping values") {
        "put a value that has a colon and a space in it in quotes"
    } else if said.contains("anchor") {
        "define the anchor (`&name`) before it is used, or put a value that begins with `*` in quotes"
    } else if said.contains("tag") {
        "leave the tag out, or put a value that begins with `!` in quotes"
    } else if said.contains("finite") {
        "write a number"
    } else {
        "look at the quotes, brackets and indentation here and just before"
    }
}

/// The byte at a line and column, both from 1; the end of the text if there is none.
fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or_default();
    let into = rest
        .char_indices()
        .nth(column - 1)
        .map_or(rest.len(), |(byte, _)| byte);
    start + into
}
