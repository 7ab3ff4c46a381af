//! The algorithms that tokens are signed with (RFC 7518 §3.1, RFC 8037).

use jsonwebtoken::{Algorithm, AlgorithmFamily};

macro_rules! algorithms {
    ($($variant:ident, $own:ident, $name:literal, $what:literal;)*) => {
        /// An algorithm that tokens are signed with (RFC 7518 §3.1, RFC 8037).
        ///
        /// There is no `none`: a token without a signature is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum JwtAlgorithm {
            $(#[doc = concat!("`", $name, "`: ", $what, ".")] $variant,)*
        }

        impl JwtAlgorithm {
            /// The name that tokens have in `alg`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub(super) const fn own(self) -> Algorithm {
                match self {
                    $(Self::$variant => Algorithm::$own,)*
                }
            }

            /// The algorithm of this name.
            pub(super) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

algorithms! {
    Hs256, HS256, "HS256", "HMAC with SHA-256, by a secret that both sides have";
    Hs384, HS384, "HS384", "HMAC with SHA-384, by a secret that both sides have";
    Hs512, HS512, "HS512", "HMAC with SHA-512, by a secret that both sides have";
    Rs256, RS256, "RS256", "RSA (PKCS #1 v1.5) with SHA-256";
    Rs384, RS384, "RS384", "RSA (PKCS #1 v1.5) with SHA-384";
    Rs512, RS512, "RS512", "RSA (PKCS #1 v1.5) with SHA-512";
    Ps256, PS256, "PS256", "RSA-PSS with SHA-256";
    Ps384, PS384, "PS384", "RSA-PSS with SHA-384";
    Ps512, PS512, "PS512", "RSA-PSS with SHA-512";
    Es256, ES256, "ES256", "ECDSA on P-256 with SHA-256";
    Es384, ES384, "ES384", "ECDSA on P-384 with SHA-384";
    EdDsa, EdDSA, "EdDSA", "Ed25519";
}

impl JwtAlgorithm {
    pub(super) fn family(self) -> AlgorithmFamily {
        self.own().family()
    }

    /// How many bytes a secret must have: as many as the hash (RFC 7518 §3.2).
    pub(super) const fn secret_len(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
            _ => 0,
        }
    }
}
