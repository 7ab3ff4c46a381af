//! JSON Web Tokens (RFC 7519) as bearer tokens: verified by their signature and their claims.
//!
//! Not here: tokens that are known beforehand (`server/bearer.rs`), keys (`keys`).

mod algorithm;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gannet_core::{Call, Status};
use gannet_transport::{Error, Phase};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{AlgorithmFamily, DecodingKey, Validation};
use serde::Deserialize;

pub use algorithm::JwtAlgorithm;
pub use keys::JwtKeys;

use self::keys::{KeySet, Source};
use crate::authenticated::Claims;
use crate::header::{self, AUTHORIZATION};
use crate::server::{Authentication, Refusal, Verify, challenged, unread_bearer};
use crate::{Authenticated, Scheme};

/// At most how often keys are fetched because a token names one that is not known.
const UNKNOWN_KEY: Duration = Duration::from_secs(30);

/// By how much clocks may differ unless said otherwise.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest leeway.
const MAX_LEEWAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets those calls pass that send a JSON Web Token as `authorization: Bearer TOKEN` which `verifier` finds good.
///
/// The caller's [subject](Authenticated::subject) is the claim `sub`; [`Authenticated::claims`] has them all. Others end
/// with UNAUTHENTICATED, and are told in words and in `www-authenticate` (RFC 6750 §3) what is wrong with the token; or
/// with UNAVAILABLE if there are no keys at present.
///
/// ```
/// use gannet_auth::{JwtAlgorithm, JwtKeys, JwtVerifier, jwt};
///
/// # fn main() -> Result<(), gannet_transport::Error> {
/// let keys = JwtKeys::secret("at least as many bytes as the hash has, so 32 for HS256")?;
/// let verifier = JwtVerifier::builder(keys)
///     .algorithms([JwtAlgorithm::Hs256])
///     .issuer("https://issuer.example.org")
///     .audience("https://api.example.org")
///     .build()?;
/// let interceptor = jwt(verifier).except("/grpc.health.v1.Health/*");
/// # Ok(())
/// # }
/// ```
pub fn jwt(verifier: JwtVerifier) -> Authentication<Jwt> {
    Authentication::new(Jwt(verifier))
}

/// Verifies JSON Web Tokens; see [`jwt()`].
#[derive(Clone)]
pub struct Jwt(JwtVerifier);

impl Verify for Jwt {
    async fn verify(&self, call: &Call, realm: &str) -> Result<Authenticated, Refusal> {
        let token = header::bearer(call.metadata()).map_err(|unread| unread_bearer(unread, realm))?;
        let claims = self.0.verify(token).await.map_err(|fault| match fault {
            Fault::Token(what) => {
                let error = format!(", error=\"invalid_token\", error_description=\"{what}\"");
                challenged(Status::unauthenticated(what), &header::challenge("Bearer", realm, &error))
            }
            Fault::Keys(status) => status,
        })?;
        let subject = claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        Ok(Authenticated::new(subject, Scheme::Jwt, Some(claims)))
    }

    fn secrets(&self) -> Vec<&str> {
        vec![AUTHORIZATION]
    }
}

/// Why a token was not found good.
enum Fault {
    /// What is wrong with it; shows nothing of it and of what was expected.
    Token(&'static str),
    /// There are no keys.
    Keys(Status),
}

/// Finds JSON Web Tokens good or bad. Cheap to clone.
#[derive(Clone)]
pub struct JwtVerifier(Arc<Rules>);

struct Rules {
    keys: Source,
    /// The algorithms that are accepted, each with what is asked of the claims.
    accepted: Vec<(JwtAlgorithm, Validation)>,
    token_type: Option<Box<str>>,
}

impl JwtVerifier {
    /// A verifier with these keys, of which more must be said.
    pub fn builder(keys: JwtKeys) -> JwtVerifierBuilder {
        JwtVerifierBuilder {
            keys,
            algorithms: Vec::new(),
            issuers: Accepted::Unsaid,
            audiences: Accepted::Unsaid,
            leeway: LEEWAY,
            token_type: None,
        }
    }

    async fn verify(&self, token: &str) -> Result<Claims, Fault> {
        let head = Head::read(token)?;
        let accepted = self.0.accepted.iter().find(|(algorithm, _)| algorithm.name() == head.alg);
        let (algorithm, validation) =
            accepted.ok_or(Fault::Token("the token is signed with an algorithm that is not accepted"))?;
        if head.crit.is_some() {
            return Err(Fault::Token(
                "the token has critical header parameters, none of which are understood",
            ));
        }
        if self.0.token_type.as_deref().is_some_and(|wanted| !head.is_of_type(wanted)) {
            return Err(Fault::Token("the token is of another type"));
        }
        let id = head.kid.as_deref();
        let mut keys = self.keys().await?;
        if keys.candidates(id, *algorithm).is_empty()
            && let Source::Fetched(fetched) = &self.0.keys
        {
            keys = fetched.anew(UNKNOWN_KEY).await.map_err(|status| without_source(&status))?;
        }
        check(token, &keys.candidates(id, *algorithm), validation)
    }

    async fn keys(&self) -> Result<Arc<KeySet>, Fault> {
        match &self.0.keys {
            Source::Given(keys) => Ok(Arc::clone(keys)),
            Source::File(file) => Ok(file.current()),
            Source::Fetched(fetched) => fetched.get().await.map_err(|status| without_source(&status)),
        }
    }
}

/// Checks the signature, and then the claims.
fn check(token: &str, keys: &[&DecodingKey], validation: &Validation) -> Result<Claims, Fault> {
    let mut fault = "the token is signed with a key that is not known";
    for key in keys {
        match jsonwebtoken::decode::<Claims>(token, key, validation) {
            Ok(token) => return Ok(token.claims),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {
                fault = "the signature of the token is wrong";
            }
            Err(error) => return Err(Fault::Token(told(error.kind()))),
        }
    }
    Err(Fault::Token(fault))
}

/// Clients are not told what the function that fetches keys has said.
fn without_source(status: &Status) -> Fault {
    Fault::Keys(Status::new(status.code(), status.message().to_owned()))
}

/// What to tell a caller; shows neither what the token has nor what it should have.
fn told(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => "the token is of an issuer that is not accepted",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
            "exp" => "the token does not say when it expires (exp)",
            "iss" => "the token does not say who issued it (iss)",
            "aud" => "the token does not say whom it is for (aud)",
            _ => "the token lacks a claim",
        },
        ErrorKind::InvalidClaimFormat(_) => "a claim of the token is malformed",
        _ => "the token is malformed",
    }
}

/// The header of a token, as far as it matters here.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
}

impl Head {
    fn read(token: &str) -> Result<Self, Fault> {
        let mut parts = token.split('.');
        let (Some(head), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::Token("the token is no JSON Web Token"));
        };
        let head = URL_SAFE_NO_PAD.decode(head).ok().and_then(|head| serde_json::from_slice(&head).ok());
        head.ok_or(Fault::Token("the token is no JSON Web Token"))
    }

    /// Whether the token has this media type, `application/` left out (RFC 7515 §4.1.9).
    fn is_of_type(&self, wanted: &str) -> bool {
        let own = self.typ.as_deref().unwrap_or_default();
        let prefix = "application/";
        let short = own.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
        own[short.map_or(0, str::len)..].eq_ignore_ascii_case(wanted)
    }
}

/// Which issuers or audiences are accepted.
enum Accepted {
    Unsaid,
    Any,
    These(Vec<String>),
}

impl Accepted {
    fn add(&mut self, name: &str) {
        match self {
            Self::These(names) => names.push(name.to_owned()),
            Self::Unsaid | Self::Any => *self = Self::These(vec![name.to_owned()]),
        }
    }
}

/// Says which tokens are good: [`JwtVerifier::builder`].
///
/// A token must be signed with one of the [algorithms](Self::algorithms), be of an [issuer](Self::issuer) and for an
/// [audience](Self::audience) that are accepted, and must not have expired (`exp`, which it must have) nor be for later
/// (`nbf`). What a token says of keys (`jwk`, `jku`, `x5c`, `x5u`) does not count.
#[must_use]
pub struct JwtVerifierBuilder {
    keys: JwtKeys,
    algorithms: Vec<JwtAlgorithm>,
    issuers: Accepted,
    audiences: Accepted,
    leeway: Duration,
    token_type: Option<Box<str>>,
}

impl JwtVerifierBuilder {
    /// Accepts tokens of these algorithms; must be said. Algorithms with secrets (HS) do not go together with others.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = JwtAlgorithm>) -> Self {
        self.algorithms.extend(algorithms);
        self
    }

    /// Accepts tokens of this issuer (`iss`); several add up. This or [`Self::any_issuer`] must be said.
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.issuers.add(issuer);
        self
    }

    /// Accepts tokens of any issuer, and those that name none: whoever has a key may issue tokens.
    pub fn any_issuer(mut self) -> Self {
        self.issuers = Accepted::Any;
        self
    }

    /// Accepts tokens for this audience (`aud`): a name of this service; several add up. This or [`Self::any_audience`]
    /// must be said.
    pub fn audience(mut self, audience: &str) -> Self {
        self.audiences.add(audience);
        self
    }

    /// Accepts tokens for any audience, and those that name none: a token for another service is good here too.
    pub fn any_audience(mut self) -> Self {
        self.audiences = Accepted::Any;
        self
    }

    /// By how much the clocks of issuers may differ from this one, for `exp` and `nbf`; whole seconds, at most a day.
    /// Default: 60 s.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Accepts tokens of this type only (`typ`), such as `at+jwt` for access tokens (RFC 9068). Default: of any.
    pub fn token_type(mut self, token_type: &str) -> Self {
        self.token_type = Some(token_type.into());
        self
    }

    /// The verifier.
    ///
    /// # Errors
    ///
    /// If the algorithms, the issuer or the audience were not said, if there is no key for one of the algorithms, if
    /// algorithms with secrets and others were said, or if the leeway is longer than a day.
    pub fn build(self) -> Result<JwtVerifier, Error> {
        self.checked().map_err(|why| Error::new(Phase::Configure, "the verifier of tokens", why))
    }

    fn checked(self) -> Result<JwtVerifier, String> {
        let Self { keys: JwtKeys(keys), algorithms, issuers, audiences, leeway, token_type } = self;
        let Some(first) = algorithms.first() else {
            return Err("say which algorithms are accepted, with JwtVerifierBuilder::algorithms".to_owned());
        };
        let is_secret = |algorithm: &JwtAlgorithm| algorithm.family() == AlgorithmFamily::Hmac;
        if algorithms.iter().any(|other| is_secret(other) != is_secret(first)) {
            return Err(
                "algorithms with secrets (HS) do not go together with others: who can verify tokens of the \
                        former can also make them"
                    .to_owned(),
            );
        }
        if let Source::Given(keys) = &keys
            && let Some(other) = algorithms.iter().find(|algorithm| !keys.has(**algorithm))
        {
            let hint = match other.secret_len() {
                0 => String::new(),
                len => format!(", which takes a secret of at least {len} bytes"),
            };
            return Err(format!("there is no key for {}{hint}", other.name()));
        }
        if leeway > MAX_LEEWAY {
            return Err("the leeway is longer than a day".to_owned());
        }

        let mut validation = Validation::new(first.own());
        validation.leeway = leeway.as_secs();
        validation.validate_nbf = true;
        match issuers {
            Accepted::Unsaid => {
                return Err("say with JwtVerifierBuilder::issuer whose tokens are accepted".to_owned());
            }
            Accepted::Any => {}
            Accepted::These(names) => {
                validation.iss = Some(HashSet::from_iter(names));
                validation.required_spec_claims.insert("iss".to_owned());
            }
        }
        match audiences {
            Accepted::Unsaid => {
                return Err(
                    "say with JwtVerifierBuilder::audience for whom tokens must be to be accepted".to_owned()
                );
            }
            Accepted::Any => validation.validate_aud = false,
            Accepted::These(names) => {
                validation.aud = Some(HashSet::from_iter(names));
                validation.required_spec_claims.insert("aud".to_owned());
            }
        }
        // The program may have chosen another provider already, or link several.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        // Each with one algorithm, so that no other can be slipped in.
        let with = |algorithm: JwtAlgorithm| {
            (algorithm, Validation { algorithms: vec![algorithm.own()], ..validation.clone() })
        };
        let accepted = algorithms.into_iter().map(with).collect();
        Ok(JwtVerifier(Arc::new(Rules { keys, accepted, token_type })))
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.0.accepted.iter().map(|(algorithm, _)| algorithm.name()).collect();
        formatter.debug_struct("JwtVerifier").field("algorithms", &algorithms).finish_non_exhaustive()
    }
}

impl fmt::Debug for JwtVerifierBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = &self.keys;
        formatter.debug_struct("JwtVerifierBuilder").field("keys", keys).finish_non_exhaustive()
    }
}
