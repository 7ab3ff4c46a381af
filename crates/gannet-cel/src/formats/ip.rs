//! IP addresses and prefixes.

use std::net::{Ipv4Addr, Ipv6Addr};

/// `text.isIp(version)`: an IPv4 address in dotted decimals, or an IPv6 address by RFC 4291, section 2.2, after which a
/// percent sign and the name of a zone may stand (RFC 4007, section 11). Version 0 is either of them, 4 and 6 are one;
/// any other version fits nothing.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_ip("192.0.2.1", 0));
/// assert!(formats::is_ip("fe80::1%eth0", 6));
/// assert!(!formats::is_ip("192.0.2.1", 6));
/// ```
pub fn is_ip(text: &str, version: i64) -> bool {
    match version {
        0 => is_ipv4(text) || is_ipv6(text),
        4 => is_ipv4(text),
        6 => is_ipv6(text),
        _ => false,
    }
}

/// `text.isIpPrefix(version, strict)`: an address without a zone, a slash, and the length of the prefix in bits without
/// leading zeros (RFC 4632, section 3.1; RFC 4291, section 2.3). A strict one has no bit set after the prefix.
///
/// ```
/// use gannet_cel::formats;
///
/// assert!(formats::is_ip_prefix("192.0.2.1/24", 0, false));
/// assert!(!formats::is_ip_prefix("192.0.2.1/24", 0, true));
/// assert!(formats::is_ip_prefix("2001:db8::/32", 6, true));
/// ```
pub fn is_ip_prefix(text: &str, version: i64, strict: bool) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let Some(length) = prefix_length(length) else {
        return false;
    };
    let ends_in_time = |bits: u32, trailing_zeros: u32| {
        // An address of zeros alone has as many of them as it has bits.
        length <= bits && (!strict || trailing_zeros >= bits - length)
    };
    let is_v4 = || {
        address.parse().is_ok_and(|address: Ipv4Addr| ends_in_time(32, address.to_bits().trailing_zeros()))
    };
    let is_v6 = || {
        address.parse().is_ok_and(|address: Ipv6Addr| ends_in_time(128, address.to_bits().trailing_zeros()))
    };
    match version {
        0 => is_v4() || is_v6(),
        4 => is_v4(),
        6 => is_v6(),
        _ => false,
    }
}

pub(super) fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// With a zone or without.
fn is_ipv6(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => !zone.is_empty() && is_ipv6_without_zone(address),
        None => is_ipv6_without_zone(text),
    }
}

pub(super) fn is_ipv6_without_zone(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// No more than three digits; what an address can have is looked at later.
fn prefix_length(text: &str) -> Option<u32> {
    let has_form = (1..=3).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if has_form { text.parse().ok() } else { None }
}
