//! Measures the program against the simulation of AWS, and prints ratios: `cargo test --test bench [-- plan|apply|start]`.
//!
//! A ratio compares with what nobody could do without: the round trips a plan needs, the longest chain of an apply, each
//! as long as AWS takes for it. So it means the same on any machine. Nothing here asserts anything about time; whether
//! the program does the right thing is for `tests/it`.

#![expect(
    clippy::expect_used,
    reason = "a measurement that cannot be made ends there and then, as a test does"
)]

mod apply;
mod chain;
mod plan;
mod start;
#[path = "../it/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the whole-run tests use all of it, the measurements a part"
)]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use support::World;

#[tokio::main]
async fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let known = ["plan", "apply", "start"];
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        line(&format!(
            "no measurement is called `{unknown}`; there are plan, apply and start"
        ));
        return ExitCode::from(64);
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if is_wanted("plan") {
        plan::measure().await;
    }
    if is_wanted("apply") {
        apply::measure().await;
    }
    if is_wanted("start") {
        start::measure().await;
    }
    ExitCode::SUCCESS
}

/// Prints one line.
#[expect(
    clippy::print_stdout,
    reason = "what is measured is for a person to read"
)]
fn line(text: &str) {
    println!("{text}");
}

/// The one in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Arguments after a command's own.
fn with<'a>(command: &[&'a str], set: &'a [String]) -> Vec<&'a str> {
    let set = set.iter().map(String::as_str);
    command.iter().copied().chain(set).collect()
}

/// Makes the whole of `production.yaml` in the account of `world`, in no time; returns the arguments that name it.
async fn stand_up(world: &World) -> Vec<String> {
    let set = support::production(world).await;
    let _ = world
        .run(&with(&["apply", "--auto-approve"], &set))
        .exits(0);
    set
}
