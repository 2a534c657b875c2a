//! Stage 6: a plan becomes true.
//!
//! The schedule starts every step as soon as what it waits for is done; an act is one step against AWS, including
//! what to do when an answer is lost. Emits events; prints nothing, and knows no kind.

mod act;
mod blockers;
mod outputs;
mod record;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use blockers::blockers;
pub(crate) use schedule::run;

use crate::aws::Clients;
use crate::event::{Halt, Verb};
use crate::lease::Grip;
use crate::resource::{Address, Blueprint, Error, KindRef, LookUp, Observer, Outputs, Pace};

/// What a run works with: AWS, what is wanted, and the kinds.
#[derive(Clone)]
pub(crate) struct Engine {
    /// AWS.
    pub(crate) clients: Arc<Clients>,
    /// What is wanted.
    pub(crate) blueprint: Arc<Blueprint>,
    /// The kinds.
    pub(crate) registry: &'static [KindRef],
    /// How lookups are answered.
    pub(crate) look_up: LookUp,
}

impl Engine {
    /// A fresh look at AWS.
    pub(crate) fn observer(&self) -> Observer {
        Observer::new(
            Arc::clone(&self.clients),
            Arc::clone(&self.blueprint),
            self.registry,
            self.look_up,
        )
    }
}

/// How a plan is applied.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How many steps may act at once; at least 1. Waiting does not count.
    pub(crate) parallelism: usize,
    /// When to end.
    pub(crate) deadline: Option<Instant>,
    /// How long one step may take.
    pub(crate) step_timeout: Option<Duration>,
    /// How fast time goes.
    pub(crate) pace: Pace,
    /// The first interruption: begin nothing, wait for nothing.
    pub(crate) drain: CancellationToken,
    /// The second: stop now.
    pub(crate) abort: CancellationToken,
    /// Whether the stack's lease is still held: once it is lost, as after the first interruption.
    pub(crate) grip: Grip,
}

/// What became of a plan.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The steps that did what they should, in the order they ended.
    pub(crate) done: Vec<Done>,
    /// The steps that failed.
    pub(crate) failed: Vec<(Address, Verb, Error)>,
    /// The steps not done because another failed.
    pub(crate) skipped: Vec<Skip>,
    /// The steps that were under way when the run was halted.
    pub(crate) unfinished: Vec<Unfinished>,
    /// The steps never begun because the run was halted.
    pub(crate) not_started: Vec<(Address, Verb)>,
    /// What AWS keeps on purpose, by the resource it is left of.
    pub(crate) kept: Vec<(Address, String)>,
    /// All outputs known at the end.
    pub(crate) outputs: BTreeMap<Address, Outputs>,
    /// Creations that may have made something nobody has seen: cut off in the middle of a call, or its answer lost.
    pub(crate) unseen: Vec<Address>,
    /// What kept the run from its end, if anything did.
    pub(crate) halt: Option<Halt>,
}

/// A step that did what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// Whose step.
    pub(crate) address: Address,
    /// What it did.
    pub(crate) verb: Verb,
    /// The id of what it made.
    pub(crate) id: Option<String>,
}

/// A step not done because another failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    /// Whose step.
    pub(crate) address: Address,
    /// What it was to do.
    pub(crate) verb: Verb,
    /// The one that failed.
    pub(crate) because: Address,
}

/// A step that was begun and not seen to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// Whose step.
    pub(crate) address: Address,
    /// What it was doing.
    pub(crate) verb: Verb,
    /// The id of what it had made by then.
    pub(crate) id: Option<String>,
    /// What it was waiting for; nothing when it was cut off in the middle of a call.
    pub(crate) waiting: Option<String>,
}

impl Report {
    /// Whether every step did what it should.
    pub(crate) fn is_complete(&self) -> bool {
        self.failed.is_empty()
            && self.unfinished.is_empty()
            && self.not_started.is_empty()
            && self.skipped.is_empty()
    }
}
