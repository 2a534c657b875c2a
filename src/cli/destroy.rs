//! `kongstack destroy`.

use std::sync::Arc;

use super::apply::change;
use super::args::DestroyArgs;
use super::ask::Question;
use super::error::{CliError, Exit};
use super::session::{self, Wish};
use crate::plan::{Plan, Purpose};
use crate::report::Screen;

/// Plans the way down, asks and goes it.
pub(super) fn run(args: &DestroyArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        let wish = Wish {
            purpose: Purpose::Destroy,
            select: &args.select,
            may_lose: &args.loss.allow_data_loss,
        };
        let question = |plan: &Plan| Question::name(&plan.stack);
        change(&session, &wish, &args.run, &args.lock, question).await
    })
}
