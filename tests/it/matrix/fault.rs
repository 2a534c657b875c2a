//! Calls that fail: once, in each way; the first of each thing asked for, all through a run; and for good.

use std::time::Instant;

use serde_json::json;

use super::ending;
use super::kill::undisturbed;
use super::points::{Tally, try_all};
use super::scenario::Scenario;
use super::stage::Stage;
use crate::support::World;
use crate::support::standin::{Fork, action, fault_kinds};

/// More calls than any run makes.
const FOR_GOOD: u32 = 100_000;
/// How often a run in which whatever is new is refused is begun again: each gets further than the one before.
const RUNS: usize = 120;
/// How much faster than AWS time goes where a run makes long pauses of its own: at the usual speed the control plane would
/// fall asleep meanwhile.
const UNHURRIED: u32 = 100;

/// A way in which a call fails.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Its name in the simulation.
    pub(crate) kind: String,
    /// The calls that can fail so, as `service:Operation`; `*` for every one.
    operations: Vec<String>,
}

impl Fault {
    /// Every way the simulation knows.
    pub(crate) fn all() -> Vec<Self> {
        let kinds = fault_kinds();
        let kinds = kinds.as_object().expect("a table").iter();
        let words = |list: &serde_json::Value| {
            let list = list.as_array().expect("a list").iter();
            list.filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        };
        kinds
            .map(|(kind, operations)| Self {
                kind: kind.clone(),
                operations: words(operations),
            })
            .collect()
    }

    fn can_hit(&self, fork: &Fork) -> bool {
        let name = call(fork);
        self.operations
            .iter()
            .any(|one| *one == "*" || *one == name)
    }

    /// Whether AWS means what it says: then the run ends with it. Of anything else a run takes no notice.
    fn is_refusal(&self) -> bool {
        let passing = [
            "throttle",
            "error500",
            "error503",
            "hang",
            "cut-before",
            "cut-after",
        ];
        !passing.contains(&self.kind.as_str())
    }

    /// The exit codes a run may have that met it.
    fn codes(&self) -> &'static [i32] {
        if self.is_refusal() { &[0, 1, 4] } else { &[0] }
    }
}

/// One call and one way for it to fail.
struct Point<'a> {
    fork: &'a Fork,
    fault: &'a Fault,
}

/// Lets each operation that changes something fail once in each way, where `is_wanted` says so.
pub(crate) fn once(
    scenario: Scenario,
    faults: &[Fault],
    is_wanted: &dyn Fn(&Fork, &Fault) -> bool,
) -> Tally {
    at_each(
        scenario,
        "fault once",
        faults,
        is_wanted,
        |stage, branch, point| {
            let fork = point.fork;
            branch.fault(&fork.service, &fork.operation, &point.fault.kind, 1);
            let ended = stage.disturb(branch, point.fault.codes())?;
            branch.place().forget_faults();
            if ended.code == 0 {
                stage.is_as_expected(branch)
            } else {
                stage.converges(branch)
            }
        },
    )
}

/// Lets each operation that changes something be refused for good, and then allowed again.
pub(crate) fn for_good(
    scenario: Scenario,
    faults: &[Fault],
    is_wanted: &dyn Fn(&Fork, &Fault) -> bool,
) -> Tally {
    let refusals = |fork: &Fork, fault: &Fault| {
        ["access-denied", "quota"].contains(&fault.kind.as_str()) && is_wanted(fork, fault)
    };
    at_each(
        scenario,
        "fault for good",
        faults,
        &refusals,
        |stage, branch, point| {
            let fork = point.fork;
            branch.fault(&fork.service, &fork.operation, &point.fault.kind, FOR_GOOD);
            let ended = stage.disturb(branch, &[0, 1, 4])?;
            let refused = action(&fork.service, &fork.operation);
            ending::check(&ended, &stage.undisturbed, &refused)?;
            branch.place().forget_faults();
            stage.converges(branch)
        },
    )
}

/// Lets the first call fail in one way for each thing asked for, all through a run and the runs after it.
///
/// What is the same is told by operation and parameters, so every call of a run fails once, and what is asked again is
/// answered: that is the most that can fail in one run and still leave it a way to its end. In a way that passes, all
/// calls fail, those that only read and the lease's too, and the one run must reach its end; where AWS means what it
/// says, the calls that change the stack do, and each run gets one step further than the one before. They alone hang or
/// are throttled, too: every such call takes its time, and there are many reads.
pub(crate) fn throughout(scenario: &Scenario, faults: &[Fault]) -> Tally {
    let since = Instant::now();
    let name = format!("fault throughout {}", scenario.name);
    let stage = match Stage::play(scenario.clone(), &json!({"before": true, "first": true})) {
        Ok(stage) => stage,
        Err(why) => return undisturbed(&name, since, why),
    };
    let branches: Vec<_> = stage
        .forks
        .iter()
        .map(|fork| stage.world.branch(&fork.endpoint))
        .collect();
    let Some(start) = branches.first() else {
        return undisturbed(&name, since, "nothing was changed".to_owned());
    };
    try_all(
        &name,
        since,
        faults,
        |fault| format!("--fault {}", fault.kind),
        |fault| {
            let branch = stage.world.branch(&start.place().fork().endpoint);
            let takes_long = ["hang", "throttle"].contains(&fault.kind.as_str());
            if takes_long {
                // What this costs is the SDK's own time, of which no more than a day of the simulation is to be made.
                branch.configure(&json!({"speed": UNHURRIED}));
            }
            if fault.is_refusal() || takes_long {
                for fork in stage.forks.iter().filter(|fork| fault.can_hit(fork)) {
                    let place = branch.place();
                    place.fault_each(&fork.service, &fork.operation, &fault.kind);
                }
            } else {
                branch.place().fault_each("*", "*", &fault.kind);
            }
            let mut said = String::new();
            for _ in 0..RUNS {
                let run = stage.disturb(&branch, fault.codes())?;
                if run.code == 0 {
                    branch.place().forget_faults();
                    return stage.is_as_expected(&branch);
                }
                said = run.all();
            }
            Err(format!(
                "not done after {RUNS} runs, the last of which said:\n{said}"
            ))
        },
    )
}

fn at_each(
    scenario: Scenario,
    part: &str,
    faults: &[Fault],
    is_wanted: &dyn Fn(&Fork, &Fault) -> bool,
    attempt: impl Fn(&Stage, &World, &Point<'_>) -> Result<(), String> + Sync,
) -> Tally {
    let since = Instant::now();
    let name = format!("{part} {}", scenario.name);
    let stage = match Stage::play(scenario, &json!({"before": true, "first": true})) {
        Ok(stage) => stage,
        Err(why) => return undisturbed(&name, since, why),
    };
    // Each is the root of as many branches as there are ways to fail, and ends after them.
    let roots: Vec<_> = stage
        .forks
        .iter()
        .map(|fork| (fork, stage.world.branch(&fork.endpoint)))
        .collect();
    let points: Vec<_> = roots
        .iter()
        .flat_map(|(fork, root)| {
            faults
                .iter()
                .map(move |fault| (root, Point { fork, fault }))
        })
        .filter(|(_, point)| point.fault.can_hit(point.fork) && is_wanted(point.fork, point.fault))
        .collect();
    try_all(
        &name,
        since,
        &points,
        |(_, point)| {
            format!(
                "--point {} --fault {} ({})",
                point.fork.n,
                point.fault.kind,
                call(point.fork)
            )
        },
        |(root, point)| {
            let branch = stage.world.branch(&root.place().fork().endpoint);
            attempt(&stage, &branch, point)
        },
    )
}

fn call(fork: &Fork) -> String {
    format!("{}:{}", fork.service, fork.operation)
}
