//! Runs that a person, the system or the clock ends: how they end, what they say, and that the next run goes on.

use std::fs::{File, read_to_string};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Output, World, planned};

const SPEC: &str = "\
name: cancelled
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
";

/// A run of the program that goes on.
struct Running<'a> {
    world: &'a World,
    child: Child,
}

impl<'a> Running<'a> {
    fn begin(world: &'a World, args: &[&str]) -> Self {
        world.forget_calls();
        let mut all = args.to_vec();
        all.push("--sandbox");
        let file = |name| File::create(world.folder().join(name)).expect("a file");
        let mut command = world.command(&all);
        command
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("err"));
        let child = command.spawn().expect("the program runs");
        Self { world, child }
    }

    /// Waits until the simulation has answered a call.
    fn until(&mut self, call: &str) {
        while !self.world.mutating().iter().any(|made| made == call) {
            assert!(self.goes_on(), "it ended before {call}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn goes_on(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args([signal, &pid]).status();
        assert!(kill.expect("kill runs").success());
    }

    fn ends(mut self) -> Output {
        let code = self.child.wait().expect("a process").code();
        let text = |name| read_to_string(self.world.folder().join(name)).expect("text");
        Output {
            // A process that a signal has killed has no code.
            code: code.unwrap_or(-1),
            stdout: text("out"),
            stderr: text("err"),
        }
    }
}

/// A world where things take long enough to be interrupted.
fn slow_world() -> World {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world.configure(&json!({"speed": 40}));
    world
}

/// Insists that the next run reaches what the file says.
#[track_caller]
fn goes_on_from_here(world: &World) {
    world.configure(&json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[track_caller]
fn says(output: &Output, texts: &[&str]) {
    let all = output.all();
    for text in texts {
        assert!(
            all.contains(text),
            "no {text:?} in\n{}\n{}",
            output.stdout,
            output.stderr
        );
    }
}

#[test]
fn one_signal_lets_what_runs_finish() {
    for signal in ["-INT", "-TERM"] {
        let world = slow_world();
        let mut run = Running::begin(&world, &["apply", "--auto-approve"]);
        run.until("rds:CreateDBCluster");
        run.signal(signal);
        let output = run.ends().exits(130);
        says(
            &output,
            &[
                "interrupted: nothing new is begun",
                "Apply interrupted:",
                "under way, and perhaps going on in AWS:",
                "database/cluster (creating",
                "the next run finds it and waits for it",
                "run the same command again",
            ],
        );
        assert!(!output.stderr.contains("--timeout"), "{}", output.stderr);
        goes_on_from_here(&world);
    }
}

#[test]
fn a_destruction_can_be_interrupted_too() {
    let world = slow_world();
    goes_on_from_here(&world);
    world.configure(&json!({"speed": 40}));
    let mut run = Running::begin(&world, &["destroy", "--auto-approve"]);
    run.until("ecs:DeleteService");
    run.signal("-INT");
    let output = run.ends().exits(130);
    says(
        &output,
        &[
            "Destroy interrupted:",
            "the next run waits until it is gone",
        ],
    );
    world.configure(&json!({"speed": 400}));
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let plan = world.run(&["plan", "--destroy"]).exits(0);
    assert_eq!(planned(&plan.stdout), Vec::<String>::new());
}

#[test]
fn a_second_signal_waits_for_no_answer() {
    let world = slow_world();
    world.fault("iam", "CreateRole", "hang", 3);
    let mut run = Running::begin(&world, &["apply", "--auto-approve"]);
    run.until("ec2:CreateVpc");
    run.signal("-INT");
    std::thread::sleep(Duration::from_millis(700));
    assert!(
        run.goes_on(),
        "the first signal waits for what is not answered"
    );
    let start = Instant::now();
    run.signal("-INT");
    let output = run.ends().exits(130);
    assert!(start.elapsed() < Duration::from_secs(2));
    says(
        &output,
        &[
            "Apply interrupted:",
            "identity/execution-role (creating, without an id so far): the next run looks for it",
            "hint: the stack's lease is left to run out within a minute",
        ],
    );
    // What the role's call made may not be seen yet: whoever comes now is told to wait.
    let _ = world.run(&["apply", "--auto-approve"]).exits(5);
    world.let_the_lease_expire("eu-west-1");
    goes_on_from_here(&world);
}

#[test]
fn a_look_that_is_interrupted_has_changed_nothing() {
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["destroy", "--auto-approve"],
    ] {
        let world = slow_world();
        world.configure(&json!({"latency_ms": 3000}));
        let run = Running::begin(&world, command);
        std::thread::sleep(Duration::from_millis(1000));
        run.signal("-INT");
        let output = run.ends().exits(130);
        says(&output, &["interrupted; nothing has been changed"]);
        assert_eq!(world.mutating(), Vec::<String>::new());
    }
}

/// Runs a program on a terminal of its own, types Ctrl-C once it asks, and prints what was on the terminal.
const AT_THE_PROMPT: &str = "
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execve(sys.argv[1], sys.argv[1:], os.environ)
seen, typed = b'', False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if not typed and b'is accepted: ' in seen:
        typed = True
        os.write(terminal, b'\\x03')
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

#[test]
fn ctrl_c_answers_the_question() {
    let world = slow_world();
    let program = world.command(&["apply", "--sandbox"]);
    let mut command = Command::new("python3");
    command.args(["-c", AT_THE_PROMPT]);
    command
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(world.folder())
        .env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = crate::support::run(&mut command).exits(130);
    says(&output, &["interrupted; nothing has been changed"]);
    // The lease is taken before the question, so that nobody changes what was shown, and given back after it.
    let changed = world.mutating();
    assert!(
        changed.iter().all(|call| call.starts_with("dynamodb:")),
        "{changed:?}"
    );
    assert!(changed.iter().any(|call| call == "dynamodb:DeleteItem"));
}

#[test]
fn time_that_runs_out_is_no_interruption() {
    let world = slow_world();
    let output = world
        .run(&["apply", "--auto-approve", "--timeout", "6s"])
        .exits(4);
    says(
        &output,
        &[
            "Apply ran out of time (--timeout):",
            "the next run finds it and waits for it",
        ],
    );
    assert!(!output.stderr.contains("interrupted"), "{}", output.stderr);
    assert!(!output.stderr.contains("error:"), "{}", output.stderr);
    goes_on_from_here(&world);
}

#[test]
fn time_that_runs_out_during_the_look_has_changed_nothing() {
    let world = slow_world();
    world.configure(&json!({"latency_ms": 3000}));
    let output = world
        .run(&["apply", "--auto-approve", "--timeout", "1s"])
        .exits(1);
    says(
        &output,
        &["the time given with --timeout is over; nothing has been changed"],
    );
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn time_that_runs_out_while_aws_does_not_answer_ends_the_run() {
    let world = slow_world();
    world.fault("iam", "CreateRole", "hang", 100);
    let start = Instant::now();
    let output = world
        .run(&["apply", "--auto-approve", "--timeout", "6s"])
        .exits(4);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    says(
        &output,
        &["identity/execution-role (creating, without an id so far)"],
    );
}

#[test]
fn one_resource_that_takes_too_long_fails_alone() {
    let world = slow_world();
    let output = world
        .run(&["apply", "--auto-approve", "--resource-timeout", "3s"])
        .exits(4);
    says(
        &output,
        &[
            "error: database/writer: cannot create it",
            "after 3s",
            "goes on waiting",
        ],
    );
    assert!(
        !output.stderr.contains("interrupted") && !output.stderr.contains("--timeout"),
        "{}",
        output.stderr
    );
    goes_on_from_here(&world);
}
