//! What a kind acts with: clients, outputs known by now, waiting, and the run's limits.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Address, Error, Output, Ref, Resolve, Text};
use crate::aws::{AwsError, Clients};

/// How much faster than AWS time goes here; 1 outside the sandbox.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace(f64);

impl Pace {
    /// Real time.
    pub(crate) const REAL: Self = Self(1.0);

    /// `speed` times as fast; anything below 1 counts as 1.
    #[must_use]
    pub(crate) fn new(speed: f64) -> Self {
        Self(if speed > 1.0 { speed } else { 1.0 })
    }

    /// How long `duration` of AWS's time takes here.
    #[must_use]
    pub(crate) fn scale(self, duration: Duration) -> Duration {
        duration.div_f64(self.0)
    }
}

/// How to wait for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Between two looks.
    pub(crate) every: Duration,
    /// What it usually takes, for the display.
    pub(crate) typical: Duration,
    /// When to give up.
    pub(crate) at_most: Duration,
}

impl Patience {
    /// Looks every `every` seconds, usually for `typical` seconds, at most for `at_most` seconds.
    #[must_use]
    pub(crate) const fn seconds(every: u64, typical: u64, at_most: u64) -> Self {
        Self {
            every: Duration::from_secs(every),
            typical: Duration::from_secs(typical),
            at_most: Duration::from_secs(at_most),
        }
    }
}

/// What one look at something awaited showed.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// It works.
    Ready(T),
    /// Not yet; the text is its state as AWS spells it.
    Pending(String),
}

/// What happened inside a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// AWS has named the new resource.
    Made {
        /// Its id.
        id: String,
    },
    /// It is being waited for.
    Waiting {
        /// What for.
        what: String,
        /// Its state, as AWS spells it.
        state: String,
        /// What it usually takes, in AWS's time.
        typical: Duration,
    },
    /// Something a person should know, such as a line of a migration's log.
    Remark(String),
}

/// Takes the notes of steps.
pub(crate) trait Notify: Send + Sync {
    /// One note of the step at `address`.
    fn note(&self, address: &Address, note: Note);
}

/// The limits all steps of a run share.
#[derive(Clone)]
pub(crate) struct Limits {
    /// Cancelled when the run is halted: nothing new is begun and nothing more is waited for.
    pub(crate) drain: CancellationToken,
    /// How long one step may take, if less than its own limits.
    pub(crate) step_timeout: Option<Duration>,
    /// How fast time goes.
    pub(crate) pace: Pace,
    /// How many steps may act at once; waiting does not count.
    pub(crate) slots: Arc<Semaphore>,
}

/// One step of a run.
pub(crate) struct Step {
    /// Whose step it is.
    pub(crate) address: Address,
    clients: Arc<Clients>,
    stack: String,
    region: String,
    outputs: Arc<dyn Resolve>,
    notify: Arc<dyn Notify>,
    limits: Limits,
    slot: Mutex<Option<OwnedSemaphorePermit>>,
    began: OnceLock<Instant>,
    may_lose: bool,
}

impl Step {
    /// A step at `address` of a stack.
    #[must_use]
    pub(crate) fn new(
        address: Address,
        stack: (&str, &str),
        clients: Arc<Clients>,
        outputs: Arc<dyn Resolve>,
        notify: Arc<dyn Notify>,
        limits: Limits,
    ) -> Self {
        let (stack, region) = (stack.0.to_owned(), stack.1.to_owned());
        Self {
            address,
            clients,
            stack,
            region,
            outputs,
            notify,
            limits,
            slot: Mutex::new(None),
            began: OnceLock::new(),
            may_lose: false,
        }
    }

    /// The same, with or without leave to lose what the resource holds.
    #[must_use]
    pub(crate) fn with_leave(self, may_lose: bool) -> Self {
        Self { may_lose, ..self }
    }

    /// Whether somebody has said that what the resource holds may be lost.
    #[must_use]
    pub(crate) fn may_lose(&self) -> bool {
        self.may_lose
    }

    /// AWS.
    #[must_use]
    pub(crate) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The stack's name.
    #[must_use]
    pub(crate) fn stack(&self) -> &str {
        &self.stack
    }

    /// The region.
    #[must_use]
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The outputs known by now.
    #[must_use]
    pub(crate) fn outputs(&self) -> &dyn Resolve {
        &*self.outputs
    }

    /// The value of a reference.
    ///
    /// # Errors
    /// When it is not known, which the order of steps rules out.
    pub(crate) fn get<T: Output>(&self, reference: &Ref<T>) -> Result<T, Error> {
        let unresolved = || match reference {
            Ref::Literal(_) => Error::Internal("a literal did not resolve".to_owned()),
            Ref::Of(address) => Error::Unresolved {
                address: address.clone(),
                attribute: T::ATTRIBUTE,
            },
        };
        reference.resolve(&*self.outputs).ok_or_else(unresolved)
    }

    /// The values of several references.
    ///
    /// # Errors
    /// When one is not known.
    pub(crate) fn get_all<T: Output>(&self, references: &[Ref<T>]) -> Result<Vec<T>, Error> {
        references.iter().map(|one| self.get(one)).collect()
    }

    /// A text with its references filled in.
    ///
    /// # Errors
    /// When one is not known.
    pub(crate) fn text(&self, text: &Text) -> Result<String, Error> {
        text.resolve(&*self.outputs)
            .ok_or_else(|| Error::Internal(format!("`{text}` is not known yet")))
    }

    /// Records the id of what was just made: from here on a rerun will find it.
    pub(crate) fn made(&self, id: &str) {
        self.notify
            .note(&self.address, Note::Made { id: id.to_owned() });
    }

    /// Tells the person something.
    pub(crate) fn remark(&self, text: impl Into<String>) {
        self.notify.note(&self.address, Note::Remark(text.into()));
    }

    /// Takes a slot unless it has one, waiting for one if all are taken. `false` when the run is draining.
    pub(crate) async fn acquire(&self) -> bool {
        if self.holds_slot() {
            return true;
        }
        tokio::select! {
            biased;
            () = self.limits.drain.cancelled() => false,
            slot = Arc::clone(&self.limits.slots).acquire_owned() => {
                *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = slot.ok();
                self.began();
                true
            }
        }
    }

    /// When it got its first slot.
    fn began(&self) -> Instant {
        *self.began.get_or_init(Instant::now)
    }

    fn holds_slot(&self) -> bool {
        self.slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    fn release(&self) {
        drop(
            self.slot
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Looks again and again until what is awaited is ready, holding no slot meanwhile.
    ///
    /// # Errors
    /// What `look` fails with; when its own time or the step's runs out; when the run is halted.
    pub(crate) async fn wait<T, F, Fut>(
        &self,
        what: &str,
        patience: Patience,
        mut look: F,
    ) -> Result<T, Error>
    where
        T: Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<Look<T>, Error>> + Send,
    {
        let start = Instant::now();
        let step_ends = self.limits.step_timeout.map(|most| self.began() + most);
        let give_up = start + patience.at_most;
        let give_up = step_ends.map_or(give_up, |end| end.min(give_up));
        let every = self.limits.pace.scale(patience.every);
        loop {
            let state = match look().await? {
                Look::Ready(value) => {
                    self.acquire().await;
                    return Ok(value);
                }
                Look::Pending(state) => state,
            };
            self.release();
            let what = what.to_owned();
            self.notify.note(
                &self.address,
                Note::Waiting {
                    what: what.clone(),
                    state: state.clone(),
                    typical: patience.typical,
                },
            );
            let now = Instant::now();
            if now >= give_up {
                let after = start.elapsed() + Duration::from_millis(500);
                let after = Duration::from_secs(after.as_secs());
                return Err(Error::TimedOut {
                    what,
                    state,
                    after,
                    detail: Vec::new(),
                });
            }
            tokio::select! {
                biased;
                () = self.limits.drain.cancelled() => return Err(Error::Interrupted { what }),
                () = tokio::time::sleep_until(give_up.min(now + every)) => {}
            }
        }
    }

    /// Repeats a call while AWS answers one of `codes`, which mean "not yet".
    ///
    /// # Errors
    /// Any other refusal; when time runs out (then the last refusal is the state); when the run is halted.
    pub(crate) async fn retry<T, F, Fut>(
        &self,
        what: &str,
        patience: Patience,
        codes: &[&str],
        mut call: F,
    ) -> Result<T, Error>
    where
        T: Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, AwsError>> + Send,
    {
        self.wait(what, patience, || {
            let call = call();
            async move {
                match call.await {
                    Ok(value) => Ok(Look::Ready(value)),
                    Err(error) if error.is(codes) => Ok(Look::Pending(format!(
                        "{}: {}",
                        error.code(),
                        error.message()
                    ))),
                    Err(error) => Err(error.into()),
                }
            }
        })
        .await
    }
}
