//! Stage 7: what people see.
//!
//! Rendering is pure: data in, text out, colours as ANSI codes that `screen` takes out where they do not belong. Only
//! `screen` and `live` write to a terminal; results go to standard output, everything else to standard error.

pub(crate) mod diagnostics;
mod duration;
mod events;
mod explain;
mod failure;
mod lease;
mod lines;
mod live;
mod outcome;
mod outputs;
mod permission;
mod plan;
mod quota;
mod reporter;
#[cfg(test)]
mod sample;
mod screen;
mod style;
mod terminal;
mod unfinished;
mod wrap;

pub(crate) use self::explain::{Surroundings, explain};
pub(crate) use self::failure::Failure;
pub(crate) use self::lease::{
    alive, broken, lease, locked, lost_before, not_given_back, taken_over, waiting,
};
pub(crate) use self::outcome::{Ended, outcome, outputs_after};
pub(crate) use self::outputs::{Published, as_json, as_shell, as_text, shell_word};
pub(crate) use self::plan::plan;
pub(crate) use self::reporter::Reporter;
pub(crate) use self::screen::Screen;
