//! `kongstack status`.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::error::{CliError, Exit};
use super::flags::{AwsArgs, Format, SpecArgs};
use super::session::{self, Session};
use crate::operate::Status;
use crate::operate::status::{self, State};
use crate::report::{Screen, status as status_text};

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(5);

/// The arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack status
  kongstack status --watch
  kongstack status --format json | jq -r .overall.state

The first line is one of: serving, degraded: WHY, asleep, being changed by WHO,
not there. The exit code is 0 whatever it says; 1 when AWS cannot be read. Ctrl-C
ends --watch with 130.

JSON has the version of its shape in `version`, and with --watch one line a look; fields may be added to it, none
change their meaning. Whether AWS is as the file says is not asked here:
`kongstack plan` tells. Neither is cost.")]
pub(super) struct StatusArgs {
    /// Look again every 5 seconds: redrawn on a terminal, elsewhere printed when it changes
    #[arg(long)]
    watch: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Shows how the stack is.
pub(super) fn run(args: &StatusArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        if args.watch {
            let watched = watch(args, &session).await;
            watched.map_err(CliError::quiet_when_interrupted)
        } else {
            let status = look(&session).await?;
            session.screen.result(&rendered(args, &status, &session)?)?;
            if status.overall.state == State::Absent {
                let flags = &session.flags;
                let hint = format!("`kongstack apply{flags}` makes it.\n");
                session.screen.note(&hint);
            }
            Ok(Exit::Done)
        }
    })
}

/// Looks at the stack.
pub(super) async fn look(session: &Session) -> Result<Status, CliError> {
    let engine = &session.engine;
    let looking = status::look(&engine.clients, &engine.blueprint, session.pace);
    let what = "the stack's status cannot be read from AWS";
    session.read(what, looking).await
}

/// Looks until it is interrupted, or nobody reads any more.
async fn watch(args: &StatusArgs, session: &Session) -> Result<Exit, CliError> {
    let screen = &session.screen;
    let redraws = screen.redraws() && args.format == Format::Text;
    let mut shown: Option<Status> = None;
    while !screen.is_closed() {
        let status = look(session).await?;
        let text = rendered(args, &status, session)?;
        if redraws {
            screen.redraw(&text)?;
        } else if shown.as_ref().is_none_or(|shown| !status.is_like(shown)) {
            let gap = match (&shown, args.format) {
                (Some(_), Format::Text) => format!("\n{}\n", status.at),
                _ => String::new(),
            };
            screen.result(&format!("{gap}{text}"))?;
        }
        shown = Some(status);
        let pause = tokio::time::sleep(session.pace.scale(EVERY).max(EVERY / 10));
        session.interrupt.within(session.deadline, pause).await?;
    }
    Ok(Exit::Done)
}

fn rendered(args: &StatusArgs, status: &Status, session: &Session) -> Result<String, CliError> {
    let json = match (args.format, args.watch) {
        (Format::Text, _) => return Ok(status_text(status, session.screen.width())),
        (Format::Json, true) => serde_json::to_string(status),
        (Format::Json, false) => serde_json::to_string_pretty(status),
    };
    let json = json.map_err(std::io::Error::from)?;
    Ok(format!("{json}\n"))
}
