//! `kongstack plan`.

use std::sync::Arc;

use super::args::PlanArgs;
use super::error::{CliError, Exit};
use super::session::{self, Session, Wish, refuse};
use crate::plan::Purpose;
use crate::report::Screen;

/// Shows what would change.
pub(super) fn run(args: &PlanArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| show(args, session))
}

async fn show(args: &PlanArgs, session: Session) -> Result<Exit, CliError> {
    let purpose = if args.destroy {
        Purpose::Destroy
    } else {
        Purpose::Apply
    };
    let wish = Wish {
        purpose,
        select: &args.select,
        may_lose: &args.loss.allow_data_loss,
    };
    let plan = session.plan(&wish).await?;
    refuse(&plan)?;
    if args.detailed_exitcode && !plan.is_empty() {
        return Ok(Exit::Pending);
    }
    Ok(Exit::Done)
}
