//! Where a channel goes: the URI, taken apart.
//!
//! Not here: looking names up (`resolver`).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use gannet_transport::{Connector, Error, MemoryConnector, Phase};

/// What a channel's URI says.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// What to look up.
    pub(crate) endpoint: Endpoint,
    /// The `:authority` of requests.
    pub(crate) authority: String,
    /// The URI as given, for messages.
    pub(crate) uri: String,
    /// The scheme, if the URI has one that says whether to use TLS.
    pub(crate) scheme: Option<Scheme>,
    /// The host without brackets and port: whom a server has to prove to be.
    pub(crate) host: String,
}

/// What a URI says of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Plaintext.
    Http,
    /// TLS.
    Https,
}

/// What a channel connects to.
#[derive(Clone)]
pub(crate) enum Endpoint {
    /// A host (name or address) and a port.
    Host { host: String, port: u16 },
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// An in-memory listener.
    Memory(MemoryConnector),
    /// Wherever the connector leads.
    Custom(Arc<dyn Connector>),
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Memory(_) => formatter.write_str("in-memory"),
            Self::Custom(_) => formatter.write_str("custom"),
        }
    }
}

/// The port of URIs that name none.
fn default_port(scheme: Option<Scheme>) -> u16 {
    match scheme {
        Some(Scheme::Https) => 443,
        Some(Scheme::Http) | None => 80,
    }
}

/// The host of an authority: what a certificate is for.
fn host_of(authority: &str) -> String {
    split_port(authority).map_or(authority, |(host, _)| host).to_owned()
}

impl Target {
    /// Takes `http://host:port`, `https://host:port`, `host:port` or `unix:/path` apart.
    pub(crate) fn parse(uri: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error::new(Phase::Configure, uri, why.to_owned());
        if let Some(path) = uri.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(refuse("the path of the Unix socket is missing: expected unix:/path/to/socket"));
            }
            return Ok(Self {
                endpoint: Endpoint::Unix(PathBuf::from(path)),
                authority: "localhost".to_owned(),
                uri: uri.to_owned(),
                scheme: None,
                host: "localhost".to_owned(),
            });
        }
        let (scheme, rest) = match uri.split_once("://") {
            None => (None, uri),
            // A scheme's case does not matter (RFC 3986 section 3.1).
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(Scheme::Http), rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(Scheme::Https), rest),
            Some((scheme, _)) => {
                return Err(refuse(&format!(
                    "unknown scheme `{scheme}`: expected http://, https:// or unix:"
                )));
            }
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(refuse("a channel's URI is a host and a port, without path, query or user"));
        }
        let (host, port) =
            split_port(authority).ok_or_else(|| refuse("the port is not a number below 65536"))?;
        if host.is_empty()
            || host.chars().any(|character| character.is_whitespace() || character.is_control())
        {
            return Err(refuse("the host is missing or malformed: expected host:port"));
        }
        Ok(Self {
            endpoint: Endpoint::Host {
                host: host.to_owned(),
                port: port.unwrap_or_else(|| default_port(scheme)),
            },
            authority: authority.to_owned(),
            uri: uri.to_owned(),
            scheme,
            host: host.to_owned(),
        })
    }

    /// The target of a channel with a connector of the caller's.
    pub(crate) fn custom(authority: &str, connector: Arc<dyn Connector>) -> Self {
        Self {
            endpoint: Endpoint::Custom(connector),
            authority: authority.to_owned(),
            uri: authority.to_owned(),
            scheme: None,
            host: host_of(authority),
        }
    }

    /// The target of an in-memory channel.
    pub(crate) fn memory(connector: MemoryConnector) -> Self {
        Self {
            endpoint: Endpoint::Memory(connector),
            authority: "in-memory".to_owned(),
            uri: "in-memory".to_owned(),
            scheme: None,
            host: "in-memory".to_owned(),
        }
    }
}

/// Host and port of an authority; `None` if the port is none.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        return match rest.strip_prefix(':') {
            None if rest.is_empty() => Some((host, None)),
            None => None,
            Some(port) => port.parse().ok().map(|port| (host, Some(port))),
        };
    }
    match authority.rsplit_once(':') {
        None => Some((authority, None)),
        Some((host, port)) => port.parse().ok().map(|port| (host, Some(port))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_and_port(uri: &str) -> (String, u16) {
        match Target::parse(uri).unwrap().endpoint {
            Endpoint::Host { host, port } => (host, port),
            other => panic!("{uri} became {other:?}"),
        }
    }

    #[test]
    fn hosts_and_ports_are_found() {
        assert_eq!(host_and_port("http://localhost:50051"), ("localhost".to_owned(), 50051));
        assert_eq!(host_and_port("localhost:50051"), ("localhost".to_owned(), 50051));
        assert_eq!(host_and_port("http://[::1]:7"), ("::1".to_owned(), 7));
        assert_eq!(host_and_port("http://example.org/"), ("example.org".to_owned(), 80));
        assert_eq!(host_and_port("https://example.org"), ("example.org".to_owned(), 443));
        assert_eq!(host_and_port("https://[::1]"), ("::1".to_owned(), 443));
    }

    #[test]
    fn the_host_to_be_proven_is_without_port_and_brackets() {
        for (uri, host) in
            [("https://example.org:1", "example.org"), ("https://[::1]:1", "::1"), ("a:1", "a")]
        {
            assert_eq!(Target::parse(uri).unwrap().host, host);
        }
        assert_eq!(host_of("[::1]:443"), "::1");
        assert_eq!(Target::parse("https://a").unwrap().scheme, Some(Scheme::Https));
        assert_eq!(Target::parse("HTTP://a").unwrap().scheme, Some(Scheme::Http));
        assert_eq!(Target::parse("a:1").unwrap().scheme, None);
    }

    #[test]
    fn unix_sockets_are_found() {
        assert!(
            matches!(Target::parse("unix:/run/a.sock").unwrap().endpoint, Endpoint::Unix(path) if path.to_str() == Some("/run/a.sock"))
        );
        assert!(
            matches!(Target::parse("unix:///run/a.sock").unwrap().endpoint, Endpoint::Unix(path) if path.to_str() == Some("/run/a.sock"))
        );
    }

    #[test]
    fn what_cannot_be_a_channel_is_refused_with_the_reason() {
        for (uri, why) in [
            ("ftp://localhost", "unknown scheme `ftp`"),
            ("http://localhost:99999", "port"),
            ("http://", "host"),
            ("http://a b", "host"),
            ("http://localhost/path", "without path"),
            ("unix:", "path of the Unix socket"),
            ("[::1:5", "port"),
        ] {
            let error = Target::parse(uri).unwrap_err().to_string();
            assert!(error.contains(why), "{uri}: {error}");
        }
    }
}
