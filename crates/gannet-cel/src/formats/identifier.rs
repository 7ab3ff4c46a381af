//! Identifiers of fixed forms: UUIDs, ULIDs, names of Protobuf.

use super::class::{self, DIGIT, HEXADECIMAL, LETTER, UNDERSCORE};

/// Whether the pattern `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$` matches: a UUID
/// by RFC 9562, section 4, of any version.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_uuid("123e4567-e89b-12d3-a456-426614174000"));
/// assert!(!formats::is_uuid("123e4567e89b12d3a456426614174000"));
/// ```
pub fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hyphens = [8, 13, 18, 23].iter().all(|at| bytes.get(*at) == Some(&b'-'));
    let groups = [0..8, 9..13, 14..18, 19..23, 24..36];
    bytes.len() == 36
        && hyphens
        && groups
            .into_iter()
            .all(|group| bytes.get(group).is_some_and(|group| class::all(group, HEXADECIMAL)))
}

/// Whether the pattern `^[0-9a-fA-F]{32}$` matches: a UUID without its hyphens.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_tuuid("123e4567e89b12d3a456426614174000"));
/// ```
pub fn is_tuuid(text: &str) -> bool {
    text.len() == 32 && class::all(text.as_bytes(), HEXADECIMAL)
}

/// Whether the pattern `^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$` matches: a ULID, in Crockford's base 32.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
/// assert!(!formats::is_ulid("81ARZ3NDEKTSV4RRFFQ69G5FAV"));
/// ```
pub fn is_ulid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 26
        && matches!(bytes.first(), Some(b'0'..=b'7'))
        && class::all(bytes, LETTER | DIGIT)
        && !bytes.iter().any(|byte| matches!(byte | 0x20, b'i' | b'l' | b'o' | b'u'))
}

/// Whether the pattern `^[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$` matches: a full name of Protobuf.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_protobuf_fqn("google.protobuf.Timestamp"));
/// assert!(!formats::is_protobuf_fqn(".google.protobuf.Timestamp"));
/// ```
pub fn is_protobuf_fqn(text: &str) -> bool {
    // No digit comes first, neither in the text nor after a dot, and no dot comes last.
    let mut previous = b'.';
    for byte in text.bytes() {
        let is_valid = match previous {
            b'.' => class::is(byte, LETTER | UNDERSCORE),
            _ => class::is(byte, LETTER | DIGIT | UNDERSCORE) || byte == b'.',
        };
        if !is_valid {
            return false;
        }
        previous = byte;
    }
    previous != b'.'
}

/// Whether the pattern `^\.[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$` matches: a full name of Protobuf after a
/// dot.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_protobuf_dot_fqn(".google.protobuf.Timestamp"));
/// ```
pub fn is_protobuf_dot_fqn(text: &str) -> bool {
    text.strip_prefix('.').is_some_and(is_protobuf_fqn)
}
