//! Events as plain lines, for logs and pipelines: one line an event, with the seconds since the start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::duration::short;
use super::events;
use super::screen::Screen;
use crate::event::{Event, Sink};
use crate::resource::{Address, Note};

/// How long nothing is said of a state that stays.
const SILENCE: Duration = Duration::from_secs(30);

/// Writes events to standard error.
pub(super) struct Lines {
    screen: Arc<Screen>,
    start: Instant,
    waits: Mutex<Waits>,
}

impl Lines {
    /// Starts its clock.
    pub(super) fn new(screen: Arc<Screen>) -> Self {
        Self {
            screen,
            start: Instant::now(),
            waits: Mutex::default(),
        }
    }
}

impl Sink for Lines {
    fn event(&self, event: Event) {
        let elapsed = self.start.elapsed();
        let said = self
            .waits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .say(&event, elapsed);
        if let Some(text) = said {
            self.screen.note(&text);
        }
    }
}

/// What has been said of each step that waits, and when.
#[derive(Debug, Default)]
struct Waits(BTreeMap<Address, (String, Duration)>);

impl Waits {
    /// The line for an event, unless it is a wait of which nothing new can be said.
    fn say(&mut self, event: &Event, elapsed: Duration) -> Option<String> {
        match event {
            Event::Noted {
                address,
                note: Note::Waiting { state, .. },
            } => {
                let known = self.0.get(address);
                if known.is_some_and(|(said, at)| said == state && elapsed < *at + SILENCE) {
                    return None;
                }
                self.0.insert(address.clone(), (state.clone(), elapsed));
            }
            Event::Finished { address, .. } | Event::Failed { address, .. } => {
                self.0.remove(address);
            }
            Event::Started { .. }
            | Event::Noted { .. }
            | Event::Skipped { .. }
            | Event::Draining { .. } => {}
        }
        let clock = format!("+{}", short(elapsed));
        Some(format!(
            "{clock:>7} {}\n",
            events::line(event).replace('\n', "\n        ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_stays_is_repeated_every_half_minute() {
        let waiting = |state: &str| Event::Noted {
            address: "database/writer".parse().expect("an address"),
            note: Note::Waiting {
                what: "the writer".to_owned(),
                state: state.to_owned(),
                typical: Duration::ZERO,
            },
        };
        let mut waits = Waits::default();
        let mut said = |state, seconds| waits.say(&waiting(state), Duration::from_secs(seconds));
        assert!(said("creating", 0).is_some());
        assert_eq!(said("creating", 10), None);
        assert!(said("configuring", 12).is_some());
        assert_eq!(said("configuring", 41), None);
        assert!(said("configuring", 42).is_some());
    }

    #[test]
    fn lines_begin_with_the_time() {
        let mut waits = Waits::default();
        let all = events::tests::examples();
        let said = all.iter().zip([0, 1, 2, 3, 40, 75, 75, 3700, 3701]);
        let text: String = said
            .filter_map(|(event, at)| waits.say(event, Duration::from_secs(at)))
            .collect();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
           +<1s network/vpc: creating (VPC)
            +1s network/vpc: it is vpc-1
            +2s network/vpc: created in 2s
            +3s database/writer: replacing (Aurora writer)
           +40s database/writer: waiting for the writer (creating), usually 6m00s
         +1m15s database/writer: failed to replace: the writer is storage-full
         +1m15s data-plane/service: skipped (to update): it needs database/writer
         +1h01m interrupted: nothing new is begun, running calls may finish; once more stops at once
         +1h01m the stack's lease is lost: nothing new is begun, running calls may finish
        ");
    }
}
