//! Stage 5: entries become ordered steps. Pure.
//!
//! What is selected by `--target` and `--exclude`, what is refused, and what must come before what. Nothing here
//! acts, and nothing here knows a kind.

mod order;
mod refusal;
mod select;

use std::collections::BTreeMap;

pub(crate) use order::{StepId, StepKind, StepNode};
pub(crate) use refusal::Refusal;
pub(crate) use select::{Selection, UnknownAddress};

use crate::diff::{Action, Entry, compare, dismantle};
use crate::observe::World;
use crate::resource::{Address, Blueprint, Error, Outputs, Text, Warning};

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To make AWS match the spec.
    Apply,
    /// To remove the stack.
    Destroy,
}

impl Purpose {
    /// The command that has it.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }
}

/// What to do, in which order, and why.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The stack's name.
    pub(crate) stack: String,
    /// Its region.
    pub(crate) region: String,
    /// Every resource, changing or not, in the order of references.
    pub(crate) entries: Vec<Entry>,
    /// The steps, in an order that respects what must come before what.
    pub(crate) steps: Vec<StepNode>,
    /// Why it cannot be applied; empty when it can.
    pub(crate) refusals: Vec<Refusal>,
    /// What a person should know before it is applied; stops nothing.
    pub(crate) warnings: Vec<Warning>,
    /// Where data may be lost.
    pub(crate) may_lose: Vec<Address>,
    /// The outputs known without applying it.
    pub(crate) known: BTreeMap<Address, Outputs>,
    /// What `output` will print once it is applied.
    pub(crate) outputs: BTreeMap<String, Text>,
}

/// How many resources each action concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Made.
    pub(crate) create: usize,
    /// Changed in place.
    pub(crate) update: usize,
    /// Replaced.
    pub(crate) replace: usize,
    /// Deleted.
    pub(crate) delete: usize,
    /// As they should be.
    pub(crate) unchanged: usize,
}

impl Plan {
    /// Plans to make AWS match the blueprint. Deleting or replacing what holds data is refused except at `may_lose`.
    ///
    /// # Errors
    /// Defects of this program only.
    pub(crate) fn apply(
        blueprint: &Blueprint,
        world: &World,
        selection: &Selection,
        may_lose: &[Address],
    ) -> Result<Self, Error> {
        let entries = compare(blueprint, world)?;
        let warnings = warnings(&entries)?;
        let mut plan = Self::new(
            Purpose::Apply,
            blueprint,
            world,
            select::dependencies(entries, blueprint, selection),
        )?;
        plan.refusals = refusal::find(&plan.entries, world, may_lose)?;
        plan.warnings = warnings;
        plan.may_lose = may_lose.to_vec();
        Ok(plan)
    }

    /// Plans to remove everything live. What is deleted only when empty is emptied at `may_lose`.
    ///
    /// # Errors
    /// Defects of this program only.
    pub(crate) fn destroy(
        blueprint: &Blueprint,
        world: &World,
        selection: &Selection,
        may_lose: &[Address],
    ) -> Result<Self, Error> {
        let entries = select::dependents(dismantle(blueprint, world), blueprint, selection);
        let mut plan = Self::new(Purpose::Destroy, blueprint, world, entries)?;
        plan.may_lose = may_lose.to_vec();
        Ok(plan)
    }

    fn new(
        purpose: Purpose,
        blueprint: &Blueprint,
        world: &World,
        mut entries: Vec<Entry>,
    ) -> Result<Self, Error> {
        order::turn_round(blueprint, &mut entries);
        let steps = order::steps(blueprint, &entries)?;
        let kept = entries
            .iter()
            .filter(|entry| matches!(entry.action, Action::NoOp | Action::Update));
        let kept = kept.filter_map(|entry| {
            let outputs = entry.live.as_ref()?.outputs.clone();
            Some((entry.address.clone(), outputs.without(entry.diff.renewed())))
        });
        Ok(Self {
            purpose,
            stack: blueprint.stack.clone(),
            region: blueprint.region.clone(),
            known: world.lookups.clone().into_iter().chain(kept).collect(),
            outputs: blueprint.outputs.clone(),
            entries,
            steps,
            refusals: Vec::new(),
            warnings: Vec::new(),
            may_lose: Vec::new(),
        })
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many resources each action concerns.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for entry in &self.entries {
            match entry.action {
                Action::NoOp => counts.unchanged += 1,
                Action::Create => counts.create += 1,
                Action::Update => counts.update += 1,
                Action::Replace(_) => counts.replace += 1,
                Action::Delete => counts.delete += 1,
            }
        }
        counts
    }
}

/// What the kinds have to say of what is wanted, each about its address.
fn warnings(entries: &[Entry]) -> Result<Vec<Warning>, Error> {
    let mut found = Vec::new();
    for entry in entries {
        let Some(desired) = &entry.desired else {
            continue;
        };
        let live = entry.live.as_ref().and_then(|seen| seen.live.as_ref());
        let told = entry.kind.warnings(desired, live)?;
        found.extend(
            told.into_iter()
                .map(|warning| warning.about(&entry.address)),
        );
    }
    Ok(found)
}
