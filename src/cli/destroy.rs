//! `kongstack destroy`.

use std::sync::Arc;

use super::apply::carry_out;
use super::args::DestroyArgs;
use super::ask::Question;
use super::error::{CliError, Exit};
use super::session::{self, Wish, refuse};
use crate::plan::Purpose;
use crate::report::Screen;

/// Plans the way down, asks and goes it.
pub(super) fn run(args: &DestroyArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        let wish = Wish {
            purpose: Purpose::Destroy,
            select: &args.select,
            may_lose: &[],
        };
        let plan = session.plan(&wish).await?;
        refuse(&plan)?;
        carry_out(&session, &plan, &args.run, &Question::name(&plan.stack)).await
    })
}
