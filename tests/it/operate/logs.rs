//! What tasks have written.

use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use serde_json::json;

use super::{REGION, SPEC, applied};
use crate::support::{Running, World};

const STREAM: &str = "ecs/kong/0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// Lets a data plane write something, so many seconds ago.
async fn write(world: &World, ago: i64, texts: &[&str]) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.aws(REGION));
    let group = "/kongstack/ops/data-plane";
    // It may be there.
    let _ = logs
        .create_log_stream()
        .log_group_name(group)
        .log_stream_name(STREAM)
        .send()
        .await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_millis()).expect("a time");
    let events = texts.iter().map(|text| {
        let event = InputLogEvent::builder()
            .timestamp(now - ago * 1000)
            .message(*text);
        event.build().expect("an event")
    });
    logs.put_log_events()
        .log_group_name(group)
        .log_stream_name(STREAM)
        .set_log_events(Some(events.collect()))
        .send()
        .await
        .expect("lines");
}

#[tokio::test]
async fn what_tasks_wrote_is_shown_oldest_first_however_many_pages_it_has() {
    let world = applied();
    let key = "k3Y".repeat(16);
    write(
        &world,
        3,
        &[
            "first of three",
            "second of three",
            &format!("apikey {key}"),
        ],
    )
    .await;
    world.forget_calls();
    let all = world.run(&["logs", "dp", "--since", "1h"]).exits(0);
    let lines: Vec<&str> = all.stdout.lines().collect();
    assert!(lines.len() > 5, "{}", all.stdout);
    let mut sorted = lines.clone();
    sorted.sort_by_key(|line| line.get(..20));
    assert_eq!(lines, sorted, "by time");
    for line in &lines {
        let mut words = line.splitn(3, ' ');
        let at = words.next().expect("a time");
        assert!(humantime::parse_rfc3339(at).is_ok(), "{line}");
        assert_eq!(words.next().map(str::len), Some(8), "{line}");
    }
    assert!(
        all.stdout.contains(" 0a1b2c3d first of three\n"),
        "{}",
        all.stdout
    );
    assert!(all.stdout.contains("apikey (not shown)"), "{}", all.stdout);
    assert!(!all.stdout.contains(&key), "a key is shown");
    world.configure(&json!({"page": 2}));
    let paged = world.run(&["logs", "data-plane", "--since", "1h"]).exits(0);
    assert_eq!(paged.stdout, all.stdout);
    let last = world.run(&["logs", "dp", "--tail", "1"]).exits(0);
    assert_eq!(
        last.stdout.lines().collect::<Vec<_>>(),
        lines[lines.len() - 1..]
    );
    let some = world.run(&["logs", "dp", "--filter", "second"]).exits(0);
    assert_eq!(some.stdout.lines().count(), 1, "{}", some.stdout);
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn each_sort_of_task_has_its_own_log() {
    let world = applied();
    let migrations = world.run(&["logs", "migrations", "--since", "1h"]).exits(0);
    assert!(
        migrations.stdout.contains("025_380_to_390"),
        "{}",
        migrations.stdout
    );
    for name in ["cp", "control-plane"] {
        let control = world.run(&["logs", name, "--since", "1h"]).exits(0);
        assert!(!control.stdout.is_empty());
        assert!(
            !control.stdout.contains("025_380_to_390"),
            "{}",
            control.stdout
        );
    }
    let nothing = world
        .run(&["logs", "cp", "--filter", "no-such-word"])
        .exits(0);
    assert_eq!(nothing.stdout, "");
    let _ = nothing
        .warns("Nothing that matches the filter was written to /kongstack/ops/control-plane")
        .warns("--since looks further back");
}

#[test]
fn a_log_that_is_not_there_yet_says_what_to_do() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let none = world.run(&["logs", "cp", "--follow"]).exits(1);
    let said = none.all();
    assert!(
        said.contains("there is no log group /kongstack/ops/control-plane"),
        "{said}"
    );
    assert!(
        said.contains("`kongstack apply --sandbox` makes it"),
        "{said}"
    );
    let denied = || {
        world.fault("logs", "FilterLogEvents", "access-denied", 1);
        world.run(&["logs", "dp"]).exits(1)
    };
    assert!(denied().all().contains("\"logs:FilterLogEvents\""));
}

#[tokio::test]
async fn what_is_followed_is_told_as_it_comes_each_once_and_a_late_one_too() {
    let world = applied();
    write(&world, 0, &["before"]).await;
    let mut run = Running::begin(&world, &["logs", "dp", "--follow", "--tail", "1"]);
    run.until_it_prints("before");
    write(&world, 0, &["while it is followed"]).await;
    run.until_it_prints("while it is followed");
    write(&world, 9, &["written before, and late"]).await;
    run.until_it_prints("written before, and late");
    write(&world, 0, &["the last"]).await;
    run.until_it_prints("the last");
    run.signal("-INT");
    let ended = run.ends().exits(130);
    for text in [
        "before",
        "while it is followed",
        "written before, and late",
        "the last",
    ] {
        let line = format!(" 0a1b2c3d {text}\n");
        assert_eq!(
            ended.stdout.matches(&line).count(),
            1,
            "{text}: {}",
            ended.stdout
        );
    }
    assert!(!ended.stderr.contains("interrupted"), "{}", ended.stderr);
}

#[tokio::test]
async fn nobody_reading_any_more_ends_it_well() {
    let world = applied();
    write(&world, 0, &["something"]).await;
    let program = env!("CARGO_BIN_EXE_kongstack");
    let script =
        format!("'{program}' logs dp --follow --sandbox | head -n 1; exit ${{PIPESTATUS[0]}}");
    let mut shell = std::process::Command::new("bash");
    for (name, value) in world.command(&[]).get_envs() {
        shell.env(name, value.expect("a value"));
    }
    shell.args(["-c", &script]).current_dir(world.folder());
    let mut shell = shell.stdout(Stdio::null()).spawn().expect("a shell");
    // `head` is gone after a line; another one finds that out.
    let ended = loop {
        write(&world, 0, &["something more"]).await;
        if let Some(ended) = shell.try_wait().expect("a process") {
            break ended;
        }
    };
    assert_eq!(ended.code(), Some(0));
}
