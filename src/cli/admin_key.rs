//! `kongstack admin-key`.

use std::sync::Arc;

use clap::{Args, Subcommand};

use super::ask::{Question, answerable, ask};
use super::error::{CliError, Exit};
use super::flags::{AnswerArgs, AwsArgs, LockArgs, SpecArgs};
use super::lease::under_lease;
use super::session::{self, Session};
use crate::blueprint::addresses;
use crate::kinds::kong::{AdminRoute, KeySecret};
use crate::operate::{Door, Unrotated, finish, rotate};
use crate::report::{Failure, Screen};

/// Change the key of the Admin API.
#[derive(Debug, Subcommand)]
pub(super) enum AdminKeyCommand {
    /// Make a new key the current one; the old one goes on working
    ///
    /// Puts a new key into the stack's secret and tells the gateway of it, through the Admin API. When the gateway takes
    /// it, it becomes the secret's current version. Whoever holds the old key is let in as well, until
    /// `kongstack admin-key finish`. Interrupted, it can be run again: it goes on with the key it has made.
    #[command(after_help = "\
Examples:
  kongstack admin-key rotate
  kongstack admin-key rotate --auto-approve && kongstack admin-key finish --auto-approve")]
    Rotate(AdminKeyArgs),
    /// Take the old keys away: from here on only the current one works
    #[command(after_help = "\
Examples:
  kongstack admin-key finish")]
    Finish(AdminKeyArgs),
}

/// The arguments of both.
#[derive(Debug, Args)]
pub(super) struct AdminKeyArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    answer: AnswerArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// Rotates the key, or finishes a rotation.
pub(super) fn run(command: &AdminKeyCommand, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    let (args, finishes) = match command {
        AdminKeyCommand::Rotate(args) => (args, false),
        AdminKeyCommand::Finish(args) => (args, true),
    };
    session::run(&args.spec, &args.aws, screen, |session| {
        change(args, finishes, session)
    })
}

async fn change(args: &AdminKeyArgs, finishes: bool, session: Session) -> Result<Exit, CliError> {
    let door = door(&session).await?;
    let (screen, path) = (&session.screen, door.path);
    if !args.answer.auto_approve {
        answerable(args.answer.no_input)?;
        let question = if finishes {
            Question::take_keys_away(path)
        } else {
            Question::rotate_key(path)
        };
        let asked = ask(&question, screen);
        session.interrupt.within(session.deadline, asked).await??;
    }
    let purpose = if finishes {
        "admin-key finish"
    } else {
        "admin-key rotate"
    };
    under_lease(&session, purpose, &args.lock, async |_| {
        let say = |text: &str| screen.note(&format!("{text}\n"));
        if finishes {
            let gone = finish(&door)
                .await
                .map_err(|why| unchanged(&why, &session))?;
            screen.result(&match gone {
                0 => "There is only one key: nothing to take away.\n".to_owned(),
                1 => "The old key no longer works.\n".to_owned(),
                count => format!("{count} old keys no longer work.\n"),
            })?;
            return Ok(Exit::Done);
        }
        rotate(&door, &say)
            .await
            .map_err(|why| unchanged(&why, &session))?;
        screen.result(&format!(
            "The new key is the current one of {}.\n\
             The old one works as well, until `kongstack admin-key finish{}`.\n",
            door.secret, session.flags
        ))?;
        Ok(Exit::Done)
    })
    .await
}

/// What the key opens, on the live stack.
async fn door(session: &Session) -> Result<Door<'_>, CliError> {
    let blueprint = &session.engine.blueprint;
    let wanted = blueprint.desired::<AdminRoute>(&addresses::admin_route());
    let wanted = wanted.map_err(|error| {
        CliError::engine("the stack has no admin route", &error, &session.around)
    })?;
    let KeySecret::Own(secret) = &wanted.key else {
        return Err(CliError::usage(
            Failure::new(
                "the admin key is not the stack's own: `admin.api_key` names a secret of yours",
            )
            .hint("put a new value into that secret, then run `kongstack apply`"),
        ));
    };
    let (_, world) = session.look().await?;
    let Some(balancer) = wanted.load_balancer.resolve(&world) else {
        let (stack, region) = (&blueprint.stack, &blueprint.region);
        return Err(CliError::failed(
            Failure::new(format!("the stack `{stack}` in {region} is not complete"))
                .hint(format!("`kongstack apply{}` makes it", session.flags)),
        ));
    };
    Ok(Door {
        clients: &session.engine.clients,
        secret,
        site: wanted.site(&balancer),
        path: &wanted.route.path,
        pace: session.pace,
        drain: session.interrupt.drain.clone(),
    })
}

fn unchanged(why: &Unrotated, session: &Session) -> CliError {
    let again = "run the same command again: it goes on from here";
    match why {
        Unrotated::Aws(error) => {
            CliError::engine("the admin key could not be changed", error, &session.around)
        }
        Unrotated::Interrupted => CliError::stopped(Failure::new("interrupted").hint(again)),
        Unrotated::Unfinished(_) => CliError::failed(
            Failure::new("the admin key was not changed")
                .chain(why)
                .hint(format!(
                    "`kongstack admin-key finish{}` takes them away; then rotate again",
                    session.flags
                )),
        ),
        Unrotated::Shut(_) => {
            CliError::failed(Failure::new("the admin key was not changed").chain(why))
        }
        Unrotated::NotTaken(_) => CliError::failed(
            Failure::new("the admin key was not changed")
                .chain(why)
                .hint(again)
                .hint("the key in the secret is still the old one, and works"),
        ),
    }
}
