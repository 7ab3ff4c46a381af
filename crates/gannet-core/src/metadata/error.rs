//! Why an entry was refused.

use std::fmt;

use crate::Status;

/// A key or a value cannot be metadata.
///
/// It turns into an INTERNAL [`Status`] with `?`: what a handler sends is the server's own doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMetadata {
    key: Box<str>,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    EmptyKey,
    Key,
    Pseudo,
    Grpc,
    Http,
    BinaryKey,
    NotBinaryKey,
    Value,
    TooLong,
}

impl InvalidMetadata {
    #[cold]
    pub(super) fn new(key: &str, reason: Reason) -> Self {
        Self { key: key.into(), reason }
    }

    /// The key that was refused, or whose value was.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for InvalidMetadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "metadata {:?} was refused: ", self.key)?;
        formatter.write_str(match self.reason {
            Reason::EmptyKey => "a key has at least one letter",
            Reason::Key => "a key has only the letters a to z, digits, `_`, `-` and `.`",
            Reason::Pseudo => "keys that start with `:` are HTTP/2's own",
            Reason::Grpc => "keys that start with `grpc-` are gRPC's own",
            Reason::Http => "the key is HTTP's own or the transport's",
            Reason::BinaryKey => "keys that end in `-bin` have binary values (insert_bin, append_bin)",
            Reason::NotBinaryKey => "a key of binary values ends in `-bin`",
            Reason::Value => "the value is not printable ASCII; a key that ends in `-bin` takes any bytes",
            Reason::TooLong => "the key is longer than 64 KiB, or the value than 3 GiB",
        })
    }
}

impl std::error::Error for InvalidMetadata {}

impl From<InvalidMetadata> for Status {
    fn from(error: InvalidMetadata) -> Self {
        Self::internal(error.to_string())
    }
}
