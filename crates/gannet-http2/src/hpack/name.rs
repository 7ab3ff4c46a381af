//! What HTTP/2 needs to know about a field's name and value, found out once per table entry.
//!
//! The rules are those of RFC 9113 §8.2 and §8.3. What a field means to gRPC is not decided here.

/// What a field's name means to HTTP/2; remembered with each table entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A pseudo-header field (RFC 9113 §8.3): the name starts with `:`.
    Pseudo(Pseudo),
    /// `content-length` (RFC 9113 §8.1.1).
    ContentLength,
    /// `te`, allowed in requests with the value `trailers` alone (RFC 9113 §8.2.2).
    Te,
    /// `connection`, `keep-alive`, `proxy-connection`, `transfer-encoding` or `upgrade`: makes a message malformed
    /// (RFC 9113 §8.2.2).
    ConnectionSpecific,
    /// Any other valid name.
    Regular,
    /// Empty, or with an octet that RFC 9113 §8.2.1 forbids: 0x00–0x20, upper case, 0x7f–0xff, or a colon that is not
    /// the first octet.
    Invalid,
}

/// Which pseudo-header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pseudo {
    /// `:method`
    Method,
    /// `:scheme`
    Scheme,
    /// `:authority`
    Authority,
    /// `:path`
    Path,
    /// `:status`
    Status,
    /// `:protocol` (RFC 8441)
    Protocol,
    /// A name that no document defines: makes a message malformed.
    Unknown,
}

impl NameKind {
    /// Classifies a field name.
    ///
    /// ```
    /// use gannet_http2::hpack::{NameKind, Pseudo};
    ///
    /// assert_eq!(NameKind::of(b":path"), NameKind::Pseudo(Pseudo::Path));
    /// assert_eq!(NameKind::of(b"user-agent"), NameKind::Regular);
    /// assert_eq!(NameKind::of(b"User-Agent"), NameKind::Invalid);
    /// ```
    pub const fn of(name: &[u8]) -> Self {
        let Some((first, rest)) = name.split_first() else { return Self::Invalid };
        if *first != b':' && !NAME_OCTET[*first as usize] {
            return Self::Invalid;
        }
        let mut at = 0;
        while at < rest.len() {
            if !NAME_OCTET[rest[at] as usize] {
                return Self::Invalid;
            }
            at += 1;
        }
        Self::of_valid(name)
    }

    const fn of_valid(name: &[u8]) -> Self {
        match name {
            b":method" => Self::Pseudo(Pseudo::Method),
            b":scheme" => Self::Pseudo(Pseudo::Scheme),
            b":authority" => Self::Pseudo(Pseudo::Authority),
            b":path" => Self::Pseudo(Pseudo::Path),
            b":status" => Self::Pseudo(Pseudo::Status),
            b":protocol" => Self::Pseudo(Pseudo::Protocol),
            [b':', ..] => Self::Pseudo(Pseudo::Unknown),
            b"content-length" => Self::ContentLength,
            b"te" => Self::Te,
            b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
                Self::ConnectionSpecific
            }
            _ => Self::Regular,
        }
    }
}

/// Whether RFC 9113 §8.2.1 allows the value: no NUL, CR or LF, and neither space nor tab at either end.
///
/// ```
/// use gannet_http2::hpack::is_valid_value;
///
/// assert!(is_valid_value(b"a value"));
/// assert!(!is_valid_value(b" a value"));
/// ```
pub fn is_valid_value(value: &[u8]) -> bool {
    if let [b' ' | b'\t', ..] | [.., b' ' | b'\t'] = value {
        return false;
    }
    // Without an early exit, so that many octets are compared at a time.
    let bad = |octet: &u8| u8::from(*octet == 0) | u8::from(*octet == b'\r') | u8::from(*octet == b'\n');
    value.iter().fold(0, |any, octet| any | bad(octet)) == 0
}

/// The octets that may stand anywhere in a name.
const NAME_OCTET: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0x21;
    while octet < 0x7f {
        table[octet] = !(octet as u8).is_ascii_uppercase() && octet as u8 != b':';
        octet += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_of_a_name_is_judged_as_rfc_9113_says() {
        for octet in 0..=255_u8 {
            let allowed = !matches!(octet, 0..=0x20 | b'A'..=b'Z' | 0x7f..=0xff);
            assert_eq!(NameKind::of(&[octet, b'a']) != NameKind::Invalid, allowed, "first octet {octet:#x}");
            let allowed = allowed && octet != b':';
            assert_eq!(NameKind::of(&[b'a', octet]) != NameKind::Invalid, allowed, "later octet {octet:#x}");
        }
        assert_eq!(NameKind::of(b""), NameKind::Invalid);
    }

    #[test]
    fn names_that_http2_knows_are_told_apart() {
        assert_eq!(NameKind::of(b":protocol"), NameKind::Pseudo(Pseudo::Protocol));
        assert_eq!(NameKind::of(b":"), NameKind::Pseudo(Pseudo::Unknown));
        assert_eq!(NameKind::of(b":paths"), NameKind::Pseudo(Pseudo::Unknown));
        assert_eq!(NameKind::of(b":path:"), NameKind::Invalid);
        assert_eq!(NameKind::of(b"te"), NameKind::Te);
        assert_eq!(NameKind::of(b"content-length"), NameKind::ContentLength);
        assert_eq!(NameKind::of(b"upgrade"), NameKind::ConnectionSpecific);
        assert_eq!(NameKind::of(b"trailer"), NameKind::Regular);
    }

    #[test]
    fn values_with_line_breaks_or_outer_blanks_are_invalid() {
        for bad in [&b" a"[..], b"a ", b"\ta", b"a\t", b" ", b"a\0", b"a\rb", b"\n"] {
            assert!(!is_valid_value(bad), "{bad:?}");
        }
        for good in [&b""[..], b"a", b"a b", b"a\tb", b"\x01\xff"] {
            assert!(is_valid_value(good), "{good:?}");
        }
    }
}
