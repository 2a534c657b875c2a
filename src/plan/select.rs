//! `--target` and `--exclude`: which entries a run concerns.

use std::collections::BTreeSet;

use crate::diff::{Action, Entry};
use crate::resource::{Address, Blueprint, References};

/// What a run is limited to. Empty means everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Selection {
    /// Only these, and what they need.
    pub(crate) targets: Vec<Address>,
    /// Not these, nor what needs them.
    pub(crate) excludes: Vec<Address>,
}

/// An address that names nothing in the stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stack has no resource at {address}{}", hint(nearest.as_ref()))]
pub(crate) struct UnknownAddress {
    /// The address given.
    pub(crate) address: Address,
    /// The one most like it.
    pub(crate) nearest: Option<Address>,
}

fn hint(nearest: Option<&Address>) -> String {
    nearest
        .map(|nearest| format!("; did you mean {nearest}?"))
        .unwrap_or_default()
}

impl Selection {
    /// Checks that every address given is in the stack, desired or live.
    ///
    /// # Errors
    /// The first one that is not.
    pub(crate) fn check<'a>(
        &self,
        known: &(impl Iterator<Item = &'a Address> + Clone),
    ) -> Result<(), UnknownAddress> {
        for address in self.targets.iter().chain(&self.excludes) {
            if !known.clone().any(|one| one == address) {
                let like =
                    |one: &&Address| strsim::damerau_levenshtein(one.as_str(), address.as_str());
                let nearest = known.clone().min_by_key(like).cloned();
                return Err(UnknownAddress {
                    address: address.clone(),
                    nearest,
                });
            }
        }
        Ok(())
    }

    fn is_everything(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }
}

/// Leaves alone what is not selected; a target brings what it refers to, an exclusion takes what refers to it.
pub(super) fn dependencies(
    entries: Vec<Entry>,
    blueprint: &Blueprint,
    selection: &Selection,
) -> Vec<Entry> {
    let needs = |address: &Address| needed_by(blueprint, address);
    let needed = |address: &Address| needing(blueprint, address);
    keep(entries, selection, &needs, &needed)
}

/// The same on the way down: a target brings what refers to it, an exclusion takes what it refers to.
pub(super) fn dependents(
    entries: Vec<Entry>,
    blueprint: &Blueprint,
    selection: &Selection,
) -> Vec<Entry> {
    let needs = |address: &Address| needing(blueprint, address);
    let needed = |address: &Address| needed_by(blueprint, address);
    keep(entries, selection, &needs, &needed)
}

type Neighbours<'a> = &'a dyn Fn(&Address) -> Vec<Address>;

fn keep(
    entries: Vec<Entry>,
    selection: &Selection,
    with: Neighbours<'_>,
    against: Neighbours<'_>,
) -> Vec<Entry> {
    if selection.is_everything() {
        return entries;
    }
    let targets = closure(&selection.targets, with);
    let excludes = closure(&selection.excludes, against);
    let selected = |address: &Address| {
        (targets.is_empty() || targets.contains(address)) && !excludes.contains(address)
    };
    let leave = |entry: Entry| {
        if selected(&entry.address) {
            entry
        } else {
            left_alone(entry)
        }
    };
    entries
        .into_iter()
        .map(leave)
        .filter(|entry| entry.live.is_some() || entry.action != Action::NoOp)
        .collect()
}

fn left_alone(entry: Entry) -> Entry {
    Entry {
        action: Action::NoOp,
        reason: "it is not selected".to_owned(),
        diff: crate::resource::Diff::new(),
        ..entry
    }
}

fn closure(start: &[Address], neighbours: Neighbours<'_>) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut open = start.to_vec();
    while let Some(address) = open.pop() {
        if found.insert(address.clone()) {
            open.extend(neighbours(&address));
        }
    }
    found
}

fn needed_by(blueprint: &Blueprint, address: &Address) -> Vec<Address> {
    let references = blueprint
        .resources
        .get(address)
        .map(|resource| &resource.references);
    references
        .into_iter()
        .flat_map(References::iter)
        .cloned()
        .collect()
}

fn needing(blueprint: &Blueprint, address: &Address) -> Vec<Address> {
    let refers = blueprint
        .resources
        .values()
        .filter(|resource| resource.references.iter().any(|one| one == address));
    refers.map(|resource| resource.address.clone()).collect()
}
