//! Text that must not be seen: passwords and tokens.
//!
//! Not here: comparing what a caller sent with what is known (`candidates`).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password or a token: shown nowhere, and overwritten when it is dropped.
///
/// [`Debug`](fmt::Debug) prints `Secret(..)`, and there is no `Display`. Comparing two takes the same time whatever is in
/// them, as long as they are equally long. Copies that were made before the text came here are not overwritten.
///
/// ```
/// use gannet_auth::Secret;
///
/// let token = Secret::from("hunter2");
/// assert_eq!(format!("{token:?}"), "Secret(..)");
/// assert_eq!(token.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_shown_and_compares_by_its_text() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{:?} {:#?}", secret, Some(&secret)), "Secret(..) Some(\n    Secret(..),\n)");
        assert_eq!(secret, Secret::from(String::from("hunter2")));
        assert_ne!(secret, Secret::from("hunter3"));
        assert_ne!(secret, Secret::from("hunter"));
    }
}
