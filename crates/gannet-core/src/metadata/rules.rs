//! What may be a key and what a value (PROTOCOL-HTTP2.md, "Header-Name", "ASCII-Value").

use super::InvalidMetadata;
use super::error::Reason;
use super::packed::{MAX_NAME, MAX_VALUE};

/// The suffix of keys with binary values.
const BINARY_SUFFIX: &[u8] = b"-bin";

/// Fields that HTTP or the transport set for themselves.
const RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Keys whose values no log should show.
const CREDENTIALS: [&str; 9] = [
    "api-key",
    "authorization",
    "cookie",
    "password",
    "proxy-authorization",
    "set-cookie",
    "token",
    "x-api-key",
    "x-auth-token",
];

/// Whether a key is one of binary values.
#[inline]
pub(super) fn is_binary(key: &[u8]) -> bool {
    key.len() >= BINARY_SUFFIX.len()
        && key[key.len() - BINARY_SUFFIX.len()..].eq_ignore_ascii_case(BINARY_SUFFIX)
}

pub(super) fn is_credential(key: &[u8]) -> bool {
    CREDENTIALS.iter().any(|credential| key.eq_ignore_ascii_case(credential.as_bytes()))
}

const fn is_wire_name_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'_' | b'-' | b'.')
}

/// Whether a received field name is one of metadata: the letters must be lower-case.
#[inline]
pub(super) fn is_wire_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| is_wire_name_byte(byte))
}

/// Whether a value is printable ASCII.
#[inline]
pub(super) fn is_value(value: &[u8]) -> bool {
    // Without an early exit, so that many bytes are looked at at once.
    value.iter().fold(true, |printable, &byte| printable & matches!(byte, b' '..=b'~'))
}

/// Whether an entry can be stored.
#[inline]
pub(super) const fn fits(name: &[u8], value: &[u8]) -> bool {
    name.len() <= MAX_NAME && value.len() <= MAX_VALUE
}

/// HTTP/2 allows no whitespace around a value (RFC 9113 §8.2.1).
#[inline]
pub(super) fn trim_spaces(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The value as it is sent: base64 without padding.
#[inline]
pub(super) fn wire_value<'a>(name: &[u8], mut value: &'a [u8]) -> &'a [u8] {
    if is_binary(name) {
        while let [rest @ .., b'='] = value {
            value = rest;
        }
    }
    value
}

/// Checks a key and a text value; gives the value without spaces around it.
pub(super) fn check_ascii<'a>(key: &str, value: &'a str) -> Result<&'a str, InvalidMetadata> {
    check_key(key)?;
    let value = value.trim_matches(' ');
    let reason = if is_binary(key.as_bytes()) {
        Reason::BinaryKey
    } else if !is_value(value.as_bytes()) {
        Reason::Value
    } else if !fits(key.as_bytes(), value.as_bytes()) {
        Reason::TooLong
    } else {
        return Ok(value);
    };
    Err(InvalidMetadata::new(key, reason))
}

/// Checks a key and a binary value.
pub(super) fn check_binary(key: &str, value: &[u8]) -> Result<(), InvalidMetadata> {
    check_key(key)?;
    if !is_binary(key.as_bytes()) {
        return Err(InvalidMetadata::new(key, Reason::NotBinaryKey));
    }
    // Base64 makes four bytes of three.
    if !fits(key.as_bytes(), &[]) || value.len() > MAX_VALUE / 4 * 3 {
        return Err(InvalidMetadata::new(key, Reason::TooLong));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), InvalidMetadata> {
    let reason = if key.is_empty() {
        Reason::EmptyKey
    } else if key.starts_with(':') {
        Reason::Pseudo
    } else if !key.bytes().all(|byte| is_wire_name_byte(byte.to_ascii_lowercase())) {
        Reason::Key
    } else if key.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("grpc-")) {
        Reason::Grpc
    } else if RESERVED.iter().any(|reserved| key.eq_ignore_ascii_case(reserved)) {
        Reason::Http
    } else {
        return Ok(());
    };
    Err(InvalidMetadata::new(key, reason))
}
