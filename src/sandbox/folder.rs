//! Where the sandbox keeps its files: one folder in the user's caches.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::SandboxError;

/// The sandbox's folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// This user's folder, made if it is not there.
    pub(super) fn open() -> Result<Self, SandboxError> {
        let caches = etcetera::choose_base_strategy().map_err(|_| SandboxError::NoCacheFolder)?;
        let path = caches.cache_dir().join("kongstack").join("sandbox");
        fs::create_dir_all(&path).map_err(of("making", &path))?;
        Ok(Self(path))
    }

    /// A file or folder in it.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Waits until no other process installs, starts or stops, and keeps them out until the file is dropped.
    pub(super) fn lock(&self) -> Result<File, SandboxError> {
        let path = self.at("lock");
        let file = File::create(&path).map_err(of("opening", &path))?;
        file.lock().map_err(of("locking", &path))?;
        Ok(file)
    }
}

/// Names the file and the action in an I/O error.
pub(super) fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SandboxError {
    let path = path.to_owned();
    move |source| SandboxError::File {
        action,
        path,
        source,
    }
}

/// The last `lines` lines of a text file; empty when it cannot be read.
pub(super) fn tail(path: &Path, lines: usize) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    last_lines(&String::from_utf8_lossy(&bytes), lines)
}

/// The last `lines` lines of a text.
pub(super) fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    all.get(from..).unwrap_or_default().join("\n")
}
