//! Which reporter a run has.

use std::sync::Arc;

use super::lines::Lines;
use super::live::Live;
use super::screen::Screen;
use crate::event::{Event, Sink};
use crate::resource::{Note, Pace};

/// What shows a run's events.
pub(crate) struct Reporter {
    display: Display,
    pace: Pace,
}

enum Display {
    /// A display that redraws itself.
    Live(Live),
    /// A line an event.
    Lines(Lines),
    /// Nothing.
    Quiet,
}

impl Reporter {
    /// The one that suits where standard error goes to.
    #[must_use]
    pub(crate) fn new(screen: &Arc<Screen>, steps: usize, pace: Pace) -> Arc<Self> {
        let display = if screen.is_quiet() {
            Display::Quiet
        } else if screen.is_live() {
            Display::Live(Live::new(steps, screen.is_colored(), screen.side_width()))
        } else {
            Display::Lines(Lines::new(Arc::clone(screen)))
        };
        Arc::new(Self { display, pace })
    }

    /// Ends it, so that others can write again.
    pub(crate) fn finish(&self) {
        if let Display::Live(live) = &self.display {
            live.finish();
        }
    }
}

impl Sink for Reporter {
    fn event(&self, event: Event) {
        let event = here(event, self.pace);
        match &self.display {
            Display::Live(live) => live.event(event),
            Display::Lines(lines) => lines.event(event),
            Display::Quiet => {}
        }
    }
}

/// The event with what takes AWS's time turned into what it takes here.
pub(super) fn here(event: Event, pace: Pace) -> Event {
    match event {
        Event::Noted {
            address,
            note:
                Note::Waiting {
                    what,
                    state,
                    typical,
                },
        } => Event::Noted {
            address,
            note: Note::Waiting {
                what,
                state,
                typical: pace.scale(typical),
            },
        },
        other => other,
    }
}
