//! The tree of a YAML document in which every key and value knows where it comes from.

use std::ops::Range;

use serde_json::{Number, Value as Json};

use crate::spec::path::{Segment, SpecPath};

/// A stretch of the file's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Line of its first character, from 1.
    pub(crate) line: usize,
    /// Column of its first character, from 1.
    pub(crate) column: usize,
    /// Its bytes in the text.
    pub(crate) bytes: Range<usize>,
}

/// Where a key or value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The file.
    File(Span),
    /// The command line: the override of this number.
    Override(usize),
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Seq(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping, with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_origin: Origin,
    pub(crate) node: Node,
}

/// What stands nearest to a path.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// The value itself, or its nearest ancestor in the document.
    pub(crate) node: &'a Node,
    /// The key it stands under, if it stands under one.
    pub(crate) key_origin: Option<&'a Origin>,
    /// Whether it is the value asked for.
    pub(crate) exact: bool,
}

impl Node {
    /// The value of a key of this mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value at a path, or else the nearest there is above it.
    pub(crate) fn find(&self, path: &SpecPath) -> Found<'_> {
        let mut found = Found {
            node: self,
            key_origin: None,
            exact: true,
        };
        for segment in path.segments() {
            let next = match (&found.node.value, segment) {
                (Value::Seq(items), Segment::Index(index)) => {
                    items.get(*index).map(|node| (node, None))
                }
                (Value::Map(_), segment) => {
                    let entry = found.node.get(&key_text(segment));
                    entry.map(|entry| (&entry.node, Some(&entry.key_origin)))
                }
                _ => None,
            };
            match next {
                Some((node, key_origin)) => {
                    found = Found {
                        node,
                        key_origin,
                        exact: true,
                    }
                }
                None => {
                    return Found {
                        exact: false,
                        ..found
                    };
                }
            }
        }
        found
    }

    /// Whether there is a value at a path.
    pub(crate) fn contains(&self, path: &SpecPath) -> bool {
        self.find(path).exact
    }

    /// Takes the value at a path out; whether there was one.
    pub(crate) fn remove(&mut self, path: &SpecPath) -> bool {
        let Some((last, above)) = path.segments().split_last() else {
            return false;
        };
        let mut node = self;
        for segment in above {
            match node.child_mut(segment) {
                Some(child) => node = child,
                None => return false,
            }
        }
        match (&mut node.value, last) {
            (Value::Seq(items), Segment::Index(index)) if *index < items.len() => {
                items.remove(*index);
                true
            }
            (Value::Map(entries), segment) => {
                let key = key_text(segment);
                let before = entries.len();
                entries.retain(|entry| entry.key != key);
                entries.len() < before
            }
            _ => false,
        }
    }

    fn child_mut(&mut self, segment: &Segment) -> Option<&mut Self> {
        match (&mut self.value, segment) {
            (Value::Seq(items), Segment::Index(index)) => items.get_mut(*index),
            (Value::Map(entries), segment) => {
                let key = key_text(segment);
                entries
                    .iter_mut()
                    .find(|entry| entry.key == key)
                    .map(|entry| &mut entry.node)
            }
            _ => None,
        }
    }

    /// The tree without positions, for serde.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::String(text.clone()),
            Value::Seq(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.to_json()))
                    .collect(),
            ),
        }
    }
}

/// A step as the key it is in a mapping.
pub(crate) fn key_text(segment: &Segment) -> String {
    match segment {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
    }
}
