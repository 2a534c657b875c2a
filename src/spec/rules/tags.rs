//! Tags: AWS's limits, and the ones that are ours.
//!
//! Limits: 50 tags on a resource, keys of 1 to 128 characters, values of at most 256, letters, digits, spaces and
//! `_ . : / = + - @`, no `aws:` before a key.

use super::at;
use crate::spec::model::StackSpec;
use crate::spec::path::SpecPath;
use crate::spec::problem::{Problem, Problems};

/// Tags that the stack adds: its name, the address, `Name`, and the mark of what is being replaced.
const OURS: usize = 4;
const MOST: usize = 50 - OURS;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    if spec.tags.len() > MOST {
        out.add(
            Problem::new(
                "tag-count",
                at("tags"),
                format!("{} tags are too many", spec.tags.len()),
            )
            .because(format!(
                "AWS takes 50 on a resource, and {OURS} are the stack's own"
            ))
            .fix(format!("keep at most {MOST}")),
        );
    }
    for (key, value) in &spec.tags {
        let path = at("tags").key(key);
        if let Some(problem) = key_problem(key, &path) {
            out.add(problem.about_key());
        }
        if let Some(fault) = text_fault(value, 256) {
            out.add(
                Problem::new(
                    "tag-value",
                    path,
                    format!("the value of the tag `{key}` {fault}"),
                )
                .because(
                    "AWS takes values of at most 256 letters, digits, spaces and `_ . : / = + - @`",
                )
                .fix("shorten or rewrite it"),
            );
        }
    }
}

fn key_problem(key: &str, path: &SpecPath) -> Option<Problem> {
    let lower = key.to_ascii_lowercase();
    let (message, reason) = if lower.starts_with("aws:") {
        (
            format!("the tag `{key}` begins with `aws:`"),
            "only AWS itself sets such tags",
        )
    } else if lower.starts_with("kongstack:") {
        (
            format!("the tag `{key}` begins with `kongstack:`"),
            "such tags say which resources belong to the stack",
        )
    } else if key.is_empty() {
        (
            "a tag has no key".to_owned(),
            "AWS takes keys of 1 to 128 characters",
        )
    } else if let Some(fault) = text_fault(key, 128) {
        let reason = "AWS takes keys of at most 128 letters, digits, spaces and `_ . : / = + - @`";
        (format!("the tag's key `{key}` {fault}"), reason)
    } else {
        return None;
    };
    Some(
        Problem::new("tag-key", path.clone(), message)
            .because(reason)
            .fix("take another key"),
    )
}

fn text_fault(text: &str, length: usize) -> Option<String> {
    let good = |char: char| char.is_alphanumeric() || " _.:/=+-@".contains(char);
    if text.chars().count() > length {
        return Some(format!("is longer than {length} characters"));
    }
    text.chars()
        .find(|char| !good(*char))
        .map(|char| match char {
            '\n' | '\t' => "has a line break or tab in it".to_owned(),
            char => format!("has `{char}` in it"),
        })
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "tags: {environment: uat, 'cost center': 'a/b=c', Größe: ü}",
            "tags: {}",
            "tags: {empty: ''}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "tags: {AWS:x: y}",
            "tag-key tags.AWS:x: the tag `AWS:x` begins with `aws:`",
        ),
        (
            "tags: {kongstack:stack: y}",
            "tag-key tags.kongstack:stack: the tag `kongstack:stack` begins with `kongstack:`",
        ),
        (
            "tags: {'a*b': y}",
            "tag-key tags.a*b: the tag's key `a*b` has `*` in it",
        ),
        (
            "tags: {a: 'x;y'}",
            "tag-value tags.a: the value of the tag `a` has `;` in it",
        ),
        (
            "tags: {a: \"x\\ny\"}",
            "tag-value tags.a: the value of the tag `a` has a line break or tab in it",
        ),
        (
            "tags: {a: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}",
            "tag-value tags.a: the value of the tag `a` is longer than 256 characters",
        ),
        (
            "tags: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: x}",
            "tag-key tags.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: the tag's key `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is longer than 128 characters",
        ),
        (
            "tags: {a: 1}",
            "wrong-type tags.a: a text belongs here, not the number 1",
        ),
        (
            "tags: {a: }",
            "wrong-type tags.a: a text belongs here, not nothing",
        ),
        (
            "tags: [a]",
            "wrong-type tags: a mapping belongs here, not a list",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }

    #[test]
    fn counts() {
        let many = |count: usize| {
            let tags: Vec<_> = (0..count).map(|number| format!("t{number}: x")).collect();
            format!("tags: {{{}}}", tags.join(", "))
        };
        accept(&[&many(46)]);
        refuse(&[(&many(47), "tag-count tags: 47 tags are too many")]);
    }
}
