//! `kongstack control-plane`.

use std::sync::Arc;

use clap::{Args, Subcommand};

use super::error::{CliError, Exit};
use super::flags::{AwsArgs, LockArgs, SpecArgs};
use super::lease::under_lease;
use super::session::{self, Session};
use super::status::look;
use crate::event::Sink;
use crate::lease::Grip;
use crate::operate::status::{Nodes, Status};
use crate::operate::{Wakefulness, bring, needed_by};
use crate::report::{Failure, Reporter, Screen, control_plane, while_asleep};
use crate::resource::Error;

/// The commands of `control-plane`.
#[derive(Debug, Subcommand)]
pub(super) enum ControlPlaneCommand {
    /// Wake it: one task, and wait until it is healthy
    ///
    /// One on demand is woken by an event, stays awake for its time, and goes to sleep by itself. If it is awake, its
    /// time is extended: so this is what comes before a configuration push.
    Start(StartArgs),
    /// Put it to sleep: no task
    ///
    /// Refused while a data plane waits for its configuration. The data planes go on with what they have; a new one,
    /// scaled out or in the place of one that failed, gets none and serves nobody until the control plane is awake.
    ///
    /// With `mode: always-on` the spec goes on saying so: a plan shows the count as a difference, and an apply wakes it.
    /// One on demand is put to sleep by its own machine, now instead of when its time is over, and the next event wakes
    /// it.
    Stop(ChangeArgs),
    /// Say whether it is asleep, waking or awake, and until when
    Status(ShowArgs),
}

/// The arguments of `control-plane start`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack control-plane start
  kongstack control-plane start --reason config-push

Nothing is asked.")]
pub(super) struct StartArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    lock: LockArgs,
    /// What it is woken for; the lease says so, and the event that wakes one on demand
    #[arg(long, value_name = "WORDS", default_value = "by hand")]
    reason: String,
}

/// The arguments of `control-plane stop`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack control-plane stop
  kongstack control-plane stop --lock-timeout 10m

Nothing is asked. Doing it twice does nothing more.")]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// The arguments of `control-plane status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack control-plane status

`kongstack status --format json` has the same for programs.")]
pub(super) struct ShowArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Wakes the control plane, puts it to sleep, or says how it is.
pub(super) fn run(command: &ControlPlaneCommand, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    match command {
        ControlPlaneCommand::Start(args) => {
            session::run(&args.spec, &args.aws, screen, |session| async move {
                start(args, &session).await
            })
        }
        ControlPlaneCommand::Stop(args) => {
            session::run(&args.spec, &args.aws, screen, |session| async move {
                stop(args, &session).await
            })
        }
        ControlPlaneCommand::Status(args) => {
            session::run(&args.spec, &args.aws, screen, |session| async move {
                let (status, nodes) = seen(&session).await?;
                say(&session, &status, &nodes)
            })
        }
    }
}

async fn start(args: &StartArgs, session: &Session) -> Result<Exit, CliError> {
    let (status, nodes) = seen(session).await?;
    // Of one on demand that is awake, the time is extended.
    if Wakefulness::of(&nodes) == Wakefulness::Awake && status.timer.is_none() {
        return say(session, &status, &nodes);
    }
    let purpose = format!("control-plane start ({})", args.reason);
    under_lease(session, &purpose, &args.lock, async |grip| {
        act(session, (1, &args.reason), grip).await?;
        let (status, nodes) = seen(session).await?;
        say(session, &status, &nodes)
    })
    .await
}

async fn stop(args: &ChangeArgs, session: &Session) -> Result<Exit, CliError> {
    let (status, nodes) = seen(session).await?;
    let exit = if Wakefulness::of(&nodes) == Wakefulness::Asleep {
        say(session, &status, &nodes)?
    } else {
        under_lease(session, "control-plane stop", &args.lock, async |grip| {
            let (status, _) = seen(session).await?;
            refuse(session, needed_by(&status))?;
            act(session, (0, "by hand"), grip).await?;
            let (status, nodes) = seen(session).await?;
            say(session, &status, &nodes)
        })
        .await?
    };
    let (screen, flags) = (&session.screen, &session.flags);
    let on_demand = status.timer.is_some();
    screen.note(&while_asleep(flags, on_demand, screen.side_width()));
    Ok(exit)
}

/// The stack, and the control plane of it.
async fn seen(session: &Session) -> Result<(Status, Nodes), CliError> {
    let status = look(session).await?;
    let Some(nodes) = status.control_plane.clone() else {
        let (stack, flags) = (&status.stack, &session.flags);
        let region = &status.region;
        return Err(CliError::failed(
            Failure::new(format!(
                "the stack `{stack}` in {region} has no control plane"
            ))
            .hint(format!("`kongstack apply{flags}` makes it")),
        ));
    };
    Ok((status, nodes))
}

fn say(session: &Session, status: &Status, nodes: &Nodes) -> Result<Exit, CliError> {
    let screen = &session.screen;
    screen.result(&control_plane(status, nodes, screen.width()))?;
    Ok(Exit::Done)
}

/// Refuses to stop what is needed.
fn refuse(session: &Session, needed: Vec<String>) -> Result<(), CliError> {
    if needed.is_empty() {
        return Ok(());
    }
    let flags = &session.flags;
    let what = "the control plane is needed, and is left awake; nothing has been changed";
    let failure = needed
        .into_iter()
        .fold(Failure::new(what), Failure::because);
    Err(CliError::failed(failure.hint(format!(
        "wait until `kongstack status{flags}` says that the stack serves, or mend what it names, and stop it then"
    ))))
}

/// Brings the control plane to `count` tasks, shows how that goes, and gives up when the lease is lost.
async fn act(session: &Session, (count, reason): (u32, &str), grip: Grip) -> Result<(), CliError> {
    let (screen, interrupt) = (&session.screen, &session.interrupt);
    let reporter = Reporter::new(screen, 1, session.pace);
    let sink: Arc<dyn Sink> = Arc::clone(&reporter) as Arc<dyn Sink>;
    let drain = interrupt.drain.child_token();
    let work = bring(
        &session.engine,
        (count, reason),
        session.pace,
        drain.clone(),
        sink,
    );
    let over = async {
        match session.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(work);
    let ended = tokio::select! {
        biased;
        () = grip.lost() => Err(Halted::LeaseLost),
        () = interrupt.abort.cancelled() => Err(Halted::Interrupted),
        result = &mut work => match result {
            Err(Error::Interrupted { .. }) => Err(Halted::Interrupted),
            other => Ok(other),
        },
        () = over => Err(Halted::OutOfTime),
    };
    reporter.finish();
    let doing = match count {
        0 => "falls asleep",
        _ => "wakes",
    };
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let what = match count {
                0 => "the control plane does not fall asleep",
                _ => "the control plane does not wake",
            };
            Err(CliError::engine(what, &error, &session.around))
        }
        Err(halted) => Err(halted.left(doing, &session.flags)),
    }
}

/// Why nobody waits any more for what was begun.
enum Halted {
    Interrupted,
    OutOfTime,
    LeaseLost,
}

impl Halted {
    /// The failure that something goes on without us.
    fn left(&self, doing: &str, flags: &str) -> CliError {
        let why = match self {
            Self::Interrupted => "interrupted",
            Self::OutOfTime => "the time given with --timeout is over",
            Self::LeaseLost => "the stack's lease is lost",
        };
        let failure = Failure::new(format!(
            "{why}; if it was asked to, the control plane {doing} all the same"
        ));
        let failure = failure.hint(format!(
            "`kongstack control-plane status{flags}` shows how it is"
        ));
        match self {
            Self::Interrupted => CliError::stopped(failure),
            Self::OutOfTime | Self::LeaseLost => CliError::failed(failure),
        }
    }
}
