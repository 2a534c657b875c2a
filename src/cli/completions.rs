//! `kongstack completions`.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::error::{CliError, Exit};
use crate::report::Screen;

/// Prints a shell's completion script.
pub(super) fn run(args: &CompletionsArgs, screen: &Screen) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kongstack", &mut script);
    screen.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
