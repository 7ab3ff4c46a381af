//! Certificates for these tests, made anew for each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use gannet::tls::rustls;
use gannet::tls::rustls::pki_types::pem::PemObject;
use gannet::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use gannet::tls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use gannet::{ClientTls, ServerTls};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};

/// A CA.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key as PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A CA, a server's certificate and a client's, all good.
pub(crate) struct Site {
    pub(crate) ca: Authority,
    pub(crate) server: Pair,
    pub(crate) client: Pair,
}

/// Parameters with a Common Name and without alternative names.
pub(crate) fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// Parameters of a server for `localhost` and the addresses of the loopback interface.
pub(crate) fn of_server() -> CertificateParams {
    let mut params = named("test server");
    params.subject_alt_names = vec![
        dns("localhost"),
        SanType::IpAddress(IpAddr::from(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::from(Ipv6Addr::LOCALHOST)),
    ];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// Parameters of a client.
pub(crate) fn of_client() -> CertificateParams {
    let mut params = named("test client");
    params.subject_alt_names =
        vec![dns("client.test"), SanType::URI("spiffe://test.example/reader".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

impl Authority {
    /// A revocation list without an entry.
    pub(crate) fn revoke_none(&self) -> String {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(4000, 1, 1),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    pub(crate) fn new(name: &str) -> Self {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }

    /// A client that trusts this CA.
    pub(crate) fn trusted(&self) -> ClientTls {
        ClientTls::with_ca(&self.pem).unwrap()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

impl Pair {
    /// A server with this certificate.
    pub(crate) fn serves(&self) -> ServerTls {
        ServerTls::from_pem(&self.certificate, &self.key).unwrap()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(self.certificate.as_bytes()).map(Result::unwrap).collect()
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        let ca = Authority::new("test CA");
        let (server, client) = (ca.issue(&of_server()), ca.issue(&of_client()));
        Self { ca, server, client }
    }

    /// The server, which asks for no certificates.
    pub(crate) fn server(&self) -> ServerTls {
        self.server.serves()
    }

    /// The server, which requires certificates of this CA.
    pub(crate) fn mutual_server(&self) -> ServerTls {
        self.server().require_client_ca(&self.ca.pem).unwrap()
    }

    /// A client without a certificate.
    pub(crate) fn anonymous(&self) -> ClientTls {
        self.ca.trusted()
    }

    /// A client with one.
    pub(crate) fn client(&self) -> ClientTls {
        self.ca.trusted().identity(&self.client.certificate, &self.client.key).unwrap()
    }

    fn rustls_client_of_anyone(
        &self,
    ) -> rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.pem.as_bytes()).unwrap()).unwrap();
        rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
    }

    /// A client of rustls alone, with this certificate, whatever it is.
    pub(crate) fn rustls_client_with(&self, pair: &Pair) -> Arc<rustls::ClientConfig> {
        let key = provider().key_provider.load_private_key(pair.private_key()).unwrap();
        let certified = SingleCertAndKey::from(CertifiedKey::new(pair.chain(), key));
        let builder = self.rustls_client_of_anyone();
        let mut config = builder.with_client_cert_resolver(Arc::new(certified));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    /// A client of rustls alone, which offers these protocols.
    pub(crate) fn rustls_client(&self, protocols: &[&[u8]]) -> Arc<rustls::ClientConfig> {
        let mut config = self.rustls_client_of_anyone().with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }

    /// A server of rustls alone, which offers these protocols.
    pub(crate) fn rustls_server(&self, protocols: &[&[u8]]) -> Arc<rustls::ServerConfig> {
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.server.chain(), self.server.private_key())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}
