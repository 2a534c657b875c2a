//! The server: found, started, stopped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::control::{self, Health};
use super::folder::{Folder, of, tail};
use super::{ACCOUNT, SPEED, SandboxError, install, package};

/// How long the server may take to come up: a slow machine compiles moto's Python first.
const START: Duration = Duration::from_secs(120);
/// How long it may take to go.
const STOP: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// How much of the server's log an error shows.
const SHOWN: usize = 20;

/// A simulation that answers.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    /// Where it is, `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    /// The simulated account.
    pub(crate) account: String,
    /// What it says of itself.
    pub(crate) health: Health,
    /// How long one try of a call may take there, where that is not as on AWS.
    pub(crate) patience: Option<Duration>,
}

/// What is remembered of a started server.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    endpoint: String,
    package: String,
}

#[derive(Debug, Deserialize)]
struct Ready {
    port: u16,
}

/// The running simulation; starts one if there is none. `say` tells the person what takes long.
///
/// `KONGSTACK_SANDBOX_ENDPOINT` names a server that is used as it is and never started or stopped.
pub(crate) fn ensure(say: &dyn Fn(&str)) -> Result<Sandbox, SandboxError> {
    if let Some(endpoint) = given_endpoint() {
        return reach(endpoint);
    }
    let folder = Folder::open()?;
    let _lock = folder.lock()?;
    match running(&folder) {
        Some(sandbox) => Ok(sandbox),
        None => launch(&folder, SPEED, None, say),
    }
}

/// Starts a simulation at `speed`; one that runs at another speed is restarted, losing what is in it. It ends by
/// itself when the process `exit_with` is gone.
pub(crate) fn start(
    speed: Option<f64>,
    exit_with: Option<u32>,
    say: &dyn Fn(&str),
) -> Result<Sandbox, SandboxError> {
    let folder = Folder::open()?;
    let _lock = folder.lock()?;
    let wanted = speed.unwrap_or(SPEED);
    match running(&folder) {
        Some(sandbox)
            if speed.is_none_or(|speed| (speed - sandbox.health.speed).abs() < f64::EPSILON) =>
        {
            Ok(sandbox)
        }
        Some(sandbox) => {
            end(&folder, &sandbox)?;
            launch(&folder, wanted, exit_with, say)
        }
        None => launch(&folder, wanted, exit_with, say),
    }
}

/// The running simulation, if there is one.
pub(crate) fn status() -> Result<Option<Sandbox>, SandboxError> {
    if let Some(endpoint) = given_endpoint() {
        return reach(endpoint).map(Some);
    }
    Ok(running(&Folder::open()?))
}

/// Ends the simulation; `false` when none ran.
pub(crate) fn stop() -> Result<bool, SandboxError> {
    let folder = Folder::open()?;
    let _lock = folder.lock()?;
    match running(&folder) {
        Some(sandbox) => end(&folder, &sandbox).map(|()| true),
        None => Ok(false),
    }
}

/// Empties the simulated account.
pub(crate) fn reset() -> Result<(), SandboxError> {
    let sandbox = status()?.ok_or(SandboxError::NotRunning)?;
    control::reset(&sandbox.endpoint, &sandbox.account)
}

fn given_endpoint() -> Option<String> {
    std::env::var("KONGSTACK_SANDBOX_ENDPOINT")
        .ok()
        .filter(|text| !text.is_empty())
}

fn account() -> String {
    std::env::var("KONGSTACK_SANDBOX_ACCOUNT").unwrap_or_else(|_| ACCOUNT.to_owned())
}

/// `KONGSTACK_SANDBOX_PATIENCE`, in seconds: tests do not wait half a minute for an answer that never comes.
fn patience() -> Option<Duration> {
    let text = std::env::var("KONGSTACK_SANDBOX_PATIENCE").ok()?;
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

fn reach(endpoint: String) -> Result<Sandbox, SandboxError> {
    let account = account();
    let health = control::health(&endpoint, &account)?;
    Ok(Sandbox {
        endpoint,
        account,
        health,
        patience: patience(),
    })
}

/// The remembered server, if it still answers and is of this version of the package.
fn running(folder: &Folder) -> Option<Sandbox> {
    let text = fs::read_to_string(folder.at("server.json")).ok()?;
    let remembered: Remembered = serde_json::from_str(&text).ok()?;
    let sandbox = reach(remembered.endpoint).ok()?;
    if remembered.package == package::version() {
        return Some(sandbox);
    }
    end(folder, &sandbox).ok();
    None
}

fn launch(
    folder: &Folder,
    speed: f64,
    exit_with: Option<u32>,
    say: &dyn Fn(&str),
) -> Result<Sandbox, SandboxError> {
    let python = install::python(folder, say)?;
    let modules = package::write(folder)?;
    let (ready, log) = (folder.at("ready.json"), folder.at("server.log"));
    if ready.exists() {
        fs::remove_file(&ready).map_err(of("removing", &ready))?;
    }
    let output = File::create(&log).map_err(of("writing", &log))?;
    let errors = output.try_clone().map_err(of("writing", &log))?;
    let mut command = Command::new(&python);
    command
        .args([
            "-m",
            "standin",
            "--port",
            "0",
            "--speed",
            &speed.to_string(),
            "--ready-file",
        ])
        .arg(&ready);
    if let Some(pid) = exit_with {
        command.args(["--exit-with", &pid.to_string()]);
    }
    command
        .env_clear()
        .env("PYTHONPATH", &modules)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&modules);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    // A group of its own: Ctrl-C at the command that started it does not end it.
    command.process_group(0);
    let mut child = command.spawn().map_err(of("running", &python))?;
    let since = Instant::now();
    let port = loop {
        if let Some(port) = port_in(&ready) {
            break port;
        }
        let ended = child.try_wait().is_ok_and(|status| status.is_some());
        if ended || since.elapsed() > START {
            return Err(SandboxError::Start {
                log: tail(&log, SHOWN),
            });
        }
        thread::sleep(LOOK);
    };
    let endpoint = format!("http://127.0.0.1:{port}");
    remember(
        folder,
        &Remembered {
            endpoint: endpoint.clone(),
            package: package::version(),
        },
    )?;
    reach(endpoint)
}

fn port_in(ready: &Path) -> Option<u16> {
    let text = fs::read_to_string(ready).ok()?;
    serde_json::from_str::<Ready>(&text)
        .ok()
        .map(|ready| ready.port)
}

fn remember(folder: &Folder, remembered: &Remembered) -> Result<(), SandboxError> {
    let path = folder.at("server.json");
    let text = serde_json::to_string(remembered).unwrap_or_default();
    fs::write(&path, text).map_err(of("writing", &path))
}

/// Ends the server whose process the server itself has named.
fn end(folder: &Folder, sandbox: &Sandbox) -> Result<(), SandboxError> {
    if let Some(pid) = rustix::process::Pid::from_raw(sandbox.health.pid) {
        // It may have gone by itself meanwhile.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
    let since = Instant::now();
    while control::health(&sandbox.endpoint, &sandbox.account).is_ok() && since.elapsed() < STOP {
        thread::sleep(LOOK);
    }
    let path = folder.at("server.json");
    fs::remove_file(&path).map_err(of("removing", &path))
}
