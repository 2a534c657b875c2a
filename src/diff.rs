//! Stage 4: what to do with each resource, and why. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use petgraph::algo::toposort;
use petgraph::graphmap::DiGraphMap;

use crate::observe::World;
use crate::resource::{
    Address, Attribute, Blueprint, Change, Diff, Effect, Erased, Error, KindRef, ReplaceOrder,
    Resolve, Resource, Seen,
};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is as it should be.
    NoOp,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// Another takes its place.
    Replace(ReplaceOrder),
    /// It is deleted.
    Delete,
}

/// One resource, what happens to it, and why.
#[derive(Clone)]
pub(crate) struct Entry {
    /// Its address.
    pub(crate) address: Address,
    /// Its kind.
    pub(crate) kind: KindRef,
    /// What happens to it.
    pub(crate) action: Action,
    /// Why, in a few words; empty for a no-op.
    pub(crate) reason: String,
    /// The fields that change.
    pub(crate) diff: Diff,
    /// What it should be; nothing when it is to go.
    pub(crate) desired: Option<Erased>,
    /// What is live; nothing when it is to be made.
    pub(crate) live: Option<Seen>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} ({})", self.action, self.address, self.reason)
    }
}

/// Why what is not there is made, where there is no more to say.
pub(crate) const NEW: &str = "it is in the spec and not in AWS";

/// Why what is on its way out is deleted.
const BEGUN: &str = "its deletion was begun and is not finished";

/// Outputs known at the time of planning: those of what stays.
struct Known<'a> {
    world: &'a World,
    /// What is made, or made anew: nothing of it is known.
    renewed: BTreeSet<Address>,
    /// What stays, and publishes something else afterwards.
    changing: BTreeSet<(Address, Attribute)>,
}

impl Resolve for Known<'_> {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        if self.renewed.contains(address) || self.changing.contains(&(address.clone(), attribute)) {
            None
        } else {
            self.world.output(address, attribute)
        }
    }
}

/// Compares every resource of the blueprint with the live one, in the order of their references, and plans the
/// deletion of what is live and in no blueprint.
///
/// # Errors
/// A circle of references, or a kind handed another's resource: defects of this program.
pub(crate) fn compare(blueprint: &Blueprint, world: &World) -> Result<Vec<Entry>, Error> {
    let mut known = Known {
        world,
        renewed: BTreeSet::new(),
        changing: BTreeSet::new(),
    };
    let mut entries = Vec::new();
    for address in in_order(blueprint)? {
        let Some(resource) = blueprint.resources.get(address) else {
            continue;
        };
        let entry = compare_one(resource, world.owned.get(address), &known)?;
        if matches!(entry.action, Action::Create | Action::Replace(_)) {
            known.renewed.insert(address.clone());
        }
        let changing = entry.diff.renewed().iter();
        known
            .changing
            .extend(changing.map(|attribute| (address.clone(), *attribute)));
        entries.push(entry);
    }
    let gone = world
        .owned
        .values()
        .filter(|seen| !blueprint.resources.contains_key(&seen.address));
    entries.extend(gone.map(|seen| leaving(seen, "it is no longer in the spec")));
    entries.extend(
        world
            .retired
            .iter()
            .map(|seen| leaving(seen, "it has been replaced")),
    );
    // Where another is wanted, making that one waits for the end of this one.
    let unwanted = world
        .leaving
        .iter()
        .filter(|seen| !blueprint.resources.contains_key(&seen.address));
    entries.extend(unwanted.map(|seen| leaving(seen, BEGUN)));
    Ok(entries)
}

/// Plans the deletion of everything live.
pub(crate) fn dismantle(blueprint: &Blueprint, world: &World) -> Vec<Entry> {
    let owned = world.owned.values().map(|seen| Entry {
        desired: blueprint
            .resources
            .get(&seen.address)
            .map(|resource| resource.desired.clone()),
        ..leaving(seen, "the stack is destroyed")
    });
    let retired = world
        .retired
        .iter()
        .map(|seen| leaving(seen, "it has been replaced"));
    let begun = world.leaving.iter().map(|seen| Entry {
        desired: blueprint
            .resources
            .get(&seen.address)
            .map(|resource| resource.desired.clone()),
        ..leaving(seen, BEGUN)
    });
    owned.chain(begun).chain(retired).collect()
}

fn compare_one(
    resource: &Resource,
    live: Option<&Seen>,
    known: &Known<'_>,
) -> Result<Entry, Error> {
    let entry = |action, reason: String, diff| Entry {
        address: resource.address.clone(),
        kind: resource.kind,
        action,
        reason,
        diff,
        desired: Some(resource.desired.clone()),
        live: live.cloned(),
    };
    let Some((seen, value)) = live.and_then(|seen| Some((seen, seen.live.as_ref()?))) else {
        let reason = creation_reason(&resource.address, known.world);
        return Ok(entry(Action::Create, reason, Diff::new()));
    };
    let diff = seen.kind.diff(&resource.desired, value, known)?;
    if diff.is_empty() {
        return Ok(entry(Action::NoOp, String::new(), diff));
    }
    let reasons: BTreeSet<&str> = diff.replacing().map(|(_, why)| why).collect();
    if reasons.is_empty() {
        return Ok(entry(Action::Update, update_reason(&diff), diff));
    }
    let order = seen.kind.replace_order(&resource.desired, value)?;
    let reasons: Vec<&str> = reasons.into_iter().collect();
    Ok(entry(Action::Replace(order), reasons.join("; "), diff))
}

/// Why a resource is made: what is left of an earlier one is part of that.
fn creation_reason(address: &Address, world: &World) -> String {
    let leaving = |seen: &&Seen| seen.address == *address;
    if let Some(seen) = world.leaving.iter().find(leaving) {
        return format!(
            "{} is still being deleted; the new one is made when it is gone",
            seen.id
        );
    }
    let missing = world.missing.get(address);
    missing.map_or_else(|| NEW.to_owned(), Clone::clone)
}

fn update_reason(diff: &Diff) -> String {
    if !diff.renewed().is_empty() {
        return "it is given another value; what uses it follows".to_owned();
    }
    let waits = |change: &Change| change.effect == Effect::Wait;
    if diff.changes().iter().all(waits) {
        return "it was begun and is not finished".to_owned();
    }
    "AWS differs from the spec".to_owned()
}

fn leaving(seen: &Seen, reason: &str) -> Entry {
    Entry {
        address: seen.address.clone(),
        kind: seen.kind,
        action: Action::Delete,
        reason: reason.to_owned(),
        diff: Diff::new(),
        desired: None,
        live: Some(seen.clone()),
    }
}

/// The blueprint's addresses, each after all it refers to, otherwise sorted.
fn in_order(blueprint: &Blueprint) -> Result<Vec<&Address>, Error> {
    let names: BTreeMap<&str, &Address> = blueprint
        .resources
        .keys()
        .map(|address| (address.as_str(), address))
        .collect();
    let mut graph = DiGraphMap::<&str, ()>::new();
    for resource in blueprint.resources.values().rev() {
        graph.add_node(resource.address.as_str());
    }
    for resource in blueprint.resources.values() {
        for reference in resource.references.iter() {
            let missing = !blueprint.resources.contains_key(reference)
                && !blueprint.lookups.contains_key(reference);
            if missing {
                let text = format!(
                    "{} refers to {reference}, which is nowhere",
                    resource.address
                );
                return Err(Error::Internal(text));
            }
            if let Some(name) = names.get(reference.as_str()) {
                graph.add_edge(name.as_str(), resource.address.as_str(), ());
            }
        }
    }
    let circle = |cycle: petgraph::algo::Cycle<&str>| {
        Error::Internal(format!("{} refers to itself in a circle", cycle.node_id()))
    };
    let order = toposort(&graph, None).map_err(circle)?;
    Ok(order
        .into_iter()
        .filter_map(|name| names.get(name).copied())
        .collect())
}
