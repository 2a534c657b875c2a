//! Killed right after each mutating call in turn.

use std::time::Instant;

use serde_json::json;

use super::points::{Divergence, Tally, try_all};
use super::promises::kept;
use super::scenario::Scenario;
use super::stage::Stage;
use crate::support::standin::Fork;

/// After which of a run's mutating calls it may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// Each.
    Every,
    /// The first of each operation.
    First,
}

/// Kills the scenario after each of the mutating calls that `is_wanted` chooses, insists on what holds at any moment, and
/// runs it again.
pub(crate) fn kill(scenario: Scenario, calls: Calls, is_wanted: &dyn Fn(&Fork) -> bool) -> Tally {
    let since = Instant::now();
    let name = format!("kill {}", scenario.name);
    let branches = json!({"after": true, "first": calls == Calls::First});
    let stage = match Stage::play(scenario, &branches) {
        Ok(stage) => stage,
        Err(why) => return undisturbed(&name, since, why),
    };
    // Every branch gets an owner at once, so that those nobody wants end as well.
    let branches = stage
        .forks
        .iter()
        .map(|fork| (fork, stage.world.branch(&fork.endpoint)));
    let wanted: Vec<_> = branches.filter(|(fork, _)| is_wanted(fork)).collect();
    try_all(
        &name,
        since,
        &wanted,
        |(fork, _)| named(fork),
        |(_, branch)| {
            let outcome = kept(branch, &stage.scenario)
                .and_then(|()| stage.converges(branch))
                .and_then(|()| kept(branch, &stage.scenario));
            branch.place().end();
            outcome
        },
    )
}

/// What is left to say of a scenario that does not even work without disturbance.
pub(crate) fn undisturbed(name: &str, since: Instant, why: String) -> Tally {
    let point = "undisturbed".to_owned();
    Tally {
        name: name.to_owned(),
        tried: 1,
        diverged: vec![Divergence { point, why }],
        took: since.elapsed(),
    }
}

fn named(fork: &Fork) -> String {
    format!(
        "--point {} (killed {} {}:{} {})",
        fork.n,
        fork.when,
        fork.service,
        fork.operation,
        fork.resource.as_deref().unwrap_or_default()
    )
}
