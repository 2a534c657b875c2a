//! `kongstack unlock`.

use std::sync::Arc;
use std::time::SystemTime;

use super::args::UnlockArgs;
use super::ask::{Question, answerable, ask};
use super::error::{CliError, Exit};
use super::session::{self, Session};
use crate::lease::{Deleted, Expected, LeaseTable, Store};
use crate::report::{Screen, alive, broken, lease as lease_text};
use crate::resource::Error;

/// Shows whose lease is on the stack, asks, and breaks it.
pub(super) fn run(args: &UnlockArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| {
        unlock(args, session)
    })
}

async fn unlock(args: &UnlockArgs, session: Session) -> Result<Exit, CliError> {
    let (screen, region) = (&session.screen, &session.around.region);
    let stack = &session.engine.blueprint.stack;
    let table = LeaseTable::new(Arc::clone(&session.engine.clients), session.pace);
    let failed = |error: Error, what| CliError::engine(what, &error, &session.around);
    let within = (&session.interrupt, session.deadline);
    let there = within.0.within(within.1, table.read(stack)).await?;
    let there = there.map_err(|error| failed(error, "the stack's lease cannot be read"))?;
    let Some(lease) = there else {
        screen.result(&format!(
            "There is no lease on the stack `{stack}` in {region}: nobody holds it.\n"
        ))?;
        return Ok(Exit::Done);
    };
    let width = screen.width();
    screen.result(&lease_text(&lease, region, SystemTime::now(), width))?;
    if !args.answer.auto_approve {
        answerable(args.answer.no_input)?;
        within
            .0
            .within(within.1, ask(&Question::unlock(), screen))
            .await??;
    }
    let breaking = table.delete(stack, Expected::Exactly(&lease.mark));
    let what = "the stack's lease cannot be broken";
    let done = within.0.within(within.1, breaking).await?;
    match done.map_err(|error| failed(error, what))? {
        Deleted::Done => {
            screen.result("The lease is broken.\n")?;
            screen.note(&broken(screen.side_width()));
            Ok(Exit::Done)
        }
        Deleted::Refused => {
            let now = table.read(stack).await;
            let now = now.map_err(|error| failed(error, what))?;
            match now {
                Some(now) => Err(CliError::locked(alive(Some(&now)))),
                None => {
                    screen.result("The lease has been given back meanwhile.\n")?;
                    Ok(Exit::Done)
                }
            }
        }
    }
}
