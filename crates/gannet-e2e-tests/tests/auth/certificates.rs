//! Certificates for the tests: an authority, a server's, and clients' with names of each kind.

use gannet::{ChannelBuilder, ClientTls, Server, ServerTls};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType,
};

use crate::support::{Serving, on_tcp};

/// An authority that has made itself.
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key as PEM.
pub(crate) struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    /// A client's certificate with these names and, if there is one, this Common Name.
    pub(crate) fn client(&self, names: Vec<SanType>, common_name: Option<&str>) -> Identity {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        self.issue(&params)
    }

    /// Serves on a port with TLS; clients may have a certificate of this authority.
    pub(crate) async fn serve(&self, server: Server) -> (Serving, u16) {
        let Identity { certificate, key } = self
            .issue(&CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap());
        let tls = ServerTls::from_pem(certificate, key).unwrap().request_client_ca(&self.pem).unwrap();
        on_tcp(server.tls(tls), 0).await
    }

    /// A channel with TLS to that port, with or without a certificate.
    pub(crate) fn channel(&self, port: u16, identity: Option<&Identity>) -> ChannelBuilder {
        let mut tls = ClientTls::with_ca(&self.pem).unwrap();
        if let Some(Identity { certificate, key }) = identity {
            tls = tls.identity(certificate, key).unwrap();
        }
        gannet::Channel::builder(&format!("https://127.0.0.1:{port}")).tls(tls)
    }
}

/// A URI name.
pub(crate) fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

/// A DNS name.
pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}
