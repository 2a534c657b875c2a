//! `kongstack apply`, and carrying out a plan, which `destroy` shares.

use std::sync::Arc;
use std::time::Instant;

use super::args::ApplyArgs;
use super::ask::{Question, ask};
use super::error::{CliError, Exit};
use super::flags::RunArgs;
use super::session::{self, Session, Wish, refuse};
use crate::apply::{self, Options};
use crate::event::Sink;
use crate::plan::{Plan, Purpose};
use crate::report::{Ended, Reporter, Screen, outcome, outputs_after};

/// Plans, asks and makes AWS match the spec.
pub(super) fn run(args: &ApplyArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        let may_lose = &args.loss.allow_data_loss;
        let wish = Wish {
            purpose: Purpose::Apply,
            select: &args.select,
            may_lose,
        };
        let plan = session.plan(&wish).await?;
        refuse(&plan)?;
        carry_out(&session, &plan, &args.run, &Question::yes()).await
    })
}

/// Asks, and does what the plan says.
pub(super) async fn carry_out(
    session: &Session,
    plan: &Plan,
    args: &RunArgs,
    question: &Question,
) -> Result<Exit, CliError> {
    if plan.is_empty() {
        return Ok(Exit::Done);
    }
    if !args.auto_approve {
        let answer = ask(question, args.no_input, &session.screen);
        session.interrupt.within(session.deadline, answer).await??;
    }
    let start = Instant::now();
    let reporter = Reporter::new(&session.screen, plan.steps.len(), session.pace);
    let options = Options {
        parallelism: args.parallelism.get(),
        deadline: session.deadline,
        pace: session.pace,
        drain: session.interrupt.drain.clone(),
        abort: session.interrupt.abort.clone(),
    };
    let sink: Arc<dyn Sink> = Arc::clone(&reporter) as Arc<dyn Sink>;
    let report = apply::run(plan, &session.engine, options, sink).await;
    reporter.finish();
    let (screen, around, took) = (&session.screen, &session.around, start.elapsed());
    let exit = match Ended::of(&report) {
        Ended::Well => {
            let mut text = outcome(plan, &report, took, around, screen.width());
            if plan.purpose == Purpose::Apply {
                text += &outputs_after(plan, &report, around, &session.flags);
            }
            screen.result(&text)?;
            return Ok(Exit::Done);
        }
        Ended::Failed => Exit::Failed,
        Ended::InPart => Exit::Partial,
        Ended::Interrupted => Exit::Interrupted,
    };
    screen.alert(&outcome(plan, &report, took, around, screen.side_width()));
    Err(CliError::said(exit))
}
