//! Call credentials: what a client sends to say who calls.
//!
//! Each is for a channel (`ChannelBuilder::call_credentials`) or for one call (`.call_credentials(..)`). All require
//! transport security, so that they do not go over plaintext, unless [`allow_plaintext`] is put around them.
//!
//! Not here: when they are added to a call and kept from being sent, which is the client's.

mod cached;
mod file;
pub(crate) mod refreshed;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;

use gannet_core::{CallCredentials, Code, CredentialsRequest, Metadata, MethodDescriptor, Status};
use zeroize::Zeroizing;

pub use cached::{Cached, CachedByAudience, Token, cached, cached_by_audience};
pub use file::{BearerFile, bearer_file};

use crate::Secret;
use crate::header::{self, AUTHORIZATION};

/// The same metadata for every call; see [`password`], [`bearer`] and [`basic`].
#[derive(Clone)]
pub struct Fixed {
    entries: Vec<(Box<str>, Zeroizing<String>)>,
}

/// The metadata `user` and `password`, for servers that ask for them as [`password`](crate::password()) does.
///
/// ```
/// use gannet_auth::credentials;
///
/// let credentials = credentials::password("admin", "admin");
/// ```
pub fn password(user: &str, password: impl Into<Secret>) -> Fixed {
    Fixed {
        entries: vec![
            ("user".into(), Zeroizing::new(user.to_owned())),
            ("password".into(), Zeroizing::new(password.into().expose().to_owned())),
        ],
    }
}

/// `authorization: Bearer TOKEN` with this token (RFC 6750).
///
/// ```
/// let credentials = gannet_auth::credentials::bearer("c2VjcmV0");
/// ```
pub fn bearer(token: impl Into<Secret>) -> Fixed {
    Fixed { entries: vec![(AUTHORIZATION.into(), bearer_value(&token.into()))] }
}

/// `authorization: Basic` with this user, which has no colon, and this password (RFC 7617).
///
/// ```
/// let credentials = gannet_auth::credentials::basic("admin", "admin");
/// ```
pub fn basic(user: &str, password: impl Into<Secret>) -> Fixed {
    Fixed { entries: vec![(AUTHORIZATION.into(), header::basic_value(user, &password.into()))] }
}

fn bearer_value(token: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!("Bearer {}", token.expose()))
}

/// The metadata of a bearer token.
fn bearer_metadata(token: &Secret) -> Result<Metadata, Status> {
    let mut metadata = Metadata::new();
    insert(&mut metadata, AUTHORIZATION, &bearer_value(token))?;
    Ok(metadata)
}

fn insert(metadata: &mut Metadata, key: &str, value: &str) -> Result<(), Status> {
    metadata.insert(key, value).map_err(|error| Status::unauthenticated(format!("call credentials: {error}")))
}

impl Fixed {
    /// Sends the user and the password of [`password`] as these metadata. Default: `user` and `password`.
    ///
    /// # Panics
    ///
    /// If these are no credentials of [`password`].
    #[must_use]
    pub fn keys(mut self, user: &str, password: &str) -> Self {
        let [(own_user, _), (own_password, _)] = &mut self.entries[..] else {
            panic!(
                "only a user and a password have keys of their own: other credentials go as `authorization`"
            );
        };
        *own_user = user.into();
        *own_password = password.into();
        self
    }
}

impl CallCredentials for Fixed {
    async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        let mut metadata = Metadata::new();
        for (key, value) in &self.entries {
            insert(&mut metadata, key, value)?;
        }
        Ok(metadata)
    }
}

impl fmt::Debug for Fixed {
    /// The keys only.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.entries.iter().map(|(key, _)| (key, ".."));
        formatter.debug_map().entries(keys).finish()
    }
}

/// What a call is to, for a function that makes credentials for it.
#[derive(Debug, Clone)]
pub struct Requested {
    method: &'static MethodDescriptor,
    audience: Box<str>,
}

impl Requested {
    /// The method that is called.
    pub fn method(&self) -> &'static MethodDescriptor {
        self.method
    }

    /// The service's URL, such as `https://example.org/helloworld.Greeter`: the audience of tokens that have one.
    pub fn audience(&self) -> &str {
        &self.audience
    }
}

/// The metadata that a function gives, which is asked anew for each call.
///
/// Its errors end the call with UNAUTHENTICATED if they are such a status, and with UNAVAILABLE otherwise; the error
/// itself is the status's source. For a token that lasts there is [`cached`].
///
/// ```
/// use gannet_auth::credentials::from_fn;
/// use gannet_core::{Metadata, Status};
///
/// let credentials = from_fn(|requested| async move {
///     let mut metadata = Metadata::new();
///     metadata.insert("x-signature", sign(requested.method().path))?;
///     Ok::<_, Status>(metadata)
/// });
/// # fn sign(_: &str) -> String { String::new() }
/// ```
pub fn from_fn<F, Fut, E>(make: F) -> FromFn<F>
where
    F: Fn(Requested) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Metadata, E>> + Send,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    FromFn(make)
}

/// Credentials that a function makes; see [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

impl<F, Fut, E> CallCredentials for FromFn<F>
where
    F: Fn(Requested) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Metadata, E>> + Send,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    async fn metadata(&self, request: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        let requested = Requested { method: request.method(), audience: request.audience().into() };
        let made = (self.0)(requested).await;
        made.map_err(|error| cannot_be_had(error.into()))
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FromFn(..)")
    }
}

/// The status of a call whose credentials could not be made. An error that is no status may show secrets, and is the
/// source only.
fn cannot_be_had(error: Box<dyn StdError + Send + Sync>) -> Status {
    match error.downcast::<Status>() {
        Ok(status) if status.code() == Code::Unauthenticated => *status,
        Ok(status) => {
            Status::unavailable(format!("call credentials cannot be had at present: {}", status.message()))
                .with_source(status)
        }
        Err(error) => Status::unavailable("call credentials cannot be had at present").with_source(error),
    }
}

/// Both of two credentials, one behind the other. They require transport security if either does.
///
/// Two that send the same metadata, such as `authorization`, cannot be meant: servers refuse the call.
///
/// ```
/// use gannet_auth::credentials::{bearer, compose, password};
///
/// let credentials = compose(password("admin", "admin"), bearer("c2VjcmV0"));
/// ```
pub fn compose<A: CallCredentials, B: CallCredentials>(first: A, second: B) -> Composed<A, B> {
    Composed(first, second)
}

/// Two credentials for each call; see [`compose`].
#[derive(Debug, Clone)]
pub struct Composed<A, B>(A, B);

impl<A: CallCredentials, B: CallCredentials> CallCredentials for Composed<A, B> {
    async fn metadata(&self, request: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        let mut metadata = self.0.metadata(request).await?;
        metadata.append_all(&self.1.metadata(request).await?);
        Ok(metadata)
    }

    fn requires_transport_security(&self) -> bool {
        self.0.requires_transport_security() || self.1.requires_transport_security()
    }
}

/// Lets credentials go over plaintext as well, where anyone on the way can read them and use them.
///
/// ```
/// use gannet_auth::credentials::{allow_plaintext, password};
/// use gannet_core::CallCredentials;
///
/// assert!(password("admin", "admin").requires_transport_security());
/// assert!(!allow_plaintext(password("admin", "admin")).requires_transport_security());
/// ```
pub fn allow_plaintext<C: CallCredentials>(credentials: C) -> AllowPlaintext<C> {
    AllowPlaintext(credentials)
}

/// Credentials that may go over plaintext; see [`allow_plaintext`].
#[derive(Debug, Clone)]
pub struct AllowPlaintext<C>(C);

impl<C: CallCredentials> CallCredentials for AllowPlaintext<C> {
    fn metadata(
        &self,
        request: &CredentialsRequest<'_>,
    ) -> impl Future<Output = Result<Metadata, Status>> + Send {
        self.0.metadata(request)
    }

    fn requires_transport_security(&self) -> bool {
        false
    }
}
