//! Errors outside a call: where a server or a channel could not be set up.
//!
//! Not here: what goes wrong with a call, which is a `Status`, and on a connection, which is [`crate::Closed`].

use std::fmt;
use std::sync::Arc;

/// What was being done when an [`Error`] arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Reading a setting, an address or a URI.
    Configure,
    /// Looking a name up.
    Resolve,
    /// Taking an address to listen on.
    Listen,
    /// Connecting to a peer.
    Connect,
    /// Agreeing on TLS with a peer that was reached.
    Handshake,
}

/// A server or channel could not be set up: says in which phase, with which address, and why. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Error {
    phase: Phase,
    address: String,
    cause: Arc<dyn std::error::Error + Send + Sync>,
}

impl Error {
    /// An error of `phase` about `address`.
    pub fn new(
        phase: Phase,
        address: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { phase, address: address.into(), cause: Arc::from(cause.into()) }
    }

    /// What was being done.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The address or URI in question.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, cause, .. } = self;
        match self.phase {
            Phase::Configure => write!(formatter, "`{address}` cannot be used: {cause}"),
            Phase::Resolve => write!(formatter, "cannot resolve `{address}`: {cause}"),
            Phase::Listen => write!(formatter, "cannot listen on `{address}`: {cause}"),
            Phase::Connect => write!(formatter, "cannot connect to `{address}`: {cause}"),
            Phase::Handshake => write!(formatter, "TLS handshake with `{address}` failed: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}
