//! Durations as people say them: `<1s`, `42s`, `2m10s`, `1h02m`.

use std::time::Duration;

/// A duration in its two largest units.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "<1s".to_owned(),
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        let shown = |seconds| short(Duration::from_secs_f64(seconds));
        assert_eq!(shown(0.3), "<1s");
        assert_eq!(shown(42.9), "42s");
        assert_eq!(shown(130.0), "2m10s");
        assert_eq!(shown(3725.0), "1h02m");
    }
}
