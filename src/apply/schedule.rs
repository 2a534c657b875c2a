//! When each step runs.
//!
//! A step starts as soon as all it waits for is done; a failure skips what depends on it and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::act::{Acted, act};
use super::outputs::Published;
use super::record::Recorder;
use super::{Done, Engine, Options, Report, Skip, Unfinished};
use crate::diff::{Action, Entry};
use crate::event::{Event, Halt, Sink, Verb};
use crate::lease::Loss;
use crate::plan::{Plan, StepId, StepKind};
use crate::resource::{Address, Error, Limits, Notify, Resolve, Step};

/// How long calls that run when the time is up may take to be answered: most are within a second, the slowest within a
/// few.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Over,
}

/// How a running step ended.
enum End {
    /// It ran to an end of its own.
    Ran(Result<Acted, Error>),
    /// The run drained before it got a slot.
    NeverBegan,
}

struct Schedule<'a> {
    plan: &'a Plan,
    engine: &'a Engine,
    options: &'a Options,
    limits: Limits,
    recorder: Arc<Recorder>,
    outputs: Arc<Published>,
    states: Vec<State>,
    report: Report,
}

/// Does exactly what the plan says, everything independent at once.
pub(crate) async fn run(
    plan: &Plan,
    engine: &Engine,
    options: Options,
    sink: Arc<dyn Sink>,
) -> Report {
    let mut schedule = Schedule {
        plan,
        engine,
        options: &options,
        limits: Limits {
            // Its own, so that whatever halts the run ends the waiting, and no halt is taken for another.
            drain: CancellationToken::new(),
            step_timeout: options.step_timeout,
            pace: options.pace,
            slots: Arc::new(Semaphore::new(options.parallelism.max(1))),
        },
        recorder: Arc::new(Recorder::new(sink)),
        outputs: Arc::new(Published::new(plan.known.clone())),
        states: vec![State::Waiting; plan.steps.len()],
        report: Report::default(),
    };
    schedule.go().await;
    schedule.close()
}

impl Schedule<'_> {
    async fn go(&mut self) {
        // Dropping the set, as an abort does, ends its tasks.
        let mut running = JoinSet::new();
        let end = self.options.deadline;
        loop {
            let halted = self.report.halt.is_some();
            if !halted && self.may_begin() {
                for id in self.ready() {
                    self.begin(id, &mut running);
                }
            }
            tokio::select! {
                biased;
                () = self.options.abort.cancelled() => {
                    self.report.halt = Some(Halt::Interrupted);
                    return;
                }
                () = self.options.drain.cancelled(), if !halted => self.halt(Halt::Interrupted),
                () = self.options.grip.lost(), if !halted => {
                    let loss = self.options.grip.loss().unwrap_or(Loss::Silence(None));
                    self.halt(Halt::LeaseLost(loss));
                }
                () = at(end), if !halted => self.halt(Halt::OutOfTime),
                () = at(end.map(|end| end + GRACE)) => return,
                next = running.join_next() => match next {
                    Some(Ok((id, since, end))) => self.end(id, since, end),
                    // A step that panicked is a defect; it counts as never seen to its end.
                    Some(Err(error)) => tracing::error!(%error, "a step broke"),
                    None => return,
                },
            }
        }
    }

    /// Whether nothing has happened that will halt the run as soon as it is looked at.
    fn may_begin(&self) -> bool {
        let time_left = self.options.deadline.is_none_or(|end| Instant::now() < end);
        time_left && !self.options.drain.is_cancelled() && !self.options.grip.is_lost()
    }

    /// Begins nothing more and ends all waiting. The first reason stands.
    fn halt(&mut self, why: Halt) {
        if self.report.halt.is_none() {
            self.limits.drain.cancel();
            self.recorder.event(Event::Draining { why: why.clone() });
            self.report.halt = Some(why);
        }
    }

    fn ready(&self) -> Vec<StepId> {
        let done = |id: &StepId| self.states.get(*id) == Some(&State::Done);
        let waiting = self
            .plan
            .steps
            .iter()
            .enumerate()
            .filter(|(id, _)| self.states.get(*id) == Some(&State::Waiting));
        waiting
            .filter(|(_, step)| step.after.iter().all(done))
            .map(|(id, _)| id)
            .collect()
    }

    fn begin(&mut self, id: StepId, running: &mut JoinSet<(StepId, Instant, End)>) {
        let Some((entry, kind)) = self.at(id).map(|(entry, kind)| (entry.clone(), kind)) else {
            return;
        };
        self.set(id, State::Running);
        let outputs: Arc<dyn Resolve> = self.outputs.clone();
        let notify: Arc<dyn Notify> = self.recorder.clone();
        let stack = (self.plan.stack.as_str(), self.plan.region.as_str());
        let clients = Arc::clone(&self.engine.clients);
        let step = Step::new(
            entry.address.clone(),
            stack,
            clients,
            outputs,
            notify,
            self.limits.clone(),
        )
        .with_leave(self.plan.may_lose.contains(&entry.address));
        let (engine, recorder) = (self.engine.clone(), Arc::clone(&self.recorder));
        let grip = self.options.grip.clone();
        running.spawn(async move {
            if !step.acquire().await || grip.is_lost() {
                return (id, Instant::now(), End::NeverBegan);
            }
            let since = Instant::now();
            let (address, verb, noun) =
                (entry.address.clone(), verb(&entry, kind), entry.kind.noun());
            recorder.event(Event::Started {
                address,
                verb,
                noun,
            });
            (
                id,
                since,
                End::Ran(act(&step, &entry, kind, &engine, &recorder).await),
            )
        });
    }

    fn at(&self, id: StepId) -> Option<(&Entry, StepKind)> {
        let step = self.plan.steps.get(id)?;
        Some((self.plan.entries.get(step.entry)?, step.kind))
    }

    fn named(&self, id: StepId) -> Option<(Address, Verb)> {
        self.at(id)
            .map(|(entry, kind)| (entry.address.clone(), verb(entry, kind)))
    }

    fn set(&mut self, id: StepId, state: State) {
        if let Some(slot) = self.states.get_mut(id) {
            *slot = state;
        }
    }

    fn end(&mut self, id: StepId, since: Instant, end: End) {
        let Some((address, verb)) = self.named(id) else {
            return;
        };
        match end {
            End::NeverBegan => self.set(id, State::Waiting),
            End::Ran(Ok(acted)) => {
                self.set(id, State::Done);
                if let Some(outputs) = acted.outputs {
                    self.outputs.publish(&address, outputs);
                }
                self.report
                    .kept
                    .extend(acted.kept.into_iter().map(|kept| (address.clone(), kept)));
                let made = self.recorder.id(&address).filter(|_| verb != Verb::Delete);
                self.report.done.push(Done {
                    address: address.clone(),
                    verb,
                    id: made,
                });
                self.recorder.event(Event::Finished {
                    address,
                    verb,
                    took: since.elapsed(),
                });
            }
            End::Ran(Err(Error::Interrupted { what })) => self.leave(id, address, verb, Some(what)),
            End::Ran(Err(error)) if error.is_pointless() => {
                self.halt(Halt::Pointless(error));
                if makes(verb)
                    && self.recorder.id(&address).is_none()
                    && !self.recorder.is_unclear(&address)
                {
                    // Its first call was refused, so it is as if it had not begun.
                    self.set(id, State::Waiting);
                } else {
                    self.leave(id, address, verb, None);
                }
            }
            End::Ran(Err(error)) => {
                self.set(id, State::Over);
                if makes(verb) && self.recorder.is_unclear(&address) {
                    self.report.unseen.push(address.clone());
                }
                self.recorder.event(Event::Failed {
                    address: address.clone(),
                    verb,
                    error: error.clone(),
                });
                self.report.failed.push((address.clone(), verb, error));
                self.skip_after(id, &address);
            }
        }
    }

    /// Leaves a step unfinished.
    fn leave(&mut self, id: StepId, address: Address, verb: Verb, waiting: Option<String>) {
        self.set(id, State::Over);
        let made = self.recorder.id(&address);
        let was_cut_off = made.is_none() && waiting.is_none();
        if makes(verb) && (was_cut_off || self.recorder.is_unclear(&address)) {
            self.report.unseen.push(address.clone());
        }
        self.report.unfinished.push(Unfinished {
            address,
            verb,
            id: made,
            waiting,
        });
    }

    /// Skips everything that waits, however indirectly, for the failed step. Steps stand after all they wait for, so
    /// one pass finds them all.
    fn skip_after(&mut self, failed: StepId, because: &Address) {
        let mut lost = vec![false; self.plan.steps.len()];
        if let Some(slot) = lost.get_mut(failed) {
            *slot = true;
        }
        for (id, step) in self.plan.steps.iter().enumerate() {
            let affected = step
                .after
                .iter()
                .any(|before| lost.get(*before) == Some(&true));
            if !affected || self.states.get(id) != Some(&State::Waiting) {
                continue;
            }
            if let Some(slot) = lost.get_mut(id) {
                *slot = true;
            }
            self.set(id, State::Over);
            if let Some((address, verb)) = self.named(id) {
                let because = because.clone();
                self.recorder.event(Event::Skipped {
                    address: address.clone(),
                    verb,
                    because: because.clone(),
                });
                self.report.skipped.push(Skip {
                    address,
                    verb,
                    because,
                });
            }
        }
    }

    fn close(mut self) -> Report {
        let states: BTreeMap<StepId, State> = self.states.iter().cloned().enumerate().collect();
        for (id, state) in states {
            let Some((address, verb)) = self.named(id) else {
                continue;
            };
            match state {
                State::Running => self.leave(id, address, verb, None),
                State::Waiting => self.report.not_started.push((address, verb)),
                State::Done | State::Over => {}
            }
        }
        self.report.outputs = self.outputs.all();
        self.report
    }
}

/// Waits until then, or for ever.
async fn at(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Whether a step of that kind makes something new.
fn makes(verb: Verb) -> bool {
    matches!(verb, Verb::Create | Verb::Replace)
}

fn verb(entry: &Entry, kind: StepKind) -> Verb {
    match (kind, entry.action) {
        (StepKind::Create, Action::Replace(_)) => Verb::Replace,
        (StepKind::Create, _) => Verb::Create,
        (StepKind::Update, _) => Verb::Update,
        (StepKind::Delete, _) => Verb::Delete,
    }
}
