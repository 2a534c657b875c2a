//! The simulation that all tests of a run share, and its own interface.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
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
    /// What it was about, where the request names one thing.
    pub(crate) resource: Option<String>,
    /// The code it was refused with.
    pub(crate) error: Option<String>,
    /// Whether it changes anything.
    pub(crate) mutating: bool,
    /// When it began, in seconds since the epoch.
    pub(crate) start: f64,
    /// When it ended.
    pub(crate) end: f64,
}

impl Call {
    /// The action that it takes, as IAM spells it.
    pub(crate) fn action(&self) -> String {
        action(&self.service, &self.operation)
    }
}

/// The action that a call of an operation takes, as IAM spells it.
pub(crate) fn action(service: &str, operation: &str) -> String {
    // IAM has other names for the tagging API and CloudWatch than signatures have.
    let service = match service {
        "tagging" => "tag",
        "monitoring" => "cloudwatch",
        other => other,
    };
    // And for much of what S3 does.
    let operation = match operation {
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" => "PutBucketPublicAccessBlock",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "PutBucketEncryption" => "PutEncryptionConfiguration",
        "GetBucketLifecycleConfiguration" => "GetLifecycleConfiguration",
        "PutBucketLifecycleConfiguration" => "PutLifecycleConfiguration",
        "ListObjectVersions" => "ListBucketVersions",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "DeleteObjects" => "DeleteObject",
        other => other,
    };
    format!("{service}:{operation}")
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
    static ENDPOINT: OnceLock<(File, String)> = OnceLock::new();
    let (_, endpoint) = ENDPOINT.get_or_init(|| (alone(), start()));
    endpoint
}

/// The folder for the simulation's files: kept between runs, so that moto is installed once.
fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Waits for other tests of this checkout to end, and keeps them waiting until the file is closed: they share the folder,
/// and the first to end would take everybody's simulation along.
fn alone() -> File {
    std::fs::create_dir_all(cache()).expect("a folder");
    let file = File::create(cache().join("in-use")).expect("a file");
    if file.try_lock().is_err() {
        writeln!(
            std::io::stderr(),
            "waiting for other tests of this checkout to end"
        )
        .expect("a terminal");
        file.lock().expect("a lock");
    }
    file
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

/// The kinds of fault that a call can suffer, each with its `service:Operation`s or `*`.
pub(crate) fn fault_kinds() -> Value {
    let mut answer = agent()
        .get(&format!("{}/_standin/faults/kinds", endpoint()))
        .call()
        .expect("the simulation answers");
    answer.body_mut().read_json().expect("a table")
}

/// An account in a simulation: the shared one, or a branch of it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where the simulation listens.
    pub(crate) endpoint: String,
    /// The account's number.
    pub(crate) account: String,
}

/// A branch of a world, made at a call.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fork {
    /// Which mutating call of the account it was, from 1.
    pub(crate) n: usize,
    /// The service, as IAM spells it.
    pub(crate) service: String,
    /// The operation.
    pub(crate) operation: String,
    /// What the call was about, where its parameters say so.
    pub(crate) resource: Option<String>,
    /// `before` or `after` the call acted.
    pub(crate) when: String,
    /// Where the branch listens.
    pub(crate) endpoint: String,
}

impl Place {
    fn url(&self, path: &str) -> String {
        format!("{}/_standin/{path}?account={}", self.endpoint, self.account)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let mut answer = agent()
            .get(&self.url(path))
            .call()
            .expect("the simulation answers");
        answer.body_mut().read_json().expect("what was asked for")
    }

    /// Asks something that takes more than an account to say.
    pub(crate) fn ask<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> T {
        let asked = agent().get(&self.url(path));
        let mut answer = asked
            .query_pairs(query.iter().copied())
            .call()
            .expect("the simulation answers");
        answer.body_mut().read_json().expect("what was asked for")
    }

    /// What is not JSON.
    pub(crate) fn text(&self, path: &str) -> String {
        let answer = agent().get(&self.url(path)).call();
        let mut answer = answer.expect("the simulation answers");
        answer.body_mut().read_to_string().expect("text")
    }

    fn post(&self, path: &str, given: &Value) {
        agent()
            .post(&self.url(path))
            .send_json(given)
            .expect("the simulation answers");
    }

    /// The calls that have ended, oldest first.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let all: Vec<Value> = self.get("calls");
        let ended = all.into_iter().filter(|call| !call["end"].is_null());
        let read = |call| serde_json::from_value(call).expect("a call");
        ended.map(read).collect()
    }

    /// Forgets the calls so far.
    pub(crate) fn forget_calls(&self) {
        agent()
            .delete(&self.url("calls"))
            .call()
            .expect("the simulation answers");
    }

    /// Changes how the simulation treats the account.
    pub(crate) fn configure(&self, settings: &Value) {
        self.post("config", settings);
    }

    /// Lets the next `times` calls of an operation go wrong.
    pub(crate) fn fault(&self, service: &str, operation: &str, kind: &str, times: u32) {
        let fault =
            json!({"service": service, "operation": operation, "kind": kind, "times": times});
        self.post("faults", &fault);
    }

    /// Lets the first call of an operation (`*`: of every one) go wrong for each thing it can be asked for.
    pub(crate) fn fault_each(&self, service: &str, operation: &str, kind: &str) {
        let fault = json!({
            "service": service, "operation": operation, "kind": kind, "times": 100_000, "each": true
        });
        self.post("faults", &fault);
    }

    /// Withdraws what was to go wrong.
    pub(crate) fn forget_faults(&self) {
        self.withdraw("faults");
    }

    /// How many calls the ordered faults have left to strike.
    pub(crate) fn faults_left(&self) -> u64 {
        let pending: Vec<Value> = self.get("faults");
        let left = pending.iter().map(|fault| fault["times"].as_u64());
        left.flatten().sum()
    }

    /// Fills the account with resources of no stack, and with other stacks of these names.
    pub(crate) fn crowd(&self, region: &str, strangers: usize, stacks: &[String]) {
        let crowd = json!({"region": region, "strangers": strangers, "stacks": stacks});
        self.post("crowd", &crowd);
    }

    /// Everything there is in the account, one text a resource.
    pub(crate) fn everything(&self, region: &str) -> Vec<String> {
        let url = format!("{}&region={region}", self.url("crowd"));
        let mut answer = agent().get(&url).call().expect("the simulation answers");
        answer.body_mut().read_json().expect("a list of texts")
    }

    /// The branches made so far.
    pub(crate) fn forks(&self) -> Vec<Fork> {
        self.get("forks")
    }

    /// Makes a branch now, and returns where it is.
    pub(crate) fn fork(&self) -> Self {
        let mut answer = agent()
            .post(&self.url("fork"))
            .send_empty()
            .expect("the simulation answers");
        let fork: Value = answer.body_mut().read_json().expect("a branch");
        let endpoint = fork["endpoint"].as_str().expect("where it is");
        Self {
            endpoint: endpoint.to_owned(),
            account: self.account.clone(),
        }
    }

    /// All that stands in the account, in a form in which two accounts can be compared.
    pub(crate) fn state(&self, region: &str) -> String {
        let url = format!("{}&region={region}", self.url("state"));
        let mut answer = agent().get(&url).call().expect("the simulation answers");
        let body = answer.body_mut();
        body.read_to_string().expect("text")
    }

    /// How all that stands in the account differs from `expected`; nothing when it does not.
    pub(crate) fn difference(&self, region: &str, expected: &str) -> String {
        let url = format!("{}&region={region}", self.url("state"));
        let answer = agent().post(&url).send(expected);
        let mut answer = answer.expect("the simulation answers");
        answer.body_mut().read_to_string().expect("text")
    }

    /// What services of ECS said, and why tasks stopped.
    pub(crate) fn told(&self, region: &str) -> String {
        let answer = agent()
            .get(&self.url("told"))
            .query("region", region)
            .call();
        let mut answer = answer.expect("the simulation answers");
        answer.body_mut().read_to_string().expect("text")
    }

    /// The services whose state is compared, as IAM spells them.
    pub(crate) fn services(&self) -> Vec<String> {
        self.get("services")
    }

    /// Gives the simulation an order of another kind: what it says, or why it does not take it.
    pub(crate) fn order(&self, what: &str, order: &Value) -> Result<Value, String> {
        let config = ureq::Agent::config_builder().proxy(None);
        let agent: ureq::Agent = config.http_status_as_error(false).build().into();
        let mut answer = agent
            .post(&self.url(what))
            .send_json(order)
            .expect("the simulation answers");
        let said: Value = answer.body_mut().read_json().expect("JSON");
        if answer.status().is_success() {
            return Ok(said);
        }
        Err(said["error"].as_str().unwrap_or_default().to_owned())
    }

    /// Withdraws all orders of a kind that still hold.
    pub(crate) fn withdraw(&self, what: &str) {
        agent()
            .delete(&self.url(what))
            .call()
            .expect("the simulation answers");
    }

    /// Drops everything of the account.
    pub(crate) fn forget(&self) {
        // A test that failed because the simulation is gone must not fail a second time here.
        agent().post(&self.url("reset")).send_empty().ok();
    }

    /// Simulated seconds since the epoch.
    pub(crate) fn simulated_time(&self) -> f64 {
        let health: Value = self.get("health");
        health["sim_now"].as_f64().expect("a time")
    }

    /// Whether anybody is there.
    pub(crate) fn answers(&self) -> bool {
        agent().get(&self.url("health")).call().is_ok()
    }

    /// Ends a branch.
    pub(crate) fn end(&self) {
        agent().post(&self.url("exit")).send_empty().ok();
    }
}
