//! The cryptography that is used unless the caller gives another, and the versions of TLS.

use std::sync::{Arc, OnceLock};

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;

/// The versions of TLS that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TlsVersions {
    /// TLS 1.3, and 1.2 for peers that have no 1.3. The default.
    #[default]
    Tls12And13,
    /// TLS 1.3 alone (RFC 8446).
    Tls13Only,
    /// TLS 1.2 alone (RFC 5246), for peers that fail at the offer of 1.3.
    Tls12Only,
}

impl TlsVersions {
    pub(super) fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
        match self {
            Self::Tls12And13 => &BOTH,
            Self::Tls13Only => &BOTH[..1],
            Self::Tls12Only => &BOTH[1..],
        }
    }

    pub(super) fn named(self) -> &'static str {
        match self {
            Self::Tls12And13 => "TLS 1.2 and 1.3",
            Self::Tls13Only => "TLS 1.3 alone",
            Self::Tls12Only => "TLS 1.2 alone",
        }
    }
}

/// The provider the process has installed, else that of the crate's features. Installs none itself: that is the
/// application's to do.
pub(super) fn default_provider() -> Option<Arc<CryptoProvider>> {
    CryptoProvider::get_default().cloned().or_else(|| {
        static OURS: OnceLock<Option<Arc<CryptoProvider>>> = OnceLock::new();
        OURS.get_or_init(|| of_features().map(Arc::new)).clone()
    })
}

// Whether there is one depends on the features.
#[allow(clippy::unnecessary_wraps)]
fn of_features() -> Option<CryptoProvider> {
    #[cfg(feature = "tls-aws-lc-rs")]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc-rs")))]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc-rs")))]
    return None;
}

/// Says what to do where there is no cryptography.
pub(super) const NO_PROVIDER: &str = "there is no cryptography: switch the feature `tls-aws-lc-rs` or `tls-ring` on, or \
    give a rustls CryptoProvider with `provider(..)`";
