//! What happens during a run, as data: the engine's only output.
//!
//! Reporters turn events into lines, live displays or files; nothing here knows how they look.

use std::time::Duration;

use crate::lease::Loss;
use crate::resource::{Address, Error, Note};

/// What a step does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Makes the new one of a replacement.
    Replace,
    /// Deletes it, or the old one of a replacement.
    Delete,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A step began to act.
    Started {
        /// Whose step.
        address: Address,
        /// What it does.
        verb: Verb,
        /// What the resource is called in a sentence.
        noun: &'static str,
    },
    /// Something happened inside a step.
    Noted {
        /// Whose step.
        address: Address,
        /// What happened.
        note: Note,
    },
    /// A step did what it should.
    Finished {
        /// Whose step.
        address: Address,
        /// What it did.
        verb: Verb,
        /// How long it took, on this machine's clock.
        took: Duration,
    },
    /// A step failed.
    Failed {
        /// Whose step.
        address: Address,
        /// What it was to do.
        verb: Verb,
        /// Why.
        error: Error,
    },
    /// A step will not be done because another failed.
    Skipped {
        /// Whose step.
        address: Address,
        /// What it was to do.
        verb: Verb,
        /// The failed step it depends on.
        because: Address,
    },
    /// Nothing new is begun from here on.
    Draining {
        /// Why.
        why: Halt,
    },
}

/// Why a run begins nothing more although there is more to do.
#[derive(Debug, Clone)]
pub(crate) enum Halt {
    /// A person or the system asked for it.
    Interrupted,
    /// The run's time is up.
    OutOfTime,
    /// The stack's lease is lost.
    LeaseLost(Loss),
    /// Every further call would fail as this one did: no credentials, no connection.
    Pointless(Error),
}

/// Takes events as they happen, from any thread.
pub(crate) trait Sink: Send + Sync {
    /// One event.
    fn event(&self, event: Event);
}
