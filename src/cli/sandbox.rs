//! `kongstack sandbox`.

use super::args::SandboxCommand;
use super::error::{CliError, Exit};
use crate::report::{Failure, Screen};
use crate::sandbox::{self, Sandbox, SandboxError};

/// Starts, stops, shows or empties the simulated AWS.
pub(super) fn run(command: &SandboxCommand, screen: &Screen) -> Result<Exit, CliError> {
    let text = match command {
        SandboxCommand::Start { speed, exit_with } => {
            let say = |text: &str| screen.note(&format!("sandbox: {text}\n"));
            let sandbox = sandbox::start(*speed, *exit_with, &say)
                .map_err(|error| failed("started", &error))?;
            format!("{}next: kongstack plan --sandbox\n", describe(&sandbox))
        }
        SandboxCommand::Stop => {
            let ran = sandbox::stop().map_err(|error| failed("stopped", &error))?;
            let text = if ran {
                "The sandbox is stopped.\n"
            } else {
                "The sandbox was not running.\n"
            };
            text.to_owned()
        }
        SandboxCommand::Status => match sandbox::status()
            .map_err(|error| failed("asked", &error))?
        {
            Some(sandbox) => describe(&sandbox),
            None => "The sandbox is not running: `kongstack sandbox start` starts it.\n".to_owned(),
        },
        SandboxCommand::Reset => {
            sandbox::reset().map_err(|error| failed("emptied", &error))?;
            "The sandbox is empty.\n".to_owned()
        }
    };
    screen.result(&text)?;
    Ok(Exit::Done)
}

fn describe(sandbox: &Sandbox) -> String {
    let Sandbox {
        endpoint,
        account,
        health,
        patience: _, // ours to know
    } = sandbox;
    let speed = health.speed;
    format!(
        "The sandbox runs at {endpoint}: account {account}, time {speed} times as fast as on AWS.\n"
    )
}

/// The sandbox could not be `what` (started, stopped, …).
pub(super) fn failed(what: &str, error: &SandboxError) -> CliError {
    let failure = Failure::new(format!("the sandbox cannot be {what}")).chain(error);
    CliError::failed(match error {
        SandboxError::File { .. } => failure.hint(
            "its files are in this user's cache folder; XDG_CACHE_HOME names another that can be written",
        ),
        SandboxError::NoPython { .. } => failure.hint(
            "install Python with its venv module (Debian and Ubuntu: `apt install python3-venv`)",
        ),
        _ => failure,
    })
}
