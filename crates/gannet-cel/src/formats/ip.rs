//! IP addresses and prefixes.

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
    let address = address.as_bytes();
    let is_v4 = || parse_v4(address).is_some_and(|bits| ends_in_time(32, bits.trailing_zeros()));
    let is_v6 = || parse_v6(address).is_some_and(|bits| ends_in_time(128, bits.trailing_zeros()));
    match version {
        0 => is_v4() || is_v6(),
        4 => is_v4(),
        6 => is_v6(),
        _ => false,
    }
}

fn is_ipv4(text: &str) -> bool {
    parse_v4(text.as_bytes()).is_some()
}

/// With a zone or without.
fn is_ipv6(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => !zone.is_empty() && parse_v6(address.as_bytes()).is_some(),
        None => parse_v6(text.as_bytes()).is_some(),
    }
}

/// Four decimals of 0 to 255 without leading zeros, with dots between.
fn parse_v4(bytes: &[u8]) -> Option<u32> {
    let mut bits = 0u32;
    let mut octets = 0;
    let mut octet = 0u32;
    let mut digits = 0;
    for byte in bytes {
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && octet == 0 {
                    return None;
                }
                octet = octet * 10 + u32::from(byte - b'0');
                digits += 1;
                if octet > 255 {
                    return None;
                }
            }
            b'.' => {
                octets += 1;
                if digits == 0 || octets == 4 {
                    return None;
                }
                bits = bits << 8 | octet;
                (octet, digits) = (0, 0);
            }
            _ => return None,
        }
    }
    (octets == 3 && digits > 0).then_some(bits << 8 | octet)
}

/// Eight groups of 1 to 4 hexadecimal digits with colons between. Two colons stand for one or more groups of zeros, once;
/// four decimals may stand for the last two groups.
pub(super) fn parse_v6(bytes: &[u8]) -> Option<u128> {
    let mut groups = Groups::default();
    let mut rest = bytes;
    if let [b':', b':', after @ ..] = bytes {
        groups.zeros_after = Some(0);
        rest = after;
        if rest.is_empty() {
            return groups.bits();
        }
    }
    loop {
        let (group, digits, after) = read_group(rest);
        match after {
            _ if digits == 0 => return None,
            [b'.', ..] => {
                let bits = parse_v4(rest)?;
                groups.push(bits >> 16)?;
                groups.push(bits & 0xffff)?;
                return groups.bits();
            }
            [] => {
                groups.push(group)?;
                return groups.bits();
            }
            [b':', b':', after @ ..] => {
                groups.push(group)?;
                if groups.zeros_after.replace(groups.count).is_some() {
                    return None;
                }
                if after.is_empty() {
                    return groups.bits();
                }
                rest = after;
            }
            [b':', after @ ..] => {
                groups.push(group)?;
                rest = after;
            }
            _ => return None,
        }
    }
}

/// No more than four digits, and how many they are.
fn read_group(bytes: &[u8]) -> (u32, usize, &[u8]) {
    let mut group = 0;
    let mut digits = 0;
    let mut rest = bytes;
    while let [byte, after @ ..] = rest
        && digits < 4
        && let Some(digit) = char::from(*byte).to_digit(16)
    {
        group = group << 4 | digit;
        digits += 1;
        rest = after;
    }
    (group, digits, rest)
}

/// The groups of an IPv6 address that were read.
#[derive(Default)]
struct Groups {
    bits: u128,
    count: u32,
    /// How many stand before the two colons.
    zeros_after: Option<u32>,
}

impl Groups {
    fn push(&mut self, group: u32) -> Option<()> {
        self.count += 1;
        self.bits = self.bits << 16 | u128::from(group);
        (self.count <= 8).then_some(())
    }

    /// With the zeros in their place.
    fn bits(&self) -> Option<u128> {
        let Some(before) = self.zeros_after else {
            return (self.count == 8).then_some(self.bits);
        };
        let zeros = 8u32.checked_sub(self.count).filter(|zeros| *zeros > 0)?;
        // Shifts by all bits, which are none, would overflow.
        let after = 16 * (self.count - before);
        let low = self.bits & 1u128.checked_shl(after).map_or(u128::MAX, |bit| bit - 1);
        let high = self.bits.checked_shr(after).unwrap_or(0);
        Some(high.checked_shl(after + 16 * zeros).unwrap_or(0) | low)
    }
}

/// No more than three digits; what an address can have is looked at later.
fn prefix_length(text: &str) -> Option<u32> {
    let has_form = (1..=3).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if has_form { text.parse().ok() } else { None }
}
