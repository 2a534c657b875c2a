//! The question before anything is changed.

use std::io::{IsTerminal, stdin};

use super::error::{CliError, Exit};
use crate::report::{Failure, Screen};

/// What is asked, and the only answer that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    text: String,
    answer: String,
}

impl Question {
    /// Before changes.
    pub(super) fn yes() -> Self {
        Self {
            text: "Apply these changes? Only `yes` is accepted: ".to_owned(),
            answer: "yes".to_owned(),
        }
    }

    /// Before a stack is destroyed: its name, so that nobody destroys the wrong one.
    pub(super) fn name(stack: &str) -> Self {
        Self {
            text: format!(
                "This cannot be undone. Type the stack's name, `{stack}`, to destroy it: "
            ),
            answer: stack.to_owned(),
        }
    }

    /// Before a lease is broken.
    pub(super) fn unlock() -> Self {
        Self {
            text: "Break this lease? Only `yes` is accepted: ".to_owned(),
            answer: "yes".to_owned(),
        }
    }

    /// Before the Admin API gets another key.
    pub(super) fn rotate_key(path: &str) -> Self {
        Self {
            text: format!(
                "Make a new key for {path}? The old one goes on working. Only `yes` is accepted: "
            ),
            answer: "yes".to_owned(),
        }
    }

    /// Before old keys of the Admin API are refused.
    pub(super) fn take_keys_away(path: &str) -> Self {
        Self {
            text: format!(
                "Refuse every key for {path} but the current one? Only `yes` is accepted: "
            ),
            answer: "yes".to_owned(),
        }
    }

    fn accepts(&self, line: &str) -> bool {
        line.trim() == self.answer
    }
}

/// Whether anybody can be asked.
///
/// # Errors
/// When nobody can.
pub(super) fn answerable(no_input: bool) -> Result<(), CliError> {
    let why = if no_input {
        "--no-input forbids it"
    } else if stdin().is_terminal() {
        return Ok(());
    } else {
        "standard input is no terminal"
    };
    Err(CliError::usage(
        Failure::new("this needs an answer, and nobody can be asked")
            .because(why)
            .hint("--auto-approve goes ahead without asking"),
    ))
}

/// Asks at the keyboard.
///
/// # Errors
/// When the answer is no, or cannot be read.
pub(super) async fn ask(question: &Question, screen: &Screen) -> Result<(), CliError> {
    screen.alert(&question.text);
    // Whatever is said before there is an answer belongs on a line of its own.
    let mut unanswered = Unanswered(Some(screen));
    let reading = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line).map(|_| line)
    });
    let line = reading.await.map_err(std::io::Error::other).flatten();
    unanswered.0 = None;
    let line = line.map_err(|error| {
        CliError::failed(Failure::new("the answer cannot be read").chain(&error))
    })?;
    if question.accepts(&line) {
        return Ok(());
    }
    screen.alert("Nothing has been changed.\n");
    Err(CliError::said(Exit::Failed))
}

/// A question that nobody has answered; ends its line when it is given up.
struct Unanswered<'a>(Option<&'a Screen>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(screen) = self.0 {
            screen.alert("\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_answer_goes_on() {
        assert!(Question::yes().accepts("yes\n"));
        for no in ["", "y\n", "YES\n", "yes please\n", "no\n"] {
            assert!(!Question::yes().accepts(no), "{no}");
        }
        assert!(Question::name("kong-gw").accepts("kong-gw\r\n"));
        assert!(!Question::name("kong-gw").accepts("yes\n"));
    }
}
