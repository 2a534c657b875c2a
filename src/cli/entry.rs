//! The way in: arguments are parsed, a command runs, its failure is printed, the exit code returned.

use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::Parser;
use clap::error::ErrorKind;

use super::args::{Cli, Command};
use super::error::{CliError, Exit};
use super::flags::Color;
use super::{
    admin_key, apply, cert, completions, control_plane, destroy, exec, logging, logs, migrate,
    output, plan, sandbox, status, unlock, validate, verify,
};
use crate::report::Screen;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be said where nothing can be written.
            let _ = error.print();
            return usage(error.kind()).into();
        }
    };
    let color = match cli.shown.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let screen = Arc::new(Screen::new(color, cli.shown.quiet, cli.shown.verbose));
    let result = logging::start(cli.shown.verbose, screen.is_colored())
        .and_then(|()| run(&cli.command, &screen));
    let exit = result.unwrap_or_else(|error| {
        error.print(&screen);
        error.exit
    });
    exit.into()
}

fn run(command: &Command, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    match command {
        Command::Plan(args) => plan::run(args, screen),
        Command::Apply(args) => apply::run(args, screen),
        Command::Destroy(args) => destroy::run(args, screen),
        Command::Validate(args) => validate::run(args, screen),
        Command::Cert(command) => cert::run(command, screen),
        Command::Output(args) => output::run(args, screen),
        Command::AdminKey(command) => admin_key::run(command, screen),
        Command::Exec(args) => exec::run(args, screen),
        Command::ControlPlane(command) => control_plane::run(command, screen),
        Command::Status(args) => status::run(args, screen),
        Command::Verify(args) => verify::run(args, screen),
        Command::Logs(args) => logs::run(args, screen),
        Command::Migrate(args) => migrate::run(args, screen),
        Command::Unlock(args) => unlock::run(args, screen),
        Command::Sandbox(command) => sandbox::run(command, screen),
        Command::Completions(args) => completions::run(args, screen),
    }
}

/// Help and version are what was asked for; everything else clap has to say is about wrong usage.
fn usage(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_help_is_no_mistake() {
        let exit = |arguments: &[&str]| {
            Cli::try_parse_from(arguments).map_or_else(|error| usage(error.kind()), |_| Exit::Done)
        };
        assert_eq!(exit(&["kongstack", "--help"]), Exit::Done);
        assert_eq!(exit(&["kongstack", "--version"]), Exit::Done);
        assert_eq!(exit(&["kongstack", "plan"]), Exit::Done);
        for wrong in [
            vec!["kongstack"],
            vec!["kongstack", "plann"],
            vec!["kongstack", "validate", "--profile", "x"],
            vec!["kongstack", "apply", "--parallelism", "0"],
            vec!["kongstack", "apply", "--timeout", "soon"],
            vec!["kongstack", "apply", "--lock-timeout", "soon"],
            vec!["kongstack", "plan", "--lock-timeout", "1m"],
            vec!["kongstack", "apply", "--target", "vpc"],
            vec!["kongstack", "plan", "--sandbox", "--profile", "x"],
            vec!["kongstack", "plan", "-q", "-v"],
        ] {
            assert_eq!(exit(&wrong), Exit::Usage, "{wrong:?}");
        }
    }
}
