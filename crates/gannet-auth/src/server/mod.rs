//! Interceptors of a server that let only those calls pass whose caller is known.
//!
//! What is the same for all kinds is here: methods that need no authentication, permission, stripping secrets, kinds
//! that stand beside each other. Not here: the kinds themselves, one file each; and who may do what by a policy
//! (`policy/`).

mod basic;
mod bearer;
mod custom;
mod password;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use gannet_core::{Call, Interceptor, MethodDescriptor, Next, Side, Status};

pub use basic::{Basic, basic, basic_check};
#[cfg(feature = "jwt")]
pub(crate) use bearer::unread_bearer;
pub use bearer::{Bearer, bearer, bearer_file};
pub use custom::{Custom, Presented, token};
pub use password::{Password, password, password_check};

use crate::Authenticated;
use crate::method_pattern::MethodPattern;

/// What a caller is told whose credentials are wrong.
const INVALID: &str = "invalid token";

/// A kind of credentials that this crate can verify.
///
/// It is implemented here only; for a check of your own there is [`token`].
pub trait Verify: Send + Sync + 'static {
    /// Verifies who makes this call.
    #[doc(hidden)]
    fn verify(&self, call: &Call, realm: &str)
    -> impl Future<Output = Result<Authenticated, Refusal>> + Send;

    /// The keys of the metadata that hold secrets.
    #[doc(hidden)]
    fn secrets(&self) -> Vec<&str>;
}

/// Why a call is refused.
#[doc(hidden)]
#[derive(Debug)]
pub struct Refusal {
    /// Whether the call came without credentials of this kind.
    absent: bool,
    status: Status,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { absent: false, status }
    }
}

/// Sets `www-authenticate` of a status; a realm that cannot be sent is left out with it.
pub(crate) fn challenged(mut status: Status, challenge: &str) -> Status {
    let _ = status.metadata_mut().append("www-authenticate", challenge);
    status
}

type Permit = dyn Fn(&Authenticated, &'static MethodDescriptor) -> bool + Send + Sync;

/// An interceptor that lets only calls pass whose caller it can verify.
///
/// [`password`], [`bearer`], [`bearer_file`], [`basic`] and [`token`] make one. Calls that it lets pass have an
/// [`Authenticated`] among their extensions; others end with UNAUTHENTICATED before their message is read, or with
/// PERMISSION_DENIED if their caller is known and [may not](Authentication::permit) call the method.
#[derive(Clone)]
pub struct Authentication<V> {
    verifier: V,
    except: Vec<MethodPattern>,
    permit: Option<Arc<Permit>>,
    realm: Option<Box<str>>,
    strip: bool,
}

impl<V: Verify> Authentication<V> {
    pub(crate) fn new(verifier: V) -> Self {
        Self { verifier, except: Vec::new(), permit: None, realm: None, strip: false }
    }

    /// Lets calls of these methods pass without looking who calls: `/package.Service/Method`, or
    /// `/package.Service/*` for all of a service.
    ///
    /// ```
    /// let interceptor = gannet_auth::password("admin", "admin").except("/grpc.health.v1.Health/*");
    /// ```
    ///
    /// # Panics
    ///
    /// If `methods` is of neither form.
    #[must_use]
    pub fn except(mut self, methods: &str) -> Self {
        self.except.push(MethodPattern::new(methods));
        self
    }

    /// Asks `permit` whether a caller who is known may call a method; if not, the call ends with PERMISSION_DENIED.
    #[must_use]
    pub fn permit(
        mut self,
        permit: impl Fn(&Authenticated, &'static MethodDescriptor) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.permit = Some(Arc::new(permit));
        self
    }

    /// Names what callers authenticate for, in the `www-authenticate` of refusals (RFC 9110 §11.5). Default: the name of
    /// the service.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Takes the secrets out of the metadata once they are verified, so that no handler sees them, logs them or passes
    /// them on. This also holds for methods that need no authentication.
    #[must_use]
    pub fn strip(mut self) -> Self {
        self.strip = true;
        self
    }

    /// Lets a call pass if either this or `other` verifies its caller; this one is asked first. The settings that both
    /// can have, such as [`Authentication::except`], are taken from this one.
    ///
    /// ```
    /// let interceptor = gannet_auth::bearer(["secret-token"]).or(gannet_auth::basic("admin", "admin"));
    /// ```
    pub fn or<W: Verify>(self, other: Authentication<W>) -> Authentication<Either<V, W>> {
        let Self { verifier, except, permit, realm, strip } = self;
        Authentication { verifier: Either(verifier, other.verifier), except, permit, realm, strip }
    }

    async fn authenticate(&self, call: &Call) -> Result<Authenticated, Status> {
        let method = call.method();
        let realm = self.realm.as_deref().unwrap_or(method.service);
        let caller = self.verifier.verify(call, realm).await.map_err(|refusal| refusal.status)?;
        match &self.permit {
            Some(permit) if !permit(&caller, method) => {
                Err(Status::permission_denied(format!("the caller may not call {}", method.path)))
            }
            _ => Ok(caller),
        }
    }
}

impl<V: Verify> Interceptor for Authentication<V> {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        if call.side() == Side::Client {
            return Err(Status::internal(
                "an interceptor that authenticates callers was given to a client: it belongs on a server, and \
                 call credentials on a client",
            ));
        }
        if !self.except.iter().any(|pattern| pattern.matches(call.method())) {
            let caller = self.authenticate(call).await?;
            call.extensions_mut().insert(caller);
        }
        if self.strip {
            for key in self.verifier.secrets() {
                call.metadata_mut().remove(key);
            }
        }
        next.run(call).await
    }
}

impl<V> fmt::Debug for Authentication<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authentication").field("except", &self.except).finish_non_exhaustive()
    }
}

/// Two kinds of credentials, one of which is enough; see [`Authentication::or`].
#[derive(Clone)]
pub struct Either<V, W>(V, W);

impl<V: Verify, W: Verify> Verify for Either<V, W> {
    async fn verify(&self, call: &Call, realm: &str) -> Result<Authenticated, Refusal> {
        let mut first = match self.0.verify(call, realm).await {
            Ok(caller) => return Ok(caller),
            Err(first) => first,
        };
        let second = match self.1.verify(call, realm).await {
            Ok(caller) => return Ok(caller),
            Err(second) => second,
        };
        // What was sent and is wrong says more than what was not sent.
        if first.absent && !second.absent {
            return Err(second);
        }
        if first.absent {
            for challenge in second.status.metadata().get_all("www-authenticate") {
                first.status = challenged(first.status, challenge);
            }
        }
        Err(first)
    }

    fn secrets(&self) -> Vec<&str> {
        let mut secrets = self.0.secrets();
        secrets.extend(self.1.secrets());
        secrets
    }
}
