//! Serverless v2 capacity, in RDS's form and ours.

use std::fmt;
use std::time::Duration;

use aws_sdk_rds::types::{ServerlessV2ScalingConfiguration, ServerlessV2ScalingConfigurationInfo};

/// How far a Serverless v2 cluster scales, and when it pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Least capacity, in halves of an ACU.
    pub(crate) min_half_acus: u16,
    /// Most capacity, in halves of an ACU.
    pub(crate) max_half_acus: u16,
    /// Idle time before it pauses, 300 to 86400 seconds; only meant with a least capacity of 0.
    pub(crate) auto_pause: Option<Duration>,
}

impl Capacity {
    /// Reads what RDS answers. It may name a pause that a least capacity above 0 makes meaningless.
    pub(super) fn read(info: &ServerlessV2ScalingConfigurationInfo) -> Self {
        let min_half_acus = halves(info.min_capacity());
        let pause = info
            .seconds_until_auto_pause()
            .and_then(|seconds| u64::try_from(seconds).ok());
        Self {
            min_half_acus,
            max_half_acus: halves(info.max_capacity()),
            auto_pause: pause
                .filter(|_| min_half_acus == 0)
                .map(Duration::from_secs),
        }
    }

    /// The capacity as RDS takes it; it refuses a pause where the least capacity is above 0.
    pub(super) fn to_rds(self) -> ServerlessV2ScalingConfiguration {
        let pause = self
            .auto_pause
            .filter(|_| self.min_half_acus == 0)
            .and_then(|pause| i32::try_from(pause.as_secs()).ok());
        ServerlessV2ScalingConfiguration::builder()
            .min_capacity(f64::from(self.min_half_acus) / 2.0)
            .max_capacity(f64::from(self.max_half_acus) / 2.0)
            .set_seconds_until_auto_pause(pause)
            .build()
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acus = |halves: u16| f64::from(halves) / 2.0;
        write!(
            f,
            "{} to {} ACU",
            acus(self.min_half_acus),
            acus(self.max_half_acus)
        )?;
        match self.auto_pause {
            Some(pause) => write!(f, ", pausing after {}", humantime::format_duration(pause)),
            None => Ok(()),
        }
    }
}

/// Capacities come in steps of 0.5, up to 256.
fn halves(acus: Option<f64>) -> u16 {
    let halves = (acus.unwrap_or_default() * 2.0)
        .round()
        .clamp(0.0, f64::from(u16::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded and clamped to u16"
    )]
    let halves = halves as u16;
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(min: f64, max: f64, pause: Option<i32>) -> ServerlessV2ScalingConfigurationInfo {
        ServerlessV2ScalingConfigurationInfo::builder()
            .min_capacity(min)
            .max_capacity(max)
            .set_seconds_until_auto_pause(pause)
            .build()
    }

    #[test]
    fn a_capacity_survives_a_round_trip() {
        let sleeping = Capacity {
            min_half_acus: 0,
            max_half_acus: 5,
            auto_pause: Some(Duration::from_secs(300)),
        };
        assert_eq!(Capacity::read(&info(0.0, 2.5, Some(300))), sleeping);
        let sent = sleeping.to_rds();
        assert_eq!(
            (sent.min_capacity(), sent.max_capacity()),
            (Some(0.0), Some(2.5))
        );
        assert_eq!(sent.seconds_until_auto_pause(), Some(300));
        assert_eq!(sleeping.to_string(), "0 to 2.5 ACU, pausing after 5m");
    }

    #[test]
    fn a_pause_means_nothing_to_a_database_kept_awake() {
        let awake = Capacity::read(&info(0.5, 1.0, Some(300)));
        assert_eq!(awake.auto_pause, None);
        let asked = Capacity {
            auto_pause: Some(Duration::from_secs(300)),
            ..awake
        };
        assert_eq!(asked.to_rds().seconds_until_auto_pause(), None);
        assert_eq!(awake.to_string(), "0.5 to 1 ACU");
    }
}
