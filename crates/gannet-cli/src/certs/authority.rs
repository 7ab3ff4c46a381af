//! A certificate authority: made, read from files, and issuing certificates to servers and clients.
//!
//! Not here: where files go, and what is said about them; that is in `files` and in the subcommands.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{AlternativeName, Error, KeyKind, moment, quoted, read, verify};

/// How far back a certificate's validity begins, so that peers whose clocks are behind take it at once.
pub(crate) const BACKDATED: Duration = Duration::hours(1);

/// From when until when a certificate holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity {
    pub(crate) from: OffsetDateTime,
    pub(crate) until: OffsetDateTime,
}

impl Validity {
    /// So many days from now, and from a little before.
    pub(crate) fn days(days: u32) -> Self {
        let now = OffsetDateTime::now_utc();
        Self { from: now - BACKDATED, until: now + Duration::days(i64::from(days)) }
    }
}

/// Who a certificate is to be for.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    /// Told apart by it in logs and policies; for servers no client looks at it.
    pub(crate) common_name: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) names: Vec<AlternativeName>,
}

/// What the holder of a certificate may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Server,
    Client,
    /// A service that is called and calls others with one identity.
    Both,
}

/// A certificate with its private key.
pub(crate) struct Issued {
    /// In PEM, with the intermediates between it and the root.
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) until: OffsetDateTime,
    /// Whether it ends earlier than asked for, since its CA does.
    pub(crate) shortened: bool,
}

/// A certificate authority with its private key.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// What an issued certificate is sent with: this authority if it is not a root, and those above it.
    chain: Vec<CertificateDer<'static>>,
    validity: Validity,
    /// How many levels of authorities may stand below it, if that is limited.
    path_length: Option<u8>,
    /// How to call it in errors.
    name: String,
}

impl Authority {
    /// Makes a new one.
    ///
    /// It signs servers and clients, and if `path_length` is more than 0 so many levels of other authorities. Above it
    /// stands `parent`, if there is one.
    pub(crate) fn create(
        common_name: &str,
        organization: Option<&str>,
        kind: KeyKind,
        validity: Validity,
        path_length: u8,
        parent: Option<&Self>,
    ) -> Result<Self, Error> {
        if let Some(parent) =
            parent.filter(|parent| parent.path_length.is_some_and(|length| length <= path_length))
        {
            return Err(Error::new(format!(
                "{} may have {} level(s) of CAs below it (its path length), and this would be level {}; make it with \
                 --path-length {} or more",
                parent.name,
                parent.path_length.unwrap_or_default(),
                path_length + 1,
                path_length + 1,
            )));
        }
        let key = kind.generate()?;
        let mut parameters = parameters(Some(common_name), organization)?;
        let validity = parent.map_or(Ok(validity), |parent| parent.within(validity))?;
        (parameters.not_before, parameters.not_after) = (validity.from, validity.until);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = match parent {
            Some(parent) => parameters.signed_by(&key, &parent.issuer)?,
            None => parameters.self_signed(&key)?,
        };
        let certificate: CertificateDer<'static> = certificate.into();
        let chain = parent.map_or_else(Vec::new, |parent| {
            std::iter::once(certificate.clone()).chain(parent.chain.iter().cloned()).collect()
        });
        let issuer = Issuer::new(parameters, key);
        let path_length = Some(path_length);
        Ok(Self { issuer, certificate, chain, validity, path_length, name: "the CA".to_owned() })
    }

    /// Reads one: the first certificate of a file signs, those behind it lead to the root.
    pub(crate) fn load(certificate: &Path, key: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        let name = certificate.display().to_string();
        let mut certificates = read_certificates(certificate)?;
        let first = certificates.remove(0);
        let parsed = parse(&first, &name)?;
        let validity = may_sign(&parsed, &name, now)?;
        let constraints = parsed.basic_constraints().ok().flatten();
        let path_length = constraints.and_then(|constraints| constraints.value.path_len_constraint);
        let path_length = path_length.map(|length| u8::try_from(length).unwrap_or(u8::MAX));
        let key_pair = read_key(key)?;
        if key_pair.subject_public_key_info() != parsed.public_key().raw {
            return Err(Error::new(format!(
                "{} is not the key of {name}: the certificate holds another public key; name the right one with --ca-key",
                key.display()
            )));
        }
        let issuer = Issuer::from_ca_cert_der(&first, key_pair).map_err(|_| carried_over(&name))?;
        let is_root = |der: &CertificateDer<'_>| {
            X509Certificate::from_der(der).is_ok_and(|(_, parsed)| parsed.subject() == parsed.issuer())
        };
        let mut chain: Vec<_> = std::iter::once(first.clone()).chain(certificates).collect();
        chain.retain(|certificate| !is_root(certificate));
        Ok(Self { issuer, chain, validity, path_length, name, certificate: first })
    }

    /// Issues a certificate with a new key.
    ///
    /// What comes out has been verified against the authority as a peer would, so that nothing is given out that no peer
    /// would take.
    pub(crate) fn issue(
        &self,
        holder: &Holder,
        purpose: Purpose,
        kind: KeyKind,
        validity: Validity,
    ) -> Result<Issued, Error> {
        let within = self.within(validity)?;
        let key = kind.generate()?;
        let certificate = leaf(holder, purpose, kind, within)?.signed_by(&key, &self.issuer)?;
        let certificate: CertificateDer<'static> = certificate.into();
        if parse(&certificate, "the certificate")?.issuer().as_raw() != self.parsed()?.subject().as_raw() {
            return Err(carried_over(&self.name));
        }
        // At a moment when it holds, whether that is now or not.
        let then = OffsetDateTime::now_utc().clamp(within.from, within.until);
        verify::chain(&certificate, &[], std::slice::from_ref(&self.certificate), purpose, then)
            .map_err(|reason| Error::new(format!("{} must not sign this: {reason}", self.name)))?;
        let chain = std::iter::once(&certificate).chain(&self.chain);
        Ok(Issued {
            certificate: chain.map(to_pem).collect(),
            key: key.serialize_pem(),
            until: within.until,
            shortened: within.until < validity.until,
        })
    }

    /// Its certificate in PEM, with the intermediates above it.
    pub(crate) fn certificate(&self) -> String {
        if self.chain.is_empty() {
            to_pem(&self.certificate)
        } else {
            self.chain.iter().map(to_pem).collect()
        }
    }

    /// Its private key in PEM.
    pub(crate) fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    pub(crate) fn until(&self) -> OffsetDateTime {
        self.validity.until
    }

    /// What is left of this within its own validity.
    fn within(&self, validity: Validity) -> Result<Validity, Error> {
        let (from, until) = (validity.from.max(self.validity.from), validity.until.min(self.validity.until));
        if from >= until {
            return Err(Error::new(format!(
                "{} holds from {} to {}, and what is to be signed at no time of these",
                self.name,
                moment(self.validity.from),
                moment(self.validity.until)
            )));
        }
        Ok(Validity { from, until })
    }

    fn parsed(&self) -> Result<X509Certificate<'_>, Error> {
        parse(&self.certificate, &self.name)
    }
}

/// Makes a certificate that vouches for itself: its holder's peers trust this very one.
pub(crate) fn self_signed(
    holder: &Holder,
    purpose: Purpose,
    kind: KeyKind,
    validity: Validity,
) -> Result<Issued, Error> {
    let key = kind.generate()?;
    let certificate = leaf(holder, purpose, kind, validity)?.self_signed(&key)?;
    let then = OffsetDateTime::now_utc().clamp(validity.from, validity.until);
    verify::chain(certificate.der(), &[], std::slice::from_ref(certificate.der()), purpose, then)
        .map_err(|reason| Error::new(format!("such a certificate would be refused: {reason}")))?;
    Ok(Issued {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        until: validity.until,
        shortened: false,
    })
}

/// A name that no other authority has: two of one name make peers speak of bad signatures.
pub(crate) fn unique_name() -> Result<String, Error> {
    let mut id = [0; 4];
    random(&mut id)?;
    Ok(format!("Gannet CA {:08x}", u32::from_be_bytes(id)))
}

fn leaf(
    holder: &Holder,
    purpose: Purpose,
    kind: KeyKind,
    validity: Validity,
) -> Result<CertificateParams, Error> {
    let uris = holder.names.iter().filter(|name| matches!(name, AlternativeName::Uri(_))).count();
    if uris > 1 && holder.names.iter().any(AlternativeName::is_spiffe) {
        return Err(Error::new("a certificate with a SPIFFE ID has exactly one URI name (X509-SVID §2)"));
    }
    let mut parameters = parameters(holder.common_name.as_deref(), holder.organization.as_deref())?;
    (parameters.not_before, parameters.not_after) = (validity.from, validity.until);
    parameters.subject_alt_names =
        holder.names.iter().map(AlternativeName::to_rcgen).collect::<Result<_, _>>()?;
    // Said outright, so that it has a subject key identifier, too.
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if kind.is_rsa() {
        parameters.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    if purpose != Purpose::Client {
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    if purpose != Purpose::Server {
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    Ok(parameters)
}

fn parameters(common_name: Option<&str>, organization: Option<&str>) -> Result<CertificateParams, Error> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    // From the general to the particular, as RFC 4514 reads it backwards.
    for (kind, value, what) in [
        (DnType::OrganizationName, organization, "organization"),
        (DnType::CommonName, common_name, "common name"),
    ] {
        let Some(value) = value else { continue };
        // The upper bound of both (RFC 5280, appendix A.1).
        if value.is_empty() || value.chars().count() > 64 || value.chars().any(char::is_control) {
            return Err(Error::new(format!("{value:?} is no {what}: it has 1 to 64 printable characters")));
        }
        parameters.distinguished_name.push(kind, value);
    }
    let mut serial = [0; 16];
    random(&mut serial)?;
    // Positive, and of one length.
    serial[0] = serial[0] & 0x7f | 0x40;
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn random(bytes: &mut [u8]) -> Result<(), Error> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Error::new("the system gives no random bytes"))
}

/// Where the private key of a CA lies unless said otherwise: beside its certificate.
pub(crate) fn key_beside(certificate: &Path) -> PathBuf {
    certificate.with_extension("key")
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let shown = path.display();
    if !path.exists() {
        return Err(Error::new(format!(
            "{shown} is not there; --ca names the CA's certificate, and `gannet certs ca` makes one"
        )));
    }
    let bytes = read::file(path)?;
    let blocks = read::blocks(&bytes);
    if blocks.is_empty() {
        return Err(Error::new(format!("{shown} cannot be used: {}", read::foreign(path, &bytes))));
    }
    let certificates: Vec<_> = blocks
        .into_iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| match block.content {
            Ok(der) => Ok(der.into()),
            Err(fault) => Err(Error::new(format!("{shown}, line {}: {fault}", block.line))),
        })
        .collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err(Error::new(format!(
            "{shown} holds no certificate; --ca-key names the key, --ca the certificate"
        )));
    }
    Ok(certificates)
}

/// Reads a private key that no pass phrase protects.
fn read_key(path: &Path) -> Result<KeyPair, Error> {
    let shown = path.display();
    if !path.exists() {
        return Err(Error::new(format!(
            "{shown} is not there; signing takes the CA's private key, and --ca-key names it"
        )));
    }
    let bytes = read::file(path)?;
    let Some(block) = read::blocks(&bytes).into_iter().find(read::Block::is_key) else {
        let blocks = read::blocks(&bytes);
        let reason = match blocks.first() {
            Some(block) => format!("it holds a {} and no private key", block.label),
            None => read::foreign(path, &bytes),
        };
        return Err(Error::new(format!("{shown} cannot sign: {reason}")));
    };
    if block.encrypted {
        let quoted = quoted(path);
        return Err(Error::new(format!(
            "{shown} is encrypted, and no pass phrases are taken here; decrypt it for as long as it is needed:\n  (umask 077; \
             openssl pkey -in {quoted} -out ca-plain.key)\nand name that with --ca-key"
        )));
    }
    let line = block.line;
    let der = block.content.map_err(|fault| Error::new(format!("{shown}, line {line}: {fault}")))?;
    let unusable = || {
        Error::new(format!(
            "{shown} is no key that can sign here; there are ECDSA (P-256, P-384, P-521), Ed25519 and RSA (2048 bits and more)"
        ))
    };
    let der = PrivateKeyDer::try_from(der).map_err(|_| unusable())?;
    KeyPair::try_from(&der).map_err(|_| unusable())
}

/// When a CA's certificate holds, if it may sign others now.
fn may_sign(certificate: &X509Certificate<'_>, name: &str, now: OffsetDateTime) -> Result<Validity, Error> {
    let refused = |reason: String| Err(Error::new(format!("{name} must not sign: {reason}")));
    let validity = Validity {
        from: certificate.validity().not_before.to_datetime(),
        until: certificate.validity().not_after.to_datetime(),
    };
    if validity.until <= now {
        return refused(format!("it expired on {}; make a new one: gannet certs ca", moment(validity.until)));
    }
    if validity.from > now {
        return refused(format!("it holds from {} on; is the clock right?", moment(validity.from)));
    }
    if certificate.version().0 == 2 && !certificate.is_ca() {
        return refused("it is not the certificate of a CA (its basic constraints do not say CA)".to_owned());
    }
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return refused("its key usage leaves out keyCertSign, which signing certificates is".to_owned());
    }
    Ok(validity)
}

fn parse<'a>(der: &'a CertificateDer<'_>, name: &str) -> Result<X509Certificate<'a>, Error> {
    match X509Certificate::from_der(der) {
        Ok((_, parsed)) => Ok(parsed),
        Err(error) => Err(Error::new(format!("{name} holds something that is no certificate: {error}"))),
    }
}

/// rcgen writes an issuer anew from what it read, and peers compare the bytes.
fn carried_over(name: &str) -> Error {
    Error::new(format!(
        "the subject of {name} cannot be written exactly as it is (several values of one kind, or an unusual encoding), so \
         that peers would not find the CA; sign with openssl, or make a CA with `gannet certs ca`"
    ))
}

fn to_pem(der: &CertificateDer<'_>) -> String {
    pem::encode_config(
        &pem::Pem::new("CERTIFICATE", der.as_ref()),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}
