//! Why a server could not agree on TLS with a client.

use std::fmt;
use std::sync::Arc;

use gannet_core::PeerAddress;

/// A handshake that failed on the server: with whom, of what kind, and why in words. Cheap to clone.
///
/// What it says is for the server's log; the client was told as much as TLS lets it be.
#[derive(Debug, Clone)]
pub struct HandshakeError {
    kind: HandshakeErrorKind,
    remote: Option<PeerAddress>,
    why: Arc<str>,
}

/// What kind of thing went wrong in a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeErrorKind {
    /// The client left before it had sent a byte, as port scans and TCP health checks do.
    ClosedAtOnce,
    /// The client left in the middle.
    Closed,
    /// The client did not finish in time.
    TimedOut,
    /// More handshakes were under way than may be, and this one was the oldest.
    Evicted,
    /// The client speaks HTTP/2 without TLS. It was told so in HTTP/2.
    PlaintextHttp2,
    /// The client speaks HTTP/1 without TLS. It was told so in HTTP/1.
    PlaintextHttp1,
    /// What the client sends is not TLS.
    NotTls,
    /// The client does not offer HTTP/2 by ALPN.
    NoHttp2,
    /// There is no version, cipher suite or key exchange in common.
    NothingInCommon,
    /// A client certificate is required and none was given.
    ClientCertificateMissing,
    /// The client's certificate is not good.
    ClientCertificateRefused,
    /// The client ended it with an alert, as when it does not like our certificate.
    RefusedByClient,
    /// The client broke the rules of TLS.
    Protocol,
    /// The connection failed.
    Io,
    /// Our own settings cannot be used.
    Configuration,
}

impl HandshakeError {
    pub(super) fn new(kind: HandshakeErrorKind, why: impl Into<Arc<str>>) -> Self {
        Self { kind, remote: None, why: why.into() }
    }

    pub(super) fn with(mut self, remote: Option<PeerAddress>) -> Self {
        self.remote = remote;
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> HandshakeErrorKind {
        self.kind
    }

    /// The client's address.
    pub fn remote_address(&self) -> Option<&PeerAddress> {
        self.remote.as_ref()
    }

    /// Why, without the address.
    pub fn reason(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remote {
            Some(remote) => write!(formatter, "TLS handshake with {remote} failed: {}", self.why),
            None => write!(formatter, "TLS handshake failed: {}", self.why),
        }
    }
}

impl std::error::Error for HandshakeError {}
