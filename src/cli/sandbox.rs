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
    } = sandbox;
    let speed = health.speed;
    format!(
        "The sandbox runs at {endpoint}: account {account}, time {speed} times as fast as on AWS.\n"
    )
}

fn failed(what: &str, error: &SandboxError) -> CliError {
    CliError::failed(Failure::new(format!("the sandbox cannot be {what}")).chain(error))
}
