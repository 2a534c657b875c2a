//! What was done in a life, and in many.

use std::fmt;

/// What was done in a life.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Runs of the program.
    pub(crate) runs: usize,
    /// Edits of the spec.
    pub(crate) edits: usize,
    /// Things done by hand.
    pub(crate) drifts: usize,
    /// Faults that struck.
    pub(crate) faults: usize,
    /// Surprises that came.
    pub(crate) surprises: usize,
    /// Kills and interrupts.
    pub(crate) kills: usize,
    /// Changes that were refused: data would be lost, or something stands in the place of what is to be made.
    pub(crate) refused: usize,
}

impl Counts {
    /// Both together.
    pub(crate) fn with(self, other: &Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            edits: self.edits + other.edits,
            drifts: self.drifts + other.drifts,
            faults: self.faults + other.faults,
            surprises: self.surprises + other.surprises,
            kills: self.kills + other.kills,
            refused: self.refused + other.refused,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs, {} edits, {} drifts, {} faults, {} surprises, {} kills and interrupts, {} refused",
            self.runs,
            self.edits,
            self.drifts,
            self.faults,
            self.surprises,
            self.kills,
            self.refused
        )
    }
}
