//! What the program costs before it does anything, and the memory of a plan.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::World;
use crate::{line, median, stand_up, with};

const RUNS: usize = 20;

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(1);

/// Prints the figures.
pub(crate) async fn measure() {
    let profile = if cfg!(debug_assertions) {
        "not optimised"
    } else {
        "optimised"
    };
    let world = World::new();
    line(&format!("start ({profile})"));
    for flag in ["--version", "--help"] {
        let times = (0..RUNS)
            .map(|_| time(&mut world.command(&[flag])))
            .collect();
        let wall = median(times).as_secs_f64() * 1000.0;
        line(&format!("  {flag:<16} {wall:>8.1} ms"));
    }
    let set = stand_up(&world).await;
    match peak(&mut world.command(&with(&["plan", "--sandbox"], &set))) {
        Some(kibibytes) => line(&format!(
            "  memory of a plan {:>8} MiB  at its peak, without changes, production.yaml",
            kibibytes / 1024
        )),
        None => line("  memory of a plan  not told by this system"),
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = quiet(command).status().expect("the program runs");
    let wall = start.elapsed();
    assert!(status.success(), "{command:?} failed");
    wall
}

/// The most memory the process ever had, in KiB, as Linux tells of a process that still runs.
fn peak(command: &mut Command) -> Option<u64> {
    let mut process = quiet(command).spawn().expect("the program runs");
    let status = format!("/proc/{}/status", process.id());
    let mut peak = None;
    loop {
        let ended = process.try_wait().expect("its state");
        if let Some(ended) = ended {
            assert!(ended.success(), "{command:?} failed");
            return peak;
        }
        // An ended process has no memory any more: the last figure stays.
        peak = high_water(&status).or(peak);
        std::thread::sleep(LOOK);
    }
}

fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let figure = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    figure.split_whitespace().next()?.parse().ok()
}
