//! Addresses of e-mail, as forms on web pages take them.

use super::class::{self, DIGIT, HYPHEN, LETTER, MAIL, UNDERSCORE};
use super::host::Labels;

/// `text.isEmail()`: an address by the HTML standard's "valid e-mail address", which is narrower than RFC 5322: no quoted
/// names, no comments, no address literals, and ASCII alone.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_email("first.last+tag@mail.example.com"));
/// assert!(!formats::is_email("@example.com"));
/// assert!(!formats::is_email("name@-example.com"));
/// ```
pub fn is_email(text: &str) -> bool {
    let bytes = text.as_bytes();
    let name = bytes
        .iter()
        .take_while(|byte| class::is(**byte, LETTER | DIGIT | MAIL | HYPHEN | UNDERSCORE))
        .count();
    match bytes.get(name..) {
        Some([b'@', domain @ ..]) if name > 0 => Labels::of(domain).is_some(),
        _ => false,
    }
}
