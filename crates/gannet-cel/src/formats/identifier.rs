//! Identifiers of fixed forms: UUIDs, ULIDs, names of Protobuf.

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
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether the pattern `^[0-9a-fA-F]{32}$` matches: a UUID without its hyphens.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_tuuid("123e4567e89b12d3a456426614174000"));
/// ```
pub fn is_tuuid(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
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
    text.len() == 26
        && text.starts_with(|first: char| ('0'..='7').contains(&first))
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() && !matches!(byte.to_ascii_uppercase(), b'I' | b'L' | b'O' | b'U')
        })
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
    text.split('.').all(|name| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
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
