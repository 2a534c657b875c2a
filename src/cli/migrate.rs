//! `kongstack migrate`.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::error::{CliError, Exit};
use super::flags::{AwsArgs, LockArgs, SpecArgs};
use super::lease::under_lease;
use super::session::{self, Session};
use crate::kong::schema_state::SchemaState;
use crate::lease::Grip;
use crate::observe::World;
use crate::operate::migrate::{Action, Means, Migrations};
use crate::report::{Failure, Screen, Watch, lost_meanwhile, migrated, schema_status};
use crate::resource::Error;

/// The arguments of `migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack migrate status
  kongstack migrate list
  kongstack migrate up
  kongstack migrate finish --lock-timeout 10m

Exit codes of `list`, by what `kong migrations list` says in the task:
  0    nothing to do (0 in the task)
  2    something is to be done: bootstrap (3), finish (4), up (5), or both (6)
  1    it could not be found out

Exit codes of `bootstrap`, `up` and `finish`:
  0    done: the list that follows says so
  1    not done: the task's own exit code and its last lines say why")]
pub(super) struct MigrateArgs {
    /// What to do
    action: What,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// What `migrate` can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Make the schema, or what is missing of it, and import the admin route
    Bootstrap,
    /// Bring the schema to where old and new versions can both use it
    Up,
    /// Remove what only an older control plane needs; refused while one runs
    Finish,
    /// Ask the database which migrations are pending or new
    List,
    /// Say what is known without asking the database
    Status,
}

/// Runs Kong's migrations as a task of the live stack.
pub(super) fn run(args: &MigrateArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| {
        migrate(args, session)
    })
}

async fn migrate(args: &MigrateArgs, session: Session) -> Result<Exit, CliError> {
    let action = match args.action {
        What::Status => return status(&session).await,
        What::List => {
            let state = perform(&session, Action::List, Grip::default()).await?;
            say(&session, state)?;
            return Ok(match state {
                SchemaState::Clean => Exit::Done,
                _ => Exit::Pending,
            });
        }
        What::Bootstrap => Action::Bootstrap,
        What::Up => Action::Up,
        What::Finish => Action::Finish,
    };
    // Whoever holds the lease may be at work on the same database.
    under_lease(&session, "migrate", &args.lock, async |grip| {
        let state = perform(&session, action, grip).await?;
        say(&session, state)?;
        Ok(Exit::Done)
    })
    .await
}

fn say(session: &Session, state: SchemaState) -> Result<(), CliError> {
    let text = migrated(state, &session.flags, session.screen.width());
    Ok(session.screen.result(&text)?)
}

/// Looks at the live stack.
async fn live(session: &Session) -> Result<(Migrations, World), CliError> {
    let (_, world) = session.look().await?;
    let found = Migrations::of(&session.engine.blueprint, &world);
    let found = found
        .map_err(|error| CliError::engine("the schema is not known", &error, &session.around))?;
    match found {
        Ok(migrations) => Ok((migrations, world)),
        Err(missing) => Err(CliError::failed(
            Failure::new(format!("there is nothing to migrate: {missing}"))
                .hint(format!("`kongstack apply{}` makes it", session.flags)),
        )),
    }
}

async fn status(session: &Session) -> Result<Exit, CliError> {
    let (migrations, _) = live(session).await?;
    let blueprint = &session.engine.blueprint;
    let stack = (blueprint.stack.as_str(), blueprint.region.as_str());
    let (known, width) = (&migrations.known, session.screen.width());
    let text = schema_status(known, stack, &session.flags, width);
    session.screen.result(&text)?;
    Ok(Exit::Done)
}

/// Runs one task, its lines as they come.
async fn perform(session: &Session, action: Action, grip: Grip) -> Result<SchemaState, CliError> {
    let (migrations, world) = live(session).await?;
    let means = Means {
        clients: Arc::clone(&session.engine.clients),
        notify: Arc::new(Watch::new(&session.screen, session.pace)),
        pace: session.pace,
        drain: session.interrupt.drain.clone(),
        grip: grip.clone(),
        deadline: session.deadline,
    };
    let done = migrations.perform(action, world, means).await;
    done.map_err(|error| failure(session, &grip, &error))
}

fn failure(session: &Session, grip: &Grip, error: &Error) -> CliError {
    let hint = format!(
        "`kongstack migrate list{}` says what came of it",
        session.flags
    );
    match error {
        Error::Interrupted { .. } if let Some(loss) = grip.loss() => {
            CliError::failed(lost_meanwhile(&loss))
        }
        Error::Interrupted { .. } if session.interrupt.drain.is_cancelled() => CliError::stopped(
            Failure::new("interrupted; a task that was begun goes on by itself").hint(hint),
        ),
        Error::Interrupted { .. } => CliError::failed(
            Failure::new(
                "the time given with --timeout is over; a task that was begun goes on by itself",
            )
            .hint(hint),
        ),
        error => CliError::engine("the migration is not done", error, &session.around),
    }
}
