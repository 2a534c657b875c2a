//! What the command line puts over the file: `--set network.cidr=10.1.0.0/16`, `--region eu-west-1`.

use super::node::{Entry, Node, Origin, Value, key_text};
use super::parse;
use crate::spec::path::{Segment, SpecPath};
use crate::spec::problem::{OVERRIDE, Place, Problem};

/// One value from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    /// The argument, as problems show it.
    shown: String,
    /// Where it goes, with dots.
    path: String,
    /// What goes there, as YAML; none if the argument lacks it.
    value: Option<String>,
}

impl Override {
    /// The argument of `--set`: `path=value`, the value in YAML, list items by their number from 0.
    pub(crate) fn set(argument: &str) -> Self {
        let (path, value) = match argument.split_once('=') {
            Some((path, value)) => (path, Some(value.to_owned())),
            None => (argument, None),
        };
        Self {
            shown: format!("--set {argument}"),
            path: path.to_owned(),
            value,
        }
    }

    /// A flag of its own that stands for one value, such as `--region`.
    pub(crate) fn flag(flag: &str, path: &str, value: &str) -> Self {
        // The text is taken as it is: JSON's strings are YAML's.
        let quoted = serde_json::Value::String(value.to_owned()).to_string();
        Self {
            shown: format!("{flag} {value}"),
            path: path.to_owned(),
            value: Some(quoted),
        }
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Puts the value into the tree.
    pub(super) fn apply(&self, root: &mut Node, number: usize) -> Result<(), Box<Problem>> {
        let path = self.path.trim();
        let Some(value) = &self.value else {
            return Err(self.problem("there is no `=` in it"));
        };
        if path.is_empty() || path.split('.').any(str::is_empty) {
            return Err(self.problem("its path has an empty part"));
        }
        let mut node = parse::parse(value).map_err(|error| {
            let said = error.without_snippet().to_string();
            let said = said
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            self.problem(&format!("its value is not YAML: {said}"))
        })?;
        mark(&mut node, number);
        let path = SpecPath::parse(path);
        *self.slot(root, &path, number)? = node;
        Ok(())
    }

    /// The place in the tree that a path names, made where it is missing.
    fn slot<'a>(
        &self,
        root: &'a mut Node,
        path: &SpecPath,
        number: usize,
    ) -> Result<&'a mut Node, Box<Problem>> {
        let mut node = root;
        let mut done = SpecPath::default();
        for segment in path.segments() {
            if node.value == Value::Null {
                node.value = Value::Map(Vec::new());
            }
            node = match (&mut node.value, segment) {
                (Value::Map(entries), segment) => entry(entries, key_text(segment), number),
                (Value::Seq(items), segment) => self.item(items, segment, &done, number)?,
                _ => {
                    return Err(self.problem(&format!("`{done}` is a value with nothing under it")));
                }
            };
            done = done.with(segment.clone());
        }
        Ok(node)
    }

    fn item<'a>(
        &self,
        items: &'a mut Vec<Node>,
        segment: &Segment,
        list: &SpecPath,
        number: usize,
    ) -> Result<&'a mut Node, Box<Problem>> {
        let length = items.len();
        let index = match segment {
            Segment::Index(index) if *index <= length => *index,
            Segment::Index(_) => {
                let what = format!("the next item of `{list}` is {length}");
                return Err(self.problem(&what));
            }
            Segment::Key(key) => {
                return Err(self.problem(&format!("`{list}` is a list and has no `{key}`")));
            }
        };
        if index == length {
            items.push(Node {
                value: Value::Null,
                origin: Origin::Override(number),
            });
        }
        Ok(&mut items[index])
    }

    fn problem(&self, what: &str) -> Box<Problem> {
        let message = format!("`{}` cannot be put over the file: {what}", self.path);
        Box::new(
            Problem::new(OVERRIDE, SpecPath::parse(&self.path), message)
                .because("an override names one place in the spec and what stands there")
                .fix("write it like `--set data_plane.scaling.max=4` or `--set admin.allow.0=203.0.113.0/24`")
                .at(Place::Argument(self.shown.clone())),
        )
    }
}

/// The value of a key, made where there is none.
fn entry(entries: &mut Vec<Entry>, key: String, number: usize) -> &mut Node {
    let at = entries
        .iter()
        .position(|entry| entry.key == key)
        .unwrap_or_else(|| {
            let origin = Origin::Override(number);
            let node = Node {
                value: Value::Null,
                origin: origin.clone(),
            };
            entries.push(Entry {
                key,
                key_origin: origin,
                node,
            });
            entries.len() - 1
        });
    &mut entries[at].node
}

fn mark(node: &mut Node, number: usize) {
    node.origin = Origin::Override(number);
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| mark(item, number)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_origin = Origin::Override(number);
                mark(&mut entry.node, number);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
