//! Why a command ended otherwise than well: the kind gives the exit code, the rest is for people.

use std::process::ExitCode;

use crate::observe::Unreadable;
use crate::plan::UnknownAddress;
use crate::report::{Failure, Screen, Surroundings, explain};
use crate::resource::Error;
use crate::spec::SourceError;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// It failed.
    Failed,
    /// There are changes to make, and the exit code was asked to tell.
    Pending,
    /// The spec is invalid or cannot be read.
    InvalidSpec,
    /// Something was done, something was not.
    Partial,
    /// Another run has the stack.
    Locked,
    /// The command line makes no sense.
    Usage,
    /// A person or the system stopped it.
    Interrupted,
}

impl Exit {
    /// The documented number.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::InvalidSpec => 3,
            Self::Partial => 4,
            Self::Locked => 5,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A command's failure.
#[derive(Debug)]
pub(super) struct CliError {
    /// How the program ends.
    pub(super) exit: Exit,
    text: Text,
}

/// What is still to be said of a failure.
#[derive(Debug)]
enum Text {
    /// Nothing: it has been said.
    Said,
    /// Text that is shown as it is.
    Rendered(String),
    /// What failed, why and what to do.
    Failure(Failure),
}

impl CliError {
    /// A failure of the run.
    pub(super) fn failed(failure: Failure) -> Self {
        Self {
            exit: Exit::Failed,
            text: Text::Failure(failure),
        }
    }

    /// Another run has the stack.
    pub(super) fn locked(failure: Failure) -> Self {
        Self {
            exit: Exit::Locked,
            text: Text::Failure(failure),
        }
    }

    /// A command line that makes no sense.
    pub(super) fn usage(failure: Failure) -> Self {
        Self {
            exit: Exit::Usage,
            text: Text::Failure(failure),
        }
    }

    /// A spec with problems, already rendered.
    pub(super) fn invalid(rendered: String) -> Self {
        Self {
            exit: Exit::InvalidSpec,
            text: Text::Rendered(rendered),
        }
    }

    /// Arguments that cannot be put over the spec, already rendered.
    pub(super) fn wrong_override(rendered: String) -> Self {
        Self {
            exit: Exit::Usage,
            text: Text::Rendered(rendered),
        }
    }

    /// An end of which everything has been said.
    pub(super) fn said(exit: Exit) -> Self {
        Self {
            exit,
            text: Text::Said,
        }
    }

    /// Interrupted before anything was changed.
    pub(super) fn interrupted() -> Self {
        let failure = Failure::new("interrupted; nothing has been changed");
        Self {
            exit: Exit::Interrupted,
            text: Text::Failure(failure),
        }
    }

    /// Interrupted on the way; the failure says what was done.
    pub(super) fn stopped(failure: Failure) -> Self {
        Self {
            exit: Exit::Interrupted,
            text: Text::Failure(failure),
        }
    }

    /// The same, without a word when a person has stopped what only shows something.
    pub(super) fn quiet_when_interrupted(self) -> Self {
        match self.exit {
            Exit::Interrupted => Self::said(Exit::Interrupted),
            _ => self,
        }
    }

    /// `--timeout` ran out before anything was changed.
    pub(super) fn out_of_time() -> Self {
        Self::failed(
            Failure::new("the time given with --timeout is over; nothing has been changed")
                .hint("give it more; it counts the whole run, reading and asking included"),
        )
    }

    /// AWS could not be read.
    pub(super) fn unreadable(unreadable: &Unreadable, around: &Surroundings) -> Self {
        let failure = Failure::new("the stack cannot be read from AWS");
        Self::failed(explained(failure, &unreadable.errors, around))
    }

    /// A stage failed with an error of its own.
    pub(super) fn engine(what: &str, error: &Error, around: &Surroundings) -> Self {
        Self::failed(explained(
            Failure::new(what),
            std::slice::from_ref(error),
            around,
        ))
    }

    /// Says what is left to say.
    pub(super) fn print(&self, screen: &Screen) {
        match &self.text {
            Text::Said => {}
            Text::Rendered(text) => screen.alert(text),
            Text::Failure(failure) => screen.alert(&failure.render(screen.side_width())),
        }
    }
}

fn explained(failure: Failure, errors: &[Error], around: &Surroundings) -> Failure {
    let explanation = explain(errors, around);
    let failure = explanation
        .causes
        .into_iter()
        .fold(failure, Failure::because);
    explanation.hints.into_iter().fold(failure, Failure::hint)
}

impl From<SourceError> for CliError {
    fn from(error: SourceError) -> Self {
        let failure = Failure::new("the spec cannot be read").chain(&error);
        let failure = match error {
            SourceError::Missing { .. } => failure.hint(
                "name the file with -f, or write one: the smallest holds `name: kong-gw` and `region: eu-west-1`",
            ),
            _ => failure,
        };
        Self {
            exit: Exit::InvalidSpec,
            text: Text::Failure(failure),
        }
    }
}

impl From<UnknownAddress> for CliError {
    fn from(error: UnknownAddress) -> Self {
        Self::usage(
            Failure::new(error.to_string())
                .hint("`kongstack plan` shows the addresses that change"),
        )
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(Failure::new("standard output cannot be written").chain(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_documentation() {
        let all = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Pending, 2),
            (Exit::InvalidSpec, 3),
            (Exit::Partial, 4),
            (Exit::Locked, 5),
            (Exit::Usage, 64),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in all {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }

    #[test]
    fn a_missing_spec_is_no_failure_of_aws() {
        let error = CliError::from(SourceError::Missing {
            name: "kongstack.yaml".to_owned(),
        });
        assert_eq!(error.exit, Exit::InvalidSpec);
    }
}
