//! The server's own interface, beside the one it has as AWS.

use std::time::Duration;

use serde::Deserialize;

use super::SandboxError;

/// How long to wait for an answer: the server is on this machine, but may be busy.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the server says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Health {
    /// Its process.
    pub(crate) pid: i32,
    /// How much faster than AWS time goes.
    pub(crate) speed: f64,
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .proxy(None)
        .build()
        .into()
}

fn no_answer(endpoint: &str) -> impl Fn(ureq::Error) -> SandboxError {
    move |error| SandboxError::NoAnswer {
        endpoint: endpoint.to_owned(),
        source: Box::new(error),
    }
}

/// Asks the server how it is, as `account` sees it.
pub(super) fn health(endpoint: &str, account: &str) -> Result<Health, SandboxError> {
    let url = format!("{endpoint}/_standin/health?account={account}");
    let mut answer = agent().get(&url).call().map_err(no_answer(endpoint))?;
    answer.body_mut().read_json().map_err(no_answer(endpoint))
}

/// Has the server forget everything of `account`.
pub(super) fn reset(endpoint: &str, account: &str) -> Result<(), SandboxError> {
    let url = format!("{endpoint}/_standin/reset?account={account}");
    agent()
        .post(&url)
        .send_empty()
        .map(drop)
        .map_err(no_answer(endpoint))
}
