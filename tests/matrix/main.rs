//! Kills a run at every point, lets every call fail in every way, and insists that one more run makes it whole:
//! `cargo test --test matrix [-- kill|once|throughout|for-good] [--scenario NAME] [--point N] [--fault KIND]`.
//!
//! - `kill`: killed right after each mutating call.
//! - `once`: each operation that changes something fails once in each way the simulation knows; `--point N` is the first
//!   call of it.
//! - `throughout`: a whole run in which every call fails the first time it is made, in one way.
//! - `for-good`: each operation that changes something is refused until the run is over, which must do all that does
//!   not depend on it, and say of the rest what it is skipped for.
//!
//! Prints how many points were tried and how many diverged, and every divergence as a difference of the state of AWS;
//! ends with 1 if there was one. `--scenario`, `--point` and `--fault` repeat one. The ordinary tests take a sample of the same
//! (`tests/it/matrix`, where the means are).

#![expect(
    clippy::expect_used,
    reason = "a trial that cannot be made ends there and then, as a test does"
)]

#[path = "../it/matrix/mod.rs"]
mod matrix;
#[path = "../it/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the whole-run tests use all of it, the matrices a part"
)]
mod support;

use std::process::ExitCode;
use std::time::Instant;

use matrix::{Calls, Fault, Scenario, Tally, for_good, kill, once, scenarios, throughout};
use support::standin::Fork;

/// What the command line asks for.
#[derive(Default)]
struct Wanted {
    parts: Vec<String>,
    scenario: Option<String>,
    point: Option<usize>,
    fault: Option<String>,
}

const PARTS: [&str; 4] = ["kill", "once", "throughout", "for-good"];

fn main() -> ExitCode {
    let wanted = match read(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(wrong) => {
            line(&wrong);
            return ExitCode::from(64);
        }
    };
    let since = Instant::now();
    let is_part =
        |name: &str| wanted.parts.is_empty() || wanted.parts.iter().any(|one| one == name);
    let is_chosen = |scenario: &Scenario| {
        let chosen = wanted.scenario.as_deref();
        chosen.is_none_or(|name| name == scenario.name)
    };
    let is_point = |fork: &Fork| wanted.point.is_none_or(|point| point == fork.n);
    let faults: Vec<Fault> = Fault::all()
        .into_iter()
        .filter(|fault| wanted.fault.as_ref().is_none_or(|kind| *kind == fault.kind))
        .collect();
    let mut tallies = Vec::new();
    for scenario in scenarios().into_iter().filter(is_chosen) {
        if is_part("kill") {
            tallies.push(shown(kill(scenario.clone(), Calls::Every, &is_point)));
        }
        if is_part("once") {
            tallies.push(shown(once(scenario.clone(), &faults, &|fork, _| {
                is_point(fork)
            })));
        }
        if is_part("throughout") {
            tallies.push(shown(throughout(&scenario, &faults)));
        }
        if is_part("for-good") {
            tallies.push(shown(for_good(scenario, &faults, &|fork, _| {
                is_point(fork)
            })));
        }
    }
    let tried: usize = tallies.iter().map(|tally| tally.tried).sum();
    let diverged: usize = tallies.iter().map(|tally| tally.diverged.len()).sum();
    let took = since.elapsed().as_secs();
    line(&format!("{tried} points, {diverged} diverged, {took} s"));
    if diverged == 0 && tried > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            part if PARTS.contains(&part) => wanted.parts.push(arg),
            "--scenario" => wanted.scenario = args.next(),
            "--fault" => wanted.fault = args.next(),
            "--point" => {
                let number = args.next().and_then(|text| text.parse().ok());
                wanted.point = Some(number.ok_or("--point takes a number")?);
            }
            other => {
                return Err(format!(
                    "there is no `{other}` here; see tests/matrix/main.rs"
                ));
            }
        }
    }
    if let Some(name) = &wanted.scenario {
        let names: Vec<_> = scenarios().iter().map(|one| one.name).collect();
        if !names.contains(&name.as_str()) {
            return Err(format!(
                "no scenario is called `{name}`; there are {}",
                names.join(", ")
            ));
        }
    }
    Ok(wanted)
}

fn shown(tally: Tally) -> Tally {
    for divergence in &tally.diverged {
        line(&format!(
            "--- {} {}\n{}",
            tally.name, divergence.point, divergence.why
        ));
    }
    line(&format!(
        "{:<20} {:>5} points  {:>4} diverged  {:>5} s",
        tally.name,
        tally.tried,
        tally.diverged.len(),
        tally.took.as_secs()
    ));
    tally
}

/// Prints one line.
#[expect(
    clippy::print_stdout,
    reason = "what came of it is for a person to read"
)]
fn line(text: &str) {
    println!("{text}");
}
