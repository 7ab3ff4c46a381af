//! URIs and references to them: RFC 3986, appendix A, read in one pass.

use super::class::table;
use super::ip::parse_v6;

/// `text.isUri()`: a URI by RFC 3986, section 3, with a scheme. Names of zones of IPv6 addresses stand as RFC 6874,
/// section 2 has them; what the percent signs of a host encode is UTF-8 (RFC 3986, section 3.2.2).
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_uri("https://user@example.com:443/a%20b?c=d#e"));
/// assert!(formats::is_uri("http://[fe80::1%25eth0]/"));
/// assert!(!formats::is_uri("/a/b"));
/// assert!(!formats::is_uri("https://example.com/%2"));
/// ```
pub fn is_uri(text: &str) -> bool {
    after_scheme(text.as_bytes()).is_some_and(is_hierarchical_part)
}

/// `text.isUriRef()`: a URI, or a reference relative to one (RFC 3986, section 4.1).
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_uri_ref("../a?b#c"));
/// assert!(formats::is_uri_ref("https://example.com"));
/// // The first segment of a relative path has no colon, for it would end a scheme.
/// assert!(!formats::is_uri_ref("1:2"));
/// ```
pub fn is_uri_ref(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(rest) = after_scheme(bytes) {
        // With a colon in its first segment it is no relative reference.
        return is_hierarchical_part(rest);
    }
    let first_segment = split(bytes, SEGMENT & !COLON).1;
    first_segment.first() != Some(&b':') && is_hierarchical_part(bytes)
}

/// What follows the colon of a scheme.
fn after_scheme(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| !is(*byte, SCHEME))?;
    let starts_with_letter = bytes.first().is_some_and(u8::is_ascii_alphabetic);
    bytes.get(end..)?.strip_prefix(b":").filter(|_| starts_with_letter)
}

/// `hier-part [ "?" query ] [ "#" fragment ]`, and the same for a relative part whose first segment was looked at.
fn is_hierarchical_part(bytes: &[u8]) -> bool {
    let path = match bytes.strip_prefix(b"//") {
        Some(rest) => {
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            if !is_authority(authority) {
                return false;
            }
            path
        }
        None => bytes,
    };
    let mut rest = split(path, SEGMENT | SLASH).1;
    if let Some(query) = rest.strip_prefix(b"?") {
        rest = split(query, SEGMENT | SLASH | QUESTION).1;
    }
    if let Some(fragment) = rest.strip_prefix(b"#") {
        rest = split(fragment, SEGMENT | SLASH | QUESTION).1;
    }
    rest.is_empty()
}

/// `[ userinfo "@" ] host [ ":" port ]`
fn is_authority(authority: &[u8]) -> bool {
    let mut rest = authority;
    if let Some(at) = authority.iter().position(|byte| *byte == b'@') {
        let (user_information, host) = authority.split_at(at);
        if !split(user_information, NAME | COLON).1.is_empty() {
            return false;
        }
        rest = host.get(1..).unwrap_or_default();
    }
    let after_host = if let Some(literal) = rest.strip_prefix(b"[") {
        let end = literal.iter().position(|byte| *byte == b']').unwrap_or(literal.len());
        let (literal, after) = literal.split_at(end);
        is_ip_literal(literal).then_some(after).and_then(|after| after.strip_prefix(b"]"))
    } else {
        let (name, after) = split(rest, NAME);
        encodes_utf8(name).then_some(after)
    };
    match after_host {
        Some([]) => true,
        Some([b':', port @ ..]) => port.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// What stands between brackets: an IPv6 address, with a zone or without, or the address of a later version.
fn is_ip_literal(literal: &[u8]) -> bool {
    if let [b'v' | b'V', rest @ ..] = literal {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let address = rest.get(digits..).and_then(|rest| rest.strip_prefix(b"."));
        return digits > 0
            && address.is_some_and(|address| {
                !address.is_empty() && !address.contains(&b'%') && split(address, NAME | COLON).1.is_empty()
            });
    }
    let end = literal.iter().position(|byte| *byte == b'%').unwrap_or(literal.len());
    let (address, zone) = literal.split_at(end);
    let zone_is_valid = zone.is_empty()
        || zone.strip_prefix(b"%25").is_some_and(|zone| {
            !zone.is_empty() && split(zone, UNRESERVED).1.is_empty() && encodes_utf8(zone)
        });
    zone_is_valid && parse_v6(address).is_some()
}

/// Letters, digits, `-._~`.
const UNRESERVED: u8 = 1;
/// `!$&'()*+,;=`
const SUB_DELIMITER: u8 = 2;
const COLON: u8 = 4;
const AT: u8 = 8;
const SLASH: u8 = 16;
const QUESTION: u8 = 32;
/// Letters, digits, `+-.`
const SCHEME: u8 = 64;
/// Of a name of a host.
const NAME: u8 = UNRESERVED | SUB_DELIMITER;
/// `pchar`
const SEGMENT: u8 = NAME | COLON | AT;

/// The classes of each byte.
static CLASSES: [u8; 256] = table(&[
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", UNRESERVED),
    (b"!$&'()*+,;=", SUB_DELIMITER),
    (b":", COLON),
    (b"@", AT),
    (b"/", SLASH),
    (b"?", QUESTION),
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.", SCHEME),
]);

fn is(byte: u8, classes: u8) -> bool {
    CLASSES[usize::from(byte)] & classes != 0
}

/// Splits before the first byte that is neither of one of the classes nor part of a percent sign with two digits.
fn split(bytes: &[u8], classes: u8) -> (&[u8], &[u8]) {
    let mut at = 0;
    loop {
        match bytes.get(at) {
            Some(byte) if is(*byte, classes) => at += 1,
            Some(b'%')
                if bytes
                    .get(at + 1..at + 3)
                    .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) =>
            {
                at += 3;
            }
            _ => return bytes.split_at(at),
        }
    }
}

/// Whether the text is UTF-8 once each percent sign with its two digits is replaced by its byte; all else is ASCII.
fn encodes_utf8(text: &[u8]) -> bool {
    if !text.contains(&b'%') {
        return true;
    }
    let mut character = [0; 4];
    let mut length = 0;
    let mut rest = text;
    while let Some((byte, after)) = next_byte(rest) {
        rest = after;
        let Some(place) = character.get_mut(length) else {
            return false;
        };
        *place = byte;
        length += 1;
        match std::str::from_utf8(character.get(..length).unwrap_or_default()) {
            Ok(_) => length = 0,
            // The character is not yet whole.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return false,
        }
    }
    length == 0
}

/// The next byte, decoded.
fn next_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'%', high, low, after @ ..] = text {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
        return Some((digit(high) << 4 | digit(low), after));
    }
    text.split_first().map(|(first, after)| (*first, after))
}
