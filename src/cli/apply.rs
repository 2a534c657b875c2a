//! `kongstack apply`, and carrying out a plan, which `destroy` shares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::args::ApplyArgs;
use super::ask::{Question, answerable, ask};
use super::error::{CliError, Exit};
use super::flags::{LockArgs, RunArgs};
use super::lease::under_lease;
use super::session::{self, Session, Wish, refuse};
use crate::apply::{self, Options, Report};
use crate::aws::{applied, quota_of};
use crate::event::Sink;
use crate::lease::{Grip, Loss};
use crate::plan::{Plan, Purpose};
use crate::report::{Ended, Reporter, Screen, Surroundings, lost_before, outcome, outputs_after};

/// Plans, asks and makes AWS match the spec.
pub(super) fn run(args: &ApplyArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| async move {
        let may_lose = &args.loss.allow_data_loss;
        let wish = Wish {
            purpose: Purpose::Apply,
            select: &args.select,
            may_lose,
        };
        change(&session, &wish, &args.run, &args.lock, |_| Question::yes()).await
    })
}

/// Plans, and if there is something to do, plans again under the stack's lease, asks, and does it.
pub(super) async fn change(
    session: &Session,
    wish: &Wish<'_>,
    args: &RunArgs,
    lock: &LockArgs,
    question: impl FnOnce(&Plan) -> Question,
) -> Result<Exit, CliError> {
    // Looking needs no lease, and most looks find nothing to do.
    let (first, text) = session.draft(wish).await?;
    let askable = if args.answer.auto_approve {
        Ok(())
    } else {
        answerable(args.answer.no_input)
    };
    if first.is_empty() || !first.refusals.is_empty() || askable.is_err() {
        session.screen.result(&text)?;
        refuse(&first)?;
        if first.is_empty() {
            return Ok(Exit::Done);
        }
        askable?;
    }
    under_lease(session, wish.purpose.word(), lock, async |grip| {
        // What was seen before may have been another run's work half-way.
        let plan = session.plan(wish).await?;
        refuse(&plan)?;
        if plan.is_empty() {
            return Ok(Exit::Done);
        }
        carry_out(session, &plan, args, &question(&plan), grip).await
    })
    .await
}

/// The surroundings with what the quotas that the run met are in this account.
async fn with_quotas(session: &Session, report: &Report) -> Surroundings {
    let errors = report.failed.iter().filter_map(|(_, _, error)| error.aws());
    let met = errors.filter_map(quota_of).collect();
    let quotas = match report.halt {
        None => applied(&session.engine.clients, met).await,
        // Whoever has stopped the run waits for nothing more.
        Some(_) => BTreeMap::new(),
    };
    Surroundings {
        quotas,
        ..session.around.clone()
    }
}

/// Asks, and does what the plan says.
async fn carry_out(
    session: &Session,
    plan: &Plan,
    args: &RunArgs,
    question: &Question,
    grip: Grip,
) -> Result<Exit, CliError> {
    if !args.answer.auto_approve {
        let answer = session
            .interrupt
            .within(session.deadline, ask(question, &session.screen));
        tokio::select! {
            biased;
            () = grip.lost() => {
                let loss = grip.loss().unwrap_or(Loss::Silence(None));
                return Err(CliError::failed(lost_before(&loss)));
            }
            answer = answer => {
                if answer.is_err() {
                    // The question's line is still open.
                    session.screen.alert("\n");
                }
                answer??;
            }
        }
    }
    let start = Instant::now();
    let reporter = Reporter::new(&session.screen, plan.steps.len(), session.pace);
    let options = Options {
        parallelism: args.parallelism.get(),
        deadline: session.deadline,
        step_timeout: args.resource_timeout,
        pace: session.pace,
        drain: session.interrupt.drain.clone(),
        abort: session.interrupt.abort.clone(),
        grip: grip.clone(),
    };
    let sink: Arc<dyn Sink> = Arc::clone(&reporter) as Arc<dyn Sink>;
    let report = apply::run(plan, &session.engine, options, sink).await;
    reporter.finish();
    if !report.unseen.is_empty() {
        // The next run is to look when AWS shows what they made.
        grip.leave();
    }
    let (screen, took) = (&session.screen, start.elapsed());
    let around = &with_quotas(session, &report).await;
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
