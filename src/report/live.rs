//! Events as a display that redraws itself: a line a running step, a summary below, what is done scrolling above.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::duration::short;
use super::events;
use super::style::{FAINT, STRONG, paint};
use super::terminal::{ECHO, Terminal};
use super::wrap::{clean, hang};
use crate::event::{Event, Sink, Verb};
use crate::resource::{Address, Note};

/// Often enough for a second to be a second.
const TICK: Duration = Duration::from_millis(200);

/// The display, on standard error.
pub(super) struct Live {
    bars: MultiProgress,
    summary: ProgressBar,
    state: Mutex<State>,
    colored: bool,
    width: usize,
}

struct State {
    running: BTreeMap<Address, (ProgressBar, Arc<Mutex<Running>>)>,
    counts: Arc<Mutex<Counts>>,
}

/// One running step.
#[derive(Debug, Clone)]
struct Running {
    address: Address,
    noun: &'static str,
    verb: Verb,
    /// Its state as AWS spells it, and how long it usually takes.
    waiting: Option<(String, Duration)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    total: usize,
    running: usize,
    done: usize,
    failed: usize,
    skipped: usize,
    draining: bool,
}

impl Live {
    /// A display for `total` steps.
    pub(super) fn new(total: usize, colored: bool, width: usize) -> Self {
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Terminal::default()), 10);
        let bars = MultiProgress::with_draw_target(target);
        let width = width.saturating_sub(ECHO);
        let counts = Arc::new(Mutex::new(Counts {
            total,
            ..Counts::default()
        }));
        let summary = bars.add(ProgressBar::new_spinner());
        let shown = Arc::clone(&counts);
        summary.set_style(drawn(colored, move |elapsed| {
            lock(&shown).line(elapsed, width)
        }));
        summary.enable_steady_tick(TICK);
        let state = Mutex::new(State {
            running: BTreeMap::new(),
            counts,
        });
        Self {
            bars,
            summary,
            state,
            colored,
            width,
        }
    }

    /// Takes the display away.
    pub(super) fn finish(&self) {
        let mut state = lock(&self.state);
        for (bar, _) in std::mem::take(&mut state.running).into_values() {
            bar.finish_and_clear();
        }
        self.summary.finish_and_clear();
        // It is gone either way.
        let _ = self.bars.clear();
    }

    fn start(&self, state: &mut State, running: Running) {
        let address = running.address.clone();
        let shared = Arc::new(Mutex::new(running));
        let (shown, width) = (Arc::clone(&shared), self.width);
        let bar = self
            .bars
            .insert_before(&self.summary, ProgressBar::new_spinner());
        bar.set_style(drawn(self.colored, move |elapsed| {
            lock(&shown).line(elapsed, width)
        }));
        bar.enable_steady_tick(TICK);
        state.running.insert(address, (bar, shared));
    }

    fn print(&self, text: &str) {
        let text = if self.colored {
            text.to_owned()
        } else {
            anstream::adapter::strip_str(text).to_string()
        };
        for line in text.lines() {
            // What is wrapped here is told without colours rather than torn in the middle of a word.
            let long = clean(line).chars().count() > self.width;
            let line = if long {
                hang(line, self.width, 2)
            } else {
                line.to_owned()
            };
            // A terminal that is gone cannot be told so.
            let _ = self.bars.println(line);
        }
    }
}

impl Sink for Live {
    fn event(&self, event: Event) {
        let mut state = lock(&self.state);
        let mut said = Some(events::line(&event));
        match event {
            Event::Started {
                address,
                verb,
                noun,
            } => {
                self.start(
                    &mut state,
                    Running {
                        address,
                        noun,
                        verb,
                        waiting: None,
                    },
                );
                said = None;
            }
            Event::Noted {
                address,
                note:
                    Note::Waiting {
                        state: now,
                        typical,
                        ..
                    },
            } => {
                if let Some((_, running)) = state.running.get(&address) {
                    lock(running).waiting = Some((clean(&now), typical));
                }
                said = None;
            }
            Event::Noted {
                note: Note::Made { .. },
                ..
            } => said = None,
            Event::Noted {
                note: Note::Remark(_),
                ..
            } => {}
            Event::Finished { address, .. } => {
                state.end(&address);
                lock(&state.counts).done += 1;
            }
            Event::Failed { address, .. } => {
                state.end(&address);
                lock(&state.counts).failed += 1;
            }
            Event::Skipped { .. } => lock(&state.counts).skipped += 1,
            Event::Draining { .. } => lock(&state.counts).draining = true,
        }
        lock(&state.counts).running = state.running.len();
        if let Some(text) = said {
            self.print(&text);
        }
    }
}

impl State {
    fn end(&mut self, address: &Address) {
        if let Some((bar, _)) = self.running.remove(address) {
            bar.finish_and_clear();
        }
    }
}

impl Running {
    /// `database/writer: creating, 2m10s of about 6m00s (configuring)`.
    fn line(&self, elapsed: Duration, width: usize) -> String {
        let doing = events::doing(self.verb);
        let (time, state) = match &self.waiting {
            Some((state, typical)) if !typical.is_zero() => (
                format!("{} of about {}", short(elapsed), short(*typical)),
                state.as_str(),
            ),
            Some((state, _)) => (short(elapsed), state.as_str()),
            None => (short(elapsed), ""),
        };
        let aside = match state.lines().next() {
            Some(state) if state != doing => format!("{}: {state}", self.noun),
            _ => self.noun.to_owned(),
        };
        let main = format!(": {doing}, {time} ");
        let used = self.address.as_str().chars().count() + main.chars().count();
        let aside = cut(&format!("({aside})"), width.saturating_sub(used + 2));
        format!(
            "{}{main}{}",
            paint(STRONG, &self.address),
            paint(FAINT, aside)
        )
    }
}

impl Counts {
    /// `12 of 61 done, 5 running, 44 to come, 1m23s`.
    fn line(self, elapsed: Duration, width: usize) -> String {
        let ended = self.done + self.failed + self.skipped + self.running;
        let mut parts = vec![format!("{} of {} done", self.done, self.total)];
        for (count, what) in [
            (self.running, "running"),
            (
                self.total.saturating_sub(ended),
                if self.draining {
                    "held back"
                } else {
                    "to come"
                },
            ),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        parts.push(short(elapsed));
        cut(&parts.join(", "), width.saturating_sub(2))
    }
}

fn drawn(
    colored: bool,
    line: impl Fn(Duration) -> String + Clone + Send + Sync + 'static,
) -> ProgressStyle {
    let key = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let text = line(state.elapsed());
        let text = if colored {
            text
        } else {
            anstream::adapter::strip_str(&text).to_string()
        };
        // Writing to a text in memory does not fail.
        let _ = out.write_str(&text);
    };
    let style = ProgressStyle::with_template("{spinner} {line}");
    style
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("line", key)
}

/// The beginning of a text that is too long for its place.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    if width == 0 {
        String::new()
    } else {
        format!("{kept}…")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_running_step_says_how_long_it_usually_takes() {
        let mut running = Running {
            address: "database/writer".parse().expect("an address"),
            noun: "Aurora writer",
            verb: Verb::Create,
            waiting: None,
        };
        let at = Duration::from_secs(130);
        assert_eq!(
            plain(&running.line(at, 80)),
            "database/writer: creating, 2m10s (Aurora writer)"
        );
        running.waiting = Some(("creating".to_owned(), Duration::from_secs(360)));
        assert_eq!(
            plain(&running.line(at, 80)),
            "database/writer: creating, 2m10s of about 6m00s (Aurora writer)"
        );
        running.waiting = Some((
            "configuring-monitoring".to_owned(),
            Duration::from_secs(360),
        ));
        let line = plain(&running.line(at, 60));
        assert_eq!(
            line,
            "database/writer: creating, 2m10s of about 6m00s (Aurora w…"
        );
        assert!(line.chars().count() <= 58);
    }

    #[test]
    fn the_summary_counts_what_is_left() {
        let counts = Counts {
            total: 61,
            running: 5,
            done: 12,
            failed: 1,
            skipped: 3,
            draining: false,
        };
        let at = Duration::from_secs(83);
        assert_eq!(
            counts.line(at, 80),
            "12 of 61 done, 5 running, 40 to come, 1 failed, 3 skipped, 1m23s"
        );
        let draining = Counts {
            draining: true,
            failed: 0,
            skipped: 0,
            ..counts
        };
        assert_eq!(
            draining.line(at, 80),
            "12 of 61 done, 5 running, 44 held back, 1m23s"
        );
    }
}
