//! A plan without changes: how many calls, how many of them after each other, and how much longer than these alone.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{World, rounds};
use crate::{line, median, stand_up, with};

/// A round trip to a region far away.
const ROUND_TRIP: Duration = Duration::from_millis(100);

/// With this, nothing but waiting for answers counts: what waits for what shows.
const SLOW: Duration = Duration::from_secs(1);

const RUNS: usize = 5;

/// Prints the figures.
pub(crate) async fn measure() {
    let world = World::new();
    let set = stand_up(&world).await;
    delay(&world, SLOW);
    world.expect_converged(&with(&[], &set));
    let calls = world.calls();
    let (count, rounds) = (calls.len(), rounds(&calls));
    line("plan without changes, production.yaml");
    line(&format!("  calls            {count:>8}     at most 80"));
    line(&format!("  dependent rounds {rounds:>8}     at most 4"));
    for (latency, target) in [(Duration::ZERO, ""), (ROUND_TRIP, "   below 0.8 s")] {
        delay(&world, latency);
        let times = (0..RUNS).map(|_| time(&world, &set)).collect();
        let (wall, latency) = (median(times).as_secs_f64(), latency.as_secs_f64());
        let milliseconds = latency * 1000.0;
        line(&format!(
            "  wall at {milliseconds:>3} ms   {wall:>8.3} s{target}"
        ));
        if latency > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let ratio = wall / (latency * rounds as f64);
            line(&format!(
                "  ratio            {ratio:>8.2}     wall / (round trip x rounds)"
            ));
        }
    }
}

fn delay(world: &World, latency: Duration) {
    world.configure(&json!({"latency_ms": latency.as_millis()}));
}

fn time(world: &World, set: &[String]) -> Duration {
    let start = Instant::now();
    let _ = world
        .run(&with(&["plan", "--detailed-exitcode"], set))
        .exits(0);
    start.elapsed()
}
