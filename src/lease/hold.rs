//! Keeping a lease: renewed in time, known to be lost in time, given back.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::record::Lease;
use super::store::{Expected, Store, Written};
use super::take::Clock;
use super::terms::Terms;
use crate::resource::Error;

/// How a lease was lost.
#[derive(Debug, Clone)]
pub(crate) enum Loss {
    /// Somebody else has it.
    Taken(Box<Lease>),
    /// Somebody has removed it.
    Removed,
    /// It could not be renewed in time, perhaps because of this error.
    Silence(Option<Error>),
}

/// What whoever works under a lease asks: whether it is still held. The default is never lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grip {
    lost: CancellationToken,
    why: Arc<OnceLock<Loss>>,
    left: Arc<AtomicBool>,
    trust: Arc<Mutex<Option<Trust>>>,
}

/// Until when a lease can be taken for ours without another renewal.
struct Trust {
    until: Instant,
    /// The same on the wall clock: the monotonic one stands still while a machine sleeps. A wall clock that is put
    /// ahead meanwhile costs a rerun, and nothing else.
    wall: SystemTime,
    clock: Clock,
}

impl Trust {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until || (self.clock)() >= self.wall
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Grip {
    /// Ends when the lease is lost.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// How the lease was lost, if it was.
    #[must_use]
    pub(crate) fn loss(&self) -> Option<Loss> {
        // A process or a machine that has slept must not work on before it has noticed.
        let late = || self.is_late().then_some(Loss::Silence(None));
        self.why.get().cloned().or_else(late)
    }

    /// Whether the lease is lost.
    #[must_use]
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_cancelled() || self.is_late()
    }

    /// The lease is lost.
    pub(crate) fn lose(&self, loss: Loss) {
        // The first loss is the one that counts.
        let _ = self.why.set(loss);
        self.lost.cancel();
    }

    /// The lease is not to be given back, but to run out: what was done under it may come to light only later.
    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// Whether the time is over in which it was surely ours.
    fn is_late(&self) -> bool {
        let trust = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        trust.as_ref().is_some_and(Trust::is_over)
    }

    /// Trusts a lease for `terms`, counted from the moment before its last write was sent.
    fn trust(&self, terms: Terms, sent: Sent, clock: &Clock) {
        *self.trust.lock().unwrap_or_else(PoisonError::into_inner) = Some(Trust {
            until: sent.at + terms.trusted(),
            wall: sent.wall + terms.trusted(),
            clock: Arc::clone(clock),
        });
    }
}

/// A moment on both clocks: before a write was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    at: Instant,
    /// The wall clock's time, which the write gives as its own.
    pub(super) wall: SystemTime,
}

impl Sent {
    /// Now.
    pub(super) fn now(clock: &Clock) -> Self {
        Self {
            at: Instant::now(),
            wall: clock(),
        }
    }
}

/// A lease that is ours, and is renewed until it is given back, lost, or dropped.
pub(crate) struct Held<S: Store> {
    store: Arc<S>,
    stack: String,
    token: String,
    grip: Grip,
    stop: CancellationToken,
    renewer: JoinHandle<()>,
}

impl<S: Store> Held<S> {
    /// Keeps a lease that stands in the store by a write sent at `sent` or later.
    pub(super) fn keep(
        store: Arc<S>,
        lease: Lease,
        terms: Terms,
        clock: Clock,
        sent: Sent,
    ) -> Self {
        let (grip, stop) = (Grip::default(), CancellationToken::new());
        grip.trust(terms, sent, &clock);
        let (stack, token) = (lease.stack.clone(), lease.mark.token.clone());
        let keeper = Keeper {
            store: Arc::clone(&store),
            terms,
            clock,
            grip: grip.clone(),
        };
        let stopped = stop.clone();
        let renewer = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stopped.cancelled() => {}
                () = keeper.renew_on(lease, sent) => {}
            }
        });
        Self {
            store,
            stack,
            token,
            grip,
            stop,
            renewer,
        }
    }

    /// What tells whether it is still held.
    #[must_use]
    pub(crate) fn grip(&self) -> Grip {
        self.grip.clone()
    }

    /// Gives it back, unless it is somebody else's by now, or is to run out.
    ///
    /// # Errors
    /// When the store cannot be written: then it expires by itself.
    pub(crate) async fn release(mut self) -> Result<(), Error> {
        self.stop.cancel();
        if let Err(error) = (&mut self.renewer).await {
            tracing::debug!(%error, "the renewals of the lease broke off");
        }
        if self.grip.left.load(Ordering::Relaxed) {
            return Ok(());
        }
        let expected = Expected::Token(&self.token);
        self.store.delete(&self.stack, expected).await.map(|_| ())
    }
}

impl<S: Store> Drop for Held<S> {
    fn drop(&mut self) {
        self.renewer.abort();
    }
}

/// Renews a lease.
struct Keeper<S> {
    store: Arc<S>,
    terms: Terms,
    clock: Clock,
    grip: Grip,
}

impl<S: Store> Keeper<S> {
    /// Renews until the lease is lost.
    async fn renew_on(&self, mut lease: Lease, mut sent: Sent) {
        loop {
            sleep_until(sent.at + self.terms.every()).await;
            // Once nothing more may be begun, nothing may be begun again.
            if self.grip.is_late() {
                return self.grip.lose(Loss::Silence(None));
            }
            let (tried, error) = (Sent::now(&self.clock), Mutex::new(None));
            let fresh = lease.renewed(tried.wall);
            let outcome = tokio::select! {
                biased;
                () = sleep_until(sent.at + self.terms.trusted()) => {
                    let error = error.lock().unwrap_or_else(PoisonError::into_inner).take();
                    Err(Loss::Silence(error))
                }
                outcome = self.renew(&lease, &fresh, &error) => outcome,
            };
            match outcome {
                Ok(()) => {
                    self.grip.trust(self.terms, tried, &self.clock);
                    (lease, sent) = (fresh, tried);
                }
                Err(loss) => return self.grip.lose(loss),
            }
        }
    }

    /// Writes `fresh` over `lease` until it stands, or something else does. Always the same state is written: if an
    /// answer is lost, it does not matter which of the writes acted.
    async fn renew(
        &self,
        lease: &Lease,
        fresh: &Lease,
        last: &Mutex<Option<Error>>,
    ) -> Result<(), Loss> {
        loop {
            let failed = match self
                .store
                .write(fresh, Expected::Exactly(&lease.mark))
                .await
            {
                Ok(Written::Done) => return Ok(()),
                Ok(Written::NoPlace) => return Err(Loss::Removed),
                Ok(Written::Refused) => match self.store.read(&fresh.stack).await {
                    Ok(Some(there)) if there.mark == fresh.mark => return Ok(()),
                    Ok(Some(there)) if there.mark.token != fresh.mark.token => {
                        return Err(Loss::Taken(Box::new(there)));
                    }
                    Ok(None) => return Err(Loss::Removed),
                    // Ours, and older: the next write decides.
                    Ok(Some(_)) => None,
                    Err(error) => Some(error),
                },
                Err(error) => Some(error),
            };
            if let Some(error) = failed {
                tracing::debug!(%error, "the lease could not be renewed; trying again");
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
            sleep(self.terms.look()).await;
        }
    }
}
