//! What a policy knows of the peer: whether there is TLS, and the names of its client certificate.
//!
//! Not here: verifying the certificate, which was done when the connection was made.

use gannet_core::ConnectionInfo;
use gannet_transport::tls::PeerIdentity;

use super::pattern::Pattern;

/// The peer, as gRFC A43 looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer<'a> {
    /// Without TLS.
    Plaintext,
    /// With TLS, and without a client certificate.
    Anonymous,
    /// With a client certificate that was verified.
    Known { uris: &'a [String], dns_names: &'a [String], subject: &'a str },
}

impl<'a> Peer<'a> {
    pub(super) fn of(connection: Option<&'a ConnectionInfo>) -> Self {
        match PeerIdentity::of(connection) {
            Some(identity) => Self::Known {
                uris: identity.uris(),
                dns_names: identity.dns_names(),
                subject: identity.subject(),
            },
            None if connection.is_some_and(ConnectionInfo::is_secure) => Self::Anonymous,
            None => Self::Plaintext,
        }
    }

    /// Whether a principal of a policy is this peer.
    pub(super) fn is(&self, principal: &Pattern) -> bool {
        match *self {
            Self::Plaintext => false,
            Self::Anonymous => principal.matches(""),
            // A subject that is empty names nobody.
            Self::Known { subject, .. } if principal.matches(subject) && !subject.is_empty() => true,
            Self::Known { uris, dns_names, .. } => {
                uris.iter().chain(dns_names).any(|name| principal.matches(name))
            }
        }
    }

    /// The name for an audit log: of those that a principal is compared with the first.
    pub(super) fn name(&self) -> &'a str {
        match *self {
            Self::Plaintext | Self::Anonymous => "",
            Self::Known { uris, dns_names, subject } => {
                uris.iter().chain(dns_names).next().map_or(subject, String::as_str)
            }
        }
    }
}
