//! Remembers what steps made, and where an answer was lost, and hands their notes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Event, Sink};
use crate::resource::{Address, Note, Notify};

/// Stands between the steps and the reporter.
pub(super) struct Recorder {
    sink: Arc<dyn Sink>,
    ids: Mutex<BTreeMap<Address, String>>,
    unclear: Mutex<BTreeSet<Address>>,
}

impl Recorder {
    /// Hands everything on to `sink`.
    pub(super) fn new(sink: Arc<dyn Sink>) -> Self {
        Self {
            sink,
            ids: Mutex::default(),
            unclear: Mutex::default(),
        }
    }

    /// Hands on an event of the schedule.
    pub(super) fn event(&self, event: Event) {
        self.sink.event(event);
    }

    /// The id of what the step at `address` made.
    pub(super) fn id(&self, address: &Address) -> Option<String> {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(address)
            .cloned()
    }

    /// The answer to a call of the step at `address` was lost.
    pub(super) fn lost(&self, address: &Address) {
        let mut unclear = self.unclear.lock().unwrap_or_else(PoisonError::into_inner);
        unclear.insert(address.clone());
    }

    /// Whether the step at `address` may have made something nobody has seen, given that it has ended.
    pub(super) fn is_unclear(&self, address: &Address) -> bool {
        let unclear = self.unclear.lock().unwrap_or_else(PoisonError::into_inner);
        unclear.contains(address) && self.id(address).is_none()
    }
}

impl Notify for Recorder {
    fn note(&self, address: &Address, note: Note) {
        if let Note::Made { id } = &note {
            self.ids
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(address.clone(), id.clone());
        }
        self.sink.event(Event::Noted {
            address: address.clone(),
            note,
        });
    }
}
