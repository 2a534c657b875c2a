//! The virtual environment with the pinned moto.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::SandboxError;
use super::folder::{Folder, last_lines, of};
use super::package;

/// How much of pip's output an error shows.
const SHOWN: usize = 15;

/// The Python program of the environment, which is made first if it is not there; `say` tells the person.
///
/// The folder is named after what is installed in it, so another pin gets another folder. It counts as there only when
/// its last file is: an installation cut short is begun again.
pub(super) fn python(folder: &Folder, say: &dyn Fn(&str)) -> Result<PathBuf, SandboxError> {
    let environment = folder.at(&format!("venv-{}", package::requirements_version()));
    let (python, complete) = (
        environment.join("bin").join("python"),
        environment.join("complete"),
    );
    if complete.exists() {
        return Ok(python);
    }
    say("installing the simulation of AWS (moto) for this user: once, about a minute");
    let base = std::env::var_os("KONGSTACK_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut make = Command::new(&base);
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    let no_python = |source| SandboxError::NoPython {
        python: base.to_string_lossy().into_owned(),
        source,
    };
    finished(
        "making a virtual environment (python3 -m venv)",
        &make.output().map_err(no_python)?,
    )?;
    let list = environment.join("requirements.txt");
    fs::write(&list, package::requirements()).map_err(of("writing", &list))?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "-r",
    ])
    .arg(&list);
    finished(
        "installing moto (pip install)",
        &pip.output().map_err(of("running", &python))?,
    )?;
    mark(&complete)?;
    Ok(python)
}

fn finished(what: &'static str, output: &std::process::Output) -> Result<(), SandboxError> {
    if output.status.success() {
        return Ok(());
    }
    let text = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Err(SandboxError::Install {
        what,
        output: last_lines(text.trim(), SHOWN),
    })
}

fn mark(path: &Path) -> Result<(), SandboxError> {
    fs::write(path, "").map_err(of("writing", path))
}
