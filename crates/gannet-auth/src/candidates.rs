//! Who may have sent a secret: a set of known secrets, searched in a time that says nothing about them.
//!
//! Not here: reading a secret from a call (`header`, `password`).

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

/// Known secrets, each with whom it stands for.
///
/// Only digests are kept, and what a caller sends is compared with all of them, each whole. So the time of a search
/// depends on how many there are and on how long the sent one is, and on nothing else.
#[derive(Clone, Default)]
pub(crate) struct Candidates(Vec<Candidate>);

#[derive(Clone)]
struct Candidate {
    digest: [u8; 32],
    subject: Arc<str>,
}

impl Candidates {
    /// Adds the secret that is made of `parts`, such as a user and a password.
    pub(crate) fn add(&mut self, parts: &[&str], subject: &str) {
        self.0.push(Candidate { digest: digest(parts), subject: subject.into() });
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whom the secret made of `parts` stands for.
    pub(crate) fn find(&self, parts: &[&str]) -> Option<Arc<str>> {
        let sent = digest(parts);
        // Zero is none.
        let mut found = 0_u64;
        for (number, candidate) in (1..).zip(&self.0) {
            found.conditional_assign(&number, candidate.digest.ct_eq(&sent));
        }
        let index = usize::try_from(found.checked_sub(1)?).ok()?;
        self.0.get(index).map(|candidate| Arc::clone(&candidate.subject))
    }
}

/// Each part goes in behind its length, so that `["ab", "c"]` and `["a", "bc"]` differ.
fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

impl fmt::Debug for Candidates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} secrets", self.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(secrets: &[(&[&str], &str)]) -> Candidates {
        let mut candidates = Candidates::default();
        for (parts, subject) in secrets {
            candidates.add(parts, subject);
        }
        candidates
    }

    #[test]
    fn the_subject_of_the_secret_is_found_wherever_it_stands() {
        let candidates = known(&[(&["a"], "first"), (&["b"], "second"), (&["c"], "third")]);
        for (secret, subject) in
            [("a", Some("first")), ("b", Some("second")), ("c", Some("third")), ("", None)]
        {
            assert_eq!(candidates.find(&[secret]).as_deref(), subject);
        }
        assert_eq!(Candidates::default().find(&[""]), None);
    }

    #[test]
    fn text_that_moves_from_one_part_to_the_next_is_another_secret() {
        let candidates = known(&[(&["ab", "c"], "it")]);
        assert!(candidates.find(&["ab", "c"]).is_some());
        assert!(candidates.find(&["a", "bc"]).is_none());
        assert!(candidates.find(&["abc"]).is_none());
    }

    #[test]
    fn debug_shows_neither_secrets_nor_digests() {
        assert_eq!(format!("{:?}", known(&[(&["secret"], "it")])), "1 secrets");
    }

    proptest! {
        #[test]
        fn finds_what_is_there_and_nothing_else(all in prop::collection::vec(".{0,8}", 0..8), sent in ".{0,8}") {
            let mut candidates = Candidates::default();
            for secret in &all {
                candidates.add(&[secret], secret);
            }
            let found = candidates.find(&[&sent]);
            prop_assert_eq!(found.as_deref(), all.contains(&sent).then_some(sent.as_str()));
        }
    }
}
