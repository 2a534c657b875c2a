//! YAML text to positioned tree, by way of serde-saphyr.
//!
//! Its budgets stop documents that are built to explode; the ones here are far above any spec and far below harm.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde_saphyr::Spanned;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use super::node::{Entry, Node, Origin, Span, Value};

/// Containers within containers; a spec needs four.
const MAX_DEPTH: usize = 32;
/// Values in all, aliases expanded.
const MAX_NODES: usize = 20_000;

/// Reads the one document of a text.
pub(super) fn parse(text: &str) -> Result<Node, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 8 * MAX_NODES,
            max_recorded_anchor_events: 8 * MAX_NODES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
        },
        // Both places of a duplicate are reported, so both must come through.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `on`, `off`, `yes` and `no` stay texts: Kong's settings are full of them.
        strict_booleans: true,
        // An account may begin with a zero.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Tree>>(text, options).map(Tree::position)
}

/// Positions of serde-saphyr, as ours.
pub(super) fn span(location: serde_saphyr::Location) -> Span {
    let narrow = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let (offset, length) = (location.span().byte_offset(), location.span().byte_len());
    let start = offset.map_or(0, narrow);
    Span {
        line: narrow(location.line()).max(1),
        column: narrow(location.column()).max(1),
        bytes: start..start.saturating_add(length.map_or(0, narrow)),
    }
}

/// A value as serde hands it over, its parts already positioned.
struct Tree(Value);

impl Tree {
    fn position(spanned: Spanned<Self>) -> Node {
        Node {
            value: spanned.value.0,
            origin: Origin::File(span(spanned.referenced)),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Self)
    }
}

struct TreeVisitor;

impl<'de> de::Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Spanned<Tree>>()? {
            items.push(Tree::position(item));
        }
        Ok(Value::Seq(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let node = Tree::position(access.next_value::<Spanned<Tree>>()?);
            let key_origin = Origin::File(span(key.referenced));
            entries.push(Entry {
                key: key.value,
                key_origin,
                node,
            });
        }
        Ok(Value::Map(entries))
    }
}
