//! Why a command on certificates could not do what it was asked for.

use std::fmt;

/// What is wrong, where, and how to mend it, in words.
#[derive(Debug)]
pub(crate) struct Error(String);

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// What rcgen refuses: only what its own limits make of sound input.
impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self(format!("the certificate cannot be made: {error}"))
    }
}
