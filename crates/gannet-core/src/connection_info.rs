//! Who is at the two ends of a connection.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The address of one end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerAddress {
    /// TCP.
    Tcp(SocketAddr),
    /// A Unix socket, with its path if it has one; the clients of one usually have none.
    Unix(Option<PathBuf>),
    /// A connection inside the process.
    InMemory,
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(Some(path)) => write!(formatter, "unix:{}", path.display()),
            Self::Unix(None) => formatter.write_str("unix:"),
            Self::InMemory => formatter.write_str("in-memory"),
        }
    }
}

/// The two ends of a connection; cheap to clone.
///
/// ```
/// use gannet_core::{ConnectionInfo, PeerAddress};
///
/// let info = ConnectionInfo::new(Some(PeerAddress::InMemory), None);
/// assert_eq!(info.remote_address(), Some(&PeerAddress::InMemory));
/// ```
#[derive(Clone)]
pub struct ConnectionInfo(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    remote: Option<PeerAddress>,
    local: Option<PeerAddress>,
}

impl ConnectionInfo {
    /// The two ends, as far as they are known.
    pub fn new(remote: Option<PeerAddress>, local: Option<PeerAddress>) -> Self {
        Self(Arc::new(Ends { remote, local }))
    }

    /// The peer's end.
    pub fn remote_address(&self) -> Option<&PeerAddress> {
        self.0.remote.as_ref()
    }

    /// Our end.
    pub fn local_address(&self) -> Option<&PeerAddress> {
        self.0.local.as_ref()
    }
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
