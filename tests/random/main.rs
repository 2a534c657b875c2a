//! Random lives of stacks, as many as there is time for: `cargo test --test random -- --seeds N [--from S] [--steps M]`.
//!
//! Each seed is one life: a random spec, applied while something fails or comes as a surprise, or is killed or interrupted; then up to `M` steps
//! (4 unless told), each an edit of the spec, something done by hand, or nothing, and another such apply; then, with
//! nothing in the way any more, one apply that must reach the blueprint, a plan that must be empty and change nothing,
//! and a destroy that must leave nothing. No run may panic, tell a secret, or end with a code that means nothing, and
//! what is refused because data would be lost must change nothing.
//!
//! A seed that diverges prints its whole life and what the program said last; `--seeds 1 --from S` repeats it. The
//! exit code is 1 then. `tests/it/property.rs` runs a few seeds with the ordinary tests.

#![expect(
    clippy::expect_used,
    reason = "a life that cannot be lived ends there and then, as a test does"
)]

#[path = "../it/random/mod.rs"]
mod random;
#[path = "../it/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the whole-run tests use all of it, the random lives a part"
)]
mod support;

use std::process::ExitCode;
use std::time::Instant;

use futures::StreamExt;
use random::{Case, Counts, live};

/// Lives lived at once.
const AT_ONCE: usize = 2;

struct Wanted {
    seeds: u64,
    from: u64,
    steps: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(wrong) => {
            line(&wrong);
            return ExitCode::from(64);
        }
    };
    let begun = Instant::now();
    let seeds = wanted.from..wanted.from + wanted.seeds;
    let lives = seeds.map(|seed| {
        let case = Case::draw(seed, wanted.steps);
        async move {
            let life = case.clone();
            let lived = tokio::spawn(async move { live(&life).await }).await;
            // A panic of the harness is a divergence as well.
            (case, lived.unwrap_or_else(|error| Err(error.to_string())))
        }
    });
    let mut lives = futures::stream::iter(lives).buffer_unordered(AT_ONCE);
    let (mut total, mut steps, mut diverged) = (Counts::default(), 0, Vec::new());
    while let Some((case, lived)) = lives.next().await {
        steps += case.steps.len();
        match lived {
            Ok(counts) => total = total.with(&counts),
            Err(what) => {
                line(&format!("seed {} diverged: {what}\n{case:#?}", case.seed));
                diverged.push(case.seed);
            }
        }
    }
    let (lived, seconds) = (wanted.seeds, begun.elapsed().as_secs());
    line(&format!(
        "{lived} seeds from {}, {steps} steps, {seconds} s: {total}",
        wanted.from
    ));
    line(&format!("{} diverged {diverged:?}", diverged.len()));
    if diverged.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn wanted(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        seeds: 10,
        from: 1,
        steps: 4,
    };
    while let Some(arg) = args.next() {
        let number = args.next().and_then(|text| text.parse::<u64>().ok());
        let number = number.ok_or_else(|| format!("{arg} needs a number"))?;
        match arg.as_str() {
            "--seeds" => wanted.seeds = number,
            "--from" => wanted.from = number,
            "--steps" => wanted.steps = usize::try_from(number.max(1)).unwrap_or(usize::MAX),
            _ => {
                return Err(format!(
                    "{arg} is unknown; there are --seeds, --from and --steps"
                ));
            }
        }
    }
    Ok(wanted)
}

/// Prints one line.
#[expect(
    clippy::print_stdout,
    reason = "what came of it is for a person to read"
)]
fn line(text: &str) {
    println!("{text}");
}
