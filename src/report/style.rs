//! The colours, in one place. None carries a meaning that the words beside it do not.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// Something that is made.
pub(super) const CREATE: Style = AnsiColor::Green.on_default();
/// Something that is changed.
pub(super) const UPDATE: Style = AnsiColor::Yellow.on_default();
/// Something that is replaced.
pub(super) const REPLACE: Style = AnsiColor::Magenta.on_default();
/// Something that is deleted.
pub(super) const DELETE: Style = AnsiColor::Red.on_default();
/// Something to know before going on.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Something that went wrong.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Something to do.
pub(super) const HINT: Style = AnsiColor::Cyan.on_default();
/// Something that went well.
pub(super) const DONE: Style = AnsiColor::Green.on_default();
/// A heading, a name.
pub(super) const STRONG: Style = Style::new().bold();
/// What is beside the point.
pub(super) const FAINT: Style = Style::new().dimmed();

/// A text in a style.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
