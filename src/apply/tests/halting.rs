//! What ends a run before its end: interruptions, the time, and what makes all further calls pointless.

use std::time::Duration;

use tokio::time::Instant;

use super::fake::{apply, apply_with, at, engine, options, thing, with};
use super::{assert_converged, log};
use crate::event::Halt;

#[tokio::test(start_paused = true)]
async fn the_first_interruption_begins_nothing_more() {
    let engine = engine(
        "drain",
        vec![("a", thing("1", &[])), ("b", thing("1", &["a"]))],
    );
    with("drain", |cloud| cloud.takes.insert("a".to_owned(), 100));
    let options = options();
    let drain = options.drain.clone();
    let (outcome, ()) = tokio::join!(apply_with(&engine, options), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        drain.cancel();
    });
    let (report, _) = outcome;
    assert!(matches!(report.halt, Some(Halt::Interrupted)));
    assert_eq!(report.unfinished.len(), 1);
    assert_eq!(report.unfinished[0].id.as_deref(), Some("a-1"));
    assert_eq!(report.not_started.len(), 1);
    assert_eq!(log("drain"), ["create a"]);
}

#[tokio::test(start_paused = true)]
async fn the_second_interruption_stops_at_once() {
    let engine = engine("abort", vec![("a", thing("1", &[]))]);
    with("abort", |cloud| cloud.takes.insert("a".to_owned(), 100));
    let options = options();
    let abort = options.abort.clone();
    let start = Instant::now();
    let (outcome, ()) = tokio::join!(apply_with(&engine, options), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        abort.cancel();
    });
    assert!(matches!(outcome.0.halt, Some(Halt::Interrupted)));
    assert_eq!(outcome.0.unfinished.len(), 1);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_run() {
    let engine = engine(
        "late",
        vec![("a", thing("1", &[])), ("b", thing("1", &["a"]))],
    );
    with("late", |cloud| cloud.takes.insert("a".to_owned(), 100));
    let mut options = options();
    options.deadline = Some(Instant::now() + Duration::from_secs(30));
    let start = Instant::now();
    let (report, _) = apply_with(&engine, options).await;
    assert!(start.elapsed() < Duration::from_secs(31));
    assert!(matches!(report.halt, Some(Halt::OutOfTime)), "{report:?}");
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(report.unfinished[0].waiting.as_deref(), Some("the thing"));
    assert_eq!(report.not_started.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_does_not_outlast_the_deadline() {
    let engine = engine("hung", vec![("a", thing("1", &[]))]);
    with("hung", |cloud| cloud.hang.insert("create a".to_owned()));
    let mut options = options();
    options.deadline = Some(Instant::now() + Duration::from_secs(30));
    let start = Instant::now();
    let (report, _) = apply_with(&engine, options).await;
    assert!(
        start.elapsed() < Duration::from_secs(45),
        "{:?}",
        start.elapsed()
    );
    assert!(matches!(report.halt, Some(Halt::OutOfTime)), "{report:?}");
    assert_eq!(report.unfinished.len(), 1);
    assert_eq!(report.unfinished[0].waiting, None);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_that_follows_the_deadline_is_not_taken_for_it() {
    let engine = engine("both", vec![("a", thing("1", &[]))]);
    with("both", |cloud| cloud.hang.insert("create a".to_owned()));
    let mut options = options();
    options.deadline = Some(Instant::now() + Duration::from_secs(30));
    let drain = options.drain.clone();
    let (outcome, ()) = tokio::join!(apply_with(&engine, options), async {
        tokio::time::sleep(Duration::from_secs(32)).await;
        drain.cancel();
    });
    assert!(
        matches!(outcome.0.halt, Some(Halt::OutOfTime)),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_interruption_that_comes_when_all_is_done_keeps_nothing_back() {
    let engine = engine("late-signal", vec![("a", thing("1", &[]))]);
    let options = options();
    options.drain.cancel();
    let plan = super::plan(&engine).await;
    let empty = crate::plan::Plan {
        steps: Vec::new(),
        ..plan
    };
    let lines = std::sync::Arc::new(super::fake::Lines::default());
    let report = super::run(&empty, &engine, options, lines).await;
    assert!(report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_a_halted_run_may_have_made_unseen_is_known() {
    let things = vec![
        ("waits", thing("1", &[])),
        ("hangs", thing("1", &[])),
        ("lost", thing("1", &[])),
        ("found", thing("1", &[])),
    ];
    let engine = engine("unseen", things);
    with("unseen", |cloud| {
        cloud.takes.insert("waits".to_owned(), 100);
        cloud.hang.insert("create hangs".to_owned());
        cloud.lose.insert("create lost".to_owned());
    });
    let mut options = options();
    let drain = options.drain.clone();
    options.deadline = Some(Instant::now() + Duration::from_secs(60));
    // The lost one is still left to settle then.
    let (outcome, ()) = tokio::join!(apply_with(&engine, options), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drain.cancel();
    });
    let report = outcome.0;
    assert_eq!(report.unfinished.len(), 3, "{report:?}");
    assert_eq!(report.done.len(), 1);
    let mut unseen = report.unseen;
    unseen.sort();
    assert_eq!(unseen, [at("hangs"), at("lost")]);
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_creation_may_have_made_unseen_is_known() {
    let things = vec![("a", thing("1", &[])), ("b", thing("1", &[]))];
    let engine = engine("unseen-failed", things);
    with("unseen-failed", |cloud| {
        cloud.lose.insert("create a".to_owned());
        cloud.refuse.insert("create b".to_owned(), "AccessDenied");
    });
    let mut options = options();
    // No time to look what became of it.
    options.step_timeout = Some(Duration::ZERO);
    let (report, _) = apply_with(&engine, options).await;
    assert_eq!(report.failed.len(), 2, "{report:?}");
    assert_eq!(report.unseen, [at("a")]);
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete() && report.unseen.is_empty());
    assert_converged(&engine).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_was_lost_has_begun_though_the_next_call_is_pointless() {
    let engine = engine("unseen-expired", vec![("a", thing("1", &[]))]);
    with("unseen-expired", |cloud| {
        cloud.lose.insert("create a".to_owned());
        cloud.refuse.insert("complete a".to_owned(), "ExpiredToken");
    });
    let (report, _) = apply(&engine).await;
    assert!(matches!(report.halt, Some(Halt::Pointless(_))));
    assert_eq!(report.unfinished.len(), 1, "{report:?}");
    assert_eq!(report.unseen, [at("a")]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_too_long_fails_alone() {
    let things = vec![
        ("a", thing("1", &[])),
        ("b", thing("1", &["a"])),
        ("c", thing("1", &[])),
    ];
    let engine = engine("patience", things);
    with("patience", |cloud| {
        cloud.takes.insert("a".to_owned(), 100);
        cloud.takes.insert("c".to_owned(), 15);
    });
    let mut options = options();
    options.step_timeout = Some(Duration::from_secs(20));
    let (report, _) = apply_with(&engine, options).await;
    assert!(report.halt.is_none());
    let error = report.failed[0].2.to_string();
    assert_eq!(error, "the thing was still creating after 20s");
    assert_eq!((report.done.len(), report.skipped.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_run_out_stop_the_run_once() {
    let things = vec![
        ("a", thing("1", &[])),
        ("b", thing("1", &[])),
        ("c", thing("1", &[])),
        ("d", thing("1", &["c"])),
    ];
    let engine = engine("expired", things);
    with("expired", |cloud| {
        for name in ["a", "b"] {
            cloud
                .refuse
                .insert(format!("create {name}"), "ExpiredToken");
        }
        cloud.takes.insert("c".to_owned(), 100);
    });
    let start = Instant::now();
    let (report, lines) = apply_with(&engine, options()).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(
        matches!(&report.halt, Some(Halt::Pointless(_))),
        "{report:?}"
    );
    assert_eq!(lines.matches("draining").count(), 1, "{lines}");
    assert!(report.failed.is_empty() && report.skipped.is_empty());
    let names = |addresses: Vec<&crate::resource::Address>| -> Vec<String> {
        let mut names: Vec<String> = addresses
            .into_iter()
            .map(|one| one.name().to_owned())
            .collect();
        names.sort();
        names
    };
    let unfinished = report.unfinished.iter().map(|one| &one.address);
    assert_eq!(names(unfinished.collect()), ["c"]);
    let not_started = report.not_started.iter().map(|(address, _)| address);
    assert_eq!(names(not_started.collect()), ["a", "b", "d"]);
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete(), "{report:?}");
    assert_converged(&engine).await;
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_made_again() {
    let engine = engine("throttled", vec![("a", thing("1", &[]))]);
    with("throttled", |cloud| {
        cloud.refuse.insert("create a".to_owned(), "Throttling")
    });
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("throttled"), ["create a: Throttling", "create a"]);
}
