//! Who called, once that was verified.
//!
//! Not here: verifying it (`server/`).

use std::fmt;
use std::sync::Arc;

use gannet_core::{Extensions, Status};

/// How a caller was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// A user and a password as metadata of their own.
    Password,
    /// A bearer token that is known (RFC 6750).
    Bearer,
    /// A user and a password as `authorization: Basic` (RFC 7617).
    Basic,
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A check of the server's own.
    Custom,
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Password => "password",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Jwt => "jwt",
            Self::Custom => "custom",
        })
    }
}

/// Who calls: there is one only if an interceptor of this crate verified it, and nothing else makes one.
///
/// Handlers and the interceptors behind find it among the extensions of the request. Cheap to clone.
///
/// ```
/// use gannet_auth::Authenticated;
/// use gannet_core::{Request, Status};
///
/// fn only_admins<T>(request: &Request<T>) -> Result<(), Status> {
///     match Authenticated::of(request.extensions()) {
///         Some(caller) if caller.subject() == "admin" => Ok(()),
///         Some(_) => Err(Status::permission_denied("only the admin may do this")),
///         None => Err(Status::unauthenticated("who calls?")),
///     }
/// }
/// # assert!(only_admins(&Request::new(1)).is_err());
/// ```
#[derive(Clone)]
pub struct Authenticated(Arc<Facts>);

struct Facts {
    subject: Box<str>,
    scheme: Scheme,
    claims: Option<Claims>,
    others: Extensions,
}

/// The claims of a token, as JSON.
pub(crate) type Claims = serde_json::Map<String, serde_json::Value>;

impl Authenticated {
    pub(crate) fn new(subject: impl Into<Subject>, scheme: Scheme, claims: Option<Claims>) -> Self {
        let Subject { name, others } = subject.into();
        Self(Arc::new(Facts { subject: name, scheme, claims, others }))
    }

    /// Who calls, out of the extensions of a request or a call; `None` for a method that needs no authentication.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// The name of who calls: the user, the owner of the token, or the token's `sub`. Empty if the credentials name
    /// nobody.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// How it was verified.
    pub fn scheme(&self) -> Scheme {
        self.0.scheme
    }

    /// The claim `name` of a JSON Web Token, if it is a text.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.0.claims.as_ref()?.get(name)?.as_str()
    }

    /// The claims of a JSON Web Token as a type of the server's own; `None` without a token.
    ///
    /// ```
    /// # use gannet_auth::Authenticated;
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     tenant: String,
    /// }
    ///
    /// fn tenant(caller: &Authenticated) -> Result<String, gannet_core::Status> {
    ///     Ok(caller.claims::<Claims>()?.map(|claims| claims.tenant).unwrap_or_default())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// PERMISSION_DENIED if the claims are not of that type; the source says where.
    pub fn claims<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>, Status> {
        let Some(claims) = &self.0.claims else { return Ok(None) };
        T::deserialize(claims).map(Some).map_err(|cause| {
            Status::permission_denied("the claims of the token are not what this method needs")
                .with_source(cause)
        })
    }

    /// What a check of the server's own said of the caller besides the name: the value of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.others.get()
    }
}

impl fmt::Debug for Authenticated {
    /// Without claims, which tell more of a person than a log should.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authenticated")
            .field("subject", &self.subject())
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}

/// Whom a check of the server's own found: a name, and what else is known.
///
/// ```
/// use gannet_auth::Subject;
///
/// struct Tenant(u32);
///
/// let plain = Subject::from("alice");
/// let more = Subject::from("bob").with(Tenant(7));
/// ```
pub struct Subject {
    name: Box<str>,
    others: Extensions,
}

impl Subject {
    /// Adds what [`Authenticated::get`] gives to handlers.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.others.insert(value);
        self
    }
}

impl From<Box<str>> for Subject {
    fn from(name: Box<str>) -> Self {
        Self { name, others: Extensions::new() }
    }
}

impl From<&str> for Subject {
    fn from(name: &str) -> Self {
        Box::<str>::from(name).into()
    }
}

impl From<String> for Subject {
    fn from(name: String) -> Self {
        name.into_boxed_str().into()
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Subject").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use gannet_core::Code;

    use super::*;

    #[test]
    fn debug_shows_no_claims() {
        let claims = serde_json::from_str(r#"{"email": "a@example.org", "n": 1}"#).unwrap();
        let caller = Authenticated::new("alice", Scheme::Jwt, Some(claims));
        assert_eq!(format!("{caller:?}"), r#"Authenticated { subject: "alice", scheme: Jwt, .. }"#);
        assert_eq!(caller.claim("email"), Some("a@example.org"));
        assert_eq!((caller.claim("n"), caller.claim("none")), (None, None));
    }

    #[test]
    fn claims_are_read_as_a_type() {
        #[derive(serde::Deserialize)]
        struct Own {
            n: u8,
        }
        let with = |json| Authenticated::new("a", Scheme::Jwt, Some(serde_json::from_str(json).unwrap()));
        assert_eq!(with(r#"{"n": 1}"#).claims::<Own>().unwrap().unwrap().n, 1);
        assert_eq!(
            with(r#"{"n": "x"}"#).claims::<Own>().map(drop).unwrap_err().code(),
            Code::PermissionDenied
        );
        assert!(Authenticated::new("a", Scheme::Basic, None).claims::<Own>().unwrap().is_none());
    }

    #[test]
    fn what_a_check_adds_is_found_by_its_type() {
        let caller = Authenticated::new(Subject::from("a").with(7_u8), Scheme::Custom, None);
        assert_eq!((caller.get::<u8>(), caller.get::<u16>()), (Some(&7), None));
    }
}
