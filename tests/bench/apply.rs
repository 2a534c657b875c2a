//! A first apply and a destroy: how much longer than the longest chain of what AWS takes for each step.

use std::time::Instant;

use serde_json::json;

use crate::chain::{Durations, Link, length, shown};
use crate::support::standin::Call;
use crate::support::{World, production};
use crate::{line, with};

/// Slow enough that a call, some milliseconds here, counts for about as much as one to AWS.
const SPEED: f64 = 25.0;

/// What an apply makes without waiting for Aurora: the call that begins it, and the last one of those that need it.
const MEANWHILE: [(&str, &str, &str); 4] = [
    ("roles", "iam:CreateRole", "iam:PutRolePolicy"),
    ("NAT gateways", "ec2:CreateNatGateway", "ec2:CreateRoute"),
    (
        "load balancer",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:CreateRule",
    ),
    (
        "Cloud Map",
        "servicediscovery:CreatePrivateDnsNamespace",
        "servicediscovery:CreateService",
    ),
];

/// Prints the figures.
pub(crate) async fn measure() {
    let world = World::new();
    let set = production(&world).await;
    let durations = Durations::ask();
    world.configure(&json!({"speed": SPEED}));
    world.forget_calls();
    run(
        &world,
        &with(&["apply", "--auto-approve"], &set),
        &durations.up(),
    );
    overlap(&world.calls());
    world.forget_calls();
    let unprotected = [
        "--set",
        "database.deletion_protection=false",
        "--set",
        "ingress.deletion_protection=false",
    ];
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
    let all = calls.iter().map(|call| call.start);
    let first = all.fold(f64::INFINITY, f64::min);
    let made = |name: &str| -> Vec<f64> {
        let named = |call: &&Call| format!("{}:{}", call.service, call.operation) == name;
        let times = calls
            .iter()
            .filter(named)
            .map(|call| (call.start - first) * SPEED);
        times.collect()
    };
    let begin = |name: &str| made(name).into_iter().fold(f64::INFINITY, f64::min);
    let end = |name: &str| made(name).into_iter().fold(0.0, f64::max);
    // The first task is started as soon as the writer works.
    let (aurora, works) = (begin("rds:CreateDBCluster"), begin("ecs:RunTask"));
    line(&format!(
        "  Aurora           {aurora:>8.0} s   to {works:.0} s; not waiting for it:"
    ));
    for (what, begun, used) in MEANWHILE {
        let (count, from, to) = (made(begun).len(), begin(begun), end(used));
        let late = if to < works { "" } else { ", too late" };
        line(&format!(
            "    {what:<14} {from:>8.0} s   to {to:.0} s, {count} of them{late}"
        ));
    }
}
