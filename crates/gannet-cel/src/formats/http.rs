//! Names and values of HTTP headers.

use super::class::{self, DIGIT, HEADER, HYPHEN, LETTER, UNDERSCORE};

/// Whether the pattern ``^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$`` matches: a field's name by RFC 9110, section 5.1, or a
/// pseudo-header's by RFC 9113, section 8.3. The pattern's `+-.` is a range, so a comma is let through.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_http_header_name("content-type"));
/// assert!(formats::is_http_header_name(":path"));
/// assert!(!formats::is_http_header_name("content type"));
/// ```
pub fn is_http_header_name(text: &str) -> bool {
    let name = text.strip_prefix(':').unwrap_or(text).as_bytes();
    !name.is_empty() && class::all(name, LETTER | DIGIT | HYPHEN | UNDERSCORE | HEADER)
}

/// Whether the pattern `^[^\u0000\u000A\u000D]+$` matches: a header's name that is not `strict`.
pub fn is_http_header_name_loose(text: &str) -> bool {
    !text.is_empty() && is_http_header_value_loose(text)
}

/// Whether the pattern `^[^\u0000-\u0008\u000A-\u001F\u007F]*$` matches: a header's value by RFC 9110, section 5.5.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_http_header_value("a\tb"));
/// assert!(!formats::is_http_header_value("a\nb"));
/// ```
pub fn is_http_header_value(text: &str) -> bool {
    text.bytes().all(|byte| !byte.is_ascii_control() || byte == b'\t')
}

/// Whether the pattern `^[^\u0000\u000A\u000D]*$` matches: a header's value that is not `strict`.
pub fn is_http_header_value_loose(text: &str) -> bool {
    !text.bytes().any(|byte| matches!(byte, 0 | b'\n' | b'\r'))
}
