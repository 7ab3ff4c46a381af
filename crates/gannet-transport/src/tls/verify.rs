//! rustls's verification of the peer's certificate, and a client's own certificate, with a memory of what was refused and
//! what was asked for, so that the error can say more.
//!
//! One thing is added to what is trusted: a certificate that stands itself, byte for byte, in the file of CAs. Who puts
//! it there means it, whatever it says of being a CA; other implementations take it too.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};

use super::certificate::{Facts, Purpose};

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}

/// What was seen in a handshake.
#[derive(Default)]
pub(super) struct Noted {
    /// The chain that our side refused.
    pub(super) refused: Option<Refused>,
    /// The server asked for a client certificate.
    pub(super) certificate_asked_for: bool,
}

/// A chain that was refused, and by what.
#[derive(Clone)]
pub(super) struct Refused {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) trusted: Arc<Trusted>,
}

/// Who is trusted.
pub(super) struct Trusted {
    /// As given, without those of the system.
    given: Vec<CertificateDer<'static>>,
    /// With those of the system.
    pub(super) of_system: bool,
    has_revocation_lists: bool,
}

tokio::task_local! {
    /// What was seen in the handshake that the task is at.
    static NOTED: RefCell<Noted>;
}

/// Runs a handshake; tells beside its result what was seen in it.
pub(super) async fn watched<F: Future>(handshake: F) -> (F::Output, Noted) {
    NOTED
        .scope(RefCell::default(), async move {
            let result = handshake.await;
            (result, NOTED.with(RefCell::take))
        })
        .await
}

/// The certificate that a client presents to a server that asks for one, if it has one.
pub(super) struct Presented(pub(super) Option<Arc<CertifiedKey>>);

impl fmt::Debug for Presented {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Presented").finish_non_exhaustive()
    }
}

impl ResolvesClientCert for Presented {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Outside a handshake of ours nobody asks.
        let _ = NOTED.try_with(|noted| noted.borrow_mut().certificate_asked_for = true);
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

impl Trusted {
    pub(super) fn new(
        given: Vec<CertificateDer<'static>>,
        of_system: bool,
        has_revocation_lists: bool,
    ) -> Arc<Self> {
        Arc::new(Self { given, of_system, has_revocation_lists })
    }

    /// The names of the given CAs.
    pub(super) fn subjects(&self) -> impl Iterator<Item = String> {
        self.given.iter().filter_map(|certificate| Some(Facts::of(certificate).ok()?.subject))
    }

    /// Whether the certificate itself was given, is valid now, and is for this purpose.
    fn pins(&self, end_entity: &CertificateDer<'_>, purpose: Purpose, now: UnixTime) -> bool {
        // With revocation lists, only what they can be applied to is trusted.
        if self.has_revocation_lists || !self.given.iter().any(|given| given == end_entity) {
            return false;
        }
        let Ok(facts) = Facts::of(end_entity) else { return false };
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let allowed = facts.purposes.as_ref();
        (facts.not_before..=facts.not_after).contains(&now)
            && allowed.is_none_or(|them| them.contains(&purpose) || them.contains(&Purpose::Any))
    }

    fn note(self: &Arc<Self>, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        let refused = Refused { chain, trusted: Arc::clone(self) };
        // Outside a handshake of ours, as when a caller uses the configuration elsewhere, nobody asks.
        let _ = NOTED.try_with(|noted| noted.borrow_mut().refused = Some(refused));
    }
}

/// Whether the error is about the chain's way to a root, which for a pinned certificate does not matter.
fn is_about_the_chain(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        // That a CA's certificate is used as the server's own has no name of its own.
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            format!("{other:?}").contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

/// Verifies servers for a client.
pub(super) fn of_servers(
    roots: RootCertStore,
    trusted: Arc<Trusted>,
    revocation_lists: Vec<CertificateRevocationListDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, VerifierBuilderError> {
    // What has no list is not refused: lists are given for some CAs, not for all.
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .with_crls(revocation_lists)
        .allow_unknown_revocation_status()
        .build()?;
    Ok(Arc::new(Servers { inner, trusted }))
}

/// Verifies clients for a server.
pub(super) fn of_clients(
    roots: RootCertStore,
    trusted: Arc<Trusted>,
    revocation_lists: Vec<CertificateRevocationListDer<'static>>,
    required: bool,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .with_crls(revocation_lists)
        .allow_unknown_revocation_status();
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    Ok(Arc::new(Clients { inner: builder.build()?, trusted }))
}

struct Servers {
    inner: Arc<WebPkiServerVerifier>,
    trusted: Arc<Trusted>,
}

// rustls asks for Debug. It shows no certificates.
impl fmt::Debug for Servers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Servers").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified
            .or_else(|error| {
                if is_about_the_chain(&error) && self.trusted.pins(end_entity, Purpose::Server, now) {
                    let parsed = ParsedCertificate::try_from(end_entity)?;
                    rustls::client::verify_server_name(&parsed, server_name)?;
                    return Ok(ServerCertVerified::assertion());
                }
                Err(error)
            })
            .inspect_err(|_| self.trusted.note(end_entity, intermediates))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

struct Clients {
    inner: Arc<dyn ClientCertVerifier>,
    trusted: Arc<Trusted>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Clients {
    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.inner
            .verify_client_cert(end_entity, intermediates, now)
            .or_else(|error| {
                if is_about_the_chain(&error) && self.trusted.pins(end_entity, Purpose::Client, now) {
                    return Ok(ClientCertVerified::assertion());
                }
                Err(error)
            })
            .inspect_err(|_| self.trusted.note(end_entity, intermediates))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
