//! A user and a password as `authorization: Basic` (RFC 7617).

use std::future::Future;

use gannet_core::{Call, Status};

use super::password::Known;
use super::{Authentication, Refusal, Verify, challenged};
use crate::candidates::Candidates;
use crate::header::{self, AUTHORIZATION};
use crate::{Authenticated, Scheme, Secret, Subject};

const EXPECTED: &str = "authorization: Basic BASE64(USER:PASSWORD)";

/// Lets those calls pass that send this user and password as `authorization: Basic` (RFC 7617).
///
/// ```
/// let interceptor = gannet_auth::basic("admin", "admin").and("reader", "hunter2").realm("greeting");
/// ```
pub fn basic(user: &str, password: impl Into<Secret>) -> Authentication<Basic> {
    Authentication::new(Basic(Known::Listed(Candidates::default()))).and(user, password)
}

/// Lets those calls pass whose user and password stand the server's own check; as [`basic`] otherwise.
///
/// The check gives who it is, `None` for a wrong user or password, or the status that the call ends with.
///
/// ```
/// use gannet_auth::{Secret, Subject, basic_check};
///
/// let interceptor = basic_check(|user, password| async move {
///     Ok((password == Secret::from("admin")).then(|| Subject::from(user)))
/// });
/// ```
pub fn basic_check<F, Fut>(check: F) -> Authentication<Basic>
where
    F: Fn(String, Secret) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Subject>, Status>> + Send + 'static,
{
    Authentication::new(Basic(Known::checked(check)))
}

/// Verifies users and passwords of `authorization: Basic`; see [`basic`].
#[derive(Clone)]
pub struct Basic(Known);

impl Authentication<Basic> {
    /// Lets another user pass as well.
    ///
    /// # Panics
    ///
    /// If the users are those of a check ([`basic_check`]).
    #[must_use]
    pub fn and(mut self, user: &str, password: impl Into<Secret>) -> Self {
        self.verifier.0.add(user, &password.into());
        self
    }
}

impl Verify for Basic {
    async fn verify(&self, call: &Call, realm: &str) -> Result<Authenticated, Refusal> {
        let refused = |message: String| {
            let challenge = header::challenge("Basic", realm, ", charset=\"UTF-8\"");
            challenged(Status::unauthenticated(message), &challenge)
        };
        let (user, password) = header::basic(call.metadata()).map_err(|unread| Refusal {
            absent: unread.is_absent(),
            status: refused(unread.told(EXPECTED)),
        })?;
        match self.0.find(&user, password.expose()).await? {
            Some(subject) => Ok(Authenticated::new(subject, Scheme::Basic, None)),
            None => Err(refused("invalid user or password".to_owned()).into()),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        vec![AUTHORIZATION]
    }
}
