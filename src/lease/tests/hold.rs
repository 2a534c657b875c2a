//! Keeping a lease, and noticing that it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::fake::{Fault, Shelf, claim, got};
use super::sample;
use crate::lease::{Grip, Loss};

/// When the lease is lost, counted from now; never within an hour is nothing.
async fn lost_after(grip: &Grip) -> Option<Duration> {
    let start = Instant::now();
    let lost = timeout(Duration::from_secs(3600), grip.lost()).await;
    lost.ok().map(|()| start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_as_long_as_it_is_held() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    assert_eq!(lost_after(&held.grip()).await, None);
    let lease = shelf.lease().expect("a lease");
    assert!(lease.mark.version >= 3600 / 15, "{lease:?}");
    assert!(lease.expires_at > lease.taken_at + Duration::from_secs(3600));
}

#[tokio::test(start_paused = true)]
async fn a_lease_taken_away_is_lost_at_the_next_renewal() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    sleep(Duration::from_secs(100)).await;
    shelf.inside().lease = Some(sample());
    let grip = held.grip();
    assert!(
        lost_after(&grip)
            .await
            .is_some_and(|after| after <= Duration::from_secs(15))
    );
    let Some(Loss::Taken(by)) = grip.loss() else {
        panic!("{:?}", grip.loss())
    };
    assert_eq!(*by, sample());
    held.release().await.expect("released");
    assert_eq!(shelf.lease(), Some(sample()), "it was somebody else's");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_left_runs_out() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    held.grip().leave();
    held.release().await.expect("no word of it");
    let left = shelf.lease().expect("it stands");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(shelf.lease(), Some(left), "nobody renews it");
}

#[tokio::test(start_paused = true)]
async fn a_lease_removed_is_lost_at_the_next_renewal() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    shelf.inside().lease = None;
    let grip = held.grip();
    assert_eq!(lost_after(&grip).await, Some(Duration::from_secs(15)));
    assert!(matches!(grip.loss(), Some(Loss::Removed)));
}

#[tokio::test(start_paused = true)]
async fn silence_loses_a_lease_before_others_may_take_it() {
    for fault in [
        Fault::Hang,
        Fault::Before("InternalServerError"),
        Fault::Before("ProvisionedThroughputExceededException"),
        Fault::Before("ExpiredTokenException"),
    ] {
        let shelf = Shelf::with(None);
        let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
        sleep(Duration::from_secs(31)).await;
        shelf.inside().fault = Some(fault);
        let grip = held.grip();
        // The last renewal was sent 30 s after the start.
        assert_eq!(
            lost_after(&grip).await,
            Some(Duration::from_secs(44)),
            "{fault:?}"
        );
        let Some(Loss::Silence(error)) = grip.loss() else {
            panic!("{:?}", grip.loss())
        };
        assert_eq!(error.is_some(), fault != Fault::Hang, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_is_repeated_within_its_time() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    shelf.inside().fault = Some(Fault::Before("InternalServerError"));
    sleep(Duration::from_secs(40)).await;
    shelf.inside().fault = None;
    assert_eq!(lost_after(&held.grip()).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_is_lost_has_renewed() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    // Each acts; the repeated write is refused, because its own predecessor stands there.
    shelf.inside().faults = [Fault::After; 2].into();
    sleep(Duration::from_secs(29)).await;
    assert_eq!(shelf.lease().expect("a lease").mark.version, 2);
    assert_eq!(lost_after(&held.grip()).await, None);
}

#[tokio::test(start_paused = true)]
async fn whoever_drops_a_lease_no_longer_renews_it() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    let grip = held.grip();
    drop(held);
    sleep(Duration::from_secs(44)).await;
    assert!(!grip.is_lost());
    sleep(Duration::from_secs(2)).await;
    assert!(grip.is_lost());
    assert_eq!(shelf.lease().expect("a lease").mark.version, 1);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_has_slept_begins_nothing_before_it_has_looked() {
    let shelf = Shelf::with(None);
    // While it sleeps, its wall clock goes on and its monotonic one does not.
    let slept = Arc::new(AtomicU64::new(0));
    let ahead = Arc::clone(&slept);
    let wall = move || sample().taken_at + Duration::from_secs(ahead.load(Ordering::Relaxed));
    let (held, _) = got(&claim(&shelf, "ann", 0).with_clock(wall), 0).await;
    sleep(Duration::from_secs(20)).await;
    assert!(!held.grip().is_lost());
    slept.store(3600, Ordering::Relaxed);
    assert!(held.grip().is_lost());
    assert!(matches!(held.grip().loss(), Some(Loss::Silence(None))));
    let version = shelf.lease().expect("a lease").mark.version;
    assert!(lost_after(&held.grip()).await.is_some());
    assert_eq!(shelf.lease().expect("a lease").mark.version, version);
}
