//! CEL's `bytes`, with the methods that protovalidate adds.

/// `size(value)`: how many bytes.
pub fn size(value: &[u8]) -> i64 {
    i64::try_from(value.len()).unwrap_or(i64::MAX)
}

/// `value.startsWith(prefix)`
pub fn starts_with(value: &[u8], prefix: &[u8]) -> bool {
    value.starts_with(prefix)
}

/// `value.endsWith(suffix)`
pub fn ends_with(value: &[u8], suffix: &[u8]) -> bool {
    value.ends_with(suffix)
}

/// `value.contains(part)`, in time that grows with the two lengths together.
///
/// ```
/// use gannet_cel::bytes;
///
/// assert!(bytes::contains(b"\xFF\x00\x01", b"\x00\x01"));
/// assert!(bytes::contains(b"", b""));
/// ```
pub fn contains(value: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(value, part).is_some()
}

/// `bytes(text)`: its UTF-8.
pub fn from_string(text: &str) -> &[u8] {
    text.as_bytes()
}

/// `left + right`
pub fn concat(left: &[u8], right: &[u8]) -> Vec<u8> {
    [left, right].concat()
}
