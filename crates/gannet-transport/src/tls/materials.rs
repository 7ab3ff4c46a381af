//! What a configuration is made of: the own certificate and key, the CAs to trust, the revocation lists. Read and parsed
//! together, so that a new certificate never meets an old key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::certificate::{Facts, utc};
use super::pem;
use super::source::{Content, Holds, Source, fingerprint};
use crate::Error;

/// Where everything comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Materials {
    pub(super) identity: Option<Identity>,
    pub(super) authorities: Vec<Source>,
    pub(super) revocation_lists: Vec<Source>,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    certificate: Source,
    key: Source,
}

impl Identity {
    pub(super) fn files(certificate: &Path, key: &Path) -> Result<Self, Error> {
        Ok(Self {
            certificate: Source::file(Holds::Certificate, certificate)?,
            key: Source::file(Holds::Key, key)?,
        })
    }

    pub(super) fn pem(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            certificate: Source::bytes(Holds::Certificate, certificate),
            key: Source::bytes(Holds::Key, key),
        }
    }
}

/// What was read, not yet looked into.
pub(super) struct Contents {
    in_order: Vec<Content>,
    pub(super) fingerprint: u64,
}

/// What was read and found good.
pub(super) struct Parsed {
    pub(super) identity: Option<OwnIdentity>,
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) roots: RootCertStore,
    pub(super) revocation_lists: Vec<CertificateRevocationListDer<'static>>,
    key_readable_by_all: Option<PathBuf>,
}

/// What to present to peers.
pub(super) struct OwnIdentity {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) facts: Facts,
    file: String,
}

impl Materials {
    fn sources(&self) -> impl Iterator<Item = &Source> {
        let identity = self.identity.iter().flat_map(|identity| [&identity.certificate, &identity.key]);
        identity.chain(&self.authorities).chain(&self.revocation_lists)
    }

    /// The names of the CAs and the revocation lists, for an error that may be about any of them.
    pub(super) fn trust_named(&self) -> String {
        let named = self.authorities.iter().chain(&self.revocation_lists).map(|source| format!("{source:?}"));
        named.collect::<Vec<_>>().join(", ")
    }

    /// Whether anything comes from a file, which may change.
    pub(super) fn has_files(&self) -> bool {
        self.sources().any(|source| source.path().is_some())
    }

    /// Reads everything. Blocks on the files.
    pub(super) fn read(&self) -> Result<Contents, Error> {
        let in_order = self.sources().map(Source::read).collect::<Result<Vec<_>, _>>()?;
        let fingerprint = fingerprint(&in_order);
        Ok(Contents { in_order, fingerprint })
    }

    /// Reads and parses everything, to find what is wrong with it.
    pub(super) fn check(&self, provider: Option<&CryptoProvider>) -> Result<(), Error> {
        self.parse(&self.read()?, provider).map(drop)
    }

    /// Parses what was read from it. Without a provider a key stays unread, and so does the identity.
    pub(super) fn parse(
        &self,
        contents: &Contents,
        provider: Option<&CryptoProvider>,
    ) -> Result<Parsed, Error> {
        let mut parsed = Parsed {
            identity: None,
            authorities: Vec::new(),
            roots: RootCertStore::empty(),
            revocation_lists: Vec::new(),
            key_readable_by_all: None,
        };
        let mut chain = None;
        for (source, content) in self.sources().zip(&contents.in_order) {
            match source.holds {
                Holds::Certificate => chain = Some((pem::chain(content)?, content)),
                Holds::Key => {
                    let key = pem::private_key(content)?;
                    parsed.key_readable_by_all = content.readable_by_all();
                    if let (Some((chain, of)), Some(provider)) = (chain.take(), provider) {
                        parsed.identity = Some(OwnIdentity::new(chain, of, key, content, provider)?);
                    }
                }
                Holds::CaCertificates => {
                    for authority in pem::certificates(content)? {
                        parsed.roots.add(authority.clone()).map_err(|cause| {
                            content.error(format!("a certificate of it cannot be a CA: {cause}"))
                        })?;
                        parsed.authorities.push(authority);
                    }
                }
                Holds::RevocationLists => parsed.revocation_lists.extend(pem::revocation_lists(content)?),
            }
        }
        Ok(parsed)
    }
}

impl OwnIdentity {
    fn new(
        chain: Vec<CertificateDer<'static>>,
        certificate: &Content,
        key: rustls::pki_types::PrivateKeyDer<'static>,
        key_content: &Content,
        provider: &CryptoProvider,
    ) -> Result<Self, Error> {
        let leaf = chain.first().ok_or_else(|| certificate.error("it holds no certificate"))?;
        let facts = Facts::of(leaf).map_err(|malformed| certificate.error(malformed.to_string()))?;
        let signing = provider.key_provider.load_private_key(key).map_err(|cause| {
            key_content.error(format!("this kind of private key cannot be used, or it is damaged ({cause})"))
        })?;
        // Compared here rather than by rustls, which cannot read certificates of X.509 version 1: these are for peers to
        // refuse, with a reason.
        if let (Some(public), Ok((_, parsed))) = (signing.public_key(), X509Certificate::from_der(leaf))
            && public.as_ref() != parsed.public_key().raw
        {
            return Err(key_content.error(format!(
                "the private key is not that of the certificate {} in `{}`: give the two files that were made together",
                facts.who(),
                certificate.name
            )));
        }
        let file = certificate.name.clone();
        Ok(Self { certified: Arc::new(CertifiedKey::new(chain, signing)), facts, file })
    }
}

impl Parsed {
    /// Warns of what peers will refuse although we can present it.
    pub(super) fn warn(&self) {
        if let Some(key) = &self.key_readable_by_all {
            let file = key.display();
            tracing::warn!(%file, "every user of this machine may read the private key: chmod 600 {file}");
        }
        let Some(OwnIdentity { facts, file, .. }) = &self.identity else { return };
        let (now, who) = (super::verify::now(), facts.who());
        if facts.not_after < now {
            let since = utc(facts.not_after);
            tracing::warn!(%file, "the certificate {who} expired at {since}: peers will refuse it");
        } else if facts.not_before > now {
            let from = utc(facts.not_before);
            tracing::warn!(%file, "the certificate {who} counts from {from} on: peers refuse it until then");
        }
    }
}
