//! A test's own world: an account, a folder, and the program run in them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use serde_json::Value;
use tempfile::TempDir;

use super::standin::{self, Call, Place};

/// What a run of the program left.
#[derive(Debug)]
#[must_use]
pub(crate) struct Output {
    /// The exit code.
    pub(crate) code: i32,
    /// What it printed as its result.
    pub(crate) stdout: String,
    /// What it printed beside it.
    pub(crate) stderr: String,
}

impl Output {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// All that was printed, on one line, so that wrapping does not part what belongs together.
    pub(crate) fn all(&self) -> String {
        let text = format!("{} {}", self.stdout, self.stderr);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Insists that a text stands in the result.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "no {text:?} in\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Insists that a text stands beside the result.
    #[track_caller]
    pub(crate) fn warns(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "no {text:?} in\n{}\n--- stdout\n{}",
            self.stderr,
            self.stdout
        );
        self
    }
}

/// A simulated account with nothing in it, and a folder with nothing in it.
pub(crate) struct World {
    /// The account's number.
    pub(crate) account: String,
    place: Place,
    folder: Arc<TempDir>,
    is_branch: bool,
}

impl World {
    /// A new one.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let account = format!("{:012}", 200_000_000_000 + number);
        let place = Place {
            endpoint: standin::endpoint().to_owned(),
            account: account.clone(),
        };
        Self {
            account,
            place,
            folder: Arc::new(TempDir::new().expect("a folder")),
            is_branch: false,
        }
    }

    /// One in which a spec has been applied.
    #[track_caller]
    pub(crate) fn applied(spec: &str) -> Self {
        let world = Self::new();
        world.write("kongstack.yaml", spec);
        let _ = world.run(&["apply", "--auto-approve"]).exits(0);
        world
    }

    /// Lets the account's time begin after the hour at which logs are archived: a test that is about something else has
    /// no archive in its middle then, whatever time of day it is run at.
    pub(crate) fn after_the_archive(self) -> Self {
        const DAY: f64 = 86_400.0;
        const HOUR: f64 = 14.0 * 3600.0 + 600.0;
        let seconds = (HOUR - self.place().simulated_time()).rem_euclid(DAY);
        self.configure(&serde_json::json!({"skip_seconds": seconds}));
        self
    }

    /// The same account in a branch of the simulation, which ends with the value; the folder is the same.
    pub(crate) fn branch(&self, endpoint: &str) -> Self {
        let place = Place {
            endpoint: endpoint.to_owned(),
            account: self.account.clone(),
        };
        Self {
            account: self.account.clone(),
            place,
            folder: Arc::clone(&self.folder),
            is_branch: true,
        }
    }

    /// Where the account is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The folder the program runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The program with these arguments, not yet run: a clean environment and the sandbox.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kongstack"));
        command.args(args).current_dir(self.folder()).env_clear();
        command.env("HOME", self.folder()).env("COLUMNS", "80");
        command.env("KONGSTACK_SANDBOX_ENDPOINT", &self.place.endpoint);
        command.env("KONGSTACK_SANDBOX_ACCOUNT", &self.account);
        command
    }

    /// Runs the program in the sandbox.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut all = args.to_vec();
        all.push("--sandbox");
        run(&mut self.command(&all))
    }

    /// Plans, and insists that nothing is to be done and nothing was done.
    #[track_caller]
    pub(crate) fn expect_converged(&self, args: &[&str]) {
        self.forget_calls();
        let mut all = vec!["plan", "--detailed-exitcode"];
        all.extend(args);
        let _ = self.run(&all).exits(0);
        assert_eq!(self.mutating(), Vec::<String>::new());
    }

    /// The calls since they were last forgotten.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.place.calls()
    }

    /// The calls since then that change something, as `service:Operation`.
    pub(crate) fn mutating(&self) -> Vec<String> {
        let calls = self.calls();
        calls
            .iter()
            .filter(|call| call.mutating)
            .map(|call| format!("{}:{}", call.service, call.operation))
            .collect()
    }

    /// Forgets the calls so far.
    pub(crate) fn forget_calls(&self) {
        self.place.forget_calls();
    }

    /// Changes how the simulation treats this account.
    pub(crate) fn configure(&self, settings: &Value) {
        self.place.configure(settings);
    }

    /// Lets the next `times` calls of an operation go wrong.
    pub(crate) fn fault(&self, service: &str, operation: &str, kind: &str, times: u32) {
        self.place.fault(service, operation, kind, times);
    }

    /// Orders a state (`states`) or somebody else's call (`peers`); see the simulation's `control`.
    #[track_caller]
    pub(crate) fn order(&self, what: &str, order: &Value) -> Value {
        self.place
            .order(what, order)
            .expect("an order that can be carried out")
    }

    /// How many calls the ordered faults have left to strike.
    pub(crate) fn faults_left(&self) -> u64 {
        self.place.faults_left()
    }

    /// Withdraws the faults that are still to come.
    pub(crate) fn forget_faults(&self) {
        self.place.forget_faults();
    }

    /// Fills the account with resources of no stack, and with other stacks of these names.
    pub(crate) fn crowd(&self, region: &str, strangers: usize, stacks: &[String]) {
        self.place.crowd(region, strangers, stacks);
    }

    /// Everything there is in the account, one text a resource.
    pub(crate) fn everything(&self, region: &str) -> Vec<String> {
        self.place.everything(region)
    }

    /// How tests talk to the simulated AWS behind the program's back.
    pub(crate) fn aws(&self, region: &str) -> SdkConfig {
        let key = format!("SANDBOX{}", self.account);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(&self.place.endpoint)
            .credentials_provider(
                aws_credential_types::provider::SharedCredentialsProvider::new(Credentials::new(
                    key, "none", None, None, "tests",
                )),
            )
            .build()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.is_branch {
            self.place.end();
        } else {
            self.place.forget();
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program runs");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The path of one of the project's examples.
pub(crate) fn example(name: &str) -> String {
    format!("{}/examples/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// The actions of a plan's text, as `word address`, in its order.
pub(crate) fn planned(text: &str) -> Vec<String> {
    let words = ["create", "update", "replace", "delete"];
    let action = |line: &str| {
        let mut parts = line.split_whitespace();
        let (symbol, word, address) = (parts.next()?, parts.next()?, parts.next()?);
        let is_action = ["+", "~", "-", "-/+", "+/-"].contains(&symbol) && words.contains(&word);
        (is_action && address.contains('/')).then(|| format!("{word} {address}"))
    };
    text.lines().filter_map(action).collect()
}

/// The first line that does not fit 80 columns although it could be broken: a word alone on its line, such as an ARN, is
/// left whole, to be copied.
pub(crate) fn wide(text: &str) -> Option<&str> {
    let is_wide =
        |line: &&str| line.chars().count() > 80 && line.split_whitespace().nth(1).is_some();
    text.lines().find(is_wide)
}
