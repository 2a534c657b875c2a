//! Text to tree: a YAML document in which everything knows its place, and what the command line puts over it.
//!
//! What the keys mean is no matter of this stage; it refuses what no spec can be: no YAML, several documents, no
//! mapping, two equal keys, control characters.

mod node;
mod overrides;
mod parse;
mod syntax;

use std::collections::HashMap;

use super::path::SpecPath;
use super::problem::{Place, Problem, Problems};
use super::source::Source;

use self::node::{Entry, Origin, Value};
pub(crate) use self::node::{Node, Span};
pub(crate) use self::overrides::Override;

/// The smallest file there can be, for whoever has none yet.
const SMALLEST: &str =
    "the smallest spec is `name: kong-gw` and, on a line of its own, `region: eu-west-1`";

/// A stack file, read.
#[derive(Debug)]
pub(crate) struct Document {
    /// The file's name, as it is shown.
    pub(crate) name: String,
    /// Its text, without a byte order mark.
    pub(crate) text: String,
    root: Node,
    overrides: Vec<String>,
    readable: bool,
}

impl Document {
    /// Reads the text and puts the overrides over it; what is wrong is added to the problems.
    pub(crate) fn read(source: Source, overrides: &[Override], problems: &mut Problems) -> Self {
        let mut document = Self {
            name: source.name,
            text: source
                .text
                .strip_prefix('\u{feff}')
                .map(str::to_owned)
                .unwrap_or(source.text),
            root: Node {
                value: Value::Map(Vec::new()),
                origin: Origin::File(Span::default()),
            },
            overrides: overrides.iter().map(|one| one.shown().to_owned()).collect(),
            readable: false,
        };
        match parse::parse(&document.text) {
            Ok(root) => document.root = root,
            Err(error) => {
                problems.add(syntax::problem(&error, &document.text));
                return document;
            }
        }
        if let Some(problem) = refuse_top(&document.root) {
            problems.add(problem);
            return document;
        }
        for (number, one) in overrides.iter().enumerate() {
            if let Err(problem) = one.apply(&mut document.root, number) {
                problems.add(*problem);
            }
        }
        if document.root.value == Value::Null {
            problems.add(
                Problem::new("empty-file", SpecPath::default(), "the file says nothing")
                    .because("a stack needs at least a name and a region")
                    .fix(SMALLEST),
            );
            return document;
        }
        check_node(&mut document.root, &SpecPath::default(), problems);
        document.readable = true;
        document
    }

    /// Whether the text is a mapping, so that it can be told what it says.
    pub(crate) fn is_readable(&self) -> bool {
        self.readable
    }

    /// The top of the tree.
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Where a problem's path stands: its value, its key, or the nearest thing above it that exists.
    pub(crate) fn place(&self, problem: &Problem) -> Place {
        let found = self.root.find(&problem.path);
        let scalar = !matches!(
            found.node.value,
            Value::Seq(_) | Value::Map(_) | Value::Null
        );
        // A value that the command line puts there, even an empty one, is the command line's to answer for.
        let put = matches!(found.node.origin, Origin::Override(_));
        let by_value = found.exact && (scalar || put) && !problem.about_key;
        let origin = match found.key_origin {
            Some(key) if !by_value => key,
            _ => &found.node.origin,
        };
        match origin {
            Origin::Override(number) => {
                let shown = self.overrides.get(*number).map_or("", String::as_str);
                let end = shown.find('=').filter(|_| problem.secret);
                Place::Argument(end.map_or(shown.to_owned(), |end| format!("{}=…", &shown[..end])))
            }
            Origin::File(_) if problem.path.segments().is_empty() => Place::Whole,
            Origin::File(span) => Place::File(span.clone()),
        }
    }

    /// The bytes of the text that hold a problem's value.
    pub(crate) fn value_span(&self, path: &SpecPath) -> Option<&Span> {
        let found = self.root.find(path);
        match &found.node.origin {
            Origin::File(span) if found.exact => Some(span),
            _ => None,
        }
    }
}

/// Refuses a document that is no mapping; an empty one may still get its values from the command line.
fn refuse_top(root: &Node) -> Option<Problem> {
    let what = match &root.value {
        Value::Map(_) | Value::Null => return None,
        Value::Seq(_) => "a list",
        Value::Bool(_) | Value::Number(_) | Value::String(_) => "a single value",
    };
    let problem = Problem::new(
        "not-a-mapping",
        SpecPath::default(),
        format!("the file is {what}, not a mapping"),
    )
    .because("a spec is made of `key: value` lines")
    .fix(SMALLEST);
    Some(match &root.origin {
        Origin::File(span) => problem.at(Place::File(span.clone())),
        Origin::Override(_) => problem,
    })
}

/// Takes what no spec can hold out of a tree: second keys and control characters.
fn check_node(node: &mut Node, path: &SpecPath, problems: &mut Problems) {
    match &mut node.value {
        Value::Map(entries) => {
            drop_duplicates(entries, path, problems);
            for entry in entries {
                let path = path.key(&entry.key);
                if has_control(&entry.key) {
                    problems.add(control_problem(path.clone()).about_key());
                }
                check_node(&mut entry.node, &path, problems);
            }
        }
        Value::Seq(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                check_node(item, &path.index(index), problems);
            }
        }
        Value::String(text) if has_control(text) => {
            problems.add(control_problem(path.clone()));
            text.retain(|char| !char.is_control());
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_control(text: &str) -> bool {
    text.chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\t'))
}

fn control_problem(path: SpecPath) -> Problem {
    Problem::new(
        "control-character",
        path,
        "there is a control character in this text",
    )
    .because("neither AWS nor Kong takes one in any name or setting")
    .fix("take the escape out of the text")
}

fn drop_duplicates(entries: &mut Vec<Entry>, path: &SpecPath, problems: &mut Problems) {
    let mut seen: HashMap<String, Origin> = HashMap::new();
    entries.retain(|entry| {
        let Some(first) = seen.get(&entry.key) else {
            seen.insert(entry.key.clone(), entry.key_origin.clone());
            return true;
        };
        let mut problem = Problem::new(
            "duplicate-key",
            path.key(&entry.key),
            format!("the key `{}` is given twice", entry.key),
        )
        .because("one of the two would silently win")
        .fix("keep one of them, or put what is under both together")
        .about_key();
        if let Origin::File(span) = &entry.key_origin {
            problem.place = Place::File(span.clone());
        }
        if let Origin::File(span) = first {
            problem.message = format!(
                "the key `{}` is given twice, first in line {}, column {}",
                entry.key, span.line, span.column
            );
            problem.first = Some(span.clone());
        }
        problems.add(problem);
        false
    });
}
