//! Certificates for tests, and the two ends of a handshake.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tls::{ClientTls, HandshakeError, ServerTls};
use crate::{Accepted, Error, memory};

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
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { pem, issuer: Issuer::new(params, key) }
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

impl Authority {
    pub(super) fn issue(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
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
