//! Who calls and what they may do: token interceptors, call credentials, authorization policies.
//!
//! For servers: interceptors that let only those calls pass whose caller is known ([`password`], [`bearer`],
//! [`bearer_file`], [`basic`], [`token`]), and leave an [`Authenticated`] for handlers. Passwords and tokens are
//! compared in constant time, and stand in no log, error or `Debug`.
//!
//! With the feature `jwt` there is `jwt`, for JSON Web Tokens (RFC 7519).
//!
//! Who may do what is said by an [`AuthorizationPolicy`] (gRFC A43).
//!
//! For clients: [`credentials`], the metadata that say who calls.
//!
//! Not here: who a client certificate says the peer is (`gannet-transport`), and the traits that are implemented here
//! (`gannet-core`).

#![forbid(unsafe_code)]

mod authenticated;
mod candidates;
pub mod credentials;
mod header;
#[cfg(feature = "jwt")]
mod jwt;
mod method_pattern;
mod policy;
mod secret;
mod server;
#[cfg(test)]
mod testing;
mod watched_file;

pub use authenticated::{Authenticated, Scheme, Subject};
#[cfg(feature = "jwt")]
pub use jwt::{Jwt, JwtAlgorithm, JwtKeys, JwtVerifier, JwtVerifierBuilder, jwt};
pub use policy::{AuditEvent, AuditLogger, AuthorizationPolicy, PolicyLoader};
pub use secret::Secret;
pub use server::{
    Authentication, Basic, Bearer, Custom, Either, Password, Presented, Verify, basic, basic_check, bearer,
    bearer_file, password, password_check, token,
};
