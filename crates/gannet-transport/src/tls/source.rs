//! Where certificates, keys and revocation lists come from: a file that may change, or bytes.
//!
//! Not here: what is in them (`pem.rs`), when they are read again (`live.rs`).

use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::io::{Read, Take};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::{Error, Phase};

/// Bytes a file of certificates or keys may have: 8 MiB. The roots of a whole system take a quarter of one.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// Bytes a file of revocation lists may have: 128 MiB. The largest in use take about 100.
const MAX_REVOCATION_FILE: u64 = 128 * 1024 * 1024;

/// What a source is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Certificate,
    Key,
    CaCertificates,
    RevocationLists,
}

impl Holds {
    /// The name of bytes without a file.
    fn name(self) -> &'static str {
        match self {
            Self::Certificate => "the certificate given as PEM",
            Self::Key => "the private key given as PEM",
            Self::CaCertificates => "the CA certificates given as PEM",
            Self::RevocationLists => "the revocation lists given as PEM",
        }
    }

    fn limit(self) -> u64 {
        match self {
            Self::RevocationLists => MAX_REVOCATION_FILE,
            _ => MAX_FILE,
        }
    }
}

/// A file, or bytes.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) holds: Holds,
    from: From,
}

#[derive(Clone)]
enum From {
    File(PathBuf),
    Bytes { name: Arc<str>, bytes: Arc<[u8]> },
}

/// A source that was read.
pub(super) struct Content {
    pub(super) name: String,
    /// The file, to be named in commands.
    pub(super) path: Option<PathBuf>,
    pub(super) bytes: Arc<[u8]>,
}

impl Source {
    /// A file, which is watched; what is no regular file, such as a pipe, can be read once only and is read here.
    pub(super) fn file(holds: Holds, path: &Path) -> Result<Self, Error> {
        let source = Self { holds, from: From::File(path.to_owned()) };
        let regular = std::fs::metadata(path).map_err(|cause| unreadable(path, &cause))?;
        if regular.is_file() {
            return Ok(source);
        }
        if regular.is_dir() {
            return Err(Error::new(
                Phase::Configure,
                path.display().to_string(),
                "it is a folder, not a file",
            ));
        }
        let Content { name, bytes, .. } = source.read()?;
        Ok(Self { holds, from: From::Bytes { name: name.into(), bytes } })
    }

    pub(super) fn bytes(holds: Holds, bytes: &[u8]) -> Self {
        Self { holds, from: From::Bytes { name: holds.name().into(), bytes: bytes.into() } }
    }

    /// The file behind it.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.from {
            From::File(path) => Some(path),
            From::Bytes { .. } => None,
        }
    }

    /// Reads it. Blocks on the file.
    pub(super) fn read(&self) -> Result<Content, Error> {
        match &self.from {
            From::Bytes { name, bytes } => {
                Ok(Content { name: name.to_string(), path: None, bytes: Arc::clone(bytes) })
            }
            From::File(path) => {
                let name = path.display().to_string();
                let limit = self.holds.limit();
                let mut bytes = Vec::new();
                // One byte more than may be tells a file that is too long, whatever its metadata say.
                let mut file: Take<File> =
                    File::open(path).map_err(|cause| unreadable(path, &cause))?.take(limit + 1);
                file.read_to_end(&mut bytes).map_err(|cause| unreadable(path, &cause))?;
                if bytes.len() as u64 > limit {
                    let why = format!("it is longer than {} MiB", limit / (1024 * 1024));
                    return Err(Error::new(Phase::Configure, name, why));
                }
                Ok(Content { name, path: Some(path.clone()), bytes: bytes.into() })
            }
        }
    }
}

fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    let name = path.display().to_string();
    let why = match cause.kind() {
        std::io::ErrorKind::NotFound => format!("there is no such file ({cause})"),
        std::io::ErrorKind::PermissionDenied => format!(
            "the user this process runs as may not read it ({cause}): chown or chmod it for that user alone"
        ),
        _ => cause.to_string(),
    };
    Error::new(Phase::Configure, name, why)
}

impl fmt::Debug for Source {
    /// The name alone: the bytes may be a key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            From::File(path) => path.fmt(formatter),
            From::Bytes { name, .. } => formatter.write_str(name),
        }
    }
}

impl Content {
    /// An error about this source.
    pub(super) fn error(&self, why: impl Into<String>) -> Error {
        Error::new(Phase::Configure, &self.name, why.into())
    }

    /// The file as a command would name it, or a placeholder.
    pub(super) fn in_command(&self, placeholder: &str) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => placeholder.to_owned(),
        }
    }

    /// The file, if every user of the machine may read it.
    pub(super) fn readable_by_all(&self) -> Option<PathBuf> {
        #[cfg(unix)]
        if let Some(path) = &self.path {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
            return (mode & 0o004 != 0).then(|| path.clone());
        }
        None
    }
}

/// A number for what was read, the same for the same content; the content cannot be had from it.
pub(super) fn fingerprint(contents: &[Content]) -> u64 {
    static KEYED: OnceLock<RandomState> = OnceLock::new();
    let mut hasher = KEYED.get_or_init(RandomState::new).build_hasher();
    for content in contents {
        content.bytes.hash(&mut hasher);
    }
    hasher.finish()
}
