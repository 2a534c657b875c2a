//! What can happen in a life, drawn from a seed: the same seed is the same life.

use proptest::prelude::{Just, Strategy, any};
use proptest::sample::select;
use proptest::strategy::{Union, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use super::drift;
use super::spec::{Spec, edits, specs};
use super::surprise::{Surprise, surprises};

/// What is done before an apply.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Nothing: the run before is repeated.
    Nothing,
    /// One section of the spec gets another value.
    Edit(&'static str, Value),
    /// Somebody does this by hand.
    Drift(&'static str),
}

/// What goes wrong in an apply.
#[derive(Debug, Clone)]
pub(crate) enum Disturbance {
    /// Nothing.
    Nothing,
    /// An operation fails: which one of those that the stack has used, in which way, and how often.
    Fault(usize, &'static str, u32),
    /// AWS brings something about, or somebody else is at work too.
    Surprise(Surprise),
    /// The program is killed after so many calls that change something.
    Kill(usize),
    /// It is asked to stop after so many.
    Stop(usize),
}

/// One step of a life.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What is done first.
    pub(crate) change: Change,
    /// What goes wrong in the apply after it.
    pub(crate) disturbance: Disturbance,
    /// Whether a loss of data that the plan names is accepted.
    pub(crate) may_lose: bool,
}

/// A life.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What it was drawn from.
    pub(crate) seed: u64,
    /// What is applied first.
    pub(crate) spec: Spec,
    /// What goes wrong then.
    pub(crate) first: Disturbance,
    /// What happens after that.
    pub(crate) steps: Vec<Step>,
}

/// The ways a call fails.
const FAULTS: [&str; 10] = [
    "throttle",
    "error500",
    "error503",
    "hang",
    "cut-before",
    "cut-after",
    "access-denied",
    "expired-token",
    "quota",
    "capacity",
];

impl Case {
    /// The life of a seed, of at most so many steps.
    pub(crate) fn draw(seed: u64, most: usize) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let lives = (
            specs(),
            disturbances(),
            proptest::collection::vec(steps(), 1..=most),
        );
        let drawn = lives.new_tree(&mut runner).expect("a life");
        let (spec, first, steps) = drawn.current();
        Self {
            seed,
            spec,
            first,
            steps,
        }
    }
}

fn steps() -> impl Strategy<Value = Step> {
    let edit = edits().prop_map(|(section, value)| Change::Edit(section, value));
    let change = Union::new_weighted(vec![
        (1, Just(Change::Nothing).boxed()),
        (5, edit.boxed()),
        (
            4,
            select(drift::NAMES.to_vec())
                .prop_map(Change::Drift)
                .boxed(),
        ),
    ]);
    (change, disturbances(), any::<bool>()).prop_map(|(change, disturbance, may_lose)| Step {
        change,
        disturbance,
        may_lose,
    })
}

fn disturbances() -> impl Strategy<Value = Disturbance> {
    let times = select(vec![1, 2, 100]);
    let fault = (any::<usize>(), select(FAULTS.to_vec()), times);
    let fault = fault.prop_map(|(which, kind, times)| Disturbance::Fault(which, kind, times));
    Union::new_weighted(vec![
        (2, Just(Disturbance::Nothing).boxed()),
        (4, fault.boxed()),
        (3, surprises().prop_map(Disturbance::Surprise).boxed()),
        (3, (1..60_usize).prop_map(Disturbance::Kill).boxed()),
        (1, (1..60_usize).prop_map(Disturbance::Stop).boxed()),
    ])
}
