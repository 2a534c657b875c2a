//! Why a value was refused, in a form that survives serde.
//!
//! serde's errors are strings. A refusal travels as one string with a separator no spec can contain, and
//! [`Refusal::from_serde`] takes it apart again on the other side.

/// A separator that the document stage never lets through in a value.
const SEPARATOR: char = '\u{1f}';

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Rule that was broken, in kebab case.
    pub(crate) rule: String,
    /// What is wrong.
    pub(crate) message: String,
    /// Why AWS or Kong cannot work with it.
    pub(crate) reason: String,
    /// What to write instead.
    pub(crate) fix: String,
}

impl Refusal {
    /// A refusal under a rule.
    pub(crate) fn new(
        rule: &str,
        message: impl Into<String>,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.to_owned(),
            message: message.into(),
            reason: reason.into(),
            fix: fix.into(),
        }
    }

    /// The refusal as an error of any deserializer.
    pub(crate) fn into_serde<E: serde::de::Error>(self) -> E {
        let Self {
            rule,
            message,
            reason,
            fix,
        } = self;
        E::custom([rule, message, reason, fix].join(&SEPARATOR.to_string()))
    }

    /// The refusal in an error's text, if one is.
    pub(crate) fn from_serde(error: &str) -> Option<Self> {
        let mut parts = error.split(SEPARATOR);
        let (rule, message, reason, fix) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        parts
            .next()
            .is_none()
            .then(|| Self::new(rule, message, reason, fix))
    }
}
