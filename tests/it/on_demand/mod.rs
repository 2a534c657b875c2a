//! A control plane on demand: the machine as it is in the template, carried out by the simulation.

mod awake;
mod broken;
mod day;
mod machine;
mod modes;
mod password;

use serde_json::{Value, json};

use crate::support::World;

const REGION: &str = "eu-west-1";
const SPEC: &str = "\
name: od
region: eu-west-1
network: {egress: public-ip}
database: {capacity: {min: 0, max: 1, auto_pause: 5m}, deletion_protection: false, final_snapshot: false}
control_plane: {mode: on-demand}
data_plane: {scaling: {min: 2, max: 10}}
";
/// What the defaults come to: sync and cooldown, and an extension.
const HOLD: f64 = 35.0 * 60.0;
const EXTEND: f64 = 15.0 * 60.0;

/// The stack, applied; from then on time only passes when told to.
fn applied() -> World {
    let world = World::applied(SPEC);
    world.configure(&json!({"speed": 1}));
    world
}

/// The same, asleep.
async fn asleep() -> World {
    let world = applied();
    skip(&world, HOLD + 120.0).await;
    skip(&world, 300.0).await;
    assert_eq!(counts(&world, "od-cp").await, (0, 0));
    world
}

/// Lets simulated seconds pass, with all that happens in them.
async fn skip(world: &World, seconds: f64) {
    world.configure(&json!({"skip_seconds": seconds}));
    let _ = counts(world, "od-cp").await;
}

/// The simulated moment.
fn now(world: &World) -> f64 {
    world.place().simulated_time()
}

/// What a service wants, and what runs.
async fn counts(world: &World, service: &str) -> (i32, i32) {
    let ecs = aws_sdk_ecs::Client::new(&world.aws(REGION));
    let seen = ecs.describe_services().cluster("od").services(service);
    let seen = seen.send().await.expect("services");
    let service = seen.services().first().expect("the service");
    (service.desired_count(), service.running_count())
}

/// Sets the number of data planes, as autoscaling does.
async fn scale(world: &World, count: i32) {
    let ecs = aws_sdk_ecs::Client::new(&world.aws(REGION));
    let call = ecs.update_service().cluster("od").service("od-dp");
    let _ = call.desired_count(count).send().await.expect("scaled");
}

/// How many data planes get traffic.
async fn healthy(world: &World) -> usize {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&world.aws(REGION));
    let groups = elb.describe_target_groups().send().await.expect("groups");
    let arn = groups.target_groups()[0]
        .target_group_arn()
        .expect("an ARN");
    let health = elb.describe_target_health().target_group_arn(arn);
    let health = health.send().await.expect("health");
    let states = health.target_health_descriptions().iter();
    let states = states.filter_map(|one| one.target_health()?.state().cloned());
    states.filter(|state| state.as_str() == "healthy").count()
}

/// When the timer fires, in simulated seconds; nothing while it is switched off. There is one at most.
async fn due(world: &World) -> Option<f64> {
    let client = aws_sdk_scheduler::Client::new(&world.aws(REGION));
    let listed = client.list_schedules().send().await.expect("schedules");
    assert!(listed.schedules().len() <= 1, "{listed:?}");
    let name = "od-control-plane";
    let one = client.get_schedule().group_name(name).name(name);
    let one = one.send().await.expect("a timer");
    if one.state().is_none_or(|state| state.as_str() != "ENABLED") {
        return None;
    }
    let text = one.schedule_expression().expect("an expression");
    let text = text.trim_start_matches("at(").trim_end_matches(')');
    let at = humantime::parse_rfc3339(&format!("{text}Z")).expect("a moment");
    let since = at.duration_since(std::time::UNIX_EPOCH);
    Some(since.expect("after 1970").as_secs_f64())
}

/// So many events of a configuration push, one after the other without a pause.
async fn push(world: &World, count: usize) {
    let events = aws_sdk_eventbridge::Client::new(&world.aws(REGION));
    let mut left = count;
    while left > 0 {
        let batch = left.min(10);
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
            .source("kongstack")
            .detail_type("Configuration Push")
            .detail(json!({"stack": "od", "reason": "test"}).to_string())
            .build();
        let entries = vec![entry; batch];
        let call = events.put_events().set_entries(Some(entries));
        let answer = call.send().await.expect("events");
        assert_eq!(answer.failed_entry_count(), 0);
        left -= batch;
    }
}

/// The machine's executions, oldest first.
fn executions(world: &World) -> Vec<Value> {
    world.place().ask("machines", &[])
}

/// How those after the first `since` ended: `act: STATUS outcome-or-error`.
fn ended(world: &World, since: usize) -> Vec<String> {
    let all = executions(world).into_iter().skip(since);
    let shown = all.map(|one| {
        let outcome = one["output"]["outcome"].as_str().or(one["error"].as_str());
        let (act, status) = (&one["input"]["act"], &one["status"]);
        let (act, status) = (act.as_str().unwrap_or("?"), status.as_str().unwrap_or("?"));
        format!("{act}: {status} {}", outcome.unwrap_or("?"))
    });
    shown.collect()
}

/// The control plane's tasks that were ever made.
fn started(world: &World) -> usize {
    let tasks: Vec<Value> = world.place().ask("tasks", &[]);
    tasks
        .iter()
        .filter(|task| task["service"] == "od-cp")
        .count()
}

#[track_caller]
fn near(what: &str, got: f64, want: f64) {
    assert!((got - want).abs() < 20.0, "{what}: {got} and not {want}");
}
