//! The value of `grpc-message`: UTF-8, percent-encoded (PROTOCOL-HTTP2.md, "Status-Message").

use std::borrow::Cow;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Whether a byte stands for itself.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'%'
}

/// Text as it stands in `grpc-message`; borrowed if it needs no encoding.
///
/// A space at either end is encoded too, which gRPC allows and HTTP/2 demands (RFC 9113 §8.2.1: a field value neither
/// begins nor ends with whitespace).
///
/// ```
/// use gannet_core::wire::percent::encode;
///
/// assert_eq!(encode("no such user"), "no such user");
/// assert_eq!(encode("100 % ☺"), "100 %25 %E2%98%BA");
/// ```
pub fn encode(text: &str) -> Cow<'_, str> {
    let spaced = text.starts_with(' ') || text.ends_with(' ');
    if !spaced && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix(' ') {
        encoded.push_str("%20");
        rest = behind;
    }
    let inner = rest.strip_suffix(' ').unwrap_or(rest);
    // What is plain is copied in whole runs. A character of several bytes has none that is plain: runs end between characters.
    let mut from = 0;
    for (at, byte) in inner.bytes().enumerate().filter(|(_, byte)| !is_plain(*byte)) {
        encoded.push_str(inner.get(from..at).unwrap_or_default());
        encoded.push('%');
        encoded.push(char::from(HEX[usize::from(byte >> 4)]));
        encoded.push(char::from(HEX[usize::from(byte & 0xf)]));
        from = at + 1;
    }
    encoded.push_str(inner.get(from..).unwrap_or_default());
    if inner.len() < rest.len() {
        encoded.push_str("%20");
    }
    Cow::Owned(encoded)
}

/// The text that a `grpc-message` stands for.
///
/// Nothing is refused: a `%` without two hexadecimal digits stays, and what is not UTF-8 becomes U+FFFD.
///
/// ```
/// use gannet_core::wire::percent::decode;
///
/// assert_eq!(decode(b"100 %25 %E2%98%BA"), "100 % ☺");
/// assert_eq!(decode(b"100% %zz %ff"), "100% %zz \u{fffd}");
/// ```
pub fn decode(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, behind @ ..] = rest {
        if let Some((decoded, behind)) = escape(rest) {
            bytes.push(decoded);
            rest = behind;
        } else {
            bytes.push(*byte);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The byte that an escape at the start of `text` stands for, and what is behind it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, behind @ ..] = text else { return None };
    Some((hex_digit(*high)? << 4 | hex_digit(*low)?, behind))
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        let plain: String = ('!'..='~').filter(|&character| character != '%').collect();
        let spaced = format!("{plain} {plain}");
        assert!(matches!(encode(&spaced), Cow::Borrowed(text) if text == spaced));
        assert_eq!(encode(""), "");
    }

    #[test]
    fn all_else_is_encoded_with_upper_case_digits() {
        assert_eq!(encode("%"), "%25");
        assert_eq!(encode("\t\r\n\0\u{7f}"), "%09%0D%0A%00%7F");
        assert_eq!(encode("grüß"), "gr%C3%BC%C3%9F");
        assert_eq!(encode("😈"), "%F0%9F%98%88");
    }

    #[test]
    fn spaces_at_the_ends_are_encoded() {
        assert_eq!(encode(" a b "), "%20a b%20");
        assert_eq!(encode(" "), "%20");
        assert_eq!(encode("  "), "%20%20");
    }

    #[test]
    fn broken_escapes_stay() {
        assert_eq!(decode(b"%"), "%");
        assert_eq!(decode(b"%4"), "%4");
        assert_eq!(decode(b"%4g%41"), "%4gA");
        assert_eq!(decode(b"%%41"), "%A");
        assert_eq!(decode(b"%e2%98%ba"), "☺");
        assert_eq!(decode(b"a%80b"), "a\u{fffd}b");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(text: String) {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(encoded.trim(), &*encoded);
            prop_assert_eq!(decode(encoded.as_bytes()), text);
        }

        #[test]
        fn any_input_is_decoded(value: Vec<u8>) {
            decode(&value);
        }
    }
}
