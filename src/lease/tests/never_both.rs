//! Runs with wrong clocks on a network that delays, loses and repeats: never do two hold the lease at once.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, sleep, timeout};

use super::fake::{Shelf, Timed, claim, clock, refused};
use crate::lease::store::{Deleted, Expected, Store, Written};
use crate::lease::{Lease, Taken};
use crate::resource::Error;

const CASES: u64 = 600;
const RUNS: usize = 3;
const CLOCKS: [i64; 7] = [-3600, -60, -1, 0, 1, 60, 3600];

fn seconds(rng: &mut StdRng, range: Range<f64>) -> Duration {
    Duration::from_secs_f64(rng.random_range(range))
}

/// One run's way to the store.
struct Network {
    shelf: Arc<Shelf>,
    rng: Mutex<StdRng>,
    /// How likely a call goes wrong.
    bad: f64,
}

impl Network {
    /// Sends `act`, which may arrive late or never, and whose answer may be lost. What is on its way still arrives
    /// when nobody waits for its answer any more.
    async fn send<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Shelf) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (there, back, lost) = {
            let mut rng = self.rng.lock().unwrap();
            let slow = rng.random_bool(self.bad);
            let there = seconds(&mut rng, if slow { 0.0..80.0 } else { 0.0..0.5 });
            let back = seconds(&mut rng, 0.0..0.5);
            (there, back, rng.random_bool(self.bad))
        };
        let shelf = Arc::clone(&self.shelf);
        let arrival = tokio::spawn(async move {
            sleep(there).await;
            act(&shelf)
        });
        match timeout(Duration::from_secs(15), arrival).await {
            Ok(Ok(answer)) if !lost => {
                sleep(back).await;
                Ok(answer)
            }
            _ => Err(refused("InternalServerError")),
        }
    }
}

/// An expectation that can travel.
#[derive(Clone)]
enum Owned {
    Nothing,
    Exactly(crate::lease::record::Mark),
    Token(String),
}

impl Owned {
    fn of(expected: Expected<'_>) -> Self {
        match expected {
            Expected::Nothing => Self::Nothing,
            Expected::Exactly(mark) => Self::Exactly(mark.clone()),
            Expected::Token(token) => Self::Token(token.to_owned()),
        }
    }

    fn get(&self) -> Expected<'_> {
        match self {
            Self::Nothing => Expected::Nothing,
            Self::Exactly(mark) => Expected::Exactly(mark),
            Self::Token(token) => Expected::Token(token),
        }
    }
}

impl Timed for Network {
    fn born(&self) -> Instant {
        self.shelf.born()
    }
}

impl Store for Network {
    async fn prepare(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn read(&self, _stack: &str) -> Result<Option<Lease>, Error> {
        self.send(Shelf::lease).await
    }

    async fn write(&self, lease: &Lease, expected: Expected<'_>) -> Result<Written, Error> {
        let (lease, expected) = (lease.clone(), Owned::of(expected));
        self.send(move |shelf| shelf.inside().put(&lease, expected.get()))
            .await
    }

    async fn delete(&self, _stack: &str, expected: Expected<'_>) -> Result<Deleted, Error> {
        let expected = Owned::of(expected);
        self.send(move |shelf| shelf.inside().remove(expected.get()))
            .await
    }
}

/// When somebody held the lease.
#[derive(Debug, Clone)]
struct Holding {
    who: String,
    from: Instant,
    to: Instant,
    over: bool,
}

/// One run after the other: tries to take the lease, works under it for a while, gives it back or is killed. A careless
/// one removes first what has expired by its own clock.
async fn works(name: String, shelf: Arc<Shelf>, seed: u64, careless: bool) -> Vec<Holding> {
    let mut rng = StdRng::seed_from_u64(seed);
    let network = Arc::new(Network {
        shelf,
        bad: rng.random_range(0.0..0.4),
        rng: Mutex::new(StdRng::seed_from_u64(seed + 1)),
    });
    let wrong = CLOCKS[rng.random_range(0..CLOCKS.len())];
    let mut holdings = Vec::new();
    for _ in 0..6 {
        sleep(seconds(&mut rng, 0.0..60.0)).await;
        let patience = seconds(&mut rng, 0.0..200.0);
        if careless {
            let now = clock(network.born(), wrong)();
            let there = network.shelf.lease().filter(|there| there.has_expired(now));
            if let Some(there) = there {
                network
                    .shelf
                    .inside()
                    .remove(Expected::Exactly(&there.mark));
            }
        }
        let claim = claim(&network, &name, wrong);
        let Ok(Taken::Held { held, dead }) = claim.take(patience, &|_| {}).await else {
            continue;
        };
        let (from, grip) = (Instant::now(), held.grip());
        // What was taken so late that it is lost already is never worked under.
        if grip.is_lost() {
            continue;
        }
        let _ = timeout(seconds(&mut rng, 0.0..150.0), grip.lost()).await;
        holdings.push(Holding {
            who: name.clone(),
            from,
            to: Instant::now(),
            over: dead.is_some(),
        });
        if rng.random_bool(0.5) {
            // It may fail: then the lease is left behind.
            let _ = held.release().await;
        }
    }
    holdings
}

async fn schedule(seed: u64, careless: bool) -> Vec<Holding> {
    let shelf = Shelf::with(None);
    let runs = (0..RUNS).map(|run| {
        let seed = seed * 1000 + run as u64 * 10;
        let name = format!("run {run}");
        tokio::spawn(works(name, Arc::clone(&shelf), seed, careless))
    });
    let mut all = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        all.extend(run.await.expect("a run"));
    }
    all.sort_by_key(|holding| holding.from);
    all
}

fn holdings(seed: u64, careless: bool) -> Vec<Holding> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(schedule(seed, careless))
}

/// The first two that held it at once.
fn clash(holdings: &[Holding]) -> Option<String> {
    let mut pairs = holdings.iter().zip(holdings.iter().skip(1));
    let (one, next) = pairs.find(|(one, next)| one.to > next.from)?;
    let (end, start) = (one.to, next.from);
    Some(format!(
        "{} until {end:?}, {} from {start:?}",
        one.who, next.who
    ))
}

#[test]
fn whatever_happens_two_runs_never_hold_it_at_once() {
    let (mut held, mut taken_over) = (0, 0);
    for seed in 0..CASES {
        let holdings = holdings(seed, false);
        assert_eq!(clash(&holdings), None, "seed {seed}");
        held += holdings.len();
        taken_over += holdings.iter().filter(|holding| holding.over).count();
    }
    // Otherwise the schedules would say nothing.
    assert!(held > 1000 && taken_over > 100, "{held}, {taken_over}");
}

#[test]
fn runs_that_trust_their_clocks_are_found_out() {
    let clashes = (0..CASES / 10).filter(|seed| clash(&holdings(*seed, true)).is_some());
    assert!(clashes.count() > 5);
}
