//! Work that only one run may do at a time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::error::CliError;
use super::flags::LockArgs;
use super::session::Session;
use crate::lease::{Claim, Grip, Held, LeaseTable, Taken, Terms, Wait, owner};
use crate::report::{locked, not_given_back, taken_over, waiting};
use crate::resource::Error;

/// How long giving a lease back may hold up the end of a run; it expires by itself.
const RELEASE: Duration = Duration::from_secs(5);

/// Takes the stack's lease for a purpose that others are told, does `work` while it is renewed, and gives it back however that ends.
///
/// # Errors
/// Somebody else has it; it cannot be taken; what `work` fails with.
pub(super) async fn under_lease<T>(
    session: &Session,
    purpose: &str,
    args: &LockArgs,
    work: impl AsyncFnOnce(Grip) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let held = take(session, purpose, args).await?;
    let result = work(held.grip()).await;
    give_back(session, held.release()).await;
    result
}

async fn take(
    session: &Session,
    purpose: &str,
    args: &LockArgs,
) -> Result<Held<LeaseTable>, CliError> {
    let (screen, around) = (&session.screen, &session.around);
    let (patience, width) = (args.lock_timeout, screen.side_width());
    let store = LeaseTable::new(Arc::clone(&session.engine.clients), session.pace);
    let stack = &session.engine.blueprint.stack;
    let owner = owner(|name| std::env::var(name).ok());
    let terms = Terms::at(session.pace);
    let claim = Claim::new(Arc::new(store), stack, purpose, owner, terms);
    let say = |wait: Wait<'_>| screen.note(&waiting(wait, patience, width));
    let taking = session
        .interrupt
        .within(session.deadline, claim.take(patience, &say));
    match taking.await {
        Err(stopped) => {
            give_back(session, claim.withdraw()).await;
            Err(stopped)
        }
        Ok(Err(error)) => {
            let what = "the stack's lease cannot be taken; nothing has been changed";
            Err(CliError::engine(what, &error, around))
        }
        Ok(Ok(Taken::Busy(lease))) => Err(CliError::locked(locked(
            &lease,
            &around.region,
            &session.flags,
        ))),
        Ok(Ok(Taken::Held { held, dead })) => {
            if let Some(dead) = dead {
                screen.note(&taken_over(&dead, width));
            }
            Ok(held)
        }
    }
}

/// Whatever comes of it, it does not change how the run ended.
async fn give_back(session: &Session, release: impl Future<Output = Result<(), Error>>) {
    let reason = match tokio::time::timeout(RELEASE, release).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    let (screen, after) = (&session.screen, Terms::at(session.pace).duration);
    screen.note(&not_given_back(&reason, after, screen.side_width()));
}
