//! A day of a stack that scales to zero, told by the minute: `cargo test --test it a_day -- --nocapture`.

use std::fmt::Write as _;
use std::io::Write as _;

use super::*;

/// What is seen of the stack at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    control_plane: (i32, i32),
    data_planes: (i32, i32),
    with_traffic: usize,
    paused: bool,
}

async fn seen(world: &World) -> Seen {
    let rds = aws_sdk_rds::Client::new(&world.aws(REGION));
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    assert_eq!(clusters.db_clusters().len(), 1);
    let status = world.run(&["status", "--format", "json"]).exits(0).stdout;
    let status: Value = serde_json::from_str(&status).expect("JSON");
    Seen {
        control_plane: counts(world, "od-cp").await,
        data_planes: counts(world, "od-dp").await,
        with_traffic: healthy(world).await,
        paused: status["database"]["activity"] == "paused",
    }
}

/// Who did what when: tasks, and executions of the machine.
fn events(world: &World, since: f64) -> Vec<(f64, String)> {
    let mut all = Vec::new();
    let tasks: Vec<Value> = world.place().ask("tasks", &[]);
    for task in tasks {
        let service = task["service"].as_str().unwrap_or("a one-off");
        for (moment, what) in [
            ("created", "is made"),
            ("started", "runs"),
            ("stopped", "is gone"),
        ] {
            if let Some(at) = task[moment].as_f64() {
                all.push((at, format!("ECS: a task of {service} {what}")));
            }
        }
    }
    for one in executions(world) {
        let (act, at) = (one["input"]["act"].as_str(), one["ended"].as_f64());
        let outcome = one["output"]["outcome"].as_str().or(one["error"].as_str());
        let (act, outcome) = (act.unwrap_or("?"), outcome.unwrap_or("?"));
        all.extend(at.map(|at| (at, format!("machine: {act}, and it is {outcome}"))));
    }
    all.retain(|(at, _)| *at >= since);
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    all
}

/// The timeline as it grows.
struct Told {
    morning: f64,
    lines: Vec<(f64, String)>,
}

impl Told {
    fn note(&mut self, world: &World, text: &str) {
        self.lines.push((now(world), text.to_owned()));
    }

    async fn look(&mut self, world: &World, what: &str) -> Seen {
        let one = seen(world).await;
        let (control, data) = (one.control_plane, one.data_planes);
        let paused = if one.paused { "paused" } else { "awake" };
        let text = format!(
            "seen: {what}: control plane {} of {}, data planes {} of {}, {} with traffic, database {paused}",
            control.1, control.0, data.1, data.0, one.with_traffic
        );
        self.note(world, &text);
        one
    }

    /// All of it in order, printed, and held against what must come before what.
    fn ends(mut self, world: &World) {
        self.lines.extend(events(world, self.morning));
        self.lines.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut timeline = String::new();
        for (at, what) in &self.lines {
            let minutes = (at - self.morning) / 60.0;
            writeln!(timeline, "{minutes:7.2} min  {what}").expect("a line");
        }
        std::io::stdout()
            .write_all(timeline.as_bytes())
            .expect("printed");
        let place = |what: &str| self.lines.iter().position(|(_, text)| text.contains(what));
        let order = [
            "a spike",
            "machine: wake",
            "a task of od-cp runs",
            "is served",
            "machine: look, and it is asleep",
            "a task of od-cp is gone",
        ];
        let order = order
            .iter()
            .map(|what| place(what).expect("in the timeline"));
        assert!(order.collect::<Vec<_>>().is_sorted(), "{timeline}");
    }
}

#[tokio::test]
async fn a_day_of_scaling_to_zero() {
    let world = asleep().await;
    skip(&world, 3600.0).await;
    let mut told = Told {
        morning: now(&world),
        lines: Vec::new(),
    };
    let night = told.look(&world, "idle").await;
    assert_eq!(
        (night.control_plane, night.with_traffic, night.paused),
        ((0, 0), 2, true)
    );
    told.note(&world, "autoscaling: a spike, 5 data planes instead of 2");
    scale(&world, 5).await;
    let served = spike(&world).await.expect("the spike is served");
    let seen = told.look(&world, "the spike is served").await;
    assert_eq!((seen.control_plane, seen.paused), ((1, 1), false));
    let took = served - told.morning;
    assert!(
        took < 440.0,
        "less than the grace that ECS gives them: {took}"
    );

    skip(&world, 1500.0).await;
    told.note(&world, "autoscaling: quiet, 2 data planes");
    scale(&world, 2).await;
    skip(&world, 900.0).await;
    skip(&world, 1200.0).await;
    let evening = told.look(&world, "quiet").await;
    let planes = (evening.control_plane, evening.data_planes);
    assert_eq!(
        (planes, evening.with_traffic, evening.paused),
        (((0, 0), (2, 2)), 2, true)
    );
    told.ends(&world);
}

/// Waits until all five serve, and sees that none does before the control plane runs.
async fn spike(world: &World) -> Option<f64> {
    for _ in 0..40 {
        skip(world, 15.0).await;
        let (control, serving) = (counts(world, "od-cp").await, healthy(world).await);
        assert!(
            serving <= 2 || control.1 > 0,
            "traffic for a data plane without its configuration"
        );
        if serving == 5 {
            return Some(now(world));
        }
    }
    None
}
