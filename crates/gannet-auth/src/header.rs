//! What a call sends to say who calls: reading the metadata `authorization` (RFC 9110 §11.6.2) and others, within bounds.
//!
//! Not here: whether what was read is true.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use gannet_core::Metadata;
use zeroize::Zeroizing;

use crate::Secret;

/// Bytes a user's name, a password or a token may have: 16 KiB. Longer ones are refused unread.
pub(crate) const MAX_LEN: usize = 16 * 1024;

/// The metadata of tokens.
pub(crate) const AUTHORIZATION: &str = "authorization";

/// Base64 as in RFC 7617; the padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why metadata holds nothing that could be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// There is none.
    Absent,
    /// It is there more than once, so that it is open which counts.
    Repeated,
    /// It is longer than [`MAX_LEN`].
    TooLong,
    /// It is of another scheme than the one asked for.
    OtherScheme,
    /// There is nothing behind the scheme.
    Empty,
    /// It is not of the form that the scheme asks for.
    Malformed,
}

impl Unread {
    /// Whether the call may have come with credentials of another kind.
    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::Absent | Self::OtherScheme)
    }

    /// What to tell a caller who should have sent `expected`.
    pub(crate) fn told(self, expected: &str) -> String {
        let fault = match self {
            Self::Absent => {
                return format!("the call says not who calls: it takes the metadata `{expected}`");
            }
            Self::Repeated => "the metadata `authorization` was sent more than once",
            Self::TooLong => "the metadata `authorization` is longer than 16 KiB",
            Self::OtherScheme => "the metadata `authorization` is of another scheme",
            Self::Empty => "the metadata `authorization` has nothing behind its scheme",
            Self::Malformed => "the metadata `authorization` is malformed",
        };
        format!("{fault}: the call takes `{expected}`")
    }
}

/// The only value of `key`.
pub(crate) fn only<'a>(metadata: &'a Metadata, key: &str) -> Result<&'a str, Unread> {
    let mut values = metadata.get_all(key);
    match (values.next(), values.next()) {
        (None, _) => Err(Unread::Absent),
        (Some(_), Some(_)) => Err(Unread::Repeated),
        (Some(value), None) if value.len() > MAX_LEN => Err(Unread::TooLong),
        (Some(value), None) => Ok(value),
    }
}

/// What stands behind `scheme`, whose case does not matter (RFC 9110 §11.1).
fn behind<'a>(metadata: &'a Metadata, scheme: &str) -> Result<&'a str, Unread> {
    let value = only(metadata, AUTHORIZATION)?;
    let (own, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !own.eq_ignore_ascii_case(scheme) {
        return Err(Unread::OtherScheme);
    }
    match rest.trim_matches(' ') {
        "" => Err(Unread::Empty),
        rest => Ok(rest),
    }
}

/// The token of `authorization: Bearer TOKEN` (RFC 6750 §2.1).
pub(crate) fn bearer(metadata: &Metadata) -> Result<&str, Unread> {
    let token = behind(metadata, "Bearer")?;
    if is_token(token) { Ok(token) } else { Err(Unread::Malformed) }
}

/// Whether this can be a bearer token: a `b64token` of RFC 6750.
pub(crate) fn is_token(text: &str) -> bool {
    let padding = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !padding.is_empty() && padding.bytes().all(is_digit)
}

/// The user and the password of `authorization: Basic BASE64` (RFC 7617 §2).
pub(crate) fn basic(metadata: &Metadata) -> Result<(String, Secret), Unread> {
    let encoded = behind(metadata, "Basic")?;
    let decoded = Zeroizing::new(BASE64.decode(encoded).map_err(|_| Unread::Malformed)?);
    let text = std::str::from_utf8(&decoded).map_err(|_| Unread::Malformed)?;
    if text.chars().any(char::is_control) {
        return Err(Unread::Malformed);
    }
    let (user, password) = text.split_once(':').ok_or(Unread::Malformed)?;
    Ok((user.to_owned(), password.into()))
}

/// The value of `authorization` for this user and password.
pub(crate) fn basic_value(user: &str, password: &Secret) -> Zeroizing<String> {
    let plain = Zeroizing::new(format!("{user}:{}", password.expose()));
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}

/// A value of `www-authenticate` (RFC 9110 §11.6.1).
pub(crate) fn challenge(scheme: &str, realm: &str, more: &str) -> String {
    let mut quoted = String::with_capacity(realm.len());
    for char in realm.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    format!("{scheme} realm=\"{quoted}\"{more}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metadata(values: &[&str]) -> Metadata {
        let mut metadata = Metadata::new();
        for value in values {
            metadata.append(AUTHORIZATION, value).unwrap();
        }
        metadata
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        for value in ["Bearer abc.-_~+/==", "bearer abc.-_~+/==", "BEARER   abc.-_~+/== "] {
            assert_eq!(bearer(&metadata(&[value])), Ok("abc.-_~+/=="), "{value}");
        }
    }

    #[test]
    fn what_is_no_bearer_token_is_told_apart() {
        let long = format!("Bearer {}", "a".repeat(MAX_LEN));
        let huge = "a".repeat(1 << 20);
        for (values, expected) in [
            (&[][..], Unread::Absent),
            (&["Bearer a", "Bearer a"], Unread::Repeated),
            (&["Bearer a", "Basic b"], Unread::Repeated),
            (&[&long], Unread::TooLong),
            (&[&huge], Unread::TooLong),
            (&["Basic YTpi"], Unread::OtherScheme),
            (&["abc"], Unread::OtherScheme),
            (&[""], Unread::OtherScheme),
            (&["Bearerabc"], Unread::OtherScheme),
            (&["Bearer\u{20}"], Unread::Empty),
            (&["Bearer"], Unread::Empty),
            (&["Bearer a b"], Unread::Malformed),
            (&["Bearer a,Bearer b"], Unread::Malformed),
            (&["Bearer a=b"], Unread::Malformed),
            (&["Bearer ="], Unread::Malformed),
            (&["Bearer \"a\""], Unread::Malformed),
        ] {
            assert_eq!(bearer(&metadata(values)), Err(expected), "{values:?}");
        }
    }

    #[test]
    fn the_example_of_the_rfc_for_basic_is_read() {
        let (user, password) = basic(&metadata(&["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="])).unwrap();
        assert_eq!((user.as_str(), password.expose()), ("Aladdin", "open sesame"));
        // RFC 7617 §2.1, in UTF-8.
        let (user, password) = basic(&metadata(&["basic dGVzdDoxMjPCow"])).unwrap();
        assert_eq!((user.as_str(), password.expose()), ("test", "123£"));
    }

    #[test]
    fn a_password_may_have_colons_and_may_be_empty() {
        for (plain, expected) in [("a:b:c", ("a", "b:c")), ("a:", ("a", "")), (":", ("", ""))] {
            let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(plain));
            let (user, password) = basic(&metadata(&[&value])).unwrap();
            assert_eq!((user.as_str(), password.expose()), expected);
        }
    }

    #[test]
    fn what_is_no_basic_is_refused() {
        let encode =
            |plain: &[u8]| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(plain));
        for value in [
            "Basic ****".to_owned(),
            "Basic YTpi YTpi".to_owned(),
            encode(b"no colon"),
            encode(b"a\0:b"),
            encode(b"a:b\n"),
            encode(b"\xff:b"),
        ] {
            assert_eq!(basic(&metadata(&[&value])).unwrap_err(), Unread::Malformed, "{value}");
        }
        assert_eq!(basic(&metadata(&["Bearer abc"])).unwrap_err(), Unread::OtherScheme);
    }

    #[test]
    fn a_realm_is_quoted() {
        assert_eq!(challenge("Basic", r#"a"b\c"#, ", x=1"), r#"Basic realm="a\"b\\c", x=1"#);
    }

    #[test]
    fn what_is_told_shows_nothing_that_was_sent() {
        for unread in [
            Unread::Absent,
            Unread::Repeated,
            Unread::TooLong,
            Unread::OtherScheme,
            Unread::Empty,
            Unread::Malformed,
        ] {
            let told = unread.told("authorization: Bearer TOKEN");
            assert!(told.contains("`authorization: Bearer TOKEN`"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused(value in "[ -~]{0,64}") {
            let metadata = metadata(&[&value]);
            if let Ok(token) = bearer(&metadata) {
                prop_assert!(is_token(token) && value.ends_with(token) || value.trim_end().ends_with(token));
            }
            let _ = basic(&metadata);
        }

        #[test]
        fn any_basic_is_read_as_it_was_written(user in "[^:\\p{Cc}]{0,16}", password in "\\P{Cc}{0,16}") {
            let value = basic_value(&user, &Secret::from(password.as_str()));
            let (own_user, own_password) = basic(&metadata(&[value.as_str()])).unwrap();
            prop_assert_eq!((own_user.as_str(), own_password.expose()), (user.as_str(), password.as_str()));
        }
    }
}
