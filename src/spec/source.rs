//! The stack file as it lies on disk or comes from standard input.
//!
//! Reading is the only thing the spec stage does outside of memory; everything behind [`read`] is pure.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Most bytes a stack file may have; a long one has a few thousand.
const MAX_BYTES: u64 = 1024 * 1024;

/// A stack file's text and the name to show for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// As problems name it: the path as given, or `<stdin>`.
    pub(crate) name: String,
    /// The whole text.
    pub(crate) text: String,
}

/// Why a stack file could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// There is none.
    #[error("there is no file `{name}`")]
    Missing { name: String },
    /// A folder has the name.
    #[error("`{name}` is a directory, not a stack file")]
    Directory { name: String },
    /// The system refuses.
    #[error("no permission to read `{name}`")]
    Permission { name: String },
    /// It is no text.
    #[error("`{name}` is not text in UTF-8: the first bytes that are not begin in line {line}")]
    NotUtf8 { name: String, line: usize },
    /// It is far too long.
    #[error("`{name}` has more than 1 MiB; no stack file is that long")]
    TooLarge { name: String },
    /// Anything else the system says.
    #[error("`{name}` cannot be read")]
    Other {
        name: String,
        #[source]
        cause: io::Error,
    },
}

/// Reads a stack file; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Source, SourceError> {
    if path.as_os_str() == "-" {
        return take("<stdin>".to_owned(), io::stdin().lock());
    }
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(SourceError::Directory { name });
    }
    match File::open(path) {
        Ok(file) => take(name, file),
        Err(cause) => Err(refused(name, cause)),
    }
}

fn take(name: String, from: impl Read) -> Result<Source, SourceError> {
    let mut bytes = Vec::new();
    if let Err(cause) = from.take(MAX_BYTES + 1).read_to_end(&mut bytes) {
        return Err(refused(name, cause));
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(SourceError::TooLarge { name });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name, text }),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(SourceError::NotUtf8 { name, line })
        }
    }
}

fn refused(name: String, cause: io::Error) -> SourceError {
    match cause.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::Missing { name },
        io::ErrorKind::PermissionDenied => SourceError::Permission { name },
        io::ErrorKind::IsADirectory => SourceError::Directory { name },
        _ => SourceError::Other { name, cause },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{MAX_BYTES, Source, read};

    fn refusal(path: &Path) -> String {
        read(path)
            .unwrap_err()
            .to_string()
            .replace(&*path.to_string_lossy(), "PATH")
    }

    #[test]
    fn reads_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ß.yaml");
        fs::write(&path, "name: x\n").unwrap();
        assert_eq!(
            read(&path).unwrap(),
            Source {
                name: path.display().to_string(),
                text: "name: x\n".to_owned()
            }
        );
    }

    #[test]
    fn says_why_a_file_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kongstack.yaml");
        assert_eq!(refusal(&path), "there is no file `PATH`");
        assert_eq!(
            refusal(folder.path()),
            "`PATH` is a directory, not a stack file"
        );
        fs::write(&path, b"name: x\nregion: \xff\n").unwrap();
        assert_eq!(
            refusal(&path),
            "`PATH` is not text in UTF-8: the first bytes that are not begin in line 2"
        );
        fs::write(&path, vec![b'#'; usize::try_from(MAX_BYTES).unwrap()]).unwrap();
        assert!(read(&path).is_ok());
        fs::write(&path, vec![b'#'; 10 * usize::try_from(MAX_BYTES).unwrap()]).unwrap();
        assert_eq!(
            refusal(&path),
            "`PATH` has more than 1 MiB; no stack file is that long"
        );
        assert_eq!(refusal(&path.join("under")), "there is no file `PATH`");
    }
}
