//! Events in words; how they are laid out is for the reporters.

use std::time::Duration;

use super::duration::short;
use super::style::{CREATE, DELETE, DONE, ERROR, FAINT, HINT, REPLACE, STRONG, UPDATE, paint};
use super::wrap::clean;
use crate::event::{Event, Halt, Verb};
use crate::resource::Note;

/// What a step is doing.
pub(super) fn doing(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "creating",
        Verb::Update => "updating",
        Verb::Replace => "replacing",
        Verb::Delete => "deleting",
    }
}

/// What a step has done.
pub(super) fn done(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Replace => "replaced",
        Verb::Delete => "deleted",
    }
}

/// What a step is for.
pub(super) fn to_do(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Replace => "replace",
        Verb::Delete => "delete",
    }
}

/// What is said when a run is halted.
fn halting(why: &Halt) -> &'static str {
    match why {
        Halt::Interrupted => {
            "interrupted: nothing new is begun, running calls may finish; once more stops at once"
        }
        Halt::OutOfTime => {
            "the time given with --timeout is over: nothing new is begun, running calls may finish"
        }
        Halt::LeaseLost(_) => {
            "the stack's lease is lost: nothing new is begun, running calls may finish"
        }
        Halt::Pointless(_) => {
            "no further call can succeed: nothing new is begun, running calls may finish"
        }
    }
}

/// An event in one line, without the time. What more there is to say of an error, the ending says.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Started {
            address,
            verb,
            noun,
        } => {
            let style = match verb {
                Verb::Create => CREATE,
                Verb::Update => UPDATE,
                Verb::Replace => REPLACE,
                Verb::Delete => DELETE,
            };
            let noun = paint(FAINT, format!("({noun})"));
            format!(
                "{}: {} {noun}",
                paint(STRONG, address),
                paint(style, doing(*verb))
            )
        }
        Event::Noted { address, note } => format!("{}: {}", paint(STRONG, address), noted(note)),
        Event::Finished {
            address,
            verb,
            took,
        } => {
            let verb = paint(DONE, done(*verb));
            format!("{}: {verb} in {}", paint(STRONG, address), short(*took))
        }
        Event::Failed {
            address,
            verb,
            error,
        } => {
            let failed = paint(ERROR, format!("failed to {}", to_do(*verb)));
            let error = clean(&error.to_string());
            let error = error.lines().next().unwrap_or_default();
            format!("{}: {failed}: {error}", paint(STRONG, address))
        }
        Event::Skipped {
            address,
            verb,
            because,
        } => {
            let skipped = paint(UPDATE, "skipped");
            format!(
                "{}: {skipped} (to {}): it needs {because}",
                paint(STRONG, address),
                to_do(*verb)
            )
        }
        Event::Draining { why } => {
            let style = match why {
                Halt::LeaseLost(_) => ERROR,
                Halt::Interrupted | Halt::OutOfTime | Halt::Pointless(_) => HINT,
            };
            paint(style, halting(why))
        }
    }
}

fn noted(note: &Note) -> String {
    match note {
        Note::Made { id } => format!("it is {id}"),
        Note::Waiting {
            what,
            state,
            typical,
        } => {
            format!("waiting for {what} ({}){}", clean(state), usually(*typical))
        }
        Note::Remark(text) => clean(text),
    }
}

fn usually(typical: Duration) -> String {
    if typical.is_zero() {
        String::new()
    } else {
        format!(", usually {}", short(typical))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lease::Loss;
    use crate::resource::{Address, Error, Layer};

    pub(crate) fn examples() -> Vec<Event> {
        let vpc = Address::new(Layer::Network, "vpc");
        let writer = Address::new(Layer::Database, "writer");
        let service = Address::new(Layer::DataPlane, "service");
        let seconds = Duration::from_secs;
        vec![
            Event::Started {
                address: vpc.clone(),
                verb: Verb::Create,
                noun: "VPC",
            },
            Event::Noted {
                address: vpc.clone(),
                note: Note::Made {
                    id: "vpc-1".to_owned(),
                },
            },
            Event::Finished {
                address: vpc,
                verb: Verb::Create,
                took: seconds(2),
            },
            Event::Started {
                address: writer.clone(),
                verb: Verb::Replace,
                noun: "Aurora writer",
            },
            Event::Noted {
                address: writer.clone(),
                note: Note::Waiting {
                    what: "the writer".to_owned(),
                    state: "creating".to_owned(),
                    typical: seconds(360),
                },
            },
            Event::Failed {
                address: writer.clone(),
                verb: Verb::Replace,
                error: Error::Failed {
                    what: "the writer".to_owned(),
                    state: "storage-full".to_owned(),
                    detail: vec!["no room".to_owned()],
                },
            },
            Event::Skipped {
                address: service,
                verb: Verb::Update,
                because: writer,
            },
            Event::Draining {
                why: Halt::Interrupted,
            },
            Event::Draining {
                why: Halt::LeaseLost(Loss::Removed),
            },
        ]
    }

    #[test]
    fn every_event_has_words() {
        let text: Vec<String> = examples().iter().map(line).collect();
        let text = anstream::adapter::strip_str(&text.join("\n")).to_string();
        insta::assert_snapshot!(text, @r"
        network/vpc: creating (VPC)
        network/vpc: it is vpc-1
        network/vpc: created in 2s
        database/writer: replacing (Aurora writer)
        database/writer: waiting for the writer (creating), usually 6m00s
        database/writer: failed to replace: the writer is storage-full
        data-plane/service: skipped (to update): it needs database/writer
        interrupted: nothing new is begun, running calls may finish; once more stops at once
        the stack's lease is lost: nothing new is begun, running calls may finish
        ");
    }
}
