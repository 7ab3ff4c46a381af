//! The values of `-bin` metadata: base64 (RFC 4648 §4), written without padding, read with or without
//! (PROTOCOL-HTTP2.md, "Custom-Metadata").

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        // Some encoders leave the unused bits of the last digit as they happen to be, and other readers let them pass.
        .with_decode_allow_trailing_bits(true),
);

/// Bytes as base64 without padding.
///
/// ```
/// assert_eq!(gannet_core::wire::base64::encode(b"\xff\0"), "/wA");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// The bytes that base64 stands for, padded or not; `None` if `text` is not base64.
///
/// ```
/// use gannet_core::wire::base64::decode;
///
/// assert_eq!(decode(b"/wA").unwrap(), &b"\xff\0"[..]);
/// assert_eq!(decode(b"/wA=").unwrap(), &b"\xff\0"[..]);
/// assert_eq!(decode(b"{}"), None);
/// ```
pub fn decode(text: &[u8]) -> Option<Bytes> {
    ENGINE.decode(text).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_length_of_padding_is_read() {
        for (text, bytes) in
            [("", ""), ("Zg", "f"), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm8", "fo"), ("Zm9v", "foo")]
        {
            assert_eq!(decode(text.as_bytes()).unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn unused_bits_of_the_last_digit_are_ignored() {
        assert_eq!(decode(b"Zh").unwrap(), "f");
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in [&b"Z"[..], b"Zg=a", b"Zm9v=====", b"Z g=", b"Zm9-", b"\xff\xff"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert!(!text.contains('='));
            prop_assert_eq!(decode(text.as_bytes()).unwrap(), bytes);
        }

        #[test]
        fn any_input_is_decoded_or_refused(text: Vec<u8>) {
            let _ = decode(&text);
        }
    }
}
