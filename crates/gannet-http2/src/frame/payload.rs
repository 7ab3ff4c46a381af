//! The layouts of frame payloads. Lengths are checked here, meanings are not.

use std::ops::Range;

use super::{FrameHeader, MAX_31, flag};
use crate::ErrorCode;

/// A payload that does not have the layout of its frame; always a connection error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadError {
    /// Shorter than its fixed fields.
    TooShort,
    /// The padding is as long as the payload or longer (RFC 9113 §6.1).
    Padding,
}

impl PayloadError {
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            Self::TooShort => ErrorCode::FrameSizeError,
            Self::Padding => ErrorCode::ProtocolError,
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TooShort => "the frame is shorter than its fixed fields (RFC 9113 §4.2)",
            Self::Padding => "the padding is longer than the payload (RFC 9113 §6.1)",
        }
    }
}

/// Where the content of a DATA payload lies between pad length and padding.
#[inline]
pub(crate) fn strip_padding(header: FrameHeader, payload: &[u8]) -> Result<Range<usize>, PayloadError> {
    if !header.has(flag::PADDED) {
        return Ok(0..payload.len());
    }
    let (&padding, rest) = payload.split_first().ok_or(PayloadError::TooShort)?;
    match rest.len().checked_sub(padding as usize) {
        Some(content) => Ok(1..1 + content),
        None => Err(PayloadError::Padding),
    }
}

/// What a HEADERS payload holds (RFC 9113 §6.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HeadersPayload<'a> {
    /// The field block fragment.
    pub(crate) fragment: &'a [u8],
    /// The stream says that it depends on itself: the one thing about priorities that is an error.
    pub(crate) depends_on_itself: bool,
}

/// Splits a HEADERS payload. Priority is read over (RFC 9113 §5.3.2).
#[inline]
pub(crate) fn parse_headers(header: FrameHeader, payload: &[u8]) -> Result<HeadersPayload<'_>, PayloadError> {
    let mut fragment = payload.get(strip_padding(header, payload)?).unwrap_or_default();
    let mut depends_on_itself = false;
    if header.has(flag::PRIORITY) {
        let (priority, rest) = fragment.split_first_chunk::<5>().ok_or(PayloadError::TooShort)?;
        let [d0, d1, d2, d3, _weight] = *priority;
        depends_on_itself = u32::from_be_bytes([d0, d1, d2, d3]) & MAX_31 == header.stream_id;
        fragment = rest;
    }
    Ok(HeadersPayload { fragment, depends_on_itself })
}

/// A payload of exactly one 31-bit number: WINDOW_UPDATE; and (all 32 bits kept by the caller) RST_STREAM.
#[inline]
pub(crate) fn parse_u31(payload: &[u8]) -> Option<u32> {
    <[u8; 4]>::try_from(payload).ok().map(|bytes| u32::from_be_bytes(bytes) & MAX_31)
}

/// The fixed fields of a GOAWAY payload (RFC 9113 §6.8).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GoAway<'a> {
    pub(crate) last_stream_id: u32,
    pub(crate) code: ErrorCode,
    pub(crate) debug_data: &'a [u8],
}

/// Splits a GOAWAY payload.
pub(crate) fn parse_go_away(payload: &[u8]) -> Result<GoAway<'_>, PayloadError> {
    let (fixed, debug_data) = payload.split_first_chunk::<8>().ok_or(PayloadError::TooShort)?;
    let [s0, s1, s2, s3, c0, c1, c2, c3] = *fixed;
    Ok(GoAway {
        last_stream_id: u32::from_be_bytes([s0, s1, s2, s3]) & MAX_31,
        code: ErrorCode::from_u32(u32::from_be_bytes([c0, c1, c2, c3])),
        debug_data,
    })
}

#[cfg(test)]
mod tests {
    use super::super::kind;
    use super::*;

    fn header(flags: u8, length: usize) -> FrameHeader {
        FrameHeader { length: length as u32, kind: kind::DATA, flags, stream_id: 1 }
    }

    #[test]
    fn padding_is_stripped() {
        assert_eq!(strip_padding(header(0, 3), b"abc"), Ok(0..3));
        assert_eq!(strip_padding(header(flag::PADDED, 6), b"\x02abc\0\0"), Ok(1..4));
        assert_eq!(strip_padding(header(flag::PADDED, 3), b"\x02\0\0"), Ok(1..1));
        assert_eq!(strip_padding(header(flag::PADDED, 3), b"\x03\0\0"), Err(PayloadError::Padding));
        assert_eq!(strip_padding(header(flag::PADDED, 0), b""), Err(PayloadError::TooShort));
    }

    #[test]
    fn priority_is_read_over() {
        let flags = flag::PADDED | flag::PRIORITY;
        let payload = parse_headers(header(flags, 9), b"\x01\0\0\0\x03\x10ab\0").unwrap();
        assert_eq!(payload, HeadersPayload { fragment: b"ab", depends_on_itself: false });
        let payload = parse_headers(header(flag::PRIORITY, 5), b"\x80\0\0\x01\x10").unwrap();
        assert_eq!(payload, HeadersPayload { fragment: b"", depends_on_itself: true });
        assert_eq!(parse_headers(header(flag::PRIORITY, 4), b"\0\0\0\x01"), Err(PayloadError::TooShort));
    }

    #[test]
    fn numbers_have_exactly_four_bytes() {
        assert_eq!(parse_u31(&[0x80, 0, 0, 1]), Some(1));
        assert_eq!(parse_u31(&[0, 0, 1]), None);
        assert_eq!(parse_u31(&[0, 0, 0, 0, 1]), None);
    }

    #[test]
    fn goaway_may_have_debug_data() {
        let frame = parse_go_away(b"\0\0\0\x05\0\0\0\x0bcalm").unwrap();
        assert_eq!(frame.last_stream_id, 5);
        assert_eq!(frame.code, ErrorCode::EnhanceYourCalm);
        assert_eq!(frame.debug_data, b"calm");
        assert_eq!(parse_go_away(b"\0\0\0\x05\0\0\0"), Err(PayloadError::TooShort));
    }
}
