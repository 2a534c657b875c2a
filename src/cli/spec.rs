//! The first stage as every command runs it: the file, the flags put over it, and what is wrong with them.

use super::error::CliError;
use super::flags::SpecArgs;
use crate::report::Screen;
use crate::report::diagnostics;
use crate::spec::{self, Problem, StackSpec};

/// Reads and understands the spec.
///
/// # Errors
/// Everything that is wrong with it, rendered.
pub(super) fn load(args: &SpecArgs, screen: &Screen) -> Result<StackSpec, CliError> {
    let source = spec::read(&args.file)?;
    spec::load(source, &args.overrides()).map_err(|invalid| {
        let text = diagnostics::render(&invalid, screen.is_colored(), screen.side_width());
        if invalid.problems.iter().all(Problem::is_of_the_command_line) {
            CliError::wrong_override(text)
        } else {
            CliError::invalid(text)
        }
    })
}
