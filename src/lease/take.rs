//! Getting a lease, past whatever is in the way.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, sleep_until};

use super::hold::{Held, Sent};
use super::record::{Lease, Mark, Owner};
use super::store::{Expected, Store, Written};
use super::terms::Terms;
use crate::aws::Class;
use crate::resource::Error;

/// How often a write is sent that gets no clear answer; each time the SDK has retried it already.
const ATTEMPTS: u32 = 3;

/// Before looking again at what was in the way of a write; should a read ever lag behind, it is not asked in vain a
/// thousand times.
const AGAIN: Duration = Duration::from_millis(100);

/// A wall clock.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A wish for a stack's lease.
pub(crate) struct Claim<S> {
    store: Arc<S>,
    stack: String,
    purpose: String,
    owner: Owner,
    terms: Terms,
    token: String,
    clock: Clock,
}

/// What came of a claim.
pub(crate) enum Taken<S: Store> {
    /// The lease is ours.
    Held {
        /// What keeps it.
        held: Held<S>,
        /// The dead lease that was in the way.
        dead: Option<Box<Lease>>,
    },
    /// Somebody else has it.
    Busy(Box<Lease>),
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait<'a> {
    /// For its holder to be done.
    Holder(&'a Lease),
    /// Whether anybody still renews a lease that seems to have expired; for this long at most.
    Proof(&'a Lease, Duration),
}

/// What has been seen of the lease in the way.
struct Watch {
    mark: Mark,
    /// When it was first seen in this state.
    since: Instant,
    /// Whether it has changed since it was first seen: then its holder is alive.
    moved: bool,
}

impl Watch {
    /// Goes on with what is there now. The clock starts after the answer, so after the holder's write.
    fn on(before: Option<Self>, there: &Lease) -> Self {
        match before {
            Some(watch) if watch.mark == there.mark => watch,
            before => Self {
                mark: there.mark.clone(),
                since: Instant::now(),
                moved: before.is_some(),
            },
        }
    }
}

impl<S: Store> Claim<S> {
    /// A claim by `owner` on the lease of `stack`.
    #[must_use]
    pub(crate) fn new(
        store: Arc<S>,
        stack: &str,
        purpose: &str,
        owner: Owner,
        terms: Terms,
    ) -> Self {
        Self {
            store,
            stack: stack.to_owned(),
            purpose: purpose.to_owned(),
            owner,
            terms,
            token: format!("{:032x}", rand::random::<u128>()),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// The same claim by somebody whose wall clock is `clock`.
    #[cfg(test)]
    pub(super) fn with_clock(
        mut self,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the lease, waiting up to `patience` for whoever has it, and for as long as it takes to see whether a
    /// lease that seems to have expired is dead.
    ///
    /// Dropped before it ends, it may have taken the lease: [`Self::withdraw`] gives that back.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) async fn take(
        &self,
        patience: Duration,
        say: &(dyn Fn(Wait<'_>) + Send + Sync),
    ) -> Result<Taken<S>, Error> {
        let give_up = Instant::now() + patience;
        let mut watched: Option<Watch> = None;
        let mut said = (false, false);
        loop {
            let Some(there) = self.store.read(&self.stack).await? else {
                match self.put(Expected::Nothing).await? {
                    Some(held) => return Ok(Taken::Held { held, dead: None }),
                    None => {
                        sleep(AGAIN).await;
                        continue;
                    }
                }
            };
            let watch = Watch::on(watched.take(), &there);
            // Never less than our own, whatever stands there.
            let silence = there.duration.max(self.terms.duration);
            let (now, dead_at) = (Instant::now(), watch.since + silence);
            if now >= dead_at {
                match self.put(Expected::Exactly(&there.mark)).await? {
                    Some(held) => {
                        let dead = Some(Box::new(there));
                        return Ok(Taken::Held { held, dead });
                    }
                    None => continue,
                }
            }
            let doubtful = !watch.moved && self.is_doubtful(&there, silence);
            if now >= give_up && !doubtful {
                return Ok(Taken::Busy(Box::new(there)));
            }
            if doubtful && !std::mem::replace(&mut said.0, true) {
                say(Wait::Proof(&there, silence));
            } else if !doubtful && !std::mem::replace(&mut said.1, true) {
                say(Wait::Holder(&there));
            }
            let end = if doubtful { dead_at } else { give_up };
            watched = Some(watch);
            sleep_until((now + self.terms.look()).min(end).min(dead_at)).await;
        }
    }

    /// Gives back what a [`Self::take`] may have got that was dropped before its end.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) async fn withdraw(&self) -> Result<(), Error> {
        let expected = Expected::Token(&self.token);
        self.store.delete(&self.stack, expected).await.map(|_| ())
    }

    /// Whether it may be a dead run's: it has expired, or expires so late that one of the two clocks must be wrong.
    fn is_doubtful(&self, lease: &Lease, silence: Duration) -> bool {
        let now = (self.clock)();
        lease.has_expired(now) || lease.expires_at > now + silence * 2
    }

    /// Puts our lease where `expected` stands; nothing when it does not stand there, or there is no place yet.
    async fn put(&self, expected: Expected<'_>) -> Result<Option<Held<S>>, Error> {
        let sent = Sent::now(&self.clock);
        let lease = Lease {
            stack: self.stack.clone(),
            mark: Mark {
                token: self.token.clone(),
                version: 1,
            },
            owner: self.owner.clone(),
            purpose: self.purpose.clone(),
            taken_at: sent.wall,
            expires_at: sent.wall + self.terms.duration,
            duration: self.terms.duration,
        };
        let mut attempt = 1;
        let stands = loop {
            match self.store.write(&lease, expected).await {
                Ok(Written::Done) => break true,
                Ok(Written::Refused) => break self.stands(&lease).await?,
                Ok(Written::NoPlace) => {
                    self.store.prepare().await?;
                    break false;
                }
                Err(error) if attempt < ATTEMPTS && may_have_acted(&error) => {
                    if self.stands(&lease).await? {
                        break true;
                    }
                }
                Err(error) => return Err(error),
            }
            attempt += 1;
            sleep(self.terms.look()).await;
        };
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        Ok(stands.then(|| Held::keep(store, lease, self.terms, clock, sent)))
    }

    async fn stands(&self, lease: &Lease) -> Result<bool, Error> {
        let there = self.store.read(&self.stack).await?;
        Ok(there.is_some_and(|there| there.mark == lease.mark))
    }
}

fn may_have_acted(error: &Error) -> bool {
    error
        .aws()
        .is_some_and(|error| matches!(error.class(), Class::Unclear | Class::Throttled))
}
