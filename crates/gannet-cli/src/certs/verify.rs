//! What rustls says of a certificate: whether its chain leads to a trusted one, and whether it covers a name.
//!
//! The verdict is that of the very code which Gannet's peers run, not an opinion of our own.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore};
use time::OffsetDateTime;

use super::{Purpose, moment};

/// Verifies that a chain leads from the certificate of a server or client to one of `anchors`, for this purpose and at this
/// moment, and gives the reason if it does not.
pub(crate) fn chain(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    anchors: &[CertificateDer<'static>],
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots.add(anchor.clone()).map_err(|error| format!("a CA cannot be used: {}", reason(&error)))?;
    }
    let (roots, provider) = (Arc::new(roots), Arc::new(provider()));
    // No certificate is older than 1970; one that says so is expired all the same.
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let verdict = |error: Error| reason(&error);
    if purpose != Purpose::Client {
        let parsed = ParsedCertificate::try_from(leaf).map_err(verdict)?;
        rustls::client::verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &roots,
            intermediates,
            now,
            provider.signature_verification_algorithms.all,
        )
        .map_err(verdict)?;
    }
    if purpose != Purpose::Server {
        WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| error.to_string())?
            .verify_client_cert(leaf, intermediates, now)
            .map_err(verdict)?;
    }
    Ok(())
}

/// Verifies that a certificate is for this host name or address, and gives the reason if it is not.
pub(crate) fn name(leaf: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), String> {
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| reason(&error))?;
    verify_server_name(&parsed, name).map_err(|error| reason(&error))
}

/// The algorithms that Gannet uses unless it is told to use others.
pub(crate) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

fn reason(error: &Error) -> String {
    let date = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| seconds.to_string(), moment)
    };
    let Error::InvalidCertificate(certificate) = error else { return error.to_string() };
    match certificate {
        CertificateError::UnknownIssuer => "no CA that is trusted here issued it".to_owned(),
        CertificateError::BadSignature => {
            "a CA of its issuer's name is trusted here, but another one: the signature is not by that key"
                .to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("a certificate of the chain expired on {}", date(not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("a certificate of the chain holds from {} on only", date(not_before))
        }
        CertificateError::InvalidPurposeContext { required, .. } => {
            format!("its extended key usage leaves {required} out")
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "it has no names".to_owned()
        }
        CertificateError::NotValidForNameContext { .. } => "it is for other names".to_owned(),
        // What is invalid by itself, whatever the time.
        CertificateError::Expired => "it ends before it begins".to_owned(),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "a signature of the chain is by an algorithm or key that rustls does not take".to_owned()
        }
        CertificateError::BadEncoding => "a certificate of the chain is not well-formed".to_owned(),
        CertificateError::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => {
                "it is a CA's certificate, which rustls takes from no server or client".to_owned()
            }
            "EndEntityUsedAsCa" => "a certificate that is no CA's signed another".to_owned(),
            "NameConstraintViolation" => "its names lie outside the name constraints of its CA".to_owned(),
            "PathLenConstraintViolated" => {
                "there are more CAs below one of them than its path length allows".to_owned()
            }
            "UnsupportedCriticalExtension" => {
                "it has a critical extension that rustls does not know".to_owned()
            }
            "UnsupportedCertVersion" => "it is X.509 version 1, and rustls takes version 3 only".to_owned(),
            other => format!("rustls says {other}"),
        },
        other => other.to_string(),
    }
}
