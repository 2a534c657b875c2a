//! Tree to types: serde does the work, once for every value it refuses.
//!
//! serde stops at the first thing it does not like. So that every problem in a file shows in one go, the value at
//! fault is noted, taken out, and the rest is decoded again with the default in its place.

use super::document::Node;
use super::model::StackSpec;
use super::path::{Segment, SpecPath};
use super::problem::{MOST, Problem, Problems};
use super::rules;
use super::value::Refusal;

/// Stand-ins for what a spec must have, so that the rest can be checked without them.
const PLACEHOLDERS: [(&str, &str); 2] = [("name", "stack"), ("region", "us-east-1")];

/// Decodes a tree; none only when there is more wrong than is worth telling.
pub(super) fn decode(root: &Node, problems: &mut Problems) -> Option<StackSpec> {
    let mut tree = root.clone();
    let mut placed = [false; PLACEHOLDERS.len()];
    // A value taken out of a list moves those behind it; the list's problems still name the original places.
    let mut shifts: Vec<SpecPath> = Vec::new();
    while problems.len() < MOST {
        let mut json = tree.to_json();
        for (placed, (key, value)) in placed.iter().zip(PLACEHOLDERS) {
            if *placed {
                json[key] = value.into();
            }
        }
        let error = match serde_path_to_error::deserialize::<_, StackSpec>(&json) {
            Ok(spec) => return Some(spec),
            Err(error) => error,
        };
        let path = convert(error.path());
        let message = error.into_inner().to_string();
        let finding = Finding::read(&message, &path, &tree);
        let remove = finding.remove;
        if let Some(problem) = finding.problem {
            let path = unshift(&problem.path, &shifts);
            // A key that was taken out for its value is missing only because of that.
            if problem.about_key || !problems.has(&path) {
                problems.add(Problem { path, ..problem });
            }
        }
        let placeholder = PLACEHOLDERS.iter().position(|(key, _)| {
            SpecPath::parse(key).touches(&remove) && !remove.segments().is_empty()
        });
        if let Some(index) = placeholder {
            placed[index] = true;
        }
        if tree.remove(&remove) {
            if matches!(remove.segments().last(), Some(Segment::Index(_))) {
                shifts.push(unshift(&remove, &shifts));
            }
        } else if placeholder.is_none() {
            return None;
        }
    }
    None
}

/// What an error of serde's comes to.
struct Finding {
    /// The problem; none where the value only has to go.
    problem: Option<Problem>,
    /// What to take out before the next attempt.
    remove: SpecPath,
}

impl Finding {
    fn read(message: &str, path: &SpecPath, tree: &Node) -> Self {
        if let Some(refusal) = Refusal::from_serde(message) {
            return Self::of(Problem::refused(refusal, path.clone()));
        }
        if let Some((field, expected)) = named(message, "unknown field `") {
            // The path of an unknown key ends at the key in some places and above it in others.
            let path = match path.segments().last() {
                Some(Segment::Key(last)) if last == field && tree.contains(path) => path.clone(),
                _ => path.key(field),
            };
            return Self::of(unknown("unknown-key", "key", field, expected, path).about_key());
        }
        if let Some((variant, expected)) = named(message, "unknown variant `") {
            // The keys of `names` are variants too.
            let key = path.key(variant);
            return Self::of(if tree.contains(&key) {
                unknown("unknown-key", "key", variant, expected, key).about_key()
            } else {
                unknown("unknown-value", "value", variant, expected, path.clone())
            });
        }
        if let Some((field, _)) = named(message, "missing field `") {
            return Self::missing(field, path);
        }
        Self::wrong_type(message, path, tree)
    }

    fn of(problem: Problem) -> Self {
        Self {
            remove: problem.path.clone(),
            problem: Some(problem),
        }
    }

    fn missing(field: &str, path: &SpecPath) -> Self {
        let at_top = path.segments().is_empty();
        let place = if at_top { "the spec" } else { "this" };
        let reason = match field {
            "name" => "the names and the ownership tags of all resources are made of it",
            "region" => "every resource lives in one",
            _ => "it is incomplete without, and there is no default that could be meant",
        };
        let example = match field {
            "name" => "kong-gw",
            "region" => "eu-west-1",
            "port" => "443",
            "cidr" => "10.20.0.0/16",
            "vpc" => "vpc-0a1b2c3d4e5f60718",
            _ => "[subnet-0a1b2c3d4e5f60718, subnet-0f1e2d3c4b5a69788]",
        };
        let missing = path.key(field);
        let problem = Problem::new(
            "missing-key",
            missing.clone(),
            format!("{place} has no `{field}`"),
        )
        .because(reason)
        .fix(format!("add `{field}: {example}`"));
        Self {
            problem: Some(problem),
            remove: if at_top { missing } else { path.clone() },
        }
    }

    fn wrong_type(message: &str, path: &SpecPath, tree: &Node) -> Self {
        let body = message
            .strip_prefix("invalid type: ")
            .or_else(|| message.strip_prefix("invalid value: "))
            .or_else(|| message.strip_prefix("invalid length "));
        let Some((found, expected)) = body.and_then(|body| body.split_once(", expected ")) else {
            let problem = Problem::new(
                "wrong-type",
                path.clone(),
                format!("this cannot be read: {message}"),
            );
            return Self::of(
                problem
                    .because("its form is not the one asked for")
                    .fix("see the examples"),
            );
        };
        // A section with everything in it commented out is a section left at its defaults.
        if found == "null" && is_container(expected) && tree.contains(path) {
            return Self {
                problem: None,
                remove: path.clone(),
            };
        }
        let text_wanted = expected.contains("string");
        // What stands in a place for secrets is not repeated, whatever its form.
        let hidden = rules::may_be_secret(path);
        let (expected, fix) = wanted(expected);
        let (found, fix) = match found {
            "null" => (
                "nothing".to_owned(),
                "give it a value, or take the key out".to_owned(),
            ),
            "map" | "sequence" => (described(found), fix.to_owned()),
            _ if hidden => ("another value".to_owned(), "put it in quotes".to_owned()),
            scalar if text_wanted => {
                let bare = scalar.split('`').nth(1).unwrap_or_default();
                (described(scalar), format!("put it in quotes: `\"{bare}\"`"))
            }
            other => (described(other), fix.to_owned()),
        };
        let message = format!("{expected} belongs here, not {found}");
        let problem = Problem::new("wrong-type", path.clone(), message)
            .because("the value has another form than the one asked for")
            .fix(fix);
        Self::of(if hidden { problem.secret() } else { problem })
    }
}

/// The first name in backticks behind a prefix, and what follows it.
fn named<'a>(message: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let rest = message.strip_prefix(prefix)?;
    // Names that are not known may hold anything, backticks too; what serde adds begins behind the last such end.
    match rest.rsplit_once("`, expected ") {
        Some((name, expected)) => Some((name, expected)),
        None => rest
            .rsplit_once("`, there are no ")
            .or_else(|| rest.rsplit_once('`')),
    }
}

fn unknown(rule: &'static str, what: &str, name: &str, expected: &str, path: SpecPath) -> Problem {
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .filter(|(distance, known)| *distance <= known.len().max(name.len()) / 3)
        .min();
    let list = known
        .iter()
        .map(|known| format!("`{known}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let fix = match nearest {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None if what == "key" => format!("take it out; the keys here are {list}"),
        None => format!("write one of {list}"),
    };
    let reason = if what == "key" {
        "this version does not know it, and to ignore it would hide a slip of the pen"
    } else {
        "this version knows no other"
    };
    Problem::new(rule, path, format!("unknown {what} `{name}`"))
        .because(reason)
        .fix(fix)
}

fn is_container(expected: &str) -> bool {
    expected.starts_with("struct ") || matches!(expected, "a map" | "a sequence")
}

/// What serde expected, in people's words, and how to write it.
fn wanted(expected: &str) -> (&str, &str) {
    match expected {
        "a boolean" => (
            "`true` or `false`",
            "write `true` or `false`, without quotes",
        ),
        "a string" => ("a text", "write a text"),
        "a sequence" => (
            "a list",
            "write `[one, another]`, or a line with a hyphen for each",
        ),
        "a map" => ("a mapping", "write `key: value` lines, indented under it"),
        "u16" => (
            "a whole number from 0 to 65535",
            "write a whole number, without quotes",
        ),
        "u32" | "usize" | "i64" | "u64" => (
            "a whole number",
            "write a whole number of 0 or more, without quotes",
        ),
        other if other.starts_with("struct ") => {
            ("a mapping", "write `key: value` lines, indented under it")
        }
        other if other.contains("enum") || other.contains("identifier") => {
            ("a word", "write one of the words it knows")
        }
        other => (other, "write it in that form"),
    }
}

/// What serde found, in people's words.
fn described(found: &str) -> String {
    let quoted = found.split('`').nth(1);
    match found.split(' ').next().unwrap_or_default() {
        "map" => "a mapping".to_owned(),
        "sequence" => "a list".to_owned(),
        "string" => {
            let text = found
                .split_once('"')
                .and_then(|(_, rest)| rest.strip_suffix('"'));
            format!("the text `{}`", text.unwrap_or_default())
        }
        "integer" | "floating" => format!("the number {}", quoted.unwrap_or_default()),
        _ => quoted.map_or_else(|| found.to_owned(), |value| format!("`{value}`")),
    }
}

fn convert(path: &serde_path_to_error::Path) -> SpecPath {
    use serde_path_to_error::Segment as Step;
    path.iter()
        .filter_map(|step| match step {
            Step::Seq { index } => Some(Segment::Index(*index)),
            Step::Map { key } => Some(Segment::Key(key.clone())),
            Step::Enum { .. } | Step::Unknown => None,
        })
        .collect()
}

/// A path in the tree as it was before items were taken out of its lists.
fn unshift(path: &SpecPath, removed: &[SpecPath]) -> SpecPath {
    let mut segments = path.segments().to_vec();
    for depth in 0..segments.len() {
        let Segment::Index(mut index) = segments[depth] else {
            continue;
        };
        let mut gone: Vec<usize> = removed
            .iter()
            .filter(|path| {
                path.segments().len() == depth + 1 && path.segments()[..depth] == segments[..depth]
            })
            .filter_map(|path| match path.segments()[depth] {
                Segment::Index(index) => Some(index),
                Segment::Key(_) => None,
            })
            .collect();
        gone.sort_unstable();
        for gone in gone {
            if gone <= index {
                index += 1;
            }
        }
        segments[depth] = Segment::Index(index);
    }
    segments.into_iter().collect()
}
