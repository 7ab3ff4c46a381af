//! Bearer tokens that a function fetches, and that are kept while they last.
//!
//! Not here: how they are kept (`refreshed`).

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use gannet_core::{CallCredentials, CredentialsRequest, Metadata, Status};

use super::refreshed::{Fetched, Refreshed};
use super::{bearer_metadata, cannot_be_had};
use crate::Secret;

/// How long before its end a token is not sent any more: clocks differ, and the server takes its time (gRFC A97).
const MARGIN: Duration = Duration::from_secs(30);

/// How long before that another is fetched in the background (gRFC A97).
const EARLY: Duration = Duration::from_secs(60);

/// How many audiences have a token at the same time; all are forgotten when there are more.
const MAX_AUDIENCES: usize = 256;

/// A bearer token, with its end if it has one.
///
/// ```
/// use std::time::Duration;
/// use gannet_auth::credentials::Token;
///
/// let token = Token::new("c2VjcmV0").expires_in(Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone)]
pub struct Token {
    secret: Secret,
    expires: Option<SystemTime>,
}

impl Token {
    /// A token that lasts.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { secret: token.into(), expires: None }
    }

    /// Sets how long the token lasts from now on.
    #[must_use]
    pub fn expires_in(self, left: Duration) -> Self {
        let expires = SystemTime::now().checked_add(left);
        Self { expires, ..self }
    }

    /// Sets until when the token lasts.
    #[must_use]
    pub fn expires_at(self, moment: SystemTime) -> Self {
        Self { expires: Some(moment), ..self }
    }
}

impl From<Token> for Fetched<Secret> {
    /// A token is kept until 30 s before its end, and another is fetched in the background from a minute before that on.
    fn from(Token { secret, expires }: Token) -> Self {
        let ends = expires.map(|expires| expires.checked_sub(MARGIN).unwrap_or(SystemTime::UNIX_EPOCH));
        let left = ends.map(|ends| ends.duration_since(SystemTime::now()).unwrap_or_default());
        Self {
            value: secret,
            refresh_after: left.map(|left| left.saturating_sub(EARLY)),
            wait_after: None,
            ends,
        }
    }
}

/// A bearer token that a function fetches, once for all calls, and again before it ends.
///
/// Calls that need a token at the same time share one fetch, which may take 30 s. A token is used until 30 s before its
/// end; from a minute before that on the next call has another fetched in the background, as gRFC A97 has it. After a
/// failure there is a wait, from 1 s on to 2 min; calls that need a token meanwhile end with the status of the failure:
/// UNAUTHENTICATED if the error is such a status, UNAVAILABLE otherwise, with the error as its source.
///
/// ```
/// use std::time::Duration;
/// use gannet_auth::credentials::{Token, cached};
///
/// let credentials = cached(|| async {
///     let (token, seconds) = ask_the_issuer().await?;
///     Ok::<_, std::io::Error>(Token::new(token).expires_in(Duration::from_secs(seconds)))
/// });
/// # async fn ask_the_issuer() -> std::io::Result<(String, u64)> { Ok((String::new(), 1)) }
/// ```
pub fn cached<F, Fut, E>(fetch: F) -> Cached
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Token, E>> + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Cached(Refreshed::new("call credentials", move || {
        let fetching = fetch();
        async move { fetching.await.map(Into::into).map_err(|error| cannot_be_had(error.into())) }
    }))
}

/// A bearer token that is fetched and kept; see [`cached`]. Clones share it.
#[derive(Clone)]
pub struct Cached(Refreshed<Secret>);

impl Cached {
    /// Forgets the token, for instance because a server has refused it: the next call fetches another.
    pub fn forget(&self) {
        self.0.forget();
    }
}

impl CallCredentials for Cached {
    async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        bearer_metadata(&*self.0.get().await?)
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cached(..)")
    }
}

/// As [`cached`], with a token for each audience: the function is given the URL of the service that is called, such as
/// `https://example.org/helloworld.Greeter`.
///
/// ```
/// use gannet_auth::credentials::{Token, cached_by_audience};
///
/// let credentials = cached_by_audience(|audience| async move {
///     Ok::<_, std::io::Error>(Token::new(sign(&audience)))
/// });
/// # fn sign(_: &str) -> String { String::new() }
/// ```
pub fn cached_by_audience<F, Fut, E>(fetch: F) -> CachedByAudience
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Token, E>> + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let fetch = Arc::new(fetch);
    let make = move |audience: &str| {
        let (fetch, audience) = (Arc::clone(&fetch), audience.to_owned());
        cached(move || fetch(audience.clone()))
    };
    CachedByAudience(Arc::new(ByAudience { make: Box::new(make), tokens: Mutex::default() }))
}

/// Bearer tokens that are fetched and kept, one for each audience; see [`cached_by_audience`]. Clones share them.
#[derive(Clone)]
pub struct CachedByAudience(Arc<ByAudience>);

struct ByAudience {
    make: Box<dyn Fn(&str) -> Cached + Send + Sync>,
    tokens: Mutex<HashMap<Box<str>, Cached>>,
}

impl CachedByAudience {
    fn of(&self, audience: &str) -> Cached {
        let mut tokens = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = tokens.get(audience) {
            return token.clone();
        }
        if tokens.len() >= MAX_AUDIENCES {
            tokens.clear();
        }
        let token = (self.0.make)(audience);
        tokens.insert(audience.into(), token.clone());
        token
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets all tokens: the next calls fetch others.
    pub fn forget(&self) {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl CallCredentials for CachedByAudience {
    async fn metadata(&self, request: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        self.of(request.audience()).metadata(request).await
    }
}

impl fmt::Debug for CachedByAudience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CachedByAudience(..)")
    }
}
