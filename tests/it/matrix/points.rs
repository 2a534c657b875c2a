//! Many points tried at once, and what came of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::stage::block_on;

/// A point that left another state than an undisturbed run.
#[derive(Debug)]
pub(crate) struct Divergence {
    /// Which.
    pub(crate) point: String,
    /// What was wrong.
    pub(crate) why: String,
}

/// What came of a part of a matrix.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Which part.
    pub(crate) name: String,
    /// How many points were tried.
    pub(crate) tried: usize,
    /// Those that diverged.
    pub(crate) diverged: Vec<Divergence>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// How many points are tried at once for each processor: a run mostly waits.
const A_PROCESSOR: usize = 3;

/// As many points as the processors carry, whichever part of a matrix they are of: runs that are starved lose their
/// leases.
static ROOM: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(processors() * A_PROCESSOR));

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

/// Tries every point, as many at once as there is room for.
pub(crate) fn try_all<P: Sync>(
    name: &str,
    since: Instant,
    points: &[P],
    named: impl Fn(&P) -> String + Sync,
    attempt: impl Fn(&P) -> Result<(), String> + Sync,
) -> Tally {
    let (next, diverged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
            let _room = block_on(ROOM.acquire()).expect("never closed");
            // One trial that breaks, and has said why, does not take hours of others with it.
            let tried = catch_unwind(AssertUnwindSafe(|| attempt(point)));
            let broke = |_| Err("the trial itself broke: see above".to_owned());
            if let Err(why) = tried.unwrap_or_else(broke) {
                let point = named(point);
                let mut diverged = diverged.lock().expect("a list");
                diverged.push(Divergence { point, why });
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..(processors() * A_PROCESSOR).min(points.len()) {
            scope.spawn(work);
        }
    });
    Tally {
        name: name.to_owned(),
        tried: points.len(),
        diverged: diverged.into_inner().expect("a list"),
        took: since.elapsed(),
    }
}
