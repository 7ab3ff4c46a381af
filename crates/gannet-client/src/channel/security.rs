//! How a channel secures its connections: by TLS or not at all.
//!
//! Not here: TLS itself (`gannet_transport::tls`), connecting (`subchannel`).

#[cfg(feature = "tls")]
use gannet_transport::tls::ClientTls;
use gannet_transport::{Accepted, Error, Phase};

use super::target::Scheme;

/// How the connections of a channel are secured.
#[derive(Debug, Clone)]
pub(crate) enum Security {
    /// Not at all.
    Plaintext,
    /// By TLS; the server has to prove that it is `host`.
    #[cfg(feature = "tls")]
    Tls {
        /// The settings.
        tls: ClientTls,
        /// A DNS name or an IP address.
        host: String,
    },
}

impl Security {
    /// What a URI's scheme and the channel's settings come to.
    #[cfg(feature = "tls")]
    pub(crate) fn new(
        scheme: Option<Scheme>,
        tls: Option<ClientTls>,
        host: &str,
        uri: &str,
    ) -> Result<Self, Error> {
        match (scheme, tls) {
            (Some(Scheme::Http), Some(_)) => Err(Error::new(
                Phase::Configure,
                uri,
                "http:// means plaintext, but the channel has TLS settings: write https://, or leave `tls` out",
            )),
            (Some(Scheme::Https), tls) => {
                Ok(Self::Tls { tls: tls.unwrap_or_default(), host: host.to_owned() })
            }
            (None, Some(tls)) => Ok(Self::Tls { tls, host: host.to_owned() }),
            (_, None) => Ok(Self::Plaintext),
        }
    }

    /// What a URI's scheme comes to, in a build without TLS.
    #[cfg(not(feature = "tls"))]
    pub(crate) fn new(scheme: Option<Scheme>, _host: &str, uri: &str) -> Result<Self, Error> {
        match scheme {
            Some(Scheme::Https) => Err(Error::new(
                Phase::Configure,
                uri,
                "this build has no TLS: switch on gannet's feature `tls`",
            )),
            _ => Ok(Self::Plaintext),
        }
    }

    /// Whether what is sent cannot be read on the way.
    pub(crate) fn is_secure(&self) -> bool {
        !matches!(self, Self::Plaintext)
    }

    /// The `:scheme` of requests.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }

    /// Secures a connection.
    #[cfg_attr(not(feature = "tls"), allow(clippy::unused_async, reason = "with TLS it takes time"))]
    pub(crate) async fn secure(&self, accepted: Accepted) -> Result<Accepted, Error> {
        match self {
            Self::Plaintext => Ok(accepted),
            #[cfg(feature = "tls")]
            Self::Tls { tls, host } => tls.connect(accepted, host).await,
        }
    }
}
