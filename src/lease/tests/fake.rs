//! A store in memory that can be told to fail, and claims on it with clocks of their own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::sample;
use crate::aws::AwsError;
use crate::lease::store::{Deleted, Expected, Store, Written};
use crate::lease::{Claim, Held, Lease, Owner, Taken, Terms};
use crate::resource::Error;

/// What goes wrong with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is refused with this code and does not act.
    Before(&'static str),
    /// It acts, and its answer is lost.
    After,
    /// It gets no answer, ever, and does not act.
    Hang,
}

/// What the store holds, and how it behaves.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) lease: Option<Lease>,
    /// There is no place for leases until it is made.
    pub(super) no_place: bool,
    pub(super) prepared: u32,
    /// What becomes of the next writes.
    pub(super) faults: VecDeque<Fault>,
    /// What becomes of all writes after those.
    pub(super) fault: Option<Fault>,
    pub(super) writes: u32,
}

impl Inside {
    /// Acts as the real one does.
    pub(super) fn put(&mut self, lease: &Lease, expected: Expected<'_>) -> Written {
        if self.no_place {
            return Written::NoPlace;
        }
        if !expected.is_met_by(self.lease.as_ref()) {
            return Written::Refused;
        }
        self.lease = Some(lease.clone());
        Written::Done
    }

    /// Acts as the real one does.
    pub(super) fn remove(&mut self, expected: Expected<'_>) -> Deleted {
        if expected.is_met_by(self.lease.as_ref()) {
            self.lease = None;
            Deleted::Done
        } else {
            Deleted::Refused
        }
    }
}

/// A store in memory, for one stack.
#[derive(Debug)]
pub(super) struct Shelf {
    born: Instant,
    inside: Mutex<Inside>,
}

/// A store that knows since when there is time.
pub(super) trait Timed: Store {
    /// When right clocks show the time of [`sample`].
    fn born(&self) -> Instant;
}

impl Timed for Shelf {
    fn born(&self) -> Instant {
        self.born
    }
}

impl Shelf {
    /// One with `lease` in it.
    pub(super) fn with(lease: Option<Lease>) -> Arc<Self> {
        let inside = Inside {
            lease,
            ..Inside::default()
        };
        Arc::new(Self {
            born: Instant::now(),
            inside: Mutex::new(inside),
        })
    }

    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lease(&self) -> Option<Lease> {
        self.inside().lease.clone()
    }
}

pub(super) fn refused(code: &str) -> Error {
    AwsError::in_answer("dynamodb:PutItem", code, "as the test wants it").into()
}

impl Store for Shelf {
    async fn prepare(&self) -> Result<(), Error> {
        self.inside().no_place = false;
        self.inside().prepared += 1;
        Ok(())
    }

    async fn read(&self, _stack: &str) -> Result<Option<Lease>, Error> {
        Ok(self.lease())
    }

    async fn write(&self, lease: &Lease, expected: Expected<'_>) -> Result<Written, Error> {
        let fault = {
            let mut inside = self.inside();
            inside.writes += 1;
            inside.faults.pop_front().or(inside.fault)
        };
        match fault {
            Some(Fault::Before(code)) => return Err(refused(code)),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::After) | None => {}
        }
        let written = self.inside().put(lease, expected);
        match fault {
            Some(_) => Err(refused("InternalServerError")),
            None => Ok(written),
        }
    }

    async fn delete(&self, _stack: &str, expected: Expected<'_>) -> Result<Deleted, Error> {
        Ok(self.inside().remove(expected))
    }
}

/// A wall clock that goes with the paused time, `wrong` seconds ahead.
pub(super) fn clock(born: Instant, wrong: i64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let base = sample().taken_at;
    move || {
        let now = base + born.elapsed();
        let off = Duration::from_secs(wrong.unsigned_abs());
        if wrong < 0 { now - off } else { now + off }
    }
}

/// A claim of somebody called `user`, whose clock is `wrong` seconds ahead.
pub(super) fn claim<S: Timed>(store: &Arc<S>, user: &str, wrong: i64) -> Claim<S> {
    let owner = Owner {
        user: user.to_owned(),
        ..sample().owner
    };
    let duration = Duration::from_secs(60);
    let claim = Claim::new(
        Arc::clone(store),
        "kong-gw",
        "apply",
        owner,
        Terms { duration },
    );
    claim.with_clock(clock(store.born(), wrong))
}

/// Takes it, and insists that it was got; with it comes whose dead lease was in the way.
pub(super) async fn got<S: Store>(
    claim: &Claim<S>,
    patience: u64,
) -> (Held<S>, Option<Box<Lease>>) {
    match claim.take(Duration::from_secs(patience), &|_| {}).await {
        Ok(Taken::Held { held, dead }) => (held, dead),
        Ok(Taken::Busy(lease)) => panic!("busy: {lease:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// Tries to take it, and insists that somebody has it.
pub(super) async fn busy<S: Store>(claim: &Claim<S>, patience: u64) -> Lease {
    match claim.take(Duration::from_secs(patience), &|_| {}).await {
        Ok(Taken::Busy(lease)) => *lease,
        Ok(Taken::Held { .. }) => panic!("it was got"),
        Err(error) => panic!("{error}"),
    }
}
