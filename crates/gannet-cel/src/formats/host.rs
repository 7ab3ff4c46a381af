//! Names of hosts, and hosts with ports.

use super::class::{self, DIGIT, HYPHEN, LETTER};
use super::is_ip;

/// `text.isHostname()`: a name of a host by RFC 1034, section 3.5, as RFC 1123, section 2.1 relaxes it: labels of letters,
/// digits and hyphens, of 63 bytes each and 253 together at most. The last one is not of digits alone; a dot may follow it.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_hostname("mail.example.com."));
/// assert!(!formats::is_hostname("127.0.0.1"));
/// assert!(!formats::is_hostname("under_score.example"));
/// ```
pub fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    name.len() <= 253 && Labels::of(name.as_bytes()).is_some_and(|labels| !labels.last_is_of_digits)
}

/// What is known of labels that are valid: 1 to 63 letters, digits and hyphens each, of which hyphens are neither first nor
/// last, with dots between.
pub(super) struct Labels {
    last_is_of_digits: bool,
}

impl Labels {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut length = 0;
        let mut previous = b'.';
        let mut is_of_digits = true;
        for byte in bytes {
            if *byte == b'.' {
                if length == 0 || previous == b'-' {
                    return None;
                }
                length = 0;
                is_of_digits = true;
            } else {
                length += 1;
                is_of_digits &= class::is(*byte, DIGIT);
                if length > 63 || !class::is(*byte, LETTER | DIGIT | HYPHEN) || (length == 1 && *byte == b'-')
                {
                    return None;
                }
            }
            previous = *byte;
        }
        (length > 0 && previous != b'-').then_some(Self { last_is_of_digits: is_of_digits })
    }
}

/// `text.isHostAndPort(port_required)`: a name of a host, an IPv4 address, or an IPv6 address in brackets, then a colon
/// and a port of 0 to 65535 without leading zeros, which may be missing unless it is required.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_host_and_port("[::1]:8080", true));
/// assert!(formats::is_host_and_port("example.com", false));
/// assert!(!formats::is_host_and_port("example.com", true));
/// ```
pub fn is_host_and_port(text: &str, port_required: bool) -> bool {
    if let Some(bracketed) = text.strip_prefix('[') {
        // A zone's name may hold brackets and colons: the last bracket closes the address.
        return bracketed.rsplit_once(']').is_some_and(|(address, after)| {
            let port_is_valid = match after.strip_prefix(':') {
                Some(port) => is_port(port),
                None => after.is_empty() && !port_required,
            };
            port_is_valid && is_ip(address, 6)
        });
    }
    let is_host = |host: &str| is_hostname(host) || is_ip(host, 4);
    match text.rsplit_once(':') {
        Some((host, port)) => is_port(port) && is_host(host),
        None => !port_required && is_host(text),
    }
}

fn is_port(text: &str) -> bool {
    // A sign is not a digit, though the standard library's parser takes one.
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
        && text.parse::<u16>().is_ok()
}
