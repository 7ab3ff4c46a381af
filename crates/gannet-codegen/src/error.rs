//! What can go wrong between descriptors and Rust, and how to say it.
//!
//! Faults of `.proto` sources themselves (syntax, imports) are `gannet-build`'s.

use std::fmt;

/// Why code could not be generated.
///
/// `Debug` prints the same text as `Display`, so that `unwrap()` in a build script reads well.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The descriptor set is not well-formed protobuf, or a file it names is not in it.
    Descriptor,
    /// A type is used that is neither generated nor mapped to a path.
    UnresolvedType,
    /// An option is unknown or has an unusable value.
    Option,
    /// The message generator refused the descriptors.
    Messages,
    /// A rule in the options of a message cannot be carried out.
    Rule,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn malformed() -> Self {
        Self::new(ErrorKind::Descriptor, "the descriptor set is not well-formed protobuf")
            .with_help("it may be truncated, or not a FileDescriptorSet at all; write it anew")
    }

    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong, without the advice.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, where something general can be said.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
