//! AWS's Session Manager plugin, which speaks for us in a session: whether it is there, and handing over to it.
//!
//! It takes what the AWS CLI gives it: the session, the region, `StartSession`, the profile, the target, the endpoint. The
//! session lets in whoever knows it, and other users of a machine see argument lists; so it goes into the plugin's
//! environment, under a name that is the argument in its place. The plugin takes that since 1.2.536.0, and takes it out
//! of its environment at once.

use std::ffi::OsStr;
use std::io::{Error, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::exec::Opened;

/// The program.
const PROGRAM: &str = "session-manager-plugin";
/// The variable that holds the session. The plugin looks for a name that begins so.
const VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// The first version that takes a session from its environment.
const OLDEST: [u32; 4] = [1, 2, 536, 0];

/// Why the plugin cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginError {
    /// It is not installed, or not on PATH.
    #[error("the program {PROGRAM} is not on PATH")]
    Missing,
    /// It would show the session to everybody on this machine.
    #[error(
        "{PROGRAM} {0} takes a session only as an argument, which everybody on this machine can read"
    )]
    TooOld(String),
    /// It does not run.
    #[error("{PROGRAM} cannot be run")]
    Broken(#[source] Error),
}

/// Looks whether the plugin is there and new enough. Blocks for as long as it takes to print its version.
///
/// # Errors
/// When it is not.
pub(crate) fn check() -> Result<(), PluginError> {
    let mut command = Command::new(PROGRAM);
    let output = command.arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => PluginError::Missing,
        _ => PluginError::Broken(error),
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.trim();
    if is_old(version) {
        return Err(PluginError::TooOld(version.to_owned()));
    }
    Ok(())
}

/// Whether a version is known to be too old. A build of one's own may call itself anything.
fn is_old(version: &str) -> bool {
    let parts: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
    parts.is_ok_and(|parts| parts.as_slice() < OLDEST.as_slice())
}

/// Becomes the plugin, in the session: signals, terminal and exit code are its own from here on.
///
/// Returns only when that fails.
pub(crate) fn become_plugin(
    opened: &Opened,
    region: &str,
    profile: Option<&str>,
    endpoint: &str,
) -> Error {
    let arguments = [
        VARIABLE,
        region,
        "StartSession",
        profile.unwrap_or_default(),
        &opened.target,
        endpoint,
    ];
    Command::new(PROGRAM)
        .args(arguments.map(OsStr::new))
        .env(VARIABLE, opened.expose())
        .exec()
}

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn only_what_takes_no_session_from_its_environment_is_too_old() {
        for old in ["1.1.17.0", "1.2.497.0"] {
            assert!(is_old(old), "{old}");
        }
        for fine in ["1.2.536.0", "1.2.764.0", "1.3.0.0", "2.0", "dev", ""] {
            assert!(!is_old(fine), "{fine}");
        }
    }
}
