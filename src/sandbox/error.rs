//! Why the sandbox is not there.

use std::io;
use std::path::PathBuf;

/// What can go wrong with the sandbox.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// There is no folder for this user's caches.
    #[error("this user has no cache folder; set HOME or XDG_CACHE_HOME")]
    NoCacheFolder,
    /// A file or folder of the sandbox could not be read or written.
    #[error("{action} {} failed", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Python is not there.
    #[error(
        "`{python}` could not be run; the sandbox needs Python 3.9 or newer (set KONGSTACK_PYTHON to use another)"
    )]
    NoPython {
        /// The program tried.
        python: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A step of the installation failed.
    #[error("{what} failed:\n{output}")]
    Install {
        /// The step.
        what: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// The server did not come up.
    #[error("the simulation did not start:\n{log}")]
    Start {
        /// The end of its log.
        log: String,
    },
    /// The server does not answer as it should.
    #[error("the simulation at {endpoint} does not answer")]
    NoAnswer {
        /// Where it should be.
        endpoint: String,
        /// What happened.
        #[source]
        source: Box<ureq::Error>,
    },
    /// No server runs.
    #[error("no sandbox is running; `kongstack sandbox start` starts one")]
    NotRunning,
}
