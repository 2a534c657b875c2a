//! How a target group finds out which of its targets can take requests.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{Matcher, ProtocolEnum, TargetGroup};

use crate::resource::Diff;

/// How targets are checked, over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    /// The port it asks.
    pub(crate) port: u16,
    /// The path it asks for.
    pub(crate) path: String,
    /// The status a healthy target answers with, such as `200` or `200-299`.
    pub(crate) matcher: String,
    /// Between two checks, 5 to 300 s.
    pub(crate) interval: Duration,
    /// How long a target may take, 2 to 120 s and less than the interval.
    pub(crate) timeout: Duration,
    /// Good checks in a row that make a target healthy, 2 to 10.
    pub(crate) healthy_threshold: u16,
    /// Bad checks in a row that make a target unhealthy, 2 to 10.
    pub(crate) unhealthy_threshold: u16,
}

/// What AWS has.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveCheck {
    protocol: String,
    port: String,
    path: String,
    matcher: String,
    interval: i32,
    timeout: i32,
    healthy: i32,
    unhealthy: i32,
}

impl LiveCheck {
    /// Reads what AWS answered.
    pub(super) fn read(one: &TargetGroup) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            protocol: text(one.health_check_protocol().map(ProtocolEnum::as_str)),
            port: text(one.health_check_port()),
            path: text(one.health_check_path()),
            matcher: text(one.matcher().and_then(Matcher::http_code)),
            interval: one.health_check_interval_seconds().unwrap_or_default(),
            timeout: one.health_check_timeout_seconds().unwrap_or_default(),
            healthy: one.healthy_threshold_count().unwrap_or_default(),
            unhealthy: one.unhealthy_threshold_count().unwrap_or_default(),
        }
    }
}

impl HealthCheck {
    /// Compares with what AWS has.
    pub(super) fn diff(&self, live: &LiveCheck, diff: &mut Diff) {
        let Self {
            port,
            path,
            matcher,
            interval,
            timeout,
            healthy_threshold,
            unhealthy_threshold,
        } = self;
        let http = ProtocolEnum::Http.as_str().to_owned();
        diff.field("health_check.protocol", &http, &live.protocol);
        diff.field("health_check.port", &port.to_string(), &live.port);
        diff.field("health_check.path", path, &live.path);
        diff.field("health_check.matcher", matcher, &live.matcher);
        diff.field("health_check.interval", &seconds(*interval), &live.interval);
        diff.field("health_check.timeout", &seconds(*timeout), &live.timeout);
        let healthy = i32::from(*healthy_threshold);
        diff.field("health_check.healthy_threshold", &healthy, &live.healthy);
        let unhealthy = i32::from(*unhealthy_threshold);
        diff.field(
            "health_check.unhealthy_threshold",
            &unhealthy,
            &live.unhealthy,
        );
    }
}

/// A duration as the API takes it.
pub(super) fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_compared() {
        let check = HealthCheck {
            port: 8007,
            path: "/status/ready".to_owned(),
            matcher: "200".to_owned(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            healthy_threshold: 2,
            unhealthy_threshold: 3,
        };
        let sdk = TargetGroup::builder()
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_port("8007")
            .health_check_path("/status/ready")
            .matcher(Matcher::builder().http_code("200").build())
            .health_check_interval_seconds(10)
            .health_check_timeout_seconds(5)
            .healthy_threshold_count(2)
            .unhealthy_threshold_count(3)
            .build();
        let mut diff = Diff::new();
        check.diff(&LiveCheck::read(&sdk), &mut diff);
        assert!(diff.is_empty());
        check.diff(&LiveCheck::default(), &mut diff);
        assert_eq!(diff.changes().len(), 8);
        assert_eq!(diff.replacing().count(), 0);
    }
}
