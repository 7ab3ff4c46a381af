//! Addresses of e-mail, as forms on web pages take them.

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
    let Some((name, domain)) = text.split_once('@') else {
        return false;
    };
    !name.is_empty() && name.bytes().all(is_name_byte) && domain.split('.').all(is_label)
}

/// `atext` of RFC 5322, and the dot.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// A label of a domain's name: 1 to 63 letters, digits and hyphens, of which hyphens are neither first nor last.
pub(super) fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
