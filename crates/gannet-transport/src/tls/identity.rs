//! Who the peer is, as its verified certificate says.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gannet_core::ConnectionInfo;
use rustls::pki_types::CertificateDer;

use super::SpiffeId;
use super::certificate::{Facts, Malformed};

/// The verified identity of a connection's peer: the client's on the server, the server's on the client.
///
/// There is one only if TLS verified a certificate of the peer; nothing else makes one, so that who holds one need not
/// ask whether it was verified. A server that asks for no client certificate has none for its peers.
///
/// ```
/// use gannet_core::ConnectionInfo;
/// use gannet_transport::tls::PeerIdentity;
///
/// fn may_read(connection: Option<&ConnectionInfo>) -> bool {
///     let Some(peer) = PeerIdentity::of(connection) else { return false };
///     peer.spiffe_id().is_some_and(|id| id.trust_domain() == "prod.example")
/// }
/// # assert!(!may_read(None));
/// ```
#[derive(Clone)]
pub struct PeerIdentity(Arc<Verified>);

struct Verified {
    chain: Vec<CertificateDer<'static>>,
    facts: Facts,
    spiffe_id: Option<SpiffeId>,
}

impl PeerIdentity {
    /// The identity of the peer of `connection`, such as that of a request.
    pub fn of(connection: Option<&ConnectionInfo>) -> Option<&Self> {
        connection?.get()
    }

    /// What was verified: the peer's certificate, then those that it sent with it.
    ///
    /// Only for chains that rustls found good.
    pub(super) fn verified(chain: &[CertificateDer<'static>]) -> Result<Option<Self>, Malformed> {
        let Some(leaf) = chain.first() else { return Ok(None) };
        let facts = Facts::of(leaf)?;
        // An X.509-SVID has exactly one URI among its names (X509-SVID section 2).
        let spiffe_id = match facts.uris.as_slice() {
            [uri] => uri.parse().ok(),
            _ => None,
        };
        Ok(Some(Self(Arc::new(Verified { chain: chain.to_vec(), facts, spiffe_id }))))
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.0.facts
    }

    /// The certificates as the peer sent them: its own first.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }

    /// The distinguished name of the subject as a string (RFC 4514), such as `CN=reader,O=Example`; may be empty.
    pub fn subject(&self) -> &str {
        &self.0.facts.subject
    }

    /// The distinguished name of the issuer as a string (RFC 4514).
    pub fn issuer(&self) -> &str {
        &self.0.facts.issuer
    }

    /// The Common Name of the subject, if it has one. A name for people: decide by the alternative names.
    pub fn common_name(&self) -> Option<&str> {
        self.0.facts.common_name.as_deref()
    }

    /// The serial number in hexadecimal, as in `openssl x509 -serial`.
    pub fn serial(&self) -> &str {
        &self.0.facts.serial
    }

    /// The DNS names among the subject alternative names; may have wildcards.
    pub fn dns_names(&self) -> &[String] {
        &self.0.facts.dns_names
    }

    /// The IP addresses among the subject alternative names.
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.0.facts.ip_addresses
    }

    /// The URIs among the subject alternative names.
    pub fn uris(&self) -> &[String] {
        &self.0.facts.uris
    }

    /// The email addresses among the subject alternative names.
    pub fn emails(&self) -> &[String] {
        &self.0.facts.emails
    }

    /// The SPIFFE ID: the only URI among the names, if it is a valid one (X509-SVID section 2).
    pub fn spiffe_id(&self) -> Option<&SpiffeId> {
        self.0.spiffe_id.as_ref()
    }

    /// From when on the certificate counts.
    pub fn not_before(&self) -> SystemTime {
        since_1970(self.0.facts.not_before)
    }

    /// Until when the certificate counts. A connection that outlives it stays.
    pub fn not_after(&self) -> SystemTime {
        since_1970(self.0.facts.not_after)
    }
}

fn since_1970(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

impl fmt::Debug for PeerIdentity {
    /// The names; the certificates themselves are left out.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { subject, dns_names, ip_addresses, uris, emails, serial, .. } = &self.0.facts;
        formatter
            .debug_struct("PeerIdentity")
            .field("subject", subject)
            .field("dns_names", dns_names)
            .field("ip_addresses", ip_addresses)
            .field("uris", uris)
            .field("emails", emails)
            .field("serial", serial)
            .finish_non_exhaustive()
    }
}
