//! `kongstack exec`.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::error::{CliError, Exit};
use super::flags::{AwsArgs, SpecArgs};
use super::session::{self, Session};
use crate::operate::{Plane, PluginError, Shut, become_plugin, check, choose, open, rooms};
use crate::report::{Failure, Screen, shell_word};

/// What AWS says of installing the plugin.
const INSTALL: &str = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";

/// The arguments of `exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack exec dp
  kongstack exec cp -- kong health
  kongstack exec dp --task 0a1b2c3d -- cat /usr/local/kong/logs/error.log

It needs `exec: true` in the stack file, applied, and AWS's Session Manager plugin
on this machine, which takes over from there: the exit code is the plugin's, and
the plugin does not tell that of the command. AWS records who opened a session.")]
pub(super) struct ExecArgs {
    /// In which plane
    #[arg(value_name = "PLANE")]
    plane: Which,
    /// In the task whose id begins so; otherwise in the oldest that is ready
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// What to run, instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// In which plane.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    /// In the control plane
    #[value(alias = "control-plane")]
    Cp,
    /// In a data plane
    #[value(alias = "data-plane")]
    Dp,
}

impl From<Which> for Plane {
    fn from(which: Which) -> Self {
        match which {
            Which::Cp => Self::Control,
            Which::Dp => Self::Data,
        }
    }
}

/// Opens a shell in a task, or runs a command there.
pub(super) fn run(args: &ExecArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        enter(args, &session).await
    })
}

async fn enter(args: &ExecArgs, session: &Session) -> Result<Exit, CliError> {
    let (plane, flags) = (Plane::from(args.plane), &session.flags);
    let (clients, blueprint) = (&session.engine.clients, &session.engine.blueprint);
    let failed = |error| CliError::engine("no shell can be opened", &error, &session.around);
    if !plane.service(blueprint).map_err(failed)?.execute_command {
        let off = Failure::new("no shell can be opened: the stack does not allow it")
            .because("`exec` is false in the spec")
            .hint(format!(
                "set `exec: true` and run `kongstack apply{flags}`: both planes get new tasks"
            ));
        return Err(CliError::failed(off));
    }
    let looking = rooms(clients, blueprint, plane);
    let found = session.read("the tasks cannot be read", looking).await?;
    let room = choose(&found, args.task.as_deref()).map_err(|shut| closed(&shut, plane, flags))?;
    check().map_err(|error| without_plugin(&error))?;
    let words: Vec<String> = args.command.iter().map(|word| shell_word(word)).collect();
    let command = match words.as_slice() {
        [] => "/bin/sh".to_owned(),
        words => words.join(" "),
    };
    let opening = open(clients, blueprint, &room, &command);
    let opened = session.read("AWS does not open a session", opening).await?;
    let (container, task) = (&room.container, &room.task);
    session
        .screen
        .note(&format!("in container {container} of task {task}\n"));
    let around = &session.around;
    if around.sandbox {
        let note = "sandbox: behind this session there is no shell: the tasks are simulated\n";
        session.screen.note(note);
    }
    let region = &around.region;
    let endpoint = around.endpoint.clone();
    let endpoint = endpoint.unwrap_or_else(|| service_endpoint(region));
    let error = become_plugin(&opened, region, around.profile.as_deref(), &endpoint);
    let failure = Failure::new("the Session Manager plugin cannot be run").chain(&error);
    Err(CliError::failed(failure))
}

/// Where the plugin resumes and ends sessions.
fn service_endpoint(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://ssm.{region}.amazonaws.com{suffix}")
}

/// The failure that no task can be entered.
fn closed(shut: &Shut, plane: Plane, flags: &str) -> CliError {
    let plane = plane.name();
    let failure = Failure::new(format!("no shell can be opened in the {plane}"));
    let failure = failure.because(shut.to_string());
    let hint = match shut {
        Shut::NoTask => {
            format!("`kongstack status{flags}` shows whether it is there; `kongstack control-plane start{flags}` wakes a control plane that sleeps")
        }
        Shut::Unknown { .. } | Shut::Ambiguous { .. } => {
            "name one of them with --task, or none to get the oldest that is ready".to_owned()
        }
        Shut::Without(_) => {
            format!("`kongstack apply{flags}` rolls the tasks over, which then have ECS Exec's agent")
        }
        Shut::Agent { .. } => {
            "it starts within a minute of its task; one that stays so cannot reach Systems Manager (ssmmessages) from its subnet".to_owned()
        }
    };
    CliError::failed(failure.hint(hint))
}

/// The failure that there is nothing here to speak in the session.
fn without_plugin(error: &PluginError) -> CliError {
    let failure = Failure::new("no shell can be opened without AWS's Session Manager plugin");
    let hint = match error {
        PluginError::Missing | PluginError::Broken(_) => format!("install it: {INSTALL}"),
        PluginError::TooOld(_) => format!("install a newer one: {INSTALL}"),
    };
    CliError::failed(failure.chain(error).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_has_names_of_its_own() {
        let endpoint = service_endpoint("eu-west-1");
        assert_eq!(endpoint, "https://ssm.eu-west-1.amazonaws.com");
        let endpoint = service_endpoint("cn-north-1");
        assert_eq!(endpoint, "https://ssm.cn-north-1.amazonaws.com.cn");
    }
}
