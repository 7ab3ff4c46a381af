//! Percent-encoding as `grpc-message` has it: printable ASCII stands for itself, `%` and all else is `%XX` per byte of
//! UTF-8.

use std::borrow::Cow;

fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b'%'
}

/// Encodes a message.
///
/// ```
/// assert_eq!(gannet_core::wire::percent::encode("50 % ü"), "50 %25 %C3%BC");
/// ```
pub fn encode(message: &str) -> Cow<'_, str> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // A field's value cannot begin or end with a space (RFC 9113 §8.2.1): such a space is encoded too.
    let edges = message.starts_with(' ') || message.ends_with(' ');
    if !edges && message.bytes().all(stands_for_itself) {
        return Cow::Borrowed(message);
    }
    let last = message.len().saturating_sub(1);
    let mut encoded = String::with_capacity(message.len() + 16);
    for (index, byte) in message.bytes().enumerate() {
        let edge_space = byte == b' ' && (index == 0 || index == last);
        if stands_for_itself(byte) && !edge_space {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    Cow::Owned(encoded)
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    char::from(*digit?).to_digit(16).map(|value| value as u8)
}

/// Decodes a message. Nothing is refused: a `%` that does not lead two hex digits stands for itself, and bytes that are
/// no UTF-8 become replacement characters.
///
/// ```
/// assert_eq!(gannet_core::wire::percent::decode(b"50 %25 %C3%BC"), "50 % ü");
/// ```
pub fn decode(encoded: &[u8]) -> String {
    if !encoded.contains(&b'%') {
        return String::from_utf8_lossy(encoded).into_owned();
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut index = 0;
    while let Some(&byte) = encoded.get(index) {
        let escaped =
            if byte == b'%' { hex(encoded.get(index + 1)).zip(hex(encoded.get(index + 2))) } else { None };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                index += 3;
            }
            None => {
                bytes.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        assert_eq!(decode(b"100%"), "100%");
        assert_eq!(decode(b"%zz%4"), "%zz%4");
        assert_eq!(decode(b"%FF"), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_message_comes_back(message in ".*") {
            let encoded = encode(&message);
            prop_assert!(encoded.bytes().all(|byte| matches!(byte, 0x20..=0x7e)));
            prop_assert!(!encoded.starts_with(' ') && !encoded.ends_with(' '));
            prop_assert_eq!(decode(encoded.as_bytes()), message);
        }
    }
}
