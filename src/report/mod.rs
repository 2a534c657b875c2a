//! Stage 7: what people see.
//!
//! Rendering is pure: data in, text out, colours as ANSI codes that `screen` takes out where they do not belong. Only
//! `screen` and `live` write to a terminal; results go to standard output, everything else to standard error.

mod certificate;
mod control_plane;
pub(crate) mod diagnostics;
mod duration;
mod events;
mod explain;
mod failure;
mod lease;
mod lines;
mod live;
mod log_lines;
mod migrate;
mod outcome;
mod outputs;
mod permission;
mod plan;
mod quota;
mod reporter;
#[cfg(test)]
mod sample;
mod screen;
mod status;
mod style;
mod terminal;
mod unfinished;
mod verify;
mod wrap;

pub(crate) use self::certificate::Shown as CertificateShown;
pub(crate) use self::control_plane::{control_plane, while_asleep};
pub(crate) use self::explain::{Surroundings, explain};
pub(crate) use self::failure::Failure;
pub(crate) use self::lease::{
    alive, broken, lease, locked, lost_before, lost_meanwhile, not_given_back, taken_over, waiting,
};
pub(crate) use self::log_lines::log_lines;
pub(crate) use self::migrate::{Watch, migrated, schema_status};
pub(crate) use self::outcome::{Ended, outcome, outputs_after};
pub(crate) use self::outputs::{Published, as_json, as_shell, as_text, shell_word};
pub(crate) use self::plan::plan;
pub(crate) use self::reporter::Reporter;
pub(crate) use self::screen::Screen;
pub(crate) use self::status::status;
pub(crate) use self::verify::Verified;
