//! Bearer tokens that are known beforehand (RFC 6750): from a list or a file.
//!
//! Not here: tokens that say themselves whose they are (`jwt/`), and those that a check decides about (`custom`).

use std::path::Path;
use std::time::Duration;

use gannet_core::{Call, Status};
use gannet_transport::Error;

use super::{Authentication, INVALID, Refusal, Verify, challenged};
use crate::candidates::Candidates;
use crate::header::{self, AUTHORIZATION, MAX_LEN, Unread, is_token};
use crate::watched_file::WatchedFile;
use crate::{Authenticated, Scheme, Secret};

const EXPECTED: &str = "authorization: Bearer TOKEN";

/// Lets those calls pass that send one of these tokens as `authorization: Bearer TOKEN` (RFC 6750).
///
/// Tokens given here name nobody: their [subject](Authenticated::subject) is empty. [`Authentication::token`] adds one
/// that does. A token that cannot be sent, because it is empty or has other characters than RFC 6750 allows, lets nobody
/// pass and is complained of in the log.
///
/// ```
/// let interceptor = gannet_auth::bearer(["cGFzcw", "d29yZA"]).token("alice", "c2VjcmV0");
/// ```
pub fn bearer<T: Into<Secret>>(tokens: impl IntoIterator<Item = T>) -> Authentication<Bearer> {
    let mut known = Candidates::default();
    for token in tokens {
        add(&mut known, "", &token.into());
    }
    Authentication::new(Bearer(Tokens::Listed(known)))
}

/// As [`bearer`], with the tokens of a file, which is read again when its content changes. Blocks.
///
/// A line is a token, or the name of whom it stands for, a space and the token. Empty lines and those that start with `#`
/// do not count. The file is looked at every 30 s, see [`Authentication::reload_every`]; a new content that is bad or has
/// no token is not used, and the log says why. To change it, write another file and rename it over this one. A file has
/// at most 4 MiB.
///
/// ```
/// # fn main() -> Result<(), gannet_transport::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("tokens");
/// # std::fs::write(&path, "alice c2VjcmV0").unwrap();
/// let interceptor = gannet_auth::bearer_file(path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the file cannot be read, has no token, or has a line that is none.
pub fn bearer_file(path: impl AsRef<Path>) -> Result<Authentication<Bearer>, Error> {
    let file = WatchedFile::open(path, "bearer tokens", read)?;
    Ok(Authentication::new(Bearer(Tokens::File(file))))
}

fn add(known: &mut Candidates, subject: &str, token: &Secret) {
    let text = token.expose();
    if is_token(text) && text.len() <= MAX_LEN {
        known.add(&[text], subject);
    } else {
        tracing::error!(
            "a bearer token{} lets nobody pass: a token has only letters, digits and `-._~+/`, `=` at its end, and at \
             most 16 KiB (RFC 6750)",
            if subject.is_empty() { String::new() } else { format!(" of {subject}") }
        );
    }
}

/// Reads a file of tokens.
fn read(bytes: &[u8]) -> Result<Candidates, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
    let mut known = Candidates::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let (subject, token) = match (words.next(), words.next(), words.next()) {
            (Some(token), None, _) => ("", token),
            (Some(subject), Some(token), None) => (subject, token),
            _ => return Err(format!("line {number} is neither a token nor a name and a token")),
        };
        if !is_token(token) || token.len() > MAX_LEN {
            return Err(format!(
                "line {number} has no token: a token has only letters, digits and `-._~+/`, `=` at its end, and at \
                 most 16 KiB (RFC 6750)"
            ));
        }
        known.add(&[token], subject);
    }
    if known.len() == 0 { Err("it has no token".to_owned()) } else { Ok(known) }
}

/// Verifies bearer tokens; see [`bearer`].
#[derive(Clone)]
pub struct Bearer(Tokens);

#[derive(Clone)]
enum Tokens {
    Listed(Candidates),
    File(WatchedFile<Candidates>),
}

impl Authentication<Bearer> {
    /// Lets the token of `subject` pass as well.
    ///
    /// # Panics
    ///
    /// If the tokens are those of a file.
    #[must_use]
    pub fn token(mut self, subject: &str, token: impl Into<Secret>) -> Self {
        match &mut self.verifier.0 {
            Tokens::Listed(known) => add(known, subject, &token.into()),
            Tokens::File(file) => panic!("a token was added to {file:?}: write it into the file"),
        }
        self
    }

    /// How often a file of tokens is looked at; zero for never. Default: 30 s. Nothing happens without a file.
    #[must_use]
    pub fn reload_every(self, every: Duration) -> Self {
        if let Tokens::File(file) = &self.verifier.0 {
            file.reload_every(every);
        }
        self
    }

    /// Reads a file of tokens now; clones have the new ones too. Blocks. Nothing happens without a file.
    ///
    /// # Errors
    ///
    /// As [`bearer_file`]; the tokens stay as they are then.
    pub fn reload(&self) -> Result<(), Error> {
        match &self.verifier.0 {
            Tokens::Listed(_) => Ok(()),
            Tokens::File(file) => file.reload(),
        }
    }
}

impl Verify for Bearer {
    async fn verify(&self, call: &Call, realm: &str) -> Result<Authenticated, Refusal> {
        let token = header::bearer(call.metadata()).map_err(|unread| unread_bearer(unread, realm))?;
        let found = match &self.0 {
            Tokens::Listed(known) => known.find(&[token]),
            Tokens::File(file) => file.current().find(&[token]),
        };
        match found {
            Some(subject) => Ok(Authenticated::new(&*subject, Scheme::Bearer, None)),
            None => Err(invalid_bearer(INVALID, realm).into()),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        vec![AUTHORIZATION]
    }
}

/// The refusal of a call without a token, or with what is none (RFC 6750 §3).
pub(crate) fn unread_bearer(unread: Unread, realm: &str) -> Refusal {
    // Who sent no token is told no error, but what to send (§3.1).
    let error = if unread.is_absent() { "" } else { ", error=\"invalid_request\"" };
    let status = Status::unauthenticated(unread.told(EXPECTED));
    let status = challenged(status, &header::challenge("Bearer", realm, error));
    Refusal { absent: unread.is_absent(), status }
}

/// The status of a call whose token is not valid (RFC 6750 §3.1).
fn invalid_bearer(message: &'static str, realm: &str) -> Status {
    let challenge = header::challenge("Bearer", realm, ", error=\"invalid_token\"");
    challenged(Status::unauthenticated(message), &challenge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Any file is read or refused, and what is said of it shows none of its words.
        #[test]
        fn any_file_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[a-z #=\\n]{0,64}") {
            let _ = read(&bytes);
            if let Err(why) = read(format!("{text}\nxqxqxq xqxqxq xqxqxq").as_bytes()) {
                prop_assert!(why.starts_with("line ") && !why.contains("xqxqxq"), "{}", why);
            } else {
                prop_assert!(false, "the last line is bad");
            }
        }
    }
}
