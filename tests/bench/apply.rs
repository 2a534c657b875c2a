//! A first apply and a destroy: how much longer than the longest chain of what AWS takes for each step.

use std::time::Instant;

use serde_json::json;

use crate::chain::{Durations, Link, length, shown};
use crate::support::{Call, World, durations, production};
use crate::{line, with};

/// Slow enough that a call, some milliseconds here, counts for about as much as one to AWS.
const SPEED: f64 = 25.0;

/// What an apply makes while Aurora is being made, and the call that is possible only once it works.
const MEANWHILE: [(&str, &str, &str); 4] = [
    ("roles", "CreateRole", "RegisterTaskDefinition"),
    ("NAT gateways", "CreateNatGateway", "CreateRoute"),
    ("load balancer", "CreateLoadBalancer", "CreateListener"),
    ("Cloud Map", "CreatePrivateDnsNamespace", "CreateService"),
];

/// Prints the figures.
pub(crate) async fn measure() {
    let world = World::new();
    let set = production(&world).await;
    let durations = Durations(durations());
    world.configure(&json!({"speed": SPEED}));
    world.forget_calls();
    run(
        &world,
        &with(&["apply", "--auto-approve"], &set),
        &durations.up(),
    );
    overlap(&world.calls());
    world.forget_calls();
    let unprotected = ["--set", "database.deletion_protection=false"];
    let down = with(&["destroy", "--auto-approve"], &set);
    run(
        &world,
        &[&down, &unprotected[..]].concat(),
        &durations.down(),
    );
}

fn run(world: &World, args: &[&str], chain: &[Link]) {
    let start = Instant::now();
    let _ = world.run(args).exits(0);
    let wall = start.elapsed().as_secs_f64();
    let calls = world.calls();
    let changing = calls.iter().filter(|call| call.mutating).count();
    let (count, path) = (calls.len(), length(chain));
    let command = args.first().copied().unwrap_or_default();
    line(&format!(
        "{command}, production.yaml, time {SPEED} times as fast"
    ));
    line(&format!(
        "  calls            {count:>8}     of them {changing} that change something"
    ));
    line(&format!("  wall             {wall:>8.1} s"));
    line(&format!(
        "  as on AWS        {:>8.0} s   wall x {SPEED}",
        wall * SPEED
    ));
    line(&format!(
        "  critical path    {path:>8.0} s   {}",
        shown(chain)
    ));
    line(&format!(
        "  ratio            {:>8.2}     at most 1.15",
        wall * SPEED / path
    ));
}

/// Prints when what does not need the database was made, in AWS's seconds since the first call.
fn overlap(calls: &[Call]) {
    let first = calls
        .iter()
        .map(|call| call.start)
        .fold(f64::INFINITY, f64::min);
    let since = |time: f64| (time - first) * SPEED;
    let starts = |operation: &str| {
        let all = calls
            .iter()
            .filter(|call| call.operation == operation && call.error.is_none());
        all.map(|call| since(call.start)).collect::<Vec<f64>>()
    };
    let begin = |operation: &str| starts(operation).into_iter().fold(f64::INFINITY, f64::min);
    let last = |operation: &str| starts(operation).into_iter().fold(0.0, f64::max);
    // The first task is started as soon as the writer works.
    let (aurora, works) = (begin("CreateDBCluster"), begin("RunTask"));
    line(&format!(
        "  Aurora is made from {aurora:.0} s to {works:.0} s; meanwhile"
    ));
    for (what, made, used) in MEANWHILE {
        let done = if used == "CreateRoute" {
            last(used)
        } else {
            begin_after(&starts(used), begin(made))
        };
        let in_time = if done <= works { "" } else { ": too late" };
        line(&format!(
            "    {what:<14} {} begun at {:.0} s, used at {done:.0} s{in_time}",
            starts(made).len(),
            begin(made),
        ));
    }
}

/// The first of `times` that is not before `after`.
fn begin_after(times: &[f64], after: f64) -> f64 {
    let later = times.iter().copied().filter(|time| *time >= after);
    later.fold(f64::INFINITY, f64::min)
}
