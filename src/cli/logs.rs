//! `kongstack logs`.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};

use super::error::{CliError, Exit};
use super::flags::{AwsArgs, SpecArgs, duration};
use super::session::{self, Session};
use crate::operate::{Line, Source, Tail};
use crate::report::{Failure, Screen, log_lines};

/// How often a group that is followed is asked. FilterLogEvents allows an account five calls a second.
const EVERY: Duration = Duration::from_secs(2);

/// The arguments of `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack logs dp
  kongstack logs cp --since 2h --filter error
  kongstack logs dp --follow --filter '\" 502 \"'
  kongstack logs migrations --since 7d --tail 50

A line an event: when it was written (UTC), the beginning of the task's id, and
what was written. What looks like a key or a token is not shown. With --follow,
Ctrl-C ends it with exit code 130; whatever stops reading its output, with 0.")]
pub(super) struct LogsArgs {
    /// Whose lines
    #[arg(value_name = "WHOSE")]
    whose: Whose,
    /// Go on with new lines as they are written
    #[arg(long)]
    follow: bool,
    /// Begin this long ago, such as `90s`, `2h` or `7d`
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration)]
    since: Duration,
    /// Only events that match this CloudWatch Logs filter pattern, such as `error` or `?error ?warn`
    #[arg(long, value_name = "PATTERN")]
    filter: Option<String>,
    /// Of what there is already, only the last N lines
    #[arg(long, value_name = "N")]
    tail: Option<NonZeroUsize>,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Whose lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whose {
    /// The control plane's
    #[value(alias = "control-plane")]
    Cp,
    /// The data planes'
    #[value(alias = "data-plane")]
    Dp,
    /// The migrations' of the database
    Migrations,
}

impl From<Whose> for Source {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Cp => Self::ControlPlane,
            Whose::Dp => Self::DataPlane,
            Whose::Migrations => Self::Migrations,
        }
    }
}

/// Prints what tasks have written, and go on writing.
pub(super) fn run(args: &LogsArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        let shown = show(args, &session).await;
        shown.map_err(CliError::quiet_when_interrupted)
    })
}

async fn show(args: &LogsArgs, session: &Session) -> Result<Exit, CliError> {
    let blueprint = &session.engine.blueprint;
    let group = Source::from(args.whose).group(blueprint);
    let group = group.map_err(|error| CliError::engine("no log group", &error, &session.around))?;
    let since = SystemTime::now()
        .checked_sub(args.since)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let mut tail = Tail::new(group, since, args.filter.clone());
    let told = match args.tail {
        Some(count) => last(session, &mut tail, group, count.get()).await?,
        None => all(session, &mut tail, group).await?,
    };
    if !args.follow {
        if !told {
            let nothing = nothing(args, group);
            session.screen.note(&nothing);
        }
        return Ok(Exit::Done);
    }
    while !session.screen.is_closed() {
        let pause = tokio::time::sleep(session.pace.scale(EVERY).max(EVERY / 10));
        session.interrupt.within(session.deadline, pause).await?;
        all(session, &mut tail, group).await?;
    }
    Ok(Exit::Done)
}

/// Prints everything there is by now, page by page; whether that was anything.
async fn all(session: &Session, tail: &mut Tail, group: &str) -> Result<bool, CliError> {
    let mut told = false;
    loop {
        let lines = page(session, tail, group).await?;
        told |= !lines.is_empty();
        session.screen.result(&log_lines(&lines))?;
        if !tail.has_more() || session.screen.is_closed() {
            return Ok(told);
        }
    }
}

/// Prints the last lines of what there is by now; whether there are any.
async fn last(
    session: &Session,
    tail: &mut Tail,
    group: &str,
    count: usize,
) -> Result<bool, CliError> {
    let mut kept: VecDeque<Line> = VecDeque::new();
    loop {
        kept.extend(page(session, tail, group).await?);
        kept.drain(..kept.len().saturating_sub(count));
        if !tail.has_more() {
            session.screen.result(&log_lines(kept.make_contiguous()))?;
            return Ok(!kept.is_empty());
        }
    }
}

async fn page(session: &Session, tail: &mut Tail, group: &str) -> Result<Vec<Line>, CliError> {
    let reading = tail.page(&session.engine.clients);
    let what = "the log cannot be read";
    let flags = &session.flags;
    session.read(what, reading).await?.ok_or_else(|| {
        CliError::failed(
            Failure::new(format!("there is no log group {group}"))
                .because("no task of this stack has ever run here, or it has been destroyed")
                .hint(format!("`kongstack plan{flags}` shows what is missing, `kongstack apply{flags}` makes it")),
        )
    })
}

/// What is said when there is nothing to show.
fn nothing(args: &LogsArgs, group: &str) -> String {
    let since = humantime::format_duration(args.since);
    let matching = match args.filter {
        Some(_) => " that matches the filter",
        None => "",
    };
    format!(
        "Nothing{matching} was written to {group} in the last {since}: --since looks further back.\n"
    )
}
