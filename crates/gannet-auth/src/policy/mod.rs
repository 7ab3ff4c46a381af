//! Authorization policies (gRFC A43): who may call what, as JSON, with audit logs (gRFC A59).
//!
//! Not here: who calls by a token (`server/`); a policy knows peers by their client certificates.

mod audit;
mod document;
mod pattern;
mod peer;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gannet_core::{Call, Interceptor, Next, Side, Status};
use gannet_transport::{Error, Phase};

pub use audit::{AuditEvent, AuditLogger};

use self::audit::MakeLogger;
use self::peer::Peer;
use self::rules::{Asked, Policy};
use crate::watched_file::WatchedFile;

/// What a call that is denied is told, in the words of grpc-go.
const DENIED: &str = "authz: unauthorized RPC request rejected";

/// What a policy is called that has no file.
const GIVEN: &str = "the authorization policy given as JSON";

/// Who may call what: an interceptor for servers, made of a policy of gRFC A43.
///
/// A policy has deny rules and allow rules. A call that a deny rule matches is denied; otherwise one that an allow rule
/// matches is allowed; all others are denied. Denied calls end with PERMISSION_DENIED before their message is read. A
/// rule matches a call if its `source` and its `request` do, and what it leaves out matches anything:
///
/// - `source.principals`: the peer's verified client certificate has one of these among its URI names, its DNS names, or
///   as its subject (RFC 4514). `""` stands for a peer with TLS and no certificate. A peer without TLS matches none.
/// - `request.paths`: the method, such as `/helloworld.Greeter/SayHello`.
/// - `request.headers`: all of these metadata, each with one of its values. Several values of a key are one, joined by
///   commas. Values of `-bin` keys are as they were sent, in base64.
///
/// Each is `"text"`, `"prefix*"`, `"*suffix"`, or `"*"` for anything that is not empty.
///
/// ```
/// use gannet_auth::AuthorizationPolicy;
///
/// # fn main() -> Result<(), gannet_transport::Error> {
/// let policy = AuthorizationPolicy::from_json(
///     r#"{
///         "name": "greeter",
///         "deny_rules": [{ "name": "nobody-debugs", "request": { "paths": ["*/Debug"] } }],
///         "allow_rules": [
///             {
///                 "name": "frontends-greet",
///                 "source": { "principals": ["spiffe://example.org/frontend/*"] },
///                 "request": { "paths": ["/helloworld.Greeter/*"] }
///             },
///             { "name": "health", "request": { "paths": ["/grpc.health.v1.Health/*"] } }
///         ],
///         "audit_logging_options": {
///             "audit_condition": "ON_DENY",
///             "audit_loggers": [{ "name": "stdout_logger" }]
///         }
///     }"#,
/// )?;
/// # Ok(())
/// # }
/// ```
///
/// Audit loggers (gRFC A59) are `stdout_logger`, which writes a line of JSON to the standard output; `tracing_logger`,
/// which makes an event of [`tracing`](https://docs.rs/tracing) at the level INFO with the target `gannet::audit`; and
/// the server's own ([`AuthorizationPolicy::loader`]).
///
/// A server should have one policy: of several, each denies what it does not allow. Clones share the policy.
///
/// # Where it is stricter than the gRFC
///
/// What cannot match anything that its author may have meant is an error: fields that are not known, a `*` inside a text,
/// a path that does not start with `/`, headers that are not handed to interceptors, two rules of the same name. A
/// certificate without a subject does not match `""`.
#[derive(Clone)]
pub struct AuthorizationPolicy(Source);

#[derive(Clone)]
enum Source {
    Given(Arc<Policy>),
    File(WatchedFile<Policy>),
}

impl AuthorizationPolicy {
    /// A policy that stays as it is.
    ///
    /// # Errors
    ///
    /// If it is no such policy; the error names the place.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        Self::loader().from_json(json)
    }

    /// The policy in a file, which is read again when its content changes. Blocks.
    ///
    /// The file is looked at every 30 s, see [`AuthorizationPolicy::reload_every`]; a new content that is no policy is
    /// not used, and the log says why. To change it, write another file and rename it over this one. A file has at most
    /// 4 MiB.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is no policy; the error names the place.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::loader().from_file(path)
    }

    /// For policies that name audit loggers of the server's own.
    pub fn loader() -> PolicyLoader {
        PolicyLoader { loggers: audit::built_in() }
    }

    /// How often the file is looked at; zero for never. Default: 30 s. Nothing happens without a file.
    #[must_use]
    pub fn reload_every(self, every: Duration) -> Self {
        if let Source::File(file) = &self.0 {
            file.reload_every(every);
        }
        self
    }

    /// Reads the file now; clones have the new policy too. Blocks. Nothing happens without a file.
    ///
    /// # Errors
    ///
    /// As [`AuthorizationPolicy::from_file`]; the policy stays as it is then.
    pub fn reload(&self) -> Result<(), Error> {
        match &self.0 {
            Source::Given(_) => Ok(()),
            Source::File(file) => file.reload(),
        }
    }

    fn current(&self) -> Arc<Policy> {
        match &self.0 {
            Source::Given(policy) => Arc::clone(policy),
            Source::File(file) => file.current(),
        }
    }

    /// Decides about a call, and has the decision audited.
    fn check(&self, call: &Call) -> Result<(), Status> {
        let asked = Asked {
            path: call.method().path,
            metadata: call.metadata(),
            user_agent: call.user_agent(),
            peer: Peer::of(call.connection()),
        };
        if self.current().decide(&asked) { Ok(()) } else { Err(Status::permission_denied(DENIED)) }
    }
}

impl Interceptor for AuthorizationPolicy {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        if call.side() == Side::Client {
            return Err(Status::internal(
                "an authorization policy was given to a client: it says who may call a server, and belongs there",
            ));
        }
        self.check(call)?;
        next.run(call).await
    }
}

impl fmt::Debug for AuthorizationPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AuthorizationPolicy").field(&self.current().name).finish()
    }
}

/// Reads policies that name audit loggers of the server's own.
///
/// ```
/// use gannet_auth::{AuditEvent, AuditLogger, AuthorizationPolicy};
///
/// struct Counter;
///
/// impl AuditLogger for Counter {
///     fn log(&self, event: &AuditEvent<'_>) {
///         // Must not block: hand it to somebody who may.
///     }
/// }
///
/// # fn main() -> Result<(), gannet_transport::Error> {
/// let policy = AuthorizationPolicy::loader()
///     .audit_logger("counter", |config| match config {
///         "{}" => Ok(Counter),
///         _ => Err("it takes no settings".into()),
///     })
///     .from_json(
///         r#"{
///             "name": "all",
///             "allow_rules": [{ "name": "anyone" }],
///             "audit_logging_options": {
///                 "audit_condition": "ON_ALLOW",
///                 "audit_loggers": [{ "name": "counter" }]
///             }
///         }"#,
///     )?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PolicyLoader {
    loggers: HashMap<Box<str>, Arc<MakeLogger>>,
}

impl PolicyLoader {
    /// Adds a kind of audit logger, in place of another of this name. `make` is given the `config` of the policy as
    /// JSON, `{}` if there is none; each policy that is read makes its own.
    #[must_use]
    pub fn audit_logger<L: AuditLogger>(
        mut self,
        name: &str,
        make: impl Fn(&str) -> Result<L, Box<dyn StdError + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        let make = move |config: &str| -> Result<Arc<dyn AuditLogger>, _> { Ok(Arc::new(make(config)?)) };
        self.loggers.insert(name.into(), Arc::new(make));
        self
    }

    /// As [`AuthorizationPolicy::from_json`].
    ///
    /// # Errors
    ///
    /// As there, and if an audit logger cannot be made.
    pub fn from_json(&self, json: &str) -> Result<AuthorizationPolicy, Error> {
        let policy = document::read(json.as_bytes(), &self.loggers)
            .map_err(|why| Error::new(Phase::Configure, GIVEN, why))?;
        Ok(AuthorizationPolicy(Source::Given(Arc::new(policy))))
    }

    /// As [`AuthorizationPolicy::from_file`].
    ///
    /// # Errors
    ///
    /// As there, and if an audit logger cannot be made.
    pub fn from_file(&self, path: impl AsRef<Path>) -> Result<AuthorizationPolicy, Error> {
        let loggers = self.loggers.clone();
        let read = move |bytes: &[u8]| document::read(bytes, &loggers);
        Ok(AuthorizationPolicy(Source::File(WatchedFile::open(
            path,
            "rules of the authorization policy",
            read,
        )?)))
    }
}

impl fmt::Debug for PolicyLoader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.loggers.keys()).finish()
    }
}
