//! A user and a password as metadata of their own, `user` and `password`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gannet_core::{Call, Status};

use super::{Authentication, INVALID, Refusal, Verify};
use crate::candidates::Candidates;
use crate::header::{Unread, only};
use crate::{Authenticated, Scheme, Secret, Subject};

/// Lets those calls pass whose metadata `user` and `password` are these. Others end with UNAUTHENTICATED and the message
/// "invalid token", whatever is wrong with them.
///
/// ```
/// use gannet_auth::password;
///
/// let interceptor = password("admin", "admin").and("reader", "hunter2").except("/grpc.health.v1.Health/*");
/// ```
pub fn password(user: &str, password: impl Into<Secret>) -> Authentication<Password> {
    Authentication::new(Password::new(Known::Listed(Candidates::default()))).and(user, password)
}

/// Lets those calls pass whose metadata `user` and `password` stand the server's own check; as [`password`] otherwise.
///
/// The check gives who it is, `None` for a wrong user or password, or the status that the call ends with. It is not
/// asked about metadata that are missing, sent twice or longer than 16 KiB.
///
/// ```
/// use gannet_auth::{Secret, Subject, password_check};
///
/// let interceptor = password_check(|user, password| async move {
///     // Look the user up; then compare in constant time, as `Secret` does.
///     Ok((password == Secret::from("admin")).then(|| Subject::from(user)))
/// });
/// ```
pub fn password_check<F, Fut>(check: F) -> Authentication<Password>
where
    F: Fn(String, Secret) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Subject>, Status>> + Send + 'static,
{
    Authentication::new(Password::new(Known::checked(check)))
}

/// Verifies users and passwords in metadata of their own; see [`password`].
#[derive(Clone)]
pub struct Password {
    /// The keys of the user and of the password.
    keys: [Box<str>; 2],
    known: Known,
}

impl Password {
    fn new(known: Known) -> Self {
        Self { keys: ["user".into(), "password".into()], known }
    }
}

impl Authentication<Password> {
    /// Lets another user pass as well.
    ///
    /// # Panics
    ///
    /// If the users are those of a check ([`password_check`]).
    #[must_use]
    pub fn and(mut self, user: &str, password: impl Into<Secret>) -> Self {
        self.verifier.known.add(user, &password.into());
        self
    }

    /// Takes the user and the password from these metadata. Default: `user` and `password`.
    ///
    /// What a `Debug` of metadata hides it knows by the names of keys; it does not know others than usual ones.
    #[must_use]
    pub fn keys(mut self, user: &str, password: &str) -> Self {
        self.verifier.keys = [user.into(), password.into()];
        self
    }
}

impl Verify for Password {
    async fn verify(&self, call: &Call, _: &str) -> Result<Authenticated, Refusal> {
        let invalid = || Status::unauthenticated(INVALID);
        let metadata = call.metadata();
        let [user, password] = [&self.keys[0], &self.keys[1]].map(|key| only(metadata, key));
        let (Ok(user), Ok(password)) = (user, password) else {
            return Err(Refusal { absent: user.is_err_and(Unread::is_absent), status: invalid() });
        };
        match self.known.find(user, password).await? {
            Some(subject) => Ok(Authenticated::new(subject, Scheme::Password, None)),
            None => Err(invalid().into()),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        self.keys.iter().map(|key| &**key).collect()
    }
}

/// Who is known with which password.
#[derive(Clone)]
pub(super) enum Known {
    Listed(Candidates),
    Checked(Arc<Check>),
}

type Check = dyn Fn(String, Secret) -> Checking + Send + Sync;
type Checking = Pin<Box<dyn Future<Output = Result<Option<Subject>, Status>> + Send>>;

impl Known {
    pub(super) fn checked<F, Fut>(check: F) -> Self
    where
        F: Fn(String, Secret) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Subject>, Status>> + Send + 'static,
    {
        Self::Checked(Arc::new(move |user, password| Box::pin(check(user, password))))
    }

    pub(super) fn add(&mut self, user: &str, password: &Secret) {
        let Self::Listed(listed) = self else {
            panic!("the user {user:?} was added to users that a check decides about: let the check know it");
        };
        listed.add(&[user, password.expose()], user);
    }

    /// Who this is; `None` for a wrong user or password.
    pub(super) async fn find(&self, user: &str, password: &str) -> Result<Option<Subject>, Status> {
        match self {
            Self::Listed(listed) => {
                Ok(listed.find(&[user, password]).map(|subject| Subject::from(&*subject)))
            }
            Self::Checked(check) => check(user.to_owned(), password.into()).await,
        }
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(listed) => listed.fmt(formatter),
            Self::Checked(_) => formatter.write_str("a check"),
        }
    }
}
