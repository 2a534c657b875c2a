//! A scenario played once without disturbance, and what a disturbed run is held against.

use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use super::scenario::{REGION, Scenario, ZONE};
use crate::support::standin::Fork;
use crate::support::{Output, World, account, secret_values, shows};

/// How long a run may take before it counts as one that never ends; AWS's hour takes nine seconds. The SDK's own pauses
/// take their real time, though: when each of a replacement's calls is throttled once, they add up to minutes.
const PATIENCE: Duration = Duration::from_secs(900);

/// Lets what AWS takes its time for come to its end: interfaces that linger, tasks that drain.
const SETTLED: f64 = 7200.0;

/// A scenario's world, in which it has run.
pub(crate) struct Stage {
    /// The scenario.
    pub(crate) scenario: Scenario,
    /// Its account.
    pub(crate) world: World,
    /// The branches made while it ran.
    pub(crate) forks: Vec<Fork>,
    /// What it said then.
    pub(crate) undisturbed: Output,
    /// The state it left.
    expected: String,
    /// The values nobody must see that were there before or after.
    secrets: Vec<String>,
}

impl Stage {
    /// Plays the scenario, branching as `fork` says.
    pub(crate) fn play(scenario: Scenario, fork: &Value) -> Result<Self, String> {
        let world = World::new().after_the_archive();
        block_on(account::hosted_zone(&world.aws(REGION), ZONE));
        let mut stage = Self {
            scenario,
            world,
            forks: Vec::new(),
            undisturbed: Output {
                code: 0,
                stdout: String::new(),
                stderr: String::new(),
            },
            expected: String::new(),
            secrets: Vec::new(),
        };
        if let Some(before) = &stage.scenario.before {
            stage.world.write("kongstack.yaml", before);
            let _ = stage.run(&stage.world, &["apply", "--auto-approve"], &[0])?;
            stage.secrets = stage.secrets_of(&stage.world);
        }
        stage
            .world
            .write("kongstack.yaml", &stage.scenario.spec.clone());
        // Read once now: what reading it loads need not be loaded in every branch.
        stage.world.place().state(REGION);
        let _ = stage.run(&stage.world, &["plan"], &[0])?;
        stage.world.configure(&json!({"fork": fork}));
        let ended = stage.disturb(&stage.world, &[0]);
        stage.forks = stage.world.place().forks();
        stage.world.configure(&json!({"fork": {}}));
        stage.undisturbed = ended?;
        stage.settle(&stage.world);
        stage.expected = stage.world.place().state(REGION);
        Ok(stage)
    }

    /// Runs the scenario's command, which may end in one of these ways.
    pub(crate) fn disturb(&self, world: &World, codes: &[i32]) -> Result<Output, String> {
        // A killed run's lease would be waited for until it expires, which is tested elsewhere.
        world.let_the_lease_expire(REGION);
        let mut args: Vec<&str> = self.scenario.command.split(' ').collect();
        args.push("--auto-approve");
        self.run(world, &args, codes)
    }

    /// Runs the scenario's command undisturbed, and insists on the state that an undisturbed run leaves.
    pub(crate) fn converges(&self, world: &World) -> Result<(), String> {
        let _ = self.disturb(world, &[0])?;
        self.is_as_expected(world)
    }

    /// Insists on the state that an undisturbed run leaves, and that there is nothing left to do.
    pub(crate) fn is_as_expected(&self, world: &World) -> Result<(), String> {
        // Before time is skipped: ECS forgets a stopped task within the hour.
        let told = world.place().told(REGION);
        self.settle(world);
        let difference = world.place().difference(REGION, &self.expected);
        if !difference.is_empty() {
            return Err(format!(
                "another state than without disturbance:\n{difference}\n{told}"
            ));
        }
        if !self.scenario.command.starts_with("destroy") {
            let _ = self.run(world, &["plan", "--detailed-exitcode"], &[0])?;
        }
        Ok(())
    }

    /// Runs the program, which must end in one of these ways, say no secret, and never panic.
    fn run(&self, world: &World, args: &[&str], codes: &[i32]) -> Result<Output, String> {
        let mut all = args.to_vec();
        all.push("--sandbox");
        let output = ends(world, &all)?;
        let said = format!("{}\n{}", output.stdout, output.stderr);
        let called = args.join(" ");
        if said.contains("panicked") {
            return Err(format!("{called}: it panicked:\n{said}"));
        }
        let mut secrets = self.secrets.clone();
        secrets.extend(self.secrets_of(world));
        if shows(&said, &secrets) {
            return Err(format!("{called}: a secret is in the output"));
        }
        if !codes.contains(&output.code) {
            return Err(format!(
                "{called}: exit code {}, not one of {codes:?}:\n{said}",
                output.code
            ));
        }
        Ok(output)
    }

    fn secrets_of(&self, world: &World) -> Vec<String> {
        block_on(secret_values(world, REGION))
    }

    fn settle(&self, world: &World) {
        world.configure(&json!({"skip_seconds": SETTLED}));
    }
}

/// Waits for a future, on a thread that does nothing else.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// Runs the program to its end, or to the end of patience.
fn ends(world: &World, args: &[&str]) -> Result<Output, String> {
    let mut command = world.command(args);
    // Long enough for every answer on a busy machine, short enough to wait for one that never comes.
    command.env("KONGSTACK_SANDBOX_PATIENCE", "5");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the program runs");
    let pid = child.id().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()).ok());
    let (output, is_late) = match receiver.recv_timeout(PATIENCE) {
        Ok(output) => (output, false),
        Err(_) => {
            let kill = std::process::Command::new("kill")
                .args(["-KILL", &pid])
                .status();
            kill.expect("kill runs");
            (receiver.recv().expect("it ends"), true)
        }
    };
    let output = output.expect("what it said");
    let output = Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    if is_late {
        return Err(format!(
            "{}: it had not ended after {PATIENCE:?}:\n{}\n{}",
            args.join(" "),
            output.stdout,
            output.stderr
        ));
    }
    Ok(output)
}
