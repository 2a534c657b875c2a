//! The machine as a model, searched exhaustively: every interleaving of its executions, call by call.
//!
//! One control plane, one data plane task that may wait for its configuration, one timer, and up to [`RUNNING`] executions
//! at once. The world moves by itself too: a task is started (and its event comes, any time later), the control plane
//! comes up, a data plane that reaches it is in sync, the timer becomes due. The shape of the executions is that of the
//! template, and a test below holds both against each other: which state calls what, and what comes after it.
//!
//! Of time the model knows one thing: a timer that was just set does not fire before the execution that set it has made
//! its next call. It is set two minutes ahead at least, and that call is given up after less; a test holds the two
//! against each other.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::Value;

/// How many executions may run at once.
const RUNNING: usize = 3;
/// How many events and timers may still come in one history.
const EVENTS: u8 = 3;

/// Where the timer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Timer {
    /// It will fire.
    Armed,
    /// It is over, or has never been set.
    Over,
}

/// One call of an execution, and what it remembers from the calls before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum At {
    /// FindTimer and MoveTimer: the timer is set.
    Arm { ill: bool },
    /// Wake: the count becomes 1.
    Wake { ill: bool },
    /// ReadTimer.
    ReadTimer { stopped: bool },
    /// ReadPlanes, the timer read before.
    ReadPlanes { stopped: bool, armed: bool },
    /// ReadTargets, the services read before: one is wanted, it is up, the data planes' service is steady.
    ReadTargets {
        stopped: bool,
        armed: bool,
        wanted: bool,
        up: bool,
        steady: bool,
    },
    /// Stop: the count becomes 0.
    Stop,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    /// The count that is asked for.
    wanted: bool,
    /// Whether the control plane runs.
    up: bool,
    /// A data plane task that is there and has no configuration yet.
    waits: bool,
    /// Whether its event is still on the way.
    event: bool,
    timer: Timer,
    /// The timer has fired, and its execution is still on the way.
    fired: bool,
    /// Executions, sorted: which is which does not matter.
    running: Vec<At>,
    left: u8,
}

impl World {
    fn first() -> Self {
        Self {
            wanted: false,
            up: false,
            waits: false,
            event: false,
            timer: Timer::Over,
            fired: false,
            running: Vec::new(),
            left: EVENTS,
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next.running.sort_unstable();
        next
    }

    /// What may happen next.
    fn next(&self, machine: Machine) -> Vec<Self> {
        let mut all = Vec::new();
        if self.left > 0 && !self.waits {
            all.push(self.with(|it| (it.waits, it.event, it.left) = (true, true, it.left - 1)));
        }
        // Somebody pushes: an event that no state of the planes shows.
        if self.left > 0 && !self.event {
            all.push(self.with(|it| (it.event, it.left) = (true, it.left - 1)));
        }
        if self.event && self.running.len() < RUNNING {
            all.push(self.with(|it| {
                it.event = false;
                it.running.push(machine.begin());
            }));
        }
        let about_to_wake = self.running.iter().any(|at| matches!(at, At::Wake { .. }));
        if self.timer == Timer::Armed && !self.fired && !about_to_wake {
            all.push(self.with(|it| (it.timer, it.fired) = (Timer::Over, true)));
        }
        if self.fired && self.running.len() < RUNNING {
            all.push(self.with(|it| {
                it.fired = false;
                it.running.push(At::ReadTimer { stopped: false });
            }));
        }
        if self.wanted != self.up {
            all.push(self.with(|it| it.up = it.wanted));
        }
        if self.up && self.waits {
            all.push(self.with(|it| it.waits = false));
        }
        for number in 0..self.running.len() {
            all.push(self.with(|it| {
                let at = it.running.remove(number);
                if let Some(then) = it.step(at, machine) {
                    it.running.push(then);
                }
            }));
        }
        all
    }

    /// One call: what it does, and which comes next.
    fn step(&mut self, at: At, machine: Machine) -> Option<At> {
        match at {
            At::Arm { ill } => {
                self.timer = Timer::Armed;
                machine.after_arming(ill)
            }
            At::Wake { ill } => {
                self.wanted = true;
                machine.after_waking(ill)
            }
            At::ReadTimer { stopped } => {
                let armed = self.timer == Timer::Armed;
                // Extended: the timer will fire again.
                (stopped || !armed).then_some(At::ReadPlanes { stopped, armed })
            }
            At::ReadPlanes { stopped, armed } => Some(At::ReadTargets {
                stopped,
                armed,
                wanted: self.wanted,
                up: self.up,
                steady: !self.waits,
            }),
            At::ReadTargets {
                stopped,
                armed,
                wanted,
                up,
                steady,
            } => {
                let quiet = machine == Machine::CarelessSleeper || steady && !self.waits;
                match () {
                    () if stopped && (armed || !quiet) => Some(At::Arm { ill: false }),
                    () if stopped => None,
                    () if wanted && !up => Some(At::Arm { ill: true }),
                    () if !quiet => Some(At::Arm { ill: false }),
                    () if !wanted => None,
                    () => Some(At::Stop),
                }
            }
            At::Stop => {
                self.wanted = false;
                machine.after_stopping()
            }
        }
    }

    /// Nothing is under way: no call, no event, no timer.
    fn rests(&self) -> bool {
        self.running.is_empty() && !self.event && !self.fired && self.timer == Timer::Over
    }
}

/// The template's order of calls, and the mistakes that it avoids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Machine {
    Template,
    /// The sleeper does not look again.
    BlindSleeper,
    /// The waker sets the count first, and the timer after it.
    HastyWaker,
    /// The sleeper does not ask whether data planes wait.
    CarelessSleeper,
}

impl Machine {
    fn begin(self) -> At {
        match self {
            Self::HastyWaker => At::Wake { ill: false },
            _ => At::Arm { ill: false },
        }
    }

    fn after_arming(self, ill: bool) -> Option<At> {
        (self != Self::HastyWaker).then_some(At::Wake { ill })
    }

    fn after_waking(self, ill: bool) -> Option<At> {
        (self == Self::HastyWaker).then_some(At::Arm { ill })
    }

    fn after_stopping(self) -> Option<At> {
        (self != Self::BlindSleeper).then_some(At::ReadTimer { stopped: true })
    }
}

/// Every world there can be, with where each leads to.
fn explore(machine: Machine) -> HashMap<World, Vec<World>> {
    let mut all = HashMap::new();
    let mut open = VecDeque::from([World::first()]);
    while let Some(world) = open.pop_front() {
        if all.contains_key(&world) {
            continue;
        }
        let next = world.next(machine);
        open.extend(next.iter().cloned());
        all.insert(world, next);
    }
    all
}

/// Every world from which one that `good` accepts can still be reached.
fn can_reach(all: &HashMap<World, Vec<World>>, good: impl Fn(&World) -> bool) -> HashSet<&World> {
    let mut before: HashMap<&World, Vec<&World>> = HashMap::new();
    for (world, next) in all {
        for one in next {
            before.entry(one).or_default().push(world);
        }
    }
    let mut reached: HashSet<&World> = all.keys().filter(|world| good(world)).collect();
    let mut open: Vec<&World> = reached.iter().copied().collect();
    while let Some(world) = open.pop() {
        for one in before.get(world).into_iter().flatten() {
            if reached.insert(one) {
                open.push(one);
            }
        }
    }
    reached
}

/// Worlds in which a data plane waits, the control plane is not wanted, and nothing is under way that would change that.
fn forsaken(machine: Machine) -> usize {
    let all = explore(machine);
    let worlds = all.keys();
    worlds
        .filter(|it| it.waits && !it.wanted && it.rests())
        .count()
}

/// Worlds in which an event's execution is over, its timer runs, and the control plane sleeps although nobody is about to
/// wake it: a push that was lost.
fn unheard(machine: Machine) -> usize {
    let all = explore(machine);
    let lost = |it: &&World| {
        it.timer == Timer::Armed && !it.wanted && it.running.is_empty() && !it.event && !it.fired
    };
    all.keys().filter(lost).count()
}

#[test]
fn it_is_never_left_stopped_while_a_data_plane_waits() {
    assert_eq!(forsaken(Machine::Template), 0);
    // The search finds what it looks for.
    assert_ne!(forsaken(Machine::CarelessSleeper), 0);
}

#[test]
fn nobody_s_push_is_lost() {
    assert_eq!(unheard(Machine::Template), 0);
    // The search finds what it looks for.
    assert_ne!(unheard(Machine::HastyWaker), 0);
    assert_ne!(unheard(Machine::BlindSleeper), 0);
}

#[test]
fn it_always_sleeps_in_the_end() {
    let all = explore(Machine::Template);
    assert!(all.len() > 1000, "{} worlds", all.len());
    // Whatever runs for ever must have a timer that is due some day, and from everywhere there is a way to sleep.
    let awake_for_good = all.keys().filter(|it| it.wanted && it.rests());
    assert_eq!(awake_for_good.count(), 0);
    let asleep = |it: &World| !it.wanted && !it.up && !it.waits && it.rests();
    assert_eq!(can_reach(&all, asleep).len(), all.len());
}

/// The template's states.
fn template() -> serde_json::Map<String, Value> {
    let template = include_str!("../../../templates/control-plane.asl.json");
    let template: Value = serde_json::from_str(template).expect("JSON");
    template["States"].as_object().expect("states").clone()
}

/// Where a state leads to when nothing fails.
fn next(states: &serde_json::Map<String, Value>, name: &str) -> Vec<String> {
    let state = &states[name];
    let rules = state["Choices"].as_array().cloned().unwrap_or_default();
    let rules = rules.iter().map(|rule| &rule["Next"]);
    let all = rules.chain([&state["Next"], &state["Default"]]);
    all.filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

/// What comes after waking moves neither the timer nor the count, so the model ends there.
#[test]
fn a_refreshment_moves_nothing_that_the_model_knows() {
    let states = template();
    for choice in ["Kept", "Rotated", "Nodes", "Outdated"] {
        let allowed = ["ReadPassword", "ListNodes", "ReadNodes", "Refresh", "Ended"];
        let to = next(&states, choice);
        assert!(to.iter().all(|to| allowed.contains(&to.as_str())), "{to:?}");
    }
    let refresh = states["Refresh"]["Arguments"].as_object();
    assert!(refresh.is_some_and(|given| !given.contains_key("DesiredCount")));
}

/// The calls of the template, in the order that the model takes them to be in.
#[test]
fn the_model_is_of_the_template() {
    let states = template();
    let next = |name: &str| next(&states, name);
    let tasks: BTreeMap<&str, Vec<String>> = states
        .iter()
        .filter(|(_, state)| state["Type"] == "Task")
        .map(|(name, _)| (name.as_str(), next(name)))
        .collect();
    let expected = [
        ("CreateTimer", vec!["Wake"]),
        ("DisarmTimer", vec!["ReadPlanes"]),
        ("FindTimer", vec!["LateEnough"]),
        ("ListNodes", vec!["Nodes"]),
        ("MoveTimer", vec!["Wake"]),
        ("ReadNodes", vec!["Outdated"]),
        ("ReadPassword", vec!["Rotated"]),
        ("ReadPlanes", vec!["ReadTargets"]),
        ("ReadTargets", vec!["Decide"]),
        ("ReadTimer", vec!["Due"]),
        ("Refresh", vec!["Ended"]),
        ("Stop", vec!["Settle"]),
        ("Wake", vec!["Kept"]),
    ];
    let expected: BTreeMap<&str, Vec<String>> = expected
        .into_iter()
        .map(|(name, next)| (name, next.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(tasks, expected);
    assert_eq!(next("LateEnough"), ["Wake", "MoveTimer"]);
    assert_eq!(next("Settle"), ["ReadTimer"]);
    let decide = [
        "FindTimer",
        "Asleep",
        "FindTimer",
        "FindTimer",
        "Asleep",
        "FindTimer",
        "Stop",
    ];
    assert_eq!(next("Decide"), decide);
    let stopping = states
        .iter()
        .filter(|(_, state)| state["Arguments"]["DesiredCount"] == 0);
    assert_eq!(
        stopping.map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Stop"]
    );
}

/// The one thing that the model knows of time.
#[test]
fn the_timer_leaves_time_to_wake() {
    let states = template();
    let retry = &states["Wake"]["Retry"][0];
    let number = |key: &str| retry[key].as_f64().expect("a number");
    let mut pause = number("IntervalSeconds");
    let mut all = 0.0;
    for _ in 0..retry["MaxAttempts"].as_u64().expect("a number") {
        all += pause.min(number("MaxDelaySeconds"));
        pause *= number("BackoffRate");
    }
    // The shortest that a spec may say is two minutes, see `spec::rules::on_demand`.
    assert!(all < 60.0, "{all} s");
}
