//! base64 as `-bin` metadata has it: written without padding, read with or without.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Encodes without padding.
///
/// ```
/// assert_eq!(gannet_core::wire::base64::encode(&[1]), "AQ");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Decodes with or without padding; `None` if it is no base64.
///
/// ```
/// assert_eq!(gannet_core::wire::base64::decode(b"AQ==").unwrap(), [1u8][..]);
/// assert_eq!(gannet_core::wire::base64::decode(b"AQ").unwrap(), [1u8][..]);
/// ```
pub fn decode(text: &[u8]) -> Option<Bytes> {
    ENGINE.decode(text).ok().map(Bytes::from)
}
