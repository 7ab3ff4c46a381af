//! Certificates for tests, and the two ends of a handshake.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tls::provider::default_provider;
use crate::tls::{ClientTls, HandshakeError, ServerTls};
use crate::{Accepted, Error, Phase, memory};

/// A CA.
pub(super) struct Authority {
    pub(super) pem: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key as PEM.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

pub(super) fn authority(name: &str) -> Authority {
    let params = authority_params(name);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Parameters with a Common Name and without alternative names.
pub(super) fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// Parameters of a server for `localhost` and 127.0.0.1.
pub(super) fn of_server() -> CertificateParams {
    let mut params = named("test server");
    params.subject_alt_names = vec![dns("localhost"), SanType::IpAddress(IpAddr::from([127, 0, 0, 1]))];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// Parameters of a client.
pub(super) fn of_client() -> CertificateParams {
    let mut params = named("test client");
    params.subject_alt_names = vec![dns("client.test")];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(super) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub(super) fn uri(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

/// A certificate that nobody but itself has signed.
pub(super) fn self_signed(params: &CertificateParams) -> Pair {
    let key = KeyPair::generate().unwrap();
    Pair { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

impl Authority {
    /// A list, in force since yesterday, that revokes the certificates with these serial numbers.
    pub(super) fn revoke(&self, serials: &[u64]) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: (*serial).into(),
            revocation_time: in_days(-1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: in_days(-1),
            next_update: in_days(30),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// A CA below this one.
    pub(super) fn intermediate(&self, name: &str) -> Authority {
        let params = authority_params(name);
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    pub(super) fn issue(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

/// A time `days` from now, to the second.
pub(super) fn in_days(days: i64) -> time::OffsetDateTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    time::OffsetDateTime::from_unix_timestamp(now + days * 86_400).unwrap()
}

impl Pair {
    pub(super) fn server(&self) -> ServerTls {
        ServerTls::from_pem(&self.certificate, &self.key).unwrap()
    }
}

/// A client that trusts this CA.
pub(super) fn trusting(ca: &Authority) -> ClientTls {
    ClientTls::with_ca(&ca.pem).unwrap()
}

/// Why a handshake failed at both ends: the server's error and the client's, which may come with its first read.
pub(super) async fn failure(server: &ServerTls, client: &ClientTls, host: &str) -> (HandshakeError, String) {
    let (at_server, at_client) = shake(server, client, host).await;
    let at_client = match at_client {
        Err(error) => {
            assert_eq!(error.phase(), Phase::Handshake, "{error}");
            error.to_string()
        }
        Ok(mut connection) => {
            let error = connection.io.read(&mut [0; 1]).await.unwrap_err();
            let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>()).unwrap();
            assert_eq!(error.phase(), Phase::Handshake, "{error}");
            error.to_string()
        }
    };
    (at_server.unwrap_err(), at_client)
}

/// Asserts that a text has each of these in it.
#[track_caller]
pub(super) fn assert_says(text: impl std::fmt::Display, parts: &[&str]) {
    let text = text.to_string();
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

/// Both ends of a handshake over a connection in memory.
pub(super) async fn shake(
    server: &ServerTls,
    client: &ClientTls,
    host: &str,
) -> (Result<Accepted, HandshakeError>, Result<Accepted, Error>) {
    let (near, far) = pipe().await;
    tokio::join!(server.accept(far), client.connect(near, host))
}

/// The client's end and the server's.
pub(super) async fn pipe() -> (Accepted, Accepted) {
    let (connector, mut listener) = memory();
    let client = connector.connect().unwrap();
    (client, crate::Listener::accept(&mut listener).await.unwrap())
}

/// What one end says, at the other.
pub(super) async fn say(from: &mut Accepted, to: &mut Accepted, what: &[u8]) -> Vec<u8> {
    from.io.write_all(what).await.unwrap();
    from.io.flush().await.unwrap();
    let mut heard = vec![0; what.len()];
    to.io.read_exact(&mut heard).await.unwrap();
    heard
}

/// A client of rustls alone, which offers these protocols.
pub(super) fn rustls_client(ca: &Authority, protocols: &[&[u8]]) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem.as_bytes()).unwrap()).unwrap();
    let mut config = rustls::ClientConfig::builder_with_provider(default_provider().unwrap())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

/// A server of rustls alone, which offers these protocols.
pub(super) fn rustls_server(pair: &Pair, protocols: &[&[u8]]) -> rustls::ServerConfig {
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(default_provider().unwrap())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

/// A server of rustls alone that requires certificates of this CA.
pub(super) fn rustls_verifying_server(
    ca: &Authority,
    pair: &Pair,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ServerConfig {
    let provider = default_provider().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem.as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).map(Result::unwrap).collect();
    rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap())
        .unwrap()
}

/// A client that presents whatever this is.
pub(super) fn presenting(ca: &Authority, pair: &Pair) -> ClientTls {
    let provider = default_provider().unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).map(Result::unwrap).collect();
    let certified = CertifiedKey::new(chain, provider.key_provider.load_private_key(key).unwrap());
    let mut config = rustls_client(ca, &[]);
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    ClientTls::from_config(Arc::new(config)).unwrap()
}

/// What is logged from now on, by all tests of this process.
pub(super) fn logs() -> Logs {
    static ALL: OnceLock<Logs> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let logs = Logs::default();
        let writer = logs.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        logs
    });
    all.clone()
}

#[derive(Clone, Default)]
pub(super) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// The lines that name this file.
    pub(super) fn about(&self, file: &Path) -> String {
        let file = file.display().to_string();
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(&file)).collect();
        lines.join("\n")
    }
}

impl std::io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
