//! Getting a lease: free, held, dead, and with wrong clocks.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fake::{Fault, Shelf, busy, claim, got};
use super::sample;
use crate::lease::{Taken, Wait};

const HOUR: i64 = 3600;

#[tokio::test(start_paused = true)]
async fn a_free_lease_is_taken_at_once_and_given_back() {
    let shelf = Shelf::with(None);
    let start = Instant::now();
    let (held, dead) = got(&claim(&shelf, "ann", 0), 0).await;
    assert_eq!((start.elapsed(), dead), (Duration::ZERO, None));
    let lease = shelf.lease().expect("a lease");
    assert_eq!((lease.owner.user.as_str(), lease.mark.version), ("ann", 1));
    assert_eq!(lease.expires_at, lease.taken_at + Duration::from_secs(60));
    held.release().await.expect("released");
    assert_eq!(shelf.lease(), None);
}

#[tokio::test(start_paused = true)]
async fn the_place_is_made_when_it_is_first_needed() {
    let shelf = Shelf::with(None);
    shelf.inside().no_place = true;
    let _held = got(&claim(&shelf, "ann", 0), 0).await;
    assert_eq!(shelf.inside().prepared, 1);
    assert!(shelf.lease().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_held_lease_is_refused_at_once_and_by_name() {
    let shelf = Shelf::with(None);
    let _held = got(&claim(&shelf, "ann", 0), 0).await;
    sleep(Duration::from_secs(200)).await;
    let start = Instant::now();
    let lease = busy(&claim(&shelf, "bob", 0), 0).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(lease.owner.user, "ann");
}

#[tokio::test(start_paused = true)]
async fn patience_waits_for_the_holder_and_no_longer() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    let start = Instant::now();
    assert_eq!(busy(&claim(&shelf, "bob", 0), 30).await.owner.user, "ann");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    let waiting = claim(&shelf, "bob", 0);
    let said = Mutex::new(Vec::new());
    let say = |wait: Wait<'_>| {
        let Wait::Holder(lease) = wait else {
            panic!("{wait:?}")
        };
        said.lock().unwrap().push(lease.owner.user.clone());
    };
    let patience = Duration::from_secs(600);
    let (taken, ()) = tokio::join!(waiting.take(patience, &say), async {
        sleep(Duration::from_secs(100)).await;
        held.release().await.expect("released");
    });
    assert!(
        matches!(taken, Ok(Taken::Held { dead: None, .. })),
        "not got"
    );
    assert!(start.elapsed() <= Duration::from_secs(30 + 100 + 5));
    assert_eq!(*said.lock().unwrap(), ["ann"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_lease_is_taken_over_after_its_whole_duration() {
    let mut dead = sample();
    dead.expires_at = dead.taken_at - Duration::from_secs(1);
    let shelf = Shelf::with(Some(dead.clone()));
    let start = Instant::now();
    let (_held, over) = got(&claim(&shelf, "bob", 0), 0).await;
    assert_eq!(start.elapsed(), dead.duration);
    assert_eq!(over.as_deref(), Some(&dead));
    let lease = shelf.lease().expect("a lease");
    assert_eq!(lease.owner.user, "bob");
    assert_ne!(lease.mark.token, dead.mark.token);
}

#[tokio::test(start_paused = true)]
async fn a_longer_lease_is_watched_for_longer_and_a_shorter_one_for_no_less() {
    for (seconds, watched) in [(300, 300), (1, 60), (0, 60)] {
        let mut dead = sample();
        dead.expires_at = dead.taken_at - Duration::from_secs(1);
        dead.duration = Duration::from_secs(seconds);
        let shelf = Shelf::with(Some(dead));
        let start = Instant::now();
        let _held = got(&claim(&shelf, "bob", 0), 0).await;
        assert_eq!(start.elapsed(), Duration::from_secs(watched), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_only_looks_expired_is_left_alone() {
    // For a clock that is ahead the lease has expired; for one far behind it expires impossibly late.
    for wrong in [61, HOUR, -HOUR] {
        let shelf = Shelf::with(None);
        let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
        let start = Instant::now();
        assert_eq!(
            busy(&claim(&shelf, "bob", wrong), 0).await.owner.user,
            "ann"
        );
        assert!(start.elapsed() <= Duration::from_secs(15 + 5), "{wrong}");
        assert_eq!(
            busy(&claim(&shelf, "bob", wrong), 600).await.owner.user,
            "ann"
        );
        assert!(!held.grip().is_lost(), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_lease_is_found_out_with_any_clock() {
    for wrong in [-HOUR, -60, 0, 60, HOUR] {
        let shelf = Shelf::with(None);
        let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
        let died = Instant::now();
        drop(held);
        let (_held, over) = got(&claim(&shelf, "bob", wrong), 600).await;
        assert_eq!(died.elapsed(), Duration::from_secs(60), "{wrong}");
        assert_eq!(over.expect("ann's").owner.user, "ann");
    }
}

#[tokio::test(start_paused = true)]
async fn only_one_takes_over_a_dead_lease() {
    let mut dead = sample();
    dead.expires_at = dead.taken_at - Duration::from_secs(1);
    let shelf = Shelf::with(Some(dead));
    let (one, two) = (claim(&shelf, "bob", 0), claim(&shelf, "eve", HOUR));
    let quiet = |_: Wait<'_>| {};
    let (one, two) = tokio::join!(
        one.take(Duration::ZERO, &quiet),
        two.take(Duration::ZERO, &quiet)
    );
    let held = [&one, &two].map(|taken| matches!(taken, Ok(Taken::Held { .. })));
    assert_ne!(held[0], held[1], "both or neither");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_into() {
    for faults in [
        vec![Fault::After],
        vec![Fault::Before("InternalServerError"), Fault::After],
        vec![Fault::Before("ThrottlingException"); 2],
    ] {
        let shelf = Shelf::with(None);
        shelf.inside().faults = faults.clone().into();
        let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
        assert!(!held.grip().is_lost());
        assert_eq!(shelf.lease().expect("a lease").owner.user, "ann");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_end_of_it() {
    let shelf = Shelf::with(None);
    shelf.inside().fault = Some(Fault::Before("AccessDeniedException"));
    let claim = claim(&shelf, "ann", 0);
    let taken = claim.take(Duration::from_secs(600), &|_| {}).await;
    assert!(taken.is_err_and(|error| error.to_string().contains("AccessDenied")));
    assert_eq!(shelf.inside().writes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_claim_withdrawn_takes_only_its_own_away() {
    let shelf = Shelf::with(None);
    let (held, _) = got(&claim(&shelf, "ann", 0), 0).await;
    claim(&shelf, "bob", 0).withdraw().await.expect("withdrawn");
    assert!(shelf.lease().is_some());
    drop(held);
    let eve = claim(&shelf, "eve", 0);
    let (held, _) = got(&eve, 600).await;
    drop(held);
    eve.withdraw().await.expect("withdrawn");
    assert_eq!(shelf.lease(), None);
}
