//! Migrations in words: a task's lines as they come, what became of it, and what the marks say.

use std::sync::Arc;

use super::lines::Lines;
use super::reporter::here;
use super::screen::Screen;
use super::style::{DONE, FAINT, HINT, STRONG, paint};
use super::wrap::{clean, wrap};
use crate::event::{Event, Sink};
use crate::kong::schema_state::{SchemaMarks, SchemaState};
use crate::resource::{Address, Note, Notify, Pace};

/// Where the values of the status begin.
const VALUES: usize = 16;

/// Shows a task while it runs: what it writes is the result, what is waited for stands beside it.
pub(crate) struct Watch {
    screen: Arc<Screen>,
    lines: Lines,
    pace: Pace,
}

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub(crate) fn new(screen: &Arc<Screen>, pace: Pace) -> Self {
        Self {
            screen: Arc::clone(screen),
            lines: Lines::new(Arc::clone(screen)),
            pace,
        }
    }
}

impl Notify for Watch {
    fn note(&self, address: &Address, note: Note) {
        match note {
            Note::Remark(text) => {
                // A line that cannot be written is in the task's log all the same; the work goes on.
                let _ = self.screen.result(&format!("{}\n", clean(&text)));
            }
            note => {
                let address = address.clone();
                let event = Event::Noted { address, note };
                self.lines.event(here(event, self.pace));
            }
        }
    }
}

/// What state the schema is in now, and what comes next. `flags` are those that name the stack.
#[must_use]
pub(crate) fn migrated(state: SchemaState, flags: &str, width: usize) -> String {
    let style = if state == SchemaState::Clean {
        DONE
    } else {
        HINT
    };
    let text = wrap(&format!("{state}."), width).join("\n");
    let mut text = format!("{}\n", paint(style, text));
    if let Some(next) = next(state, flags) {
        text += &format!("{}\n", wrap(&next, width).join("\n"));
    }
    text
}

fn next(state: SchemaState, flags: &str) -> Option<String> {
    Some(match state {
        SchemaState::Clean => return None,
        SchemaState::NeedsBootstrap => {
            format!("`kongstack apply{flags}` makes it, or `kongstack migrate bootstrap{flags}`")
        }
        SchemaState::Pending => format!(
            "`kongstack apply{flags}` rolls the control plane over and finishes; hold back writes through the Admin API until then"
        ),
        SchemaState::New => format!(
            "`kongstack apply{flags}` goes through the whole upgrade; `kongstack migrate up{flags}` through its first step"
        ),
        SchemaState::Torn => format!(
            "`kongstack apply{flags}` goes on: it stops the control plane, finishes what is pending and runs the rest; data planes go on serving"
        ),
    })
}

/// What the marks say, without a task.
#[must_use]
pub(crate) fn schema_status(
    known: &SchemaMarks,
    (stack, region): (&str, &str),
    flags: &str,
    width: usize,
) -> String {
    let none = || "never".to_owned();
    let heading =
        format!("The schema of the stack `{stack}` in {region}, by the marks on its database:");
    let mut text = format!("{}\n", paint(STRONG, wrap(&heading, width).join("\n")));
    for (name, value) in [
        ("up ran for", known.schema.clone().unwrap_or_else(none)),
        (
            "finish ran for",
            known.finished.clone().unwrap_or_else(none),
        ),
        ("tasks run", known.image.clone()),
        ("the spec has", known.wanted.clone()),
    ] {
        let gap = " ".repeat(VALUES.saturating_sub(name.len()));
        text += &format!("  {}{gap}{}\n", paint(FAINT, name), clean(&value));
    }
    text + &format!("{}\n", wrap(&verdict(known, flags), width).join("\n"))
}

/// What the marks come to.
fn verdict(known: &SchemaMarks, flags: &str) -> String {
    let of = |mark: &Option<String>| mark.as_ref() == Some(&known.wanted);
    match (&known.schema, &known.finished) {
        (None, _) => format!(
            "No schema was made by this program. {}",
            next(SchemaState::NeedsBootstrap, flags).unwrap_or_default()
        ),
        _ if of(&known.schema) && of(&known.finished) => {
            format!(
                "All is as the spec wants it. `kongstack migrate list{flags}` asks the database itself."
            )
        }
        (schema, finished) if schema != finished => {
            let pending = SchemaState::Pending;
            format!(
                "An upgrade is half-way: {pending}. {}.",
                next(pending, flags).unwrap_or_default()
            )
        }
        _ => format!(
            "The spec has another image: `kongstack plan{flags}` says what an upgrade does."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(schema: Option<&str>, finished: Option<&str>, wanted: &str) -> SchemaMarks {
        SchemaMarks {
            image: "kong:3.9.3".to_owned(),
            wanted: wanted.to_owned(),
            schema: schema.map(str::to_owned),
            finished: finished.map(str::to_owned),
        }
    }

    fn shown(known: &SchemaMarks) -> String {
        let text = schema_status(known, ("kong-gw", "eu-west-1"), " -f gw.yaml", 80);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        text
    }

    #[test]
    fn the_marks_say_how_far_an_upgrade_is() {
        let (old, new) = (Some("kong:3.8.1"), Some("kong:3.9.3"));
        insta::assert_snapshot!(shown(&known(new, old, "kong:3.9.3")), @r"
        The schema of the stack `kong-gw` in eu-west-1, by the marks on its database:
          up ran for      kong:3.9.3
          finish ran for  kong:3.8.1
          tasks run       kong:3.9.3
          the spec has    kong:3.9.3
        An upgrade is half-way: migrations are pending: they wait for `finish`.
        `kongstack apply -f gw.yaml` rolls the control plane over and finishes; hold
        back writes through the Admin API until then.
        ");
        for (schema, finished, wanted, said) in [
            (new, new, "kong:3.9.3", "All is as the spec wants it."),
            (new, new, "kong:3.9.4", "The spec has another image"),
            (None, None, "kong:3.9.3", "No schema was made"),
        ] {
            let text = shown(&known(schema, finished, wanted));
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn whatever_is_left_to_do_comes_with_what_does_it() {
        for (state, _) in SchemaState::ALL {
            let text = migrated(state, "", 80);
            let text = anstream::adapter::strip_str(&text).to_string();
            assert_eq!(
                text.contains("kongstack "),
                state != SchemaState::Clean,
                "{text}"
            );
            assert!(
                text.lines().all(|line| line.chars().count() <= 80),
                "{text}"
            );
        }
    }
}
