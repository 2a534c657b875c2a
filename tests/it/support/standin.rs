//! The simulation that all tests of a run share, and its own interface.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

/// How much faster than AWS time goes: a first apply of twelve minutes takes two seconds.
const SPEED: &str = "400";

/// One call to AWS, as the simulation logged it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Call {
    /// The service, as IAM spells it.
    pub(crate) service: String,
    /// The operation.
    pub(crate) operation: String,
    /// Whether it changes anything.
    pub(crate) mutating: bool,
    /// When it began, in seconds since the epoch.
    pub(crate) start: f64,
    /// When it ended.
    pub(crate) end: f64,
}

/// The most calls of which each began only after the one before had ended: the longest chain. It says something when
/// answers take so long that what is asked at once overlaps.
pub(crate) fn rounds(calls: &[Call]) -> usize {
    let mut calls = calls.to_vec();
    calls.sort_by(|a, b| a.end.total_cmp(&b.end));
    let mut last_end = f64::NEG_INFINITY;
    let mut rounds = 0;
    for call in &calls {
        if call.start >= last_end {
            rounds += 1;
            last_end = call.end;
        }
    }
    rounds
}

/// The address of the simulation, which is started first if need be.
pub(crate) fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(start)
}

/// The folder for the simulation's files: kept between runs, so that moto is installed once.
fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

fn start() -> String {
    sandbox(&["stop"]);
    // It ends by itself when this process is gone, so a failing test leaves nothing behind.
    let pid = std::process::id().to_string();
    let said = sandbox(&["start", "--speed", SPEED, "--exit-with", &pid]);
    let endpoint = said
        .split_whitespace()
        .find(|word| word.starts_with("http://"));
    endpoint
        .expect("the sandbox says where it is")
        .trim_end_matches(':')
        .to_owned()
}

/// Runs `kongstack sandbox` and returns what it printed.
fn sandbox(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kongstack"));
    command
        .arg("sandbox")
        .args(args)
        .env_clear()
        .env("XDG_CACHE_HOME", cache());
    for name in [
        "PATH",
        "HOME",
        "PIP_CERT",
        "PIP_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_CONFIG_FILE",
        "SSL_CERT_FILE",
    ] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let output = command.output().expect("the program runs");
    assert!(
        output.status.success(),
        "sandbox {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().into()
}

fn url(path: &str, account: &str) -> String {
    format!("{}/_standin/{path}?account={account}", endpoint())
}

/// The calls of an account that have ended, oldest first.
pub(crate) fn calls(account: &str) -> Vec<Call> {
    let mut answer = agent()
        .get(&url("calls", account))
        .call()
        .expect("the simulation answers");
    let all: Vec<Value> = answer.body_mut().read_json().expect("a list of calls");
    let ended = all.into_iter().filter(|call| !call["end"].is_null());
    let read = |call| serde_json::from_value(call).expect("a call");
    ended.map(read).collect()
}

/// Forgets the calls of an account.
pub(crate) fn forget_calls(account: &str) {
    agent()
        .delete(&url("calls", account))
        .call()
        .expect("the simulation answers");
}

/// Changes how the simulation treats an account.
pub(crate) fn configure(account: &str, settings: &Value) {
    agent()
        .post(&url("config", account))
        .send_json(settings)
        .expect("the simulation answers");
}

/// Lets the next `times` calls of an operation go wrong.
pub(crate) fn fault(account: &str, service: &str, operation: &str, kind: &str, times: u32) {
    let fault = json!({"service": service, "operation": operation, "kind": kind, "times": times});
    agent()
        .post(&url("faults", account))
        .send_json(&fault)
        .expect("the simulation answers");
}

/// Gives the simulation an order of another kind: what it says, or why it does not take it.
pub(crate) fn order(account: &str, what: &str, order: &Value) -> Result<Value, String> {
    let config = ureq::Agent::config_builder().proxy(None);
    let agent: ureq::Agent = config.http_status_as_error(false).build().into();
    let mut answer = agent
        .post(&url(what, account))
        .send_json(order)
        .expect("the simulation answers");
    let said: Value = answer.body_mut().read_json().expect("JSON");
    if answer.status().is_success() {
        return Ok(said);
    }
    Err(said["error"].as_str().unwrap_or_default().to_owned())
}

/// Withdraws the faults that are still to come.
pub(crate) fn forget_faults(account: &str) {
    agent()
        .delete(&url("faults", account))
        .call()
        .expect("the simulation answers");
}

/// The kinds of fault that a call can suffer, each with its `service:Operation`s or `*`.
pub(crate) fn fault_kinds() -> Value {
    let mut answer = agent()
        .get(&url("faults/kinds", ""))
        .call()
        .expect("the simulation answers");
    answer.body_mut().read_json().expect("a table")
}

/// Drops everything of an account.
pub(crate) fn forget(account: &str) {
    // A test that failed because the simulation is gone must not fail a second time here.
    agent().post(&url("reset", account)).send_empty().ok();
}
