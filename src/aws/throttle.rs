//! Services that ask for fewer calls get fewer: each service has a rate of its own, and the log says when it falls.
//!
//! The SDK's adaptive retries do the slowing: a token bucket a service, idle until the first throttled answer, that
//! falls to 0.7 of the rate at which AWS took calls, and rises again by and by. Here it is given what it starts from,
//! and its refusals are read, because the SDK keeps its rates to itself and takes quotas for throttling.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_smithy_runtime::client::retries::{ClientRateLimiter, RetryPartition};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use super::class::{Class, class_of, is_throttle};

/// The rate from which a service is slowed down when it throttles before any has been measured: what most describe
/// calls are refilled with each second.
const FIRST_RATE: f64 = 20.0;
/// How far the SDK goes down after a throttled answer, and where it stops.
const FALLS_TO: f64 = 0.7;
const SLOWEST: f64 = 0.5;
/// How long the rate is measured, and how often it is said.
const SECOND: Duration = Duration::from_secs(1);

/// Retries with the SDK's backoff, at a rate that follows what each service takes.
#[must_use]
pub(crate) fn retries(attempts: u32) -> RetryConfig {
    RetryConfig::adaptive().with_max_attempts(attempts)
}

/// The rate of one service's calls, nobody else's.
pub(super) fn rate_of(service: &'static str) -> RetryPartition {
    let limiter = ClientRateLimiter::builder()
        // The SDK averages a rate with what it measures, by one to four, and measures nothing at the first call.
        .tokens_retrieved_per_second(FIRST_RATE * 5.0)
        .token_refill_rate(FIRST_RATE)
        .maximum_bucket_capacity(FIRST_RATE)
        .build();
    RetryPartition::custom(service)
        .client_rate_limiter(limiter)
        .build()
}

/// Looks at every answer of a service: says when it throttles, and forbids asking again where a quota is reached.
#[derive(Debug)]
pub(super) struct Watch {
    service: &'static str,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// When calls were answered, within the last second.
    answers: VecDeque<Instant>,
    /// When the falling rate was last said.
    said: Option<Instant>,
}

impl Watch {
    /// Watches a service.
    pub(super) fn new(service: &'static str) -> Self {
        Self {
            service,
            seen: Mutex::default(),
        }
    }
}

impl Seen {
    /// Counts an answer; for a throttled one, the rate that follows from it, unless it has just been said.
    fn answer(&mut self, throttled: bool, now: Instant) -> Option<f64> {
        self.answers.push_back(now);
        while self
            .answers
            .front()
            .is_some_and(|first| now.duration_since(*first) > SECOND)
        {
            self.answers.pop_front();
        }
        let due = self
            .said
            .is_none_or(|said| now.duration_since(said) >= SECOND);
        if !throttled || !due {
            return None;
        }
        self.said = Some(now);
        let answered = u32::try_from(self.answers.len()).unwrap_or(u32::MAX);
        Some((f64::from(answered) * FALLS_TO).max(SLOWEST))
    }
}

impl ClassifyRetry for Watch {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let code = context.response().and_then(code_of);
        let throttled = code.as_deref().is_some_and(is_throttle);
        let rate = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(throttled, Instant::now());
        if let Some(rate) = rate {
            tracing::debug!(
                "{} is throttling: slowing to about {rate:.1} calls/s",
                self.service
            );
        }
        match code {
            Some(code) if class_of(&code, "", None) == Class::Quota => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttling watch"
    }
}

/// The error code of an answer, in whichever protocol.
fn code_of(response: &HttpResponse) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    if let Some(kind) = response.headers().get("x-amzn-errortype") {
        return kind.split(':').next().map(str::to_owned);
    }
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    if let Some((_, rest)) = body.split_once("<Code>") {
        return rest.split('<').next().map(str::to_owned);
    }
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let kind = body.get("__type")?.as_str()?;
    kind.rsplit('#').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn answer(headers: &[(&'static str, &'static str)], body: &'static str) -> HttpResponse {
        let mut response =
            HttpResponse::new(400_u16.try_into().expect("a status"), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        response
    }

    #[test]
    fn codes_are_read_in_every_protocol() {
        for (headers, body, code) in [
            (
                &[][..],
                "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message/></Error></Errors></Response>",
                "RequestLimitExceeded",
            ),
            (
                &[],
                r#"{"__type":"com.amazonaws.ecs#ThrottlingException","message":"Rate exceeded"}"#,
                "ThrottlingException",
            ),
            (
                &[("x-amzn-errortype", "TooManyRequestsException:http://x/")],
                "{}",
                "TooManyRequestsException",
            ),
        ] {
            assert_eq!(code_of(&answer(headers, body)).as_deref(), Some(code));
        }
        assert_eq!(code_of(&answer(&[], "no answer of AWS")), None);
    }

    #[test]
    fn the_rate_is_said_once_a_second_and_never_falls_to_nothing() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut seen = Seen::default();
        for count in 0..9 {
            assert_eq!(seen.answer(false, at(count * 100)), None);
        }
        assert_eq!(seen.answer(true, at(900)), Some(7.0));
        assert_eq!(seen.answer(true, at(950)), None);
        assert_eq!(seen.answer(true, at(60_000)), Some(0.7));
    }
}
