//! An error as people read it: what failed, why, and what to do.

use super::style::{ERROR, HINT, STRONG, paint};
use super::wrap::hang;

/// An error, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    message: String,
    because: Vec<String>,
    hints: Vec<String>,
}

impl Failure {
    /// What failed, without a full stop.
    #[must_use]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            because: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Adds a cause. One already said is left out.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        if !self.because.contains(&cause) && cause != self.message {
            self.because.push(cause);
        }
        self
    }

    /// Adds something to do. One already said is left out.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// Adds an error and its sources as causes, leaving out what a text before already holds.
    #[must_use]
    pub(crate) fn chain(self, error: &dyn std::error::Error) -> Self {
        let text = error.to_string();
        let said =
            self.message.contains(&text) || self.because.iter().any(|one| one.contains(&text));
        let failure = if said { self } else { self.because(text) };
        match error.source() {
            Some(source) => failure.chain(source),
            None => failure,
        }
    }

    /// The whole, `width` characters wide.
    #[must_use]
    pub(crate) fn render(&self, width: usize) -> String {
        let mut text = format!(
            "{} {}\n",
            paint(ERROR, "error:"),
            hang(&self.message, width, 7)
        );
        for cause in &self.because {
            text += &format!(
                "  {} {}\n",
                paint(STRONG, "because:"),
                hang(cause, width, 11)
            );
        }
        for hint in &self.hints {
            text += &format!("{} {}\n", paint(HINT, "hint:"), hang(hint, width, 6));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_and_hints_are_said_once() {
        let failure = Failure::new("the stack cannot be read")
            .because("no answer")
            .because("no answer")
            .because("the stack cannot be read")
            .hint("look at the network, and then at whatever stands between this machine and it")
            .hint("look at the network, and then at whatever stands between this machine and it");
        let text = anstream::adapter::strip_str(&failure.render(60)).to_string();
        insta::assert_snapshot!(text, @r"
        error: the stack cannot be read
          because: no answer
        hint: look at the network, and then at whatever stands
              between this machine and it
        ");
    }

    #[test]
    fn a_chain_leaves_out_what_was_said() {
        #[derive(Debug, thiserror::Error)]
        #[error("the file cannot be read: {0}")]
        struct Outer(#[source] std::io::Error);

        let failure = Failure::new("no").chain(&Outer(std::io::Error::other("broken")));
        let text = anstream::adapter::strip_str(&failure.render(60)).to_string();
        insta::assert_snapshot!(text, @r"
        error: no
          because: the file cannot be read: broken
        ");
    }
}
