//! Call credentials: metadata that says who calls, made anew for each call.
//!
//! Not here: any particular kind (`gannet-auth`), and the rule that keeps them off plaintext connections, which the
//! client holds.

use std::future::Future;
use std::pin::Pin;

use crate::{Metadata, MethodDescriptor, Status};

/// What a call is to, for those who make credentials for it.
#[derive(Debug, Clone, Copy)]
pub struct CredentialsRequest<'a> {
    method: &'static MethodDescriptor,
    audience: &'a str,
}

impl<'a> CredentialsRequest<'a> {
    /// A call of `method`; `audience` is the service's URL.
    pub const fn new(method: &'static MethodDescriptor, audience: &'a str) -> Self {
        Self { method, audience }
    }

    /// The method that is called.
    pub const fn method(&self) -> &'static MethodDescriptor {
        self.method
    }

    /// The service's URL, such as `https://example.org/helloworld.Greeter`: the audience of tokens that have one.
    pub const fn audience(&self) -> &'a str {
        self.audience
    }
}

/// Says who calls: gives the metadata that goes along with a call.
///
/// Credentials are added last, behind all interceptors, so that none of these sees them. They do not go over plaintext
/// unless they say themselves that they may, or the channel allows it.
///
/// ```
/// use gannet_core::{CallCredentials, CredentialsRequest, Metadata, Status};
///
/// struct User(String);
///
/// impl CallCredentials for User {
///     async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
///         let mut metadata = Metadata::new();
///         metadata.insert("user", &self.0).map_err(|error| Status::unauthenticated(error.to_string()))?;
///         Ok(metadata)
///     }
/// }
/// # assert!(User("a".into()).requires_transport_security());
/// ```
pub trait CallCredentials: Send + Sync + 'static {
    /// The metadata for one call. It may take time; the call's deadline holds.
    ///
    /// # Errors
    ///
    /// The status that the call ends with: UNAUTHENTICATED if there can be no credentials, UNAVAILABLE if they cannot
    /// be had at present.
    fn metadata(
        &self,
        request: &CredentialsRequest<'_>,
    ) -> impl Future<Output = Result<Metadata, Status>> + Send;

    /// Whether they must not be sent over a connection that others can read. Default: true.
    fn requires_transport_security(&self) -> bool {
        true
    }
}

/// Credentials on their way.
pub type MakingCredentials<'a> = Pin<Box<dyn Future<Output = Result<Metadata, Status>> + Send + 'a>>;

/// [`CallCredentials`], their type forgotten.
pub trait ErasedCallCredentials: Send + Sync + 'static {
    /// The metadata for one call.
    fn metadata_erased<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> MakingCredentials<'a>;

    /// As [`CallCredentials::requires_transport_security`].
    fn requires_security(&self) -> bool;
}

impl<T: CallCredentials> ErasedCallCredentials for T {
    fn metadata_erased<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> MakingCredentials<'a> {
        Box::pin(self.metadata(request))
    }

    fn requires_security(&self) -> bool {
        self.requires_transport_security()
    }
}
