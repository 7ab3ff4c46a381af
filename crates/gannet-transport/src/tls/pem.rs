//! Certificates, keys and revocation lists out of PEM (RFC 7468), with errors that name the file and the mend.
//!
//! Not here: reading the files (`source.rs`). No error quotes what a file holds: it may be a key.

use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::certificate::Facts;
use super::source::Content;
use crate::Error;

/// Certificates a chain may have. The longest in use have five.
const MAX_CHAIN: usize = 16;

/// Bytes the certificates of a chain may have together: TLS gives their message 24 bits of length, and its libraries,
/// rustls among them, take 64 KiB.
const MAX_CHAIN_BYTES: usize = 60 * 1024;

const KEYS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// A chain to present to peers: its own certificate first.
pub(super) fn chain(content: &Content) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain = certificates(content)?;
    let bytes: usize = chain.iter().map(|certificate| certificate.len()).sum();
    if chain.len() > MAX_CHAIN || bytes > MAX_CHAIN_BYTES {
        return Err(content.error(format!(
            "its chain of {} certificates takes {bytes} bytes; peers take {MAX_CHAIN} certificates and \
             {MAX_CHAIN_BYTES} bytes at most: leave in it the server's or client's own certificate and the \
             intermediate CAs",
            chain.len()
        )));
    }
    Ok(chain)
}

/// All certificates: at least one.
pub(super) fn certificates(content: &Content) -> Result<Vec<CertificateDer<'static>>, Error> {
    let labels = labels(content, "openssl x509 -inform DER", "certificate.pem")?;
    let certificates = sections::<CertificateDer<'static>>(content)?;
    if certificates.is_empty() {
        return Err(content.error(without_certificate(content, &labels)));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        Facts::of(certificate).map_err(|malformed| {
            content.error(format!("certificate {} of {}: {malformed}", index + 1, certificates.len()))
        })?;
    }
    Ok(certificates)
}

fn without_certificate(content: &Content, labels: &[String]) -> String {
    let has = |label: &str| labels.iter().any(|own| own == label);
    if labels.iter().any(|label| label.ends_with("PRIVATE KEY")) {
        return "it holds a private key and no certificate: are the files of certificate and key swapped?"
            .to_owned();
    }
    if has("CERTIFICATE REQUEST") || has("NEW CERTIFICATE REQUEST") {
        return "it holds a certificate request, which a CA has yet to make a certificate of".to_owned();
    }
    if has("TRUSTED CERTIFICATE") || has("X509 CERTIFICATE") {
        let file = content.in_command("certificate.pem");
        return format!(
            "it holds a certificate in a form of OpenSSL's own: convert it with: openssl x509 -in {file} -out \
             {file}.plain.pem"
        );
    }
    format!("it holds no certificate, but: {}", labels.join(", "))
}

/// The one private key: PKCS#8, PKCS#1 or SEC1.
pub(super) fn private_key(content: &Content) -> Result<PrivateKeyDer<'static>, Error> {
    let labels = labels(content, "openssl pkey -inform DER", "key.pem")?;
    let file = content.in_command("key.pem");
    if labels.iter().any(|label| label == "ENCRYPTED PRIVATE KEY") || is_encrypted(&content.bytes) {
        return Err(content.error(format!(
            "the private key is encrypted; decrypt it first with: openssl pkey -in {file} -out {file}.plain.pem"
        )));
    }
    let keys = labels.iter().filter(|label| KEYS.contains(&label.as_str())).count();
    if keys > 1 {
        return Err(content.error(format!("it holds {keys} private keys, and which is meant is not said")));
    }
    if let Some(key) = sections::<PrivateKeyDer<'static>>(content)?.pop() {
        return Ok(key);
    }
    let has = |label: &str| labels.iter().any(|own| own == label);
    Err(content.error(if has("CERTIFICATE") {
        "it holds a certificate and no private key: are the files of certificate and key swapped?".to_owned()
    } else if has("PUBLIC KEY") {
        "it holds a public key; the private one is needed".to_owned()
    } else if has("OPENSSH PRIVATE KEY") {
        format!("it holds a key in the form of OpenSSH; convert it with: ssh-keygen -p -m PKCS8 -f {file}")
    } else {
        format!("it holds no private key (PKCS#8, PKCS#1 or SEC1), but: {}", labels.join(", "))
    }))
}

/// All revocation lists: at least one.
pub(super) fn revocation_lists(
    content: &Content,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let labels = labels(content, "openssl crl -inform DER", "crl.pem")?;
    let lists = sections::<CertificateRevocationListDer<'static>>(content)?;
    if lists.is_empty() {
        let why = format!("it holds no revocation list (X509 CRL), but: {}", labels.join(", "));
        return Err(content.error(why));
    }
    for (index, list) in lists.iter().enumerate() {
        let whole = CertificateRevocationList::from_der(list).is_ok_and(|(rest, _)| rest.is_empty());
        if !whole {
            let which = format!("revocation list {} of {}", index + 1, lists.len());
            return Err(content.error(format!("{which}: it is no X.509 revocation list, or a broken one")));
        }
    }
    Ok(lists)
}

/// Whether a key has the header of the traditional encryption (RFC 1421).
fn is_encrypted(pem: &[u8]) -> bool {
    lines(pem).any(|line| line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"))
}

fn lines(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    pem.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii)
}

/// What the PEM says it holds, section by section. An error if it is no PEM.
fn labels(content: &Content, from_der: &str, placeholder: &str) -> Result<Vec<String>, Error> {
    let bytes = &content.bytes;
    if bytes.trim_ascii().is_empty() {
        return Err(content.error("it is empty"));
    }
    let labels: Vec<String> = lines(bytes)
        .filter_map(|line| line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----"))
        .filter_map(|label| Some(std::str::from_utf8(label).ok()?.to_owned()))
        .filter(|label| label.len() <= 40 && label.bytes().all(|byte| matches!(byte, b' '..=b'~')))
        .collect();
    if !labels.is_empty() {
        return Ok(labels);
    }
    if is_der_sequence(bytes) {
        let file = content.in_command(placeholder);
        return Err(content.error(format!(
            "it is DER (or PKCS#12), not PEM; convert DER with: {from_der} -in {file} -out {file}.pem"
        )));
    }
    if let Some(encoding) = utf_16(bytes) {
        return Err(content.error(format!("it is text in {encoding}; PEM is ASCII: save it as such")));
    }
    Err(content.error("it is no PEM: no line of it is like -----BEGIN CERTIFICATE-----"))
}

/// Whether it is one SEQUENCE, as every certificate, key and list is in DER.
fn is_der_sequence(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x81..=0x84, ..] => true,
        [0x30, length, rest @ ..] => *length < 0x80 && rest.len() == usize::from(*length),
        _ => false,
    }
}

/// Windows' editors and shells write it.
fn utf_16(bytes: &[u8]) -> Option<&'static str> {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]).then_some("UTF-16")
}

fn sections<T: PemObject>(content: &Content) -> Result<Vec<T>, Error> {
    T::pem_slice_iter(&content.bytes).collect::<Result<_, _>>().map_err(|error| {
        content.error(match error {
            PemError::MissingSectionEnd { .. } => "its PEM is cut off: a line -----END ...----- is missing",
            PemError::IllegalSectionStart { .. } => "its PEM has a malformed line -----BEGIN ...",
            PemError::Base64Decode(_) => "its PEM is damaged: it is not valid base64",
            _ => "its PEM cannot be read",
        })
    })
}
