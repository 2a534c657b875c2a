//! When each step runs.
//!
//! A step starts as soon as all it waits for is done; a failure skips what depends on it and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::act::{Acted, act};
use super::outputs::Published;
use super::record::Recorder;
use super::{Done, Engine, Options, Report, Skip, Unfinished};
use crate::diff::{Action, Entry};
use crate::event::{Event, Sink, Verb};
use crate::plan::{Plan, StepId, StepKind};
use crate::resource::{Address, Error, Limits, Notify, Resolve, Step};

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
            drain: options.drain.child_token(),
            deadline: options.deadline,
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
        let (mut draining, mut lost) = (false, false);
        loop {
            if self.may_begin() {
                for id in self.ready() {
                    self.begin(id, &mut running);
                }
            }
            tokio::select! {
                biased;
                () = self.options.abort.cancelled() => return,
                () = self.options.drain.cancelled(), if !draining => {
                    draining = true;
                    self.recorder.event(Event::Draining);
                }
                () = self.options.grip.lost(), if !lost => {
                    lost = true;
                    self.limits.drain.cancel();
                    self.recorder.event(Event::LeaseLost);
                }
                next = running.join_next() => match next {
                    Some(Ok((id, since, end))) => self.end(id, since, end),
                    // A step that panicked is a defect; it counts as never seen to its end.
                    Some(Err(error)) => tracing::error!(%error, "a step broke"),
                    None => return,
                },
            }
        }
    }

    fn may_begin(&self) -> bool {
        let time_left = self
            .options
            .deadline
            .is_none_or(|deadline| Instant::now() < deadline);
        time_left && !self.options.drain.is_cancelled() && !self.options.grip.is_lost()
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
        );
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
            (id, since, End::Ran(act(&step, &entry, kind, &engine).await))
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
            End::Ran(Err(Error::Interrupted { .. })) => {
                self.set(id, State::Over);
                let made = self.recorder.id(&address);
                self.report.unfinished.push(Unfinished {
                    address,
                    verb,
                    id: made,
                });
            }
            End::Ran(Err(error)) => {
                self.set(id, State::Over);
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
                State::Running => {
                    let made = self.recorder.id(&address);
                    self.report.unfinished.push(Unfinished {
                        address,
                        verb,
                        id: made,
                    });
                }
                State::Waiting => self.report.not_started.push((address, verb)),
                State::Done | State::Over => {}
            }
        }
        self.report.outputs = self.outputs.all();
        self.report.interrupted =
            self.options.drain.is_cancelled() || self.options.abort.is_cancelled();
        self.report.lost = self.options.grip.loss();
        self.report.timed_out = !self.report.interrupted
            && self.report.lost.is_none()
            && self
                .options
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
            && !self.report.is_complete();
        self.report
    }
}

fn verb(entry: &Entry, kind: StepKind) -> Verb {
    match (kind, entry.action) {
        (StepKind::Create, Action::Replace(_)) => Verb::Replace,
        (StepKind::Create, _) => Verb::Create,
        (StepKind::Update, _) => Verb::Update,
        (StepKind::Delete, _) => Verb::Delete,
    }
}
