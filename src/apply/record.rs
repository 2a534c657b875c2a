//! Remembers the ids of what steps make, and hands their notes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Event, Sink};
use crate::resource::{Address, Note, Notify};

/// Stands between the steps and the reporter.
pub(super) struct Recorder {
    sink: Arc<dyn Sink>,
    ids: Mutex<BTreeMap<Address, String>>,
}

impl Recorder {
    /// Hands everything on to `sink`.
    pub(super) fn new(sink: Arc<dyn Sink>) -> Self {
        Self {
            sink,
            ids: Mutex::default(),
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
