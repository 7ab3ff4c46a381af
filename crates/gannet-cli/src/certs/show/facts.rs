//! What a certificate says, read for people: names, keys, algorithms, usages.
//!
//! Not here: whether any of it is wrong, which is in `faults`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use x509_parser::asn1_rs::{Oid, ToDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

use super::super::KeyKind;
use super::super::key::RsaBits;

/// A distinguished name as RFC 4514 writes it, the way Gannet's policies and `PeerIdentity` have it: the last attribute first.
pub(crate) fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut sets: Vec<String> = name
        .iter()
        .map(|set| {
            let attributes = set.iter().map(|attribute| {
                let kind = attribute.attr_type().to_id_string();
                match (attribute_name(&kind), attribute.as_str()) {
                    (Some(name), Ok(text)) => format!("{name}={}", escaped(text)),
                    _ => format!(
                        "{kind}=#{}",
                        hex(&attribute.attr_value().to_der_vec().unwrap_or_default(), "")
                    ),
                }
            });
            attributes.collect::<Vec<_>>().join("+")
        })
        .collect();
    sets.reverse();
    sets.join(",")
}

/// The short names of RFC 4514 §3 and of the registry that it names, RFC 4520.
fn attribute_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
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

/// RFC 4514 §2.4. Control characters are escaped too, since this goes to terminals.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::new();
    for (index, c) in value.chars().enumerate() {
        let special = r#""+,;<>\"#.contains(c);
        if special || (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0) {
            text.push('\\');
            text.push(c);
        } else if c.is_control() {
            text.extend(c.to_string().bytes().map(|byte| format!("\\{byte:02X}")));
        } else {
            text.push(c);
        }
    }
    text
}

pub(crate) fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

/// A serial number as Gannet's errors and openssl have it: without the byte that only says that it is positive.
pub(super) fn serial(bytes: &[u8]) -> String {
    let digits = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => bytes,
    };
    hex(digits, "").to_uppercase()
}

/// A name as the command line takes it, and as a terminal can bear it.
pub(super) fn general_name(name: &GeneralName<'_>) -> String {
    let text = match name {
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::RFC822Name(name) => format!("EMAIL:{name}"),
        GeneralName::URI(name) => format!("URI:{name}"),
        GeneralName::IPAddress(octets) => match octets.len() {
            4 | 16 => format!("IP:{}", address(octets)),
            // A network, as name constraints have them.
            8 | 32 => {
                let (base, mask) = octets.split_at(octets.len() / 2);
                format!("IP:{}/{}", address(base), address(mask))
            }
            _ => format!("IP:(not an address: {})", hex(octets, "")),
        },
        GeneralName::DirectoryName(name) => format!("directory name {}", distinguished_name(name)),
        GeneralName::RegisteredID(oid) => format!("registered ID {}", oid.to_id_string()),
        GeneralName::OtherName(oid, _) => format!("other name {}", oid.to_id_string()),
        _ => "a name of another kind".to_owned(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn address(octets: &[u8]) -> String {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Ipv4Addr::from(octets).to_string();
    }
    <[u8; 16]>::try_from(octets).map_or_else(|_| hex(octets, ""), |octets| Ipv6Addr::from(octets).to_string())
}

/// All names of the subject alternative name extension.
pub(crate) fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    extension
        .map_or_else(Vec::new, |extension| extension.value.general_names.iter().map(general_name).collect())
}

/// What a certificate may be used for, basic usages first.
pub(super) fn usages(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut usages = Vec::new();
    if let Some(usage) = certificate.key_usage().ok().flatten() {
        let usage = usage.value;
        let named = [
            (usage.digital_signature(), "digital signature"),
            (usage.non_repudiation(), "non-repudiation"),
            (usage.key_encipherment(), "key encipherment"),
            (usage.data_encipherment(), "data encipherment"),
            (usage.key_agreement(), "key agreement"),
            (usage.key_cert_sign(), "signing certificates"),
            (usage.crl_sign(), "signing CRLs"),
        ];
        usages.extend(named.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()));
    }
    if let Some(usage) = certificate.extended_key_usage().ok().flatten() {
        let usage = usage.value;
        let named = [
            (usage.any, "any extended usage"),
            (usage.server_auth, "server authentication"),
            (usage.client_auth, "client authentication"),
            (usage.code_signing, "code signing"),
            (usage.email_protection, "email protection"),
            (usage.time_stamping, "time stamping"),
            (usage.ocsp_signing, "OCSP signing"),
        ];
        usages.extend(named.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()));
        usages.extend(usage.other.iter().map(Oid::to_id_string));
    }
    usages
}

/// The names that a CA may sign for, and those it may not.
#[derive(Debug, Default, Serialize)]
pub(super) struct NameConstraints {
    pub(super) permitted: Vec<String>,
    pub(super) excluded: Vec<String>,
}

pub(super) fn name_constraints(certificate: &X509Certificate<'_>) -> Option<NameConstraints> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::NameConstraints(constraints) => {
            let names = |trees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
                trees.iter().flatten().map(|tree| general_name(&tree.base)).collect()
            };
            Some(NameConstraints {
                permitted: names(&constraints.permitted_subtrees),
                excluded: names(&constraints.excluded_subtrees),
            })
        }
        _ => None,
    })
}

/// A public key, as far as peers care about its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// With the bits of its modulus.
    Rsa(usize),
    /// Of the kind that may be used for RSASSA-PSS only.
    RsaPss,
    /// On the curve of this name.
    Ecdsa(String),
    Ed25519,
    /// Something that no TLS peer of today is known to take.
    Other(String),
}

impl PublicKey {
    pub(crate) fn of(info: &SubjectPublicKeyInfo<'_>) -> Self {
        match info.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => {
                let modulus = RSAPublicKey::from_der(&info.subject_public_key.data);
                let modulus = modulus.map(|(_, key)| key.modulus).unwrap_or_default();
                let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
                let top = modulus.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
                Self::Rsa(((modulus.len() - zeros) * 8).saturating_sub(top))
            }
            "1.2.840.113549.1.1.10" => Self::RsaPss,
            "1.2.840.10045.2.1" => Self::Ecdsa(curve(&info.algorithm)),
            "1.3.101.112" => Self::Ed25519,
            "1.3.101.113" => Self::Other("Ed448".to_owned()),
            "1.2.840.10040.4.1" => Self::Other("DSA".to_owned()),
            oid => Self::Other(format!("algorithm {oid}")),
        }
    }

    /// Reads a public key from its DER.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        SubjectPublicKeyInfo::from_der(der).ok().map(|(_, info)| Self::of(&info))
    }

    /// The kind of key to make for another of the same, if it is one that we make.
    pub(crate) fn kind(&self) -> Option<KeyKind> {
        match self {
            Self::Rsa(2048) => Some(KeyKind::Rsa(RsaBits::B2048)),
            Self::Rsa(3072) => Some(KeyKind::Rsa(RsaBits::B3072)),
            Self::Rsa(4096) => Some(KeyKind::Rsa(RsaBits::B4096)),
            Self::Ecdsa(curve) if curve == "P-256" => Some(KeyKind::EcdsaP256),
            Self::Ecdsa(curve) if curve == "P-384" => Some(KeyKind::EcdsaP384),
            Self::Ed25519 => Some(KeyKind::Ed25519),
            _ => None,
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(formatter, "RSA {bits}"),
            Self::RsaPss => formatter.write_str("RSA for RSASSA-PSS only"),
            Self::Ecdsa(curve) => write!(formatter, "ECDSA {curve}"),
            Self::Ed25519 => formatter.write_str("Ed25519"),
            Self::Other(name) => formatter.write_str(name),
        }
    }
}

fn curve(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let oid = algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let Some(oid) = oid else { return "on a curve of its own".to_owned() };
    match oid.to_id_string().as_str() {
        "1.2.840.10045.3.1.7" => "P-256".to_owned(),
        "1.3.132.0.34" => "P-384".to_owned(),
        "1.3.132.0.35" => "P-521".to_owned(),
        "1.3.132.0.33" => "P-224".to_owned(),
        "1.2.840.10045.3.1.1" => "P-192".to_owned(),
        "1.3.132.0.10" => "secp256k1".to_owned(),
        oid => format!("curve {oid}"),
    }
}

/// A signature algorithm: its name, and whether its digest is broken.
pub(super) fn signature(algorithm: &AlgorithmIdentifier<'_>) -> (String, bool) {
    let oid = algorithm.algorithm.to_id_string();
    let (name, broken) = match oid.as_str() {
        "1.2.840.113549.1.1.4" => ("RSA with MD5", true),
        "1.2.840.113549.1.1.5" => ("RSA with SHA-1", true),
        "1.2.840.113549.1.1.10" => ("RSASSA-PSS", false),
        "1.2.840.113549.1.1.11" => ("RSA with SHA-256", false),
        "1.2.840.113549.1.1.12" => ("RSA with SHA-384", false),
        "1.2.840.113549.1.1.13" => ("RSA with SHA-512", false),
        "1.2.840.113549.1.1.14" => ("RSA with SHA-224", false),
        "1.2.840.10045.4.1" => ("ECDSA with SHA-1", true),
        "1.2.840.10045.4.3.1" => ("ECDSA with SHA-224", false),
        "1.2.840.10045.4.3.2" => ("ECDSA with SHA-256", false),
        "1.2.840.10045.4.3.3" => ("ECDSA with SHA-384", false),
        "1.2.840.10045.4.3.4" => ("ECDSA with SHA-512", false),
        "1.3.101.112" => ("Ed25519", false),
        "1.3.101.113" => ("Ed448", false),
        other => (other, false),
    };
    (name.to_owned(), broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_the_rfc_says_and_harmless_to_a_terminal() {
        for (value, text) in [
            ("Example, Inc.", r"Example\, Inc."),
            ("#1 + 1", r"\#1 \+ 1"),
            (" a ", r"\ a\ "),
            ("张三", "张三"),
            ("a\u{1b}[31m", r"a\1B[31m"),
            (r#"a"b\c"#, r#"a\"b\\c"#),
        ] {
            assert_eq!(escaped(value), text);
        }
    }

    #[test]
    fn addresses_and_networks_are_told_apart() {
        let name = |octets: &[u8]| general_name(&GeneralName::IPAddress(octets));
        assert_eq!(name(&[127, 0, 0, 1]), "IP:127.0.0.1");
        assert_eq!(name(&[0; 16]), "IP:::");
        assert_eq!(name(&[10, 0, 0, 0, 255, 0, 0, 0]), "IP:10.0.0.0/255.0.0.0");
        assert!(name(&[1, 2, 3]).contains("not an address"));
        assert_eq!(general_name(&GeneralName::DNSName("a\u{7}b")), "DNS:a\u{fffd}b");
    }
}
