//! What can be wrong with a spec, and the collection of everything that is.
//!
//! A problem knows the rule it breaks and the path it is about; where that path stands in the file is found at the
//! end, so that rules stay free of positions.

use std::borrow::Cow;
use std::fmt;

use super::document::{Document, Span};
use super::path::SpecPath;
use super::value::Refusal;

/// Most problems that are worth telling at once.
pub(crate) const MOST: usize = 100;

/// The rule that arguments break which cannot be put over the file.
pub(crate) const OVERRIDE: &str = "override";

/// A rule's stable name in kebab case, such as `subnet-overlap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleId(Cow<'static, str>);

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Something in the spec that AWS, Kong or this version of the format cannot work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The rule it breaks.
    pub(crate) rule: RuleId,
    /// The value it is about; it need not exist in the file.
    pub(crate) path: SpecPath,
    /// What is wrong, in one line.
    pub(crate) message: String,
    /// Why AWS or Kong cannot do it.
    pub(crate) reason: String,
    /// What to write instead.
    pub(crate) fix: String,
    /// Whether the key is at fault rather than the value under it.
    pub(crate) about_key: bool,
    /// Whether the value may be a secret and is not to be shown.
    pub(crate) secret: bool,
    /// Where it is; unknown until [`Problems::locate`].
    pub(crate) place: Place,
    /// Another place that belongs to it, such as the first of two equal keys.
    pub(crate) first: Option<Span>,
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The file as a whole.
    Whole,
    /// A stretch of the file.
    File(Span),
    /// An argument on the command line, as it was given.
    Argument(String),
}

impl Problem {
    /// A problem with the value at a path.
    pub(crate) fn new(rule: &'static str, path: SpecPath, message: impl Into<String>) -> Self {
        Self {
            rule: RuleId(Cow::Borrowed(rule)),
            path,
            message: message.into(),
            reason: String::new(),
            fix: String::new(),
            about_key: false,
            secret: false,
            place: Place::Whole,
            first: None,
        }
    }

    /// A value's own refusal, at its path.
    pub(crate) fn refused(refusal: Refusal, path: SpecPath) -> Self {
        let Refusal {
            rule,
            message,
            reason,
            fix,
        } = refusal;
        // What is neither the word nor the ARN asked for may well be the key itself.
        let secret = rule == "secret-arn";
        Self {
            rule: RuleId(Cow::Owned(rule)),
            secret,
            ..Self::new("", path, message)
        }
        .because(reason)
        .fix(fix)
    }

    /// Says why it cannot work.
    pub(crate) fn because(self, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            ..self
        }
    }

    /// Says what to write instead.
    pub(crate) fn fix(self, fix: impl Into<String>) -> Self {
        Self {
            fix: fix.into(),
            ..self
        }
    }

    /// Puts the blame on the key instead of the value.
    pub(crate) fn about_key(self) -> Self {
        Self {
            about_key: true,
            ..self
        }
    }

    /// Keeps the value out of everything that is shown.
    pub(crate) fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    /// Whether it is about how a value is put over the file, and not about the value.
    pub(crate) fn is_of_the_command_line(&self) -> bool {
        self.rule.0 == OVERRIDE
    }

    /// Names the place itself, where no path leads to it.
    pub(crate) fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }
}

/// Every problem found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub(crate) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is one at exactly this path.
    pub(crate) fn has(&self, path: &SpecPath) -> bool {
        self.0.iter().any(|problem| problem.path == *path)
    }

    /// Whether nothing is wrong yet at, above or below these paths: what depends on them can be judged.
    pub(crate) fn sound(&self, paths: &[&str]) -> bool {
        let paths: Vec<_> = paths.iter().map(|path| SpecPath::parse(path)).collect();
        // A problem of the file as a whole has the empty path, which says nothing about a value.
        !self.0.iter().any(|problem| {
            !problem.path.segments().is_empty()
                && paths.iter().any(|path| problem.path.touches(path))
        })
    }

    /// All of them with their places, in the order of the file, the command line's last; no more than [`MOST`].
    pub(crate) fn locate(self, document: &Document) -> Vec<Problem> {
        let mut problems: Vec<_> = self
            .0
            .into_iter()
            .map(|problem| {
                let place = match problem.place {
                    Place::Whole => document.place(&problem),
                    place => place,
                };
                Problem { place, ..problem }
            })
            .collect();
        problems.sort_by_key(|problem| match &problem.place {
            Place::Whole => (0, 0),
            Place::File(span) => (1, span.bytes.start),
            Place::Argument(_) => (2, 0),
        });
        problems.truncate(MOST);
        problems
    }
}
