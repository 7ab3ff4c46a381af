//! Private keys: the kinds that can be made.
//!
//! Not here: reading a key that is there, which is in `authority`.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::Ed25519KeyPair;
use rcgen::{KeyPair, RsaKeySize};

use super::Error;

/// A kind of key that all of the peers know, but for the exceptions that `show` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    Rsa(RsaBits),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RsaBits {
    B2048,
    B3072,
    B4096,
}

impl KeyKind {
    pub(crate) fn generate(self) -> Result<KeyPair, Error> {
        Ok(match self {
            Self::EcdsaP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?,
            Self::EcdsaP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)?,
            Self::Ed25519 => ed25519()?,
            Self::Rsa(bits) => {
                let size = match bits {
                    RsaBits::B2048 => RsaKeySize::_2048,
                    RsaBits::B3072 => RsaKeySize::_3072,
                    RsaBits::B4096 => RsaKeySize::_4096,
                };
                KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)?
            }
        })
    }

    /// Whether TLS 1.2 may use the key to encrypt, too.
    pub(crate) fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa(_))
    }
}

/// An Ed25519 key in the first version of PKCS #8.
///
/// rcgen writes the second, with the public key beside the private one (RFC 5958), which OpenSSL does not read.
fn ed25519() -> Result<KeyPair, Error> {
    let failed = |_| Error::new("an Ed25519 key cannot be made");
    let key = Ed25519KeyPair::generate().map_err(failed)?.to_pkcs8v1().map_err(failed)?;
    Ok(KeyPair::try_from(key.as_ref())?)
}

impl fmt::Display for KeyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa(RsaBits::B2048) => "RSA 2048",
            Self::Rsa(RsaBits::B3072) => "RSA 3072",
            Self::Rsa(RsaBits::B4096) => "RSA 4096",
        })
    }
}

impl FromStr for KeyKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "ecdsa" | "ecdsa:p256" => Self::EcdsaP256,
            "ecdsa:p384" => Self::EcdsaP384,
            "ed25519" => Self::Ed25519,
            "rsa:2048" => Self::Rsa(RsaBits::B2048),
            // As strong as ECDSA P-256 (NIST SP 800-57 part 1, table 2).
            "rsa" | "rsa:3072" => Self::Rsa(RsaBits::B3072),
            "rsa:4096" => Self::Rsa(RsaBits::B4096),
            _ => {
                return Err(Error::new(
                    "not a kind of key; there are: ecdsa (P-256), ecdsa:p384, ed25519, rsa (3072 bits), rsa:2048, rsa:4096",
                ));
            }
        })
    }
}
