//! A run whose lease is lost: as after the first interruption, but nobody asked for it.

use std::time::Duration;

use tokio::time::Instant;

use super::fake::{apply, apply_with, at, engine, options, thing, with};
use super::log;
use crate::event::Halt;
use crate::lease::Loss;
use crate::report::Ended;

#[tokio::test(start_paused = true)]
async fn a_lost_lease_begins_nothing_more() {
    let things = || vec![("a", thing("1", &[])), ("b", thing("1", &["a"]))];
    let engine = engine("lease", things());
    with("lease", |cloud| cloud.takes.insert("a".to_owned(), 100));
    let options = options();
    let grip = options.grip.clone();
    let start = Instant::now();
    let ((report, lines), ()) = tokio::join!(apply_with(&engine, options), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        grip.lose(Loss::Removed);
    });
    assert!(start.elapsed() < Duration::from_secs(12));
    assert!(
        matches!(report.halt, Some(Halt::LeaseLost(Loss::Removed))),
        "{report:?}"
    );
    assert_eq!(report.unfinished[0].address, at("a"));
    assert_eq!(report.not_started.len(), 1);
    assert_eq!(log("lease"), ["create a"]);
    assert_eq!(lines.lines().last(), Some("draining: LeaseLost(Removed)"));
    assert_eq!(Ended::of(&report), Ended::InPart);
    with("lease", |cloud| cloud.takes.clear());
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_lost_before_the_first_step_changes_nothing() {
    let engine = engine("no-lease", vec![("a", thing("1", &[]))]);
    let options = options();
    options.grip.lose(Loss::Silence(None));
    let (report, _) = apply_with(&engine, options).await;
    assert_eq!(log("no-lease"), Vec::<String>::new());
    assert_eq!(report.not_started.len(), 1);
    assert_eq!(Ended::of(&report), Ended::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_lease_lost_after_the_last_step_harms_nobody() {
    let engine = engine("late-lease", vec![("a", thing("1", &[]))]);
    let options = options();
    let grip = options.grip.clone();
    let (mut report, _) = apply_with(&engine, options).await;
    grip.lose(Loss::Removed);
    report.halt = grip.loss().map(Halt::LeaseLost);
    assert_eq!(Ended::of(&report), Ended::Well);
}
