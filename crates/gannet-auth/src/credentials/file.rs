//! A bearer token from a file that others write, such as the one Kubernetes puts into a pod (gRFC A97).
//!
//! Not here: how it is kept (`refreshed`); files of servers (`watched_file.rs`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gannet_core::{CallCredentials, CredentialsRequest, Metadata, Status};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::bearer_metadata;
use super::cached::Token;
use super::refreshed::{Fetched, Refreshed};
use crate::Secret;
use crate::header::is_token;
use crate::watched_file;

/// How often a token that does not say how long it lasts is read again.
const REREAD: Duration = Duration::from_secs(30);

/// The bearer token in a file, which is read when a call needs it.
///
/// A JSON Web Token is used until 30 s before it expires; from a minute before that on the next call has the file read
/// again in the background (gRFC A97). Any other token does not say how long it lasts: its file is read again 30 s after
/// it was read, in the background for calls that follow each other closely. One that cannot be read then leaves the old
/// token in use.
///
/// A call for which there is no token ends with UNAVAILABLE if the file cannot be read, and with UNAUTHENTICATED if it
/// holds no token or one that has expired. After a failure there is a wait before the file is read again, from 1 s on to
/// 2 min.
///
/// ```
/// let credentials = gannet_auth::credentials::bearer_file("/var/run/secrets/tokens/greeter");
/// ```
pub fn bearer_file(path: impl AsRef<Path>) -> BearerFile {
    let path: Arc<Path> = path.as_ref().into();
    let shown = path.to_path_buf();
    let token = Refreshed::new("call credentials", move || {
        let path = Arc::clone(&path);
        async move {
            let reading = tokio::task::spawn_blocking(move || read(&path));
            reading.await.unwrap_or_else(|cause| Err(Status::unavailable(cause.to_string())))
        }
    });
    BearerFile { path: shown, token }
}

/// A bearer token from a file; see [`bearer_file`]. Clones share it.
#[derive(Clone)]
pub struct BearerFile {
    path: PathBuf,
    token: Refreshed<Secret>,
}

impl BearerFile {
    /// Forgets the token, for instance because a server has refused it: the next call reads the file.
    pub fn forget(&self) {
        self.token.forget();
    }
}

impl CallCredentials for BearerFile {
    async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        bearer_metadata(&*self.token.get().await?)
    }
}

impl fmt::Debug for BearerFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("BearerFile").field(&self.path).finish()
    }
}

fn read(path: &Path) -> Result<Fetched<Secret>, Status> {
    let shown = path.display();
    let bytes = watched_file::read(path)
        .map_err(|cause| Status::unavailable(format!("the token file {shown} cannot be read: {cause}")))?;
    let text = str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    if !is_token(text) {
        let what =
            if bytes.trim_ascii().is_empty() { "is empty" } else { "holds no bearer token (RFC 6750)" };
        return Err(Status::unauthenticated(format!("the token file {shown} {what}")));
    }
    let secret = Secret::from(text);
    match expiry(text) {
        Form::Opaque => Ok(Fetched {
            value: secret,
            refresh_after: Some(REREAD),
            wait_after: Some(2 * REREAD),
            ends: None,
        }),
        Form::Jwt(None) => Err(Status::unauthenticated(format!(
            "the token file {shown} holds a JSON Web Token that does not say when it expires (exp)"
        ))),
        Form::Jwt(Some(expires)) if expires <= SystemTime::now() => {
            Err(Status::unauthenticated(format!("the token file {shown} holds a token that has expired")))
        }
        Form::Jwt(Some(expires)) => Ok(Token::new(secret).expires_at(expires).into()),
    }
}

/// What kind of token there is.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Opaque,
    /// A JSON Web Token, and when it expires.
    Jwt(Option<SystemTime>),
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "alg")]
    _algorithm: String,
}

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970 (NumericDate of RFC 7519), perhaps with a fraction.
    exp: f64,
}

/// When a token expires, as far as it says. It is not verified: that is the server's.
fn expiry(token: &str) -> Form {
    let mut parts = token.split('.');
    let (Some(head), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Form::Opaque;
    };
    if json::<Head>(head).is_none() {
        return Form::Opaque;
    }
    let seconds = json::<Claims>(claims).map(|claims| Duration::try_from_secs_f64(claims.exp));
    Form::Jwt(seconds.and_then(Result::ok).and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(seconds)))
}

fn json<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(part).ok()?);
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever stands in a token: when it expires is found or not.
        #[test]
        fn any_token_is_looked_at(text in "\\PC{0,64}", claims in "\\PC{0,32}", exp in any::<f64>()) {
            let _ = expiry(&text);
            let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
            for claims in [claims, format!("{{\"exp\":{exp:?}}}")] {
                let token = format!("{}.{}.", encode("{\"alg\":\"x\"}"), encode(&claims));
                prop_assert!(matches!(expiry(&token), Form::Jwt(_)));
            }
        }
    }
}
