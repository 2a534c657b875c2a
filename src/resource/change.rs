//! Differences between a desired and a live resource, field by field.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Attribute, Output, Ref, Resolve, Tags, Text};

/// What stands for a value that only apply will know.
pub(crate) const KNOWN_AFTER_APPLY: &str = "(known after apply)";

/// How a change of a field reaches AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An update call.
    InPlace,
    /// Nothing to send: what was begun before must be waited for.
    Wait,
    /// A new resource in place of the old; the text says why.
    Replace(&'static str),
}

/// One field that is not as it should be. Old and new are fit to be shown: no secret is ever in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The field, in AWS's spelling turned to snake case.
    pub(crate) field: String,
    /// What AWS has, or nothing.
    pub(crate) old: Option<String>,
    /// What the spec wants, or nothing.
    pub(crate) new: Option<String>,
    /// What the change takes.
    pub(crate) effect: Effect,
}

/// All fields of one resource that are not as they should be; empty when it is as desired.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Diff {
    changes: Vec<Change>,
    renewed: BTreeSet<Attribute>,
}

impl Diff {
    /// No difference yet.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Compares a field that AWS can change in place.
    pub(crate) fn field<T: PartialEq + Display>(&mut self, field: &str, want: &T, have: &T) {
        self.compare(
            field,
            Effect::InPlace,
            Some(want.to_string()),
            Some(have.to_string()),
            want == have,
        );
    }

    /// Compares a field that may be absent on either side.
    pub(crate) fn optional<T: PartialEq + Display>(
        &mut self,
        field: &str,
        want: Option<&T>,
        have: Option<&T>,
    ) {
        let shown = |value: Option<&T>| value.map(ToString::to_string);
        self.compare(
            field,
            Effect::InPlace,
            shown(want),
            shown(have),
            want == have,
        );
    }

    /// Compares a field that only a new resource can have otherwise; `why` says so.
    pub(crate) fn immutable<T: PartialEq + Display>(
        &mut self,
        field: &str,
        want: &T,
        have: &T,
        why: &'static str,
    ) {
        self.compare(
            field,
            Effect::Replace(why),
            Some(want.to_string()),
            Some(have.to_string()),
            want == have,
        );
    }

    /// Compares a list as a set, each side shown sorted and joined by commas.
    pub(crate) fn set<T: Ord + Display>(
        &mut self,
        field: &str,
        want: &[T],
        have: &[T],
        effect: Effect,
    ) {
        let (want, have) = (sorted(want), sorted(have));
        self.compare(
            field,
            effect,
            Some(want.join(", ")),
            Some(have.join(", ")),
            want == have,
        );
    }

    /// Compares a reference; one not known yet counts as a change.
    pub(crate) fn reference<T: Output>(
        &mut self,
        field: &str,
        want: &Ref<T>,
        have: &T,
        outputs: &dyn Resolve,
        effect: Effect,
    ) {
        let want = want.resolve(outputs);
        let same = want.as_ref() == Some(have);
        self.compare(
            field,
            effect,
            Some(known(want)),
            Some(have.to_string()),
            same,
        );
    }

    /// Compares a reference that may be absent on either side; one not known yet counts as a change.
    pub(crate) fn optional_reference<T: Output>(
        &mut self,
        field: &str,
        want: Option<&Ref<T>>,
        have: Option<&T>,
        outputs: &dyn Resolve,
        effect: Effect,
    ) {
        let resolved = want.map(|want| want.resolve(outputs));
        let same = match &resolved {
            None => have.is_none(),
            Some(want) => want.is_some() && want.as_ref() == have,
        };
        let have = have.map(ToString::to_string);
        self.compare(field, effect, resolved.map(known), have, same);
    }

    /// Compares a list of references as a set.
    pub(crate) fn references<T: Output>(
        &mut self,
        field: &str,
        want: &[Ref<T>],
        have: &[T],
        outputs: &dyn Resolve,
        effect: Effect,
    ) {
        let mut want: Vec<String> = want.iter().map(|one| known(one.resolve(outputs))).collect();
        want.sort();
        let have = sorted(have);
        self.compare(
            field,
            effect,
            Some(want.join(", ")),
            Some(have.join(", ")),
            want == have,
        );
    }

    /// Compares a text with references in it.
    pub(crate) fn text(
        &mut self,
        field: &str,
        want: &Text,
        have: &str,
        outputs: &dyn Resolve,
        effect: Effect,
    ) {
        let want = want.resolve(outputs);
        let same = want.as_deref() == Some(have);
        self.compare(
            field,
            effect,
            Some(known(want)),
            Some(have.to_owned()),
            same,
        );
    }

    /// Compares tags, one change a key.
    pub(crate) fn tags(&mut self, want: &Tags, have: &Tags) {
        for (key, value) in want.to_set(have).iter() {
            let old = have.get(key).map(str::to_owned);
            self.push(
                format!("tags.{key}"),
                old,
                Some(value.to_owned()),
                Effect::InPlace,
            );
        }
        for key in want.to_remove(have) {
            let old = have.get(&key).map(str::to_owned);
            self.push(format!("tags.{key}"), old, None, Effect::InPlace);
        }
    }

    /// Notes that the resource is on its way from `state` to `goal` and must be waited for.
    pub(crate) fn pending(&mut self, field: &str, state: &str, goal: &str) {
        self.push(
            field.to_owned(),
            Some(state.to_owned()),
            Some(goal.to_owned()),
            Effect::Wait,
        );
    }

    /// Notes that the resource is in a state it cannot leave, so that only a new one helps.
    pub(crate) fn broken(&mut self, field: &str, state: &str, goal: &str, why: &'static str) {
        self.push(
            field.to_owned(),
            Some(state.to_owned()),
            Some(goal.to_owned()),
            Effect::Replace(why),
        );
    }

    /// Adds a change as it is.
    pub(crate) fn push(
        &mut self,
        field: String,
        old: Option<String>,
        new: Option<String>,
        effect: Effect,
    ) {
        self.changes.push(Change {
            field,
            old,
            new,
            effect,
        });
    }

    /// Notes that a change in place gives the resource another value of `attribute`, which only apply will know.
    pub(crate) fn renews(&mut self, attribute: Attribute) {
        self.renewed.insert(attribute);
    }

    /// What the resource will publish another value of, although it stays.
    #[must_use]
    pub(crate) fn renewed(&self) -> &BTreeSet<Attribute> {
        &self.renewed
    }

    fn compare(
        &mut self,
        field: &str,
        effect: Effect,
        want: Option<String>,
        have: Option<String>,
        same: bool,
    ) {
        if !same {
            self.push(field.to_owned(), have, want, effect);
        }
    }

    /// Whether anything differs.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// All changes, in the order of the resource's fields.
    #[must_use]
    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether `field`, or a part of it (`field.x`), is to change in place.
    #[must_use]
    pub(crate) fn has(&self, field: &str) -> bool {
        self.changes.iter().any(|change| {
            change
                .field
                .strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// The reasons for a replacement, if one is needed.
    pub(crate) fn replacing(&self) -> impl Iterator<Item = (&Change, &'static str)> {
        self.changes
            .iter()
            .filter_map(|change| match change.effect {
                Effect::Replace(why) => Some((change, why)),
                Effect::InPlace | Effect::Wait => None,
            })
    }
}

fn known<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| KNOWN_AFTER_APPLY.to_owned(), |value| value.to_string())
}

fn sorted<T: Display>(values: &[T]) -> Vec<String> {
    let mut values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.sort();
    values
}
