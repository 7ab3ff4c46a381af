//! Who is at the two ends of a connection, and what protects it.

use std::any::{Any, TypeId, type_name};
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

/// What TLS agreed on for a connection.
///
/// ```
/// use gannet_core::TlsInfo;
///
/// let tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384").with_alpn("h2");
/// assert_eq!((tls.version(), tls.alpn(), tls.is_resumed()), ("TLSv1.3", Some("h2"), false));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    version: String,
    cipher_suite: String,
    alpn: Option<String>,
    server_name: Option<String>,
    resumed: bool,
}

impl TlsInfo {
    /// A version of TLS such as `TLSv1.3` and a cipher suite by its IANA name.
    pub fn new(version: impl Into<String>, cipher_suite: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            cipher_suite: cipher_suite.into(),
            alpn: None,
            server_name: None,
            resumed: false,
        }
    }

    /// The protocol that ALPN chose (RFC 7301): `h2` for HTTP/2.
    pub fn with_alpn(mut self, protocol: impl Into<String>) -> Self {
        self.alpn = Some(protocol.into());
        self
    }

    /// The server's name that the client asked for (SNI, RFC 6066 section 3).
    pub fn with_server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Whether an earlier session went on here, without certificates being exchanged anew.
    pub fn with_resumed(mut self, resumed: bool) -> Self {
        self.resumed = resumed;
        self
    }

    /// The version, `TLSv1.2` or `TLSv1.3`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The cipher suite by its IANA name, such as `TLS_AES_256_GCM_SHA384`.
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The protocol that ALPN chose.
    pub fn alpn(&self) -> Option<&str> {
        self.alpn.as_deref()
    }

    /// The server's name that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Whether an earlier session went on here.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }
}

/// The two ends of a connection, and what is known of it; cheap to clone.
///
/// ```
/// use gannet_core::{ConnectionInfo, PeerAddress};
///
/// let info = ConnectionInfo::new(Some(PeerAddress::InMemory), None);
/// assert_eq!(info.remote_address(), Some(&PeerAddress::InMemory));
/// assert!(!info.is_secure());
/// ```
#[derive(Clone)]
pub struct ConnectionInfo(Arc<Facts>);

#[derive(Clone)]
struct Facts {
    remote: Option<PeerAddress>,
    local: Option<PeerAddress>,
    tls: Option<TlsInfo>,
    attachments: Vec<Attachment>,
}

#[derive(Clone)]
struct Attachment {
    of: TypeId,
    name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl ConnectionInfo {
    /// The two ends, as far as they are known.
    pub fn new(remote: Option<PeerAddress>, local: Option<PeerAddress>) -> Self {
        Self(Arc::new(Facts { remote, local, tls: None, attachments: Vec::new() }))
    }

    /// The peer's end.
    pub fn remote_address(&self) -> Option<&PeerAddress> {
        self.0.remote.as_ref()
    }

    /// Our end.
    pub fn local_address(&self) -> Option<&PeerAddress> {
        self.0.local.as_ref()
    }

    /// Says that TLS protects the connection.
    ///
    /// For listeners and connectors, which know; it is believed: credentials go out on a connection that is secure.
    pub fn with_tls(mut self, tls: TlsInfo) -> Self {
        Arc::make_mut(&mut self.0).tls = Some(tls);
        self
    }

    /// What TLS agreed on, if it protects the connection.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.0.tls.as_ref()
    }

    /// Whether nobody but the two ends can read or change what the connection carries: whether it has TLS.
    pub fn is_secure(&self) -> bool {
        self.0.tls.is_some()
    }

    /// Attaches a value, in place of an earlier one of the same type.
    ///
    /// For what a listener knows of the peer, such as its verified identity: every request of the connection shows it.
    ///
    /// ```
    /// use gannet_core::ConnectionInfo;
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct Rack(u16);
    ///
    /// let info = ConnectionInfo::new(None, None).with(Rack(7));
    /// assert_eq!(info.get::<Rack>(), Some(&Rack(7)));
    /// ```
    pub fn with<T: Any + Send + Sync>(mut self, value: T) -> Self {
        let facts = Arc::make_mut(&mut self.0);
        let of = TypeId::of::<T>();
        facts.attachments.retain(|attachment| attachment.of != of);
        facts.attachments.push(Attachment { of, name: type_name::<T>(), value: Arc::new(value) });
        self
    }

    /// The attached value of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        let attachment = self.0.attachments.iter().find(|attachment| attachment.of == TypeId::of::<T>())?;
        attachment.value.downcast_ref()
    }
}

impl fmt::Debug for ConnectionInfo {
    /// Of attachments the types only: a value may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { remote, local, tls, attachments } = &*self.0;
        let mut debug = formatter.debug_struct("ConnectionInfo");
        debug.field("remote", remote).field("local", local);
        if let Some(tls) = tls {
            debug.field("tls", tls);
        }
        let names: Vec<_> = attachments.iter().map(|attachment| attachment.name).collect();
        if !names.is_empty() {
            debug.field("attachments", &names);
        }
        debug.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_are_found_by_type_and_leave_clones_alone() {
        let plain = ConnectionInfo::new(Some(PeerAddress::InMemory), None);
        let attached = plain.clone().with(1_u8).with("text").with(2_u8);
        assert_eq!(attached.get::<u8>(), Some(&2));
        assert_eq!(attached.get::<&str>(), Some(&"text"));
        assert_eq!(attached.remote_address(), Some(&PeerAddress::InMemory));
        assert_eq!(plain.get::<u8>(), None);
    }

    #[test]
    fn tls_makes_a_connection_secure() {
        let plain = ConnectionInfo::new(None, None);
        let secure = plain.clone().with_tls(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
        assert!(secure.is_secure() && !plain.is_secure());
        assert_eq!(secure.tls().map(TlsInfo::version), Some("TLSv1.3"));
    }

    #[test]
    fn debug_shows_types_and_no_values_of_attachments() {
        let info = ConnectionInfo::new(None, None).with(String::from("secret"));
        let shown = format!("{info:?}");
        assert!(shown.contains("alloc::string::String") && !shown.contains("secret"), "{shown}");
    }
}
