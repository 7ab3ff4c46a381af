//! The keys that tokens are verified with: secrets, PEM, JWK sets (RFC 7517), and where they come from.
//!
//! Not here: verifying (`mod.rs`).

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gannet_core::Status;
use gannet_transport::{Error, Phase};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde::Deserialize;

use super::JwtAlgorithm;
use crate::credentials::refreshed::{Fetched, Refreshed};
use crate::watched_file::{MAX_FILE, WatchedFile};

/// The shortest secret that any algorithm takes.
const MIN_SECRET: usize = 32;

/// Bytes of the modulus of the shortest RSA key (RFC 7518 §3.3).
const MIN_RSA: usize = 2048 / 8;

/// How many keys a set may have.
const MAX_KEYS: usize = 256;

/// How many keys are tried for a token that does not name its key.
const MAX_TRIED: usize = 16;

/// After how long fetched keys are fetched anew in the background, if a call needs them.
const REFRESH: Duration = Duration::from_secs(5 * 60);

/// After how long a call waits for newer ones.
const WAIT: Duration = Duration::from_secs(10 * 60);

/// How long fetched keys are used if no newer ones can be had.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys that tokens are verified with.
///
/// ```
/// use gannet_auth::JwtKeys;
///
/// # fn main() -> Result<(), gannet_transport::Error> {
/// let shared = JwtKeys::secret("at least as many bytes as the hash has, so 32 for HS256")?;
/// let fetched = JwtKeys::jwks_from(|| async { fetch("https://issuer.example.org/jwks.json").await });
/// # Ok(())
/// # }
/// # async fn fetch(_: &str) -> std::io::Result<String> { Ok(String::new()) }
/// ```
#[derive(Clone)]
pub struct JwtKeys(pub(super) Source);

#[derive(Clone)]
pub(super) enum Source {
    Given(Arc<KeySet>),
    File(WatchedFile<KeySet>),
    Fetched(Refreshed<KeySet>),
}

impl JwtKeys {
    /// A secret that both sides have, for the HS algorithms.
    ///
    /// # Errors
    ///
    /// If it has fewer than 32 bytes: shorter ones can be guessed from any token (RFC 7518 §3.2).
    pub fn secret(secret: impl AsRef<[u8]>) -> Result<Self, Error> {
        let secret = secret.as_ref();
        if secret.len() < MIN_SECRET {
            let why = format!(
                "it has {} bytes, and must have at least {MIN_SECRET} (RFC 7518 section 3.2)",
                secret.len()
            );
            return Err(Error::new(Phase::Configure, "the secret for tokens", why));
        }
        let key = Key {
            id: None,
            kind: Kind::Secret { len: secret.len() },
            algorithm: None,
            decoding: DecodingKey::from_secret(secret),
        };
        Ok(Self(Source::Given(Arc::new(KeySet(vec![key])))))
    }

    /// Public keys as PEM, one or several: RSA, ECDSA (P-256, P-384) or Ed25519.
    ///
    /// # Errors
    ///
    /// If there is none, or something else.
    pub fn pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let keys = read_pem(pem.as_ref())
            .map_err(|why| Error::new(Phase::Configure, "the public key given as PEM", why))?;
        Ok(Self(Source::Given(Arc::new(keys))))
    }

    /// As [`JwtKeys::pem`], from a file, which is looked at every 30 s; a bad one is not used, and the log says why. Blocks.
    ///
    /// # Errors
    ///
    /// As there, and if the file cannot be read.
    pub fn pem_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self(Source::File(WatchedFile::open(path, "public keys for tokens", read_pem)?)))
    }

    /// A set of keys as JSON (RFC 7517 §5). Keys that are for something else or of an unknown kind do not count.
    ///
    /// # Errors
    ///
    /// If it is no such set, or has no key that could verify a token.
    pub fn jwks(json: &str) -> Result<Self, Error> {
        let keys = read_jwks(json.as_bytes())
            .map_err(|why| Error::new(Phase::Configure, "the JWK set given as JSON", why))?;
        Ok(Self(Source::Given(Arc::new(keys))))
    }

    /// As [`JwtKeys::jwks`], from a file, which is looked at every 30 s; a bad one is not used, and the log says why.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// As there, and if the file cannot be read.
    pub fn jwks_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self(Source::File(WatchedFile::open(path, "JWK set", read_jwks)?)))
    }

    /// As [`JwtKeys::jwks`], from a function that gives the JSON, such as one that fetches it from the issuer.
    ///
    /// It is called when a token is to be verified and then every 5 min in the background, as long as there are tokens;
    /// and for a token whose key is not known, but at most every 30 s. Calls at the same time share one fetch, which may
    /// take 30 s. If it fails the old keys are used, up to a day long; without old keys calls end with UNAVAILABLE. After
    /// a failure there is a wait before the next attempt, from 1 s on to 2 min.
    pub fn jwks_from<F, Fut, E>(fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let cannot =
            |why: &str| Status::unavailable(format!("the keys for tokens cannot be had at present: {why}"));
        Self(Source::Fetched(Refreshed::new("the keys for tokens", move || {
            let fetching = fetch();
            async move {
                let json = fetching.await.map_err(|error| {
                    let error = error.into();
                    tracing::error!("the keys for tokens cannot be had: {error}");
                    // What it says is for the server's log, not for clients.
                    cannot("they cannot be fetched").with_source(error)
                })?;
                let keys = read_jwks(json.as_bytes()).map_err(|why| {
                    tracing::error!("the keys for tokens are no good: {why}");
                    cannot("what was fetched is no JWK set")
                })?;
                Ok(Fetched {
                    value: keys,
                    refresh_after: Some(REFRESH),
                    wait_after: Some(WAIT),
                    ends: SystemTime::now().checked_add(KEEP),
                })
            }
        })))
    }

    /// How often a file of keys is looked at; zero for never. Default: 30 s. Nothing happens without a file.
    #[must_use]
    pub fn reload_every(self, every: Duration) -> Self {
        if let Source::File(file) = &self.0 {
            file.reload_every(every);
        }
        self
    }

    /// Reads a file of keys now; clones, and verifiers made of them, have the new ones too. Blocks. Nothing happens
    /// without a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or its content is bad; the keys stay as they are then.
    pub fn reload(&self) -> Result<(), Error> {
        match &self.0 {
            Source::File(file) => file.reload(),
            Source::Given(_) | Source::Fetched(_) => Ok(()),
        }
    }
}

impl fmt::Debug for JwtKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Given(keys) => write!(formatter, "{} keys", keys.0.len()),
            Source::File(file) => file.fmt(formatter),
            Source::Fetched(_) => formatter.write_str("keys from a function"),
        }
    }
}

/// Keys, each of a kind that can verify tokens.
pub(super) struct KeySet(Vec<Key>);

struct Key {
    /// The `kid` (RFC 7517 §4.5).
    id: Option<Box<str>>,
    kind: Kind,
    /// The only algorithm that it is for (RFC 7517 §4.4).
    algorithm: Option<JwtAlgorithm>,
    decoding: DecodingKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Secret {
        len: usize,
    },
    Rsa,
    /// On P-256 or P-384, if that is known.
    Ec(Option<JwtAlgorithm>),
    Ed25519,
}

impl Kind {
    /// Whether a key of this kind verifies signatures of an algorithm. Kinds never mix: a public key is no secret.
    fn fits(self, algorithm: JwtAlgorithm) -> bool {
        match (self, algorithm.family()) {
            (Self::Secret { len }, AlgorithmFamily::Hmac) => len >= algorithm.secret_len(),
            (Self::Rsa, AlgorithmFamily::Rsa) | (Self::Ed25519, AlgorithmFamily::Ed) => true,
            (Self::Ec(own), AlgorithmFamily::Ec) => own.is_none_or(|own| own == algorithm),
            _ => false,
        }
    }
}

impl KeySet {
    /// The keys that may have signed a token of this algorithm which names this key.
    pub(super) fn candidates(&self, id: Option<&str>, algorithm: JwtAlgorithm) -> Vec<&DecodingKey> {
        let named = |key: &&Key| match (&key.id, id) {
            (Some(own), Some(id)) => **own == *id,
            _ => true,
        };
        let fitting = self.fitting(algorithm).filter(named).take(MAX_TRIED);
        fitting.map(|key| &key.decoding).collect()
    }

    /// Whether there is a key for this algorithm.
    pub(super) fn has(&self, algorithm: JwtAlgorithm) -> bool {
        self.fitting(algorithm).next().is_some()
    }

    fn fitting(&self, algorithm: JwtAlgorithm) -> impl Iterator<Item = &Key> {
        let fits =
            move |key: &&Key| key.algorithm.is_none_or(|own| own == algorithm) && key.kind.fits(algorithm);
        self.0.iter().filter(fits)
    }
}

/// Reads public keys as PEM.
fn read_pem(bytes: &[u8]) -> Result<KeySet, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is no PEM: it is no text".to_owned())?;
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        rest = &rest[start..];
        let label = rest["-----BEGIN ".len()..].split("-----").next().unwrap_or_default();
        let end_line = format!("-----END {label}-----");
        let end =
            rest.find(&end_line).ok_or_else(|| format!("a PEM block {label:?} has no end"))? + end_line.len();
        let (block, behind) = rest.split_at(end);
        rest = behind;
        match label {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => keys.push(pem_key(block.as_bytes())?),
            label if label.contains("PRIVATE KEY") => {
                return Err(
                    "it has a private key, which only the issuer of the tokens should have: make the public one of it \
                     with `openssl pkey -pubout`"
                        .to_owned(),
                );
            }
            "CERTIFICATE" => {
                return Err(
                    "it has a certificate: make a public key of it with `openssl x509 -pubkey -noout`"
                        .to_owned(),
                );
            }
            other => return Err(format!("it has a PEM block {other:?}, which is no public key")),
        }
    }
    match keys.len() {
        0 => Err("it has no public key in PEM (`-----BEGIN PUBLIC KEY-----`)".to_owned()),
        1..=MAX_KEYS => Ok(KeySet(keys)),
        _ => Err(format!("it has more than {MAX_KEYS} keys")),
    }
}

fn pem_key(block: &[u8]) -> Result<Key, String> {
    let rsa = DecodingKey::from_rsa_pem(block).map(|key| (Kind::Rsa, key));
    let ec = || DecodingKey::from_ec_pem(block).map(|key| (Kind::Ec(None), key));
    let ed = || DecodingKey::from_ed_pem(block).map(|key| (Kind::Ed25519, key));
    let (mut kind, key) = rsa.or_else(|_| ec()).or_else(|_| ed()).map_err(|_| {
        "it has a key that is neither RSA nor ECDSA nor Ed25519, or that is damaged".to_owned()
    })?;
    let len = key.try_get_as_bytes().map_or(0, <[u8]>::len);
    match &mut kind {
        // The DER of a key is a little longer than its modulus.
        Kind::Rsa if len < MIN_RSA => {
            return Err("it has an RSA key of fewer than 2048 bits (RFC 7518 section 3.3)".to_owned());
        }
        // A point has two coordinates and one byte in front.
        Kind::Ec(on) => match len {
            65 => *on = Some(JwtAlgorithm::Es256),
            97 => *on = Some(JwtAlgorithm::Es384),
            _ => return Err("it has an ECDSA key on another curve than P-256 and P-384".to_owned()),
        },
        _ => {}
    }
    Ok(Key { id: None, kind, algorithm: None, decoding: key })
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// Reads a JWK set.
fn read_jwks(bytes: &[u8]) -> Result<KeySet, String> {
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is longer than {} MiB", MAX_FILE / (1024 * 1024)));
    }
    // What the parser says could show a key.
    let Ok(Set { keys }) = serde_json::from_slice(bytes) else {
        return Err("it is no JWK set: JSON with a list `keys` (RFC 7517 section 5)".to_owned());
    };
    if keys.len() > MAX_KEYS {
        return Err(format!("it has more than {MAX_KEYS} keys"));
    }
    let usable: Vec<_> = keys.iter().filter_map(jwk).collect();
    if usable.is_empty() {
        return Err(format!("none of its {} keys can verify tokens", keys.len()));
    }
    Ok(KeySet(usable))
}

/// A key of a set, if it can verify tokens; others are to be ignored (RFC 7517 §5).
fn jwk(json: &serde_json::Value) -> Option<Key> {
    let jwk = Jwk::deserialize(json).ok()?;
    let common = &jwk.common;
    if common.public_key_use.as_ref().is_some_and(|own| *own != PublicKeyUse::Signature) {
        return None;
    }
    if common.key_operations.as_ref().is_some_and(|own| !own.contains(&KeyOperations::Verify)) {
        return None;
    }
    let algorithm = match json.get("alg") {
        Some(name) => Some(JwtAlgorithm::named(name.as_str()?)?),
        None => None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let len = key.try_get_as_bytes().map_or(0, <[u8]>::len);
    let kind = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) if rsa_len(&key) >= MIN_RSA => Kind::Rsa,
        AlgorithmParameters::EllipticCurve(own) => match (&own.curve, len) {
            (EllipticCurve::P256, 65) => Kind::Ec(Some(JwtAlgorithm::Es256)),
            (EllipticCurve::P384, 97) => Kind::Ec(Some(JwtAlgorithm::Es384)),
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(own) if own.curve == EllipticCurve::Ed25519 => Kind::Ed25519,
        AlgorithmParameters::OctetKey(_) if len >= MIN_SECRET => Kind::Secret { len },
        _ => return None,
    };
    let id = common.key_id.as_deref().map(Into::into);
    Some(Key { id, kind, algorithm, decoding: key })
}

/// Bytes of the modulus of an RSA key.
fn rsa_len(key: &DecodingKey) -> usize {
    match key.kind() {
        jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => {
            n.len() - n.iter().take_while(|&&byte| byte == 0).count()
        }
        jsonwebtoken::DecodingKeyKind::SecretOrDer(_) => 0,
    }
}
