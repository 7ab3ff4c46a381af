//! What stands in a certificate: names, validity, issuer. Read strictly; what is malformed is an error.
//!
//! Nothing here says that a certificate is to be trusted: that is rustls's to find (`verify.rs`), and what is known of a
//! peer after it has, is [`super::PeerIdentity`].

use std::fmt::{self, Write};
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::asn1_rs::{Oid, ToDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name, X509Version};

/// What a certificate says of its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) subject: String,
    pub(super) common_name: Option<String>,
    pub(super) issuer: String,
    pub(super) serial: String,
    /// Seconds since 1970, the first that counts.
    pub(super) not_before: i64,
    /// Seconds since 1970, the last that counts.
    pub(super) not_after: i64,
    pub(super) dns_names: Vec<String>,
    pub(super) ip_addresses: Vec<IpAddr>,
    pub(super) uris: Vec<String>,
    pub(super) emails: Vec<String>,
    /// Basic constraints: CA.
    pub(super) authority: bool,
    /// X.509 version 1, which has no extensions.
    pub(super) version_1: bool,
    /// The object identifiers of its extended key usages, if it limits them.
    pub(super) purposes: Option<Vec<Purpose>>,
}

/// An extended key usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Any,
    Server,
    Client,
    Other,
}

/// Why a certificate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

fn malformed(what: &str) -> Malformed {
    Malformed(what.to_owned())
}

impl Facts {
    /// Reads a certificate.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, Malformed> {
        let (rest, parsed) = X509Certificate::from_der(certificate)
            .map_err(|_| malformed("it is no X.509 certificate, or a broken one"))?;
        if !rest.is_empty() {
            return Err(malformed("bytes follow the certificate"));
        }
        let mut facts = Self {
            subject: distinguished_name(parsed.subject())?,
            common_name: common_name(parsed.subject()),
            issuer: distinguished_name(parsed.issuer())?,
            serial: serial(parsed.raw_serial()),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            dns_names: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            authority: authority(&parsed)?,
            version_1: parsed.version() == X509Version::V1,
            purposes: purposes(&parsed)?,
        };
        facts.read_alternative_names(&parsed)?;
        Ok(facts)
    }

    fn read_alternative_names(&mut self, certificate: &X509Certificate<'_>) -> Result<(), Malformed> {
        let extension = certificate
            .subject_alternative_name()
            .map_err(|_| malformed("its subject alternative names are malformed, or there twice"))?;
        let Some(extension) = extension else { return Ok(()) };
        for name in &extension.value.general_names {
            match name {
                GeneralName::DNSName(name) => self.dns_names.push(printable(name, "DNS name")?),
                GeneralName::URI(uri) => self.uris.push(printable(uri, "URI")?),
                GeneralName::RFC822Name(email) => self.emails.push(printable(email, "email address")?),
                GeneralName::IPAddress(bytes) => self.ip_addresses.push(address(bytes)?),
                GeneralName::Invalid(..) => {
                    return Err(malformed("one of its subject alternative names is malformed"));
                }
                // Kinds no one authenticates a gRPC peer by.
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it has a name that a server or a client can be known by.
    pub(super) fn has_alternative_names(&self) -> bool {
        !(self.dns_names.is_empty()
            && self.ip_addresses.is_empty()
            && self.uris.is_empty()
            && self.emails.is_empty())
    }

    /// Its alternative names in words, such as `DNS localhost, IP 127.0.0.1`; at most ten.
    pub(super) fn names(&self) -> String {
        const MOST: usize = 10;
        let mut names: Vec<String> = Vec::new();
        names.extend(self.dns_names.iter().map(|name| format!("DNS {name}")));
        names.extend(self.ip_addresses.iter().map(|address| format!("IP {address}")));
        names.extend(self.uris.iter().map(|uri| format!("URI {uri}")));
        names.extend(self.emails.iter().map(|email| format!("email {email}")));
        let more = names.len().saturating_sub(MOST);
        names.truncate(MOST);
        let mut text = names.join(", ");
        if more > 0 {
            let _ = write!(text, " and {more} more");
        }
        text
    }

    /// The subject in words, also where it is empty.
    pub(super) fn who(&self) -> String {
        match self.subject.as_str() {
            "" if self.has_alternative_names() => format!("`{}`", self.names()),
            "" => format!("serial number {}", self.serial),
            subject => format!("`{subject}`"),
        }
    }

    pub(super) fn self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Seconds since 1970 as a date and time in UTC.
pub(super) fn utc(seconds: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(at) => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        ),
        Err(_) => format!("{seconds} s after 1970"),
    }
}

/// A name that shows as what it is.
fn printable(text: &str, what: &str) -> Result<String, Malformed> {
    // They are IA5 strings (RFC 5280 section 4.2.1.6). None of the kinds has blanks or control characters, with which a
    // name could look like another.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Malformed(format!("a {what} among its subject alternative names is malformed")));
    }
    Ok(text.to_owned())
}

fn address(bytes: &[u8]) -> Result<IpAddr, Malformed> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ok(IpAddr::from(bytes));
    }
    if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
        return Ok(IpAddr::from(bytes));
    }
    Err(malformed("an IP address among its subject alternative names has neither 4 nor 16 bytes"))
}

fn authority(certificate: &X509Certificate<'_>) -> Result<bool, Malformed> {
    let constraints = certificate
        .basic_constraints()
        .map_err(|_| malformed("its basic constraints are malformed, or there twice"))?;
    Ok(constraints.is_some_and(|constraints| constraints.value.ca))
}

fn purposes(certificate: &X509Certificate<'_>) -> Result<Option<Vec<Purpose>>, Malformed> {
    let usage = certificate
        .extended_key_usage()
        .map_err(|_| malformed("its extended key usages are malformed, or there twice"))?;
    Ok(usage.map(|usage| {
        let usage = usage.value;
        let named = [
            (usage.any, Purpose::Any),
            (usage.server_auth, Purpose::Server),
            (usage.client_auth, Purpose::Client),
        ];
        let mut purposes: Vec<_> =
            named.into_iter().filter_map(|(is, purpose)| is.then_some(purpose)).collect();
        if purposes.is_empty() {
            purposes.push(Purpose::Other);
        }
        purposes
    }))
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|attribute| attribute.as_str().ok()).map(str::to_owned)
}

/// A distinguished name as a string (RFC 4514): the last part first.
pub(super) fn distinguished_name(name: &X509Name<'_>) -> Result<String, Malformed> {
    let mut parts = Vec::new();
    for part in name.iter_rdn() {
        let attributes: Result<Vec<_>, _> = part.iter().map(attribute).collect();
        parts.push(attributes?.join("+"));
    }
    parts.reverse();
    Ok(parts.join(","))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> Result<String, Malformed> {
    let kind = attribute.attr_type();
    if let (Some(kind), Ok(value)) = (descriptor(kind), attribute.as_str()) {
        return Ok(format!("{kind}={}", escaped(value)));
    }
    let value =
        attribute.attr_value().to_der_vec().map_err(|_| malformed("a part of a name is malformed"))?;
    Ok(format!("{}=#{}", kind.to_id_string(), hexadecimal(&value).to_lowercase()))
}

/// The short name of a kind of attribute (RFC 4514 section 3, and the registry of RFC 4520).
fn descriptor(kind: &Oid<'_>) -> Option<&'static str> {
    Some(match kind.to_id_string().as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

/// A value with what RFC 4514 section 2.4 escapes, and control characters, which would forge lines of a log.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                text.push('\\');
                text.push(character);
            }
            '#' if index == 0 => text.push_str("\\#"),
            ' ' if index == 0 || index == last => text.push_str("\\ "),
            _ if character.is_control() => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "\\{byte:02X}");
                }
            }
            _ => text.push(character),
        }
    }
    text
}

/// In hexadecimal, without the byte that only says that the number is positive.
fn serial(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => hexadecimal(rest),
        _ => hexadecimal(bytes),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
