//! Which steps there are and what must come before what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::{has_path_connecting, toposort};
use petgraph::graphmap::DiGraphMap;

use crate::diff::{Action, Entry};
use crate::resource::{Address, Blueprint, Error, References, ReplaceOrder};

/// A step's place in [`Plan::steps`](super::Plan::steps).
pub(crate) type StepId = usize;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum StepKind {
    /// Makes the resource; first marks the old one as retired if it is still there.
    Create,
    /// Changes it in place.
    Update,
    /// Deletes the live one.
    Delete,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepNode {
    /// The entry it belongs to, as an index into [`Plan::entries`](super::Plan::entries).
    pub(crate) entry: usize,
    /// What it does.
    pub(crate) kind: StepKind,
    /// The steps that must be done before it.
    pub(crate) after: Vec<StepId>,
}

type Node = (usize, StepKind);

/// The steps of `entries`, sorted so that each comes after all it waits for.
pub(super) fn steps(blueprint: &Blueprint, entries: &[Entry]) -> Result<Vec<StepNode>, Error> {
    let graph = Ordering::new(blueprint, entries).graph();
    let circle = |cycle: petgraph::algo::Cycle<Node>| {
        let address = entries
            .get(cycle.node_id().0)
            .map_or("?", |entry| entry.address.as_str());
        Error::Internal(format!("the steps of {address} wait for themselves"))
    };
    let order = toposort(&graph, None).map_err(circle)?;
    let ids: HashMap<Node, StepId> = order
        .iter()
        .enumerate()
        .map(|(id, node)| (*node, id))
        .collect();
    let waits = |node: Node| graph.neighbors_directed(node, petgraph::Incoming);
    let step = |node: &Node| StepNode {
        entry: node.0,
        kind: node.1,
        after: waits(*node)
            .filter_map(|before| ids.get(&before).copied())
            .collect(),
    };
    Ok(order.iter().map(step).collect())
}

/// Turns round every replacement of what hangs on a thing that goes before its successor is made: it goes before that
/// thing, and cannot come before its successor.
pub(super) fn turn_round(blueprint: &Blueprint, entries: &mut [Entry]) {
    const FIRST: Action = Action::Replace(ReplaceOrder::DeleteFirst);
    const LAST: Action = Action::Replace(ReplaceOrder::CreateFirst);
    loop {
        let ordering = Ordering::new(blueprint, entries);
        let goes_first = |held: &usize| entries.get(*held).is_some_and(|one| one.action == FIRST);
        let hangs =
            |index: usize, entry: &Entry| ordering.held(index, entry).iter().any(goes_first);
        let turned: Vec<usize> = entries
            .iter()
            .enumerate()
            .filter(|(index, entry)| entry.action == LAST && hangs(*index, entry))
            .map(|(index, _)| index)
            .collect();
        if turned.is_empty() {
            return;
        }
        for index in turned {
            if let Some(entry) = entries.get_mut(index) {
                entry.action = FIRST;
            }
        }
    }
}

struct Ordering<'a> {
    blueprint: &'a Blueprint,
    entries: &'a [Entry],
    /// Entries by address, leaving out those that are there only to be deleted beside a newer one.
    current: BTreeMap<&'a Address, usize>,
    /// All entries by address: also what has been replaced by a newer one and is still there.
    standing: BTreeMap<&'a Address, Vec<usize>>,
    /// Which entries' live resources publish a text (an id, a name, an ARN).
    owners: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Ordering<'a> {
    fn new(blueprint: &'a Blueprint, entries: &'a [Entry]) -> Self {
        let mut current = BTreeMap::new();
        let mut standing: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if entry.action != Action::Delete || !current.contains_key(&entry.address) {
                current.insert(&entry.address, index);
            }
            standing.entry(&entry.address).or_default().push(index);
            if let Some(live) = &entry.live {
                let texts: BTreeSet<&str> = live
                    .outputs
                    .iter()
                    .map(|(_, text)| text)
                    .chain([live.id.as_str()])
                    .collect();
                for text in texts {
                    owners.entry(text).or_default().push(index);
                }
            }
        }
        Self {
            blueprint,
            entries,
            current,
            standing,
            owners,
        }
    }

    fn graph(&self) -> DiGraphMap<Node, ()> {
        let mut graph = DiGraphMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            for step in [forward(entry), backward(entry)].into_iter().flatten() {
                graph.add_node((index, step));
            }
        }
        for (index, entry) in self.entries.iter().enumerate() {
            self.add_forward(&mut graph, index, entry);
            for (before, after) in self.backward(index, entry, &self.used(index, entry)) {
                graph.add_edge(before, after, ());
            }
        }
        // AWS would take these in any order; they spare an outage. Where one cannot be, because what is referred to
        // must go before its successor comes, the rest stands.
        for (index, entry) in self.entries.iter().enumerate() {
            for (before, after) in self.backward(index, entry, &self.referred(index, entry)) {
                if !has_path_connecting(&graph, after, before, None) {
                    graph.add_edge(before, after, ());
                }
            }
        }
        graph
    }

    /// What must be there before `entry` is made or changed, and the two halves of its own replacement.
    fn add_forward(&self, graph: &mut DiGraphMap<Node, ()>, index: usize, entry: &Entry) {
        let Some(step) = forward(entry) else { return };
        for before in self.forward_before(&entry.address) {
            graph.add_edge(before, (index, step), ());
        }
        match entry.action {
            Action::Replace(ReplaceOrder::CreateFirst) => {
                graph.add_edge((index, step), (index, StepKind::Delete), ())
            }
            Action::Replace(ReplaceOrder::DeleteFirst) => {
                graph.add_edge((index, StepKind::Delete), (index, step), ())
            }
            Action::NoOp | Action::Create | Action::Update | Action::Delete => None,
        };
    }

    /// The nearest steps that make or change what the resource at `address` refers to; what has no step itself hands
    /// on to what it refers to.
    fn forward_before(&self, address: &Address) -> BTreeSet<Node> {
        let (mut found, mut done) = (BTreeSet::new(), BTreeSet::new());
        let mut open: Vec<&Address> = self
            .references(address)
            .into_iter()
            .flat_map(References::iter)
            .collect();
        while let Some(next) = open.pop() {
            if !done.insert(next) {
                continue;
            }
            let index = self.current.get(next).copied();
            match index.and_then(|index| Some((index, forward(self.entries.get(index)?)?))) {
                Some(node) => {
                    found.insert(node);
                }
                None => open.extend(self.references(next).into_iter().flat_map(References::iter)),
            }
        }
        found
    }

    /// The live resource of every entry in `held`, which `entry` holds on to, is deleted only after this one is gone or
    /// has let go of it.
    fn backward(&self, index: usize, entry: &Entry, held: &BTreeSet<usize>) -> Vec<(Node, Node)> {
        let mut edges = Vec::new();
        for held in held.iter().copied() {
            let Some(other) = self.entries.get(held) else {
                continue;
            };
            if backward(other).is_none() {
                continue;
            }
            let gone = (held, StepKind::Delete);
            if backward(entry).is_some() {
                edges.push(((index, StepKind::Delete), gone));
            }
            let moved = forward(entry).filter(|_| lets_go_first(other));
            if let Some(step) = moved {
                edges.push(((index, step), gone));
            }
        }
        edges
    }

    /// All that must be deleted after `entry` is gone or has let go of it.
    fn held(&self, index: usize, entry: &Entry) -> BTreeSet<usize> {
        &self.used(index, entry) | &self.referred(index, entry)
    }

    /// What the live resource of `entry` uses: AWS refuses to delete that before.
    fn used(&self, index: usize, entry: &Entry) -> BTreeSet<usize> {
        let uses = entry.live.iter().flat_map(|live| &live.uses);
        let owners = uses.filter_map(|text| self.owners.get(text.as_str()));
        owners
            .flatten()
            .copied()
            .filter(|held| *held != index)
            .collect()
    }

    /// What stands at the addresses that `entry` refers to. What is yet to be made holds on to nothing, but for what
    /// was replaced in an earlier run: it takes over from that.
    fn referred(&self, index: usize, entry: &Entry) -> BTreeSet<usize> {
        let references = self.references(&entry.address);
        let addresses = references.into_iter().flat_map(References::held);
        let standing = addresses.filter_map(|address| self.standing.get(address));
        let is_held = |held: &usize| {
            let was_replaced = || {
                let other = self.entries.get(*held);
                other.is_some_and(|other| self.current.get(&other.address) != Some(held))
            };
            *held != index && (entry.live.is_some() || was_replaced())
        };
        standing.flatten().copied().filter(is_held).collect()
    }

    fn references(&self, address: &Address) -> Option<&'a References> {
        self.blueprint
            .resources
            .get(address)
            .map(|resource| &resource.references)
    }
}

fn forward(entry: &Entry) -> Option<StepKind> {
    match entry.action {
        Action::Create | Action::Replace(_) => Some(StepKind::Create),
        Action::Update => Some(StepKind::Update),
        Action::NoOp | Action::Delete => None,
    }
}

fn backward(entry: &Entry) -> Option<StepKind> {
    match entry.action {
        Action::Replace(_) | Action::Delete => Some(StepKind::Delete),
        Action::NoOp | Action::Create | Action::Update => None,
    }
}

/// Whether what holds on to `other` can move away before it is deleted: not when the new one needs its place.
fn lets_go_first(other: &Entry) -> bool {
    other.action != Action::Replace(ReplaceOrder::DeleteFirst)
}
