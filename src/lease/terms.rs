//! For how long a lease is, and how that time is divided.

use std::time::Duration;

use crate::resource::Pace;

/// What a lease lasts: long enough to survive a network that is away for half a minute, short enough that nobody has
/// to wait long for a killed run.
const DURATION: Duration = Duration::from_secs(60);
/// What it lasts at least where time is simulated: machines and their calls are no faster there, and one that is busy
/// with many simulations at once may take seconds to answer.
const SHORTEST: Duration = Duration::from_secs(30);

/// The times of a lease. All follow from its duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// For how long others leave an unchanged lease alone.
    pub(crate) duration: Duration,
}

impl Terms {
    /// The terms where time goes by at this pace.
    #[must_use]
    pub(crate) fn at(pace: Pace) -> Self {
        let duration = pace.scale(DURATION).max(SHORTEST);
        Self { duration }
    }

    /// How often the holder renews it: 15 s.
    pub(super) fn every(self) -> Duration {
        self.duration / 4
    }

    /// For how long the holder trusts it: 15 s less than it lasts, for what is under way when it is lost.
    pub(super) fn trusted(self) -> Duration {
        self.duration - self.duration / 4
    }

    /// How often a lease in the way is looked at, and a failed renewal repeated: 5 s.
    pub(super) fn look(self) -> Duration {
        self.duration / 12
    }

    /// How long one call may take: 5 s, so that several fit into the time a renewal has.
    pub(super) fn call(self) -> Duration {
        (self.duration / 12).max(Duration::from_secs(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_time_shortens_a_lease_only_so_far() {
        let seconds = Duration::from_secs;
        let real = Terms::at(Pace::REAL);
        assert_eq!(real.duration, seconds(60));
        assert_eq!((real.every(), real.trusted()), (seconds(15), seconds(45)));
        assert_eq!(Terms::at(Pace::new(2.0)).duration, seconds(30));
        let fast = Terms::at(Pace::new(400.0));
        assert!(fast.duration >= seconds(5) && fast.every() >= seconds(1));
        assert!(fast.call() * 3 < fast.trusted());
    }
}
