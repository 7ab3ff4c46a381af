//! A check of the server's own, which sees what the call has sent.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gannet_core::{Call, ConnectionInfo, Metadata, MethodDescriptor, Status};

use super::bearer::unread_bearer;
use super::{Authentication, Refusal, Verify};
use crate::header::{self, AUTHORIZATION, only};
use crate::{Authenticated, Scheme, Secret, Subject};

/// Lets those calls pass that stand the server's own check.
///
/// The check sees the call's metadata, method and connection, and may take time; the call's deadline holds. It gives who
/// calls, or the status that the call ends with: UNAUTHENTICATED for who is not known, PERMISSION_DENIED for who may not.
///
/// ```
/// use gannet_auth::{Presented, Subject, token};
/// use gannet_core::Status;
///
/// async fn check(presented: Presented) -> Result<Subject, Status> {
///     let token = presented.bearer()?;
///     match look_up(token).await {
///         Some(user) => Ok(user.into()),
///         None => Err(Status::unauthenticated("invalid token")),
///     }
/// }
/// # async fn look_up(_: &str) -> Option<String> { None }
///
/// let interceptor = token(check);
/// ```
pub fn token<F, Fut>(check: F) -> Authentication<Custom>
where
    F: Fn(Presented) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Subject, Status>> + Send + 'static,
{
    let check = Arc::new(move |presented| -> Checking { Box::pin(check(presented)) });
    Authentication::new(Custom { check, secrets: vec![AUTHORIZATION.into()] })
}

/// Verifies callers by a check of the server's own; see [`token`].
#[derive(Clone)]
pub struct Custom {
    check: Arc<Check>,
    secrets: Vec<Box<str>>,
}

type Check = dyn Fn(Presented) -> Checking + Send + Sync;
type Checking = Pin<Box<dyn Future<Output = Result<Subject, Status>> + Send>>;

impl Authentication<Custom> {
    /// Which metadata hold secrets, for [`Authentication::strip`]. Default: `authorization`.
    #[must_use]
    pub fn secret_keys<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        self.verifier.secrets = keys.into_iter().map(Into::into).collect();
        self
    }
}

impl Verify for Custom {
    async fn verify(&self, call: &Call, realm: &str) -> Result<Authenticated, Refusal> {
        let presented = Presented {
            method: call.method(),
            metadata: call.metadata().clone(),
            connection: call.connection().cloned(),
            realm: realm.into(),
        };
        let nothing = presented.metadata.is_empty();
        match (self.check)(presented).await {
            Ok(subject) => Ok(Authenticated::new(subject, Scheme::Custom, None)),
            Err(status) => Err(Refusal { absent: nothing, status }),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(|key| &**key).collect()
    }
}

/// What a call has sent, for a check of the server's own.
pub struct Presented {
    method: &'static MethodDescriptor,
    metadata: Metadata,
    connection: Option<ConnectionInfo>,
    realm: Box<str>,
}

impl Presented {
    /// The method that is called.
    pub fn method(&self) -> &'static MethodDescriptor {
        self.method
    }

    /// The call's metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The connection that the call came over.
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.connection.as_ref()
    }

    /// The token of `authorization: Bearer TOKEN` (RFC 6750).
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED, saying what is wrong, if there is none, if there are several, or if it is malformed or longer
    /// than 16 KiB.
    pub fn bearer(&self) -> Result<&str, Status> {
        header::bearer(&self.metadata).map_err(|unread| unread_bearer(unread, &self.realm).status)
    }

    /// The user and the password of `authorization: Basic` (RFC 7617).
    ///
    /// # Errors
    ///
    /// As [`Presented::bearer`].
    pub fn basic(&self) -> Result<(String, Secret), Status> {
        header::basic(&self.metadata).map_err(|unread| {
            Status::unauthenticated(unread.told("authorization: Basic BASE64(USER:PASSWORD)"))
        })
    }

    /// The only value of the metadata `key`.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED if there is none, if there are several, or if it is longer than 16 KiB.
    pub fn only(&self, key: &str) -> Result<&str, Status> {
        only(&self.metadata, key).map_err(|_| {
            Status::unauthenticated(format!(
                "the metadata `{key}` is missing, was sent more than once, or is longer than 16 KiB"
            ))
        })
    }
}

impl fmt::Debug for Presented {
    /// Without metadata, some of which are secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Presented").field("method", &self.method.path).finish_non_exhaustive()
    }
}
