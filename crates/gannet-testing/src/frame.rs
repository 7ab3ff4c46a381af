//! Frames (RFC 9113 §4 and §6): as bytes, and as what they say.
//!
//! Written for tests and apart from the engine's own frames, so that a fault there is not hidden by the same fault here.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use gannet_http2::ErrorCode;

use crate::Fields;

/// The length of what stands in front of every payload.
pub(crate) const HEADER_LEN: usize = 9;

/// Frame types (RFC 9113 §6).
pub mod kind {
    /// Payload of a stream.
    pub const DATA: u8 = 0;
    /// The beginning of a header block.
    pub const HEADERS: u8 = 1;
    /// Obsolete, and ignored.
    pub const PRIORITY: u8 = 2;
    /// The abrupt end of a stream.
    pub const RST_STREAM: u8 = 3;
    /// What a side asks of the other.
    pub const SETTINGS: u8 = 4;
    /// A stream that a server wants to open.
    pub const PUSH_PROMISE: u8 = 5;
    /// A question that must be answered.
    pub const PING: u8 = 6;
    /// The end of a connection.
    pub const GOAWAY: u8 = 7;
    /// Room for more DATA.
    pub const WINDOW_UPDATE: u8 = 8;
    /// The rest of a header block.
    pub const CONTINUATION: u8 = 9;
}

/// Frame flags (RFC 9113 §6). One bit means different things on different frames.
pub mod flag {
    /// DATA, HEADERS: nothing follows from this side.
    pub const END_STREAM: u8 = 0x1;
    /// SETTINGS, PING: an answer.
    pub const ACK: u8 = 0x1;
    /// HEADERS, CONTINUATION: the header block ends here.
    pub const END_HEADERS: u8 = 0x4;
    /// DATA, HEADERS: padding follows the payload.
    pub const PADDED: u8 = 0x8;
    /// HEADERS: five bytes about priority come first.
    pub const PRIORITY: u8 = 0x20;
}

/// The names of settings (RFC 9113 §6.5.2).
pub mod setting {
    /// SETTINGS_HEADER_TABLE_SIZE, in bytes.
    pub const HEADER_TABLE_SIZE: u16 = 1;
    /// SETTINGS_ENABLE_PUSH: 0 or 1.
    pub const ENABLE_PUSH: u16 = 2;
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    /// SETTINGS_INITIAL_WINDOW_SIZE, in bytes.
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    /// SETTINGS_MAX_FRAME_SIZE, in bytes.
    pub const MAX_FRAME_SIZE: u16 = 5;
    /// SETTINGS_MAX_HEADER_LIST_SIZE, in bytes.
    pub const MAX_HEADER_LIST_SIZE: u16 = 6;
}

/// A frame as bytes: anything that fits the layout, however little sense it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// One of [`kind`], or any other.
    pub kind: u8,
    /// Of [`flag`], or any other.
    pub flags: u8,
    /// The stream; the highest bit is sent as it is.
    pub stream: u32,
    /// The payload, of less than 2^24 bytes.
    pub payload: Bytes,
}

impl RawFrame {
    /// A frame of these parts.
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Bytes>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    /// The frame on the wire; several of them make one write ([`ScriptedPeer::send_raw`](crate::ScriptedPeer::send_raw)).
    ///
    /// ```
    /// use gannet_testing::{RawFrame, kind};
    ///
    /// let reset = RawFrame::new(kind::RST_STREAM, 0, 3, &[0, 0, 0, 8][..]);
    /// assert_eq!(reset.to_bytes(), [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8]);
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN + self.payload.len());
        let [_, length @ ..] = (self.payload.len() as u32).to_be_bytes();
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&[self.kind, self.flags]);
        bytes.extend_from_slice(&self.stream.to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Takes the first frame out of `input`, if it is whole.
    pub(crate) fn take(input: &mut BytesMut) -> Option<Self> {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *input.first_chunk::<HEADER_LEN>()?;
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        if input.len() < HEADER_LEN + length {
            return None;
        }
        input.advance(HEADER_LEN);
        let payload = input.split_to(length).freeze();
        Some(Self { kind, flags, stream: u32::from_be_bytes([s0, s1, s2, s3]) & (u32::MAX >> 1), payload })
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload without padding (RFC 9113 §6.1).
    pub(crate) fn unpadded(&self) -> Result<Bytes, String> {
        if !self.has(flag::PADDED) {
            return Ok(self.payload.clone());
        }
        let mut payload = self.payload.clone();
        let padding =
            usize::from(payload.try_get_u8().map_err(|_| "a padded frame without a length".to_owned())?);
        let length = payload.len().checked_sub(padding).ok_or("a frame with more padding than payload")?;
        payload.truncate(length);
        Ok(payload)
    }
}

/// What a frame says. A header block is one frame here, whatever it was cut into.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// Payload of a stream, without padding.
    Data {
        /// The stream.
        stream: u32,
        /// The payload.
        data: Bytes,
        /// Nothing follows.
        end_stream: bool,
    },
    /// A request's or a response's head, or trailers.
    Headers {
        /// The stream.
        stream: u32,
        /// The decoded fields.
        fields: Fields,
        /// Nothing follows.
        end_stream: bool,
    },
    /// The abrupt end of a stream.
    Reset {
        /// The stream.
        stream: u32,
        /// Why.
        code: ErrorCode,
    },
    /// What the other side asks of this one.
    Settings {
        /// Names, of [`setting`], and values, in order.
        settings: Vec<(u16, u32)>,
    },
    /// The other side has taken note of this side's settings.
    SettingsAck,
    /// A question that must be answered.
    Ping {
        /// What the answer must repeat.
        payload: [u8; 8],
    },
    /// The answer to a PING.
    Pong {
        /// What the PING had.
        payload: [u8; 8],
    },
    /// The end of the connection.
    GoAway {
        /// The last stream that the other side has done, or will do, something for.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
        /// An explanation, often text.
        debug_data: Bytes,
    },
    /// Room for more DATA.
    WindowUpdate {
        /// The stream; 0 for the connection.
        stream: u32,
        /// Bytes.
        increment: u32,
    },
    /// Any other frame.
    Other(RawFrame),
}

fn words<const N: usize>(name: &str, payload: &[u8]) -> Result<[u8; N], String> {
    payload.try_into().map_err(|_| format!("{name} with a payload of {} bytes", payload.len()))
}

fn code(bytes: [u8; 4]) -> ErrorCode {
    ErrorCode::from_u32(u32::from_be_bytes(bytes))
}

impl Frame {
    /// What a frame without header block says; the error says what is wrong with it.
    pub(crate) fn parse(raw: RawFrame) -> Result<Self, String> {
        let stream = raw.stream;
        Ok(match raw.kind {
            kind::DATA => Self::Data { stream, data: raw.unpadded()?, end_stream: raw.has(flag::END_STREAM) },
            kind::RST_STREAM => Self::Reset { stream, code: code(words("RST_STREAM", &raw.payload)?) },
            kind::SETTINGS if raw.has(flag::ACK) => {
                let [] = words("an acknowledgement of SETTINGS", &raw.payload)?;
                Self::SettingsAck
            }
            kind::SETTINGS => {
                let (settings, rest) = raw.payload.as_chunks::<6>();
                if !rest.is_empty() {
                    return Err(format!("SETTINGS with a payload of {} bytes", raw.payload.len()));
                }
                let pair = |&[n0, n1, v0, v1, v2, v3]: &[u8; 6]| {
                    (u16::from_be_bytes([n0, n1]), u32::from_be_bytes([v0, v1, v2, v3]))
                };
                Self::Settings { settings: settings.iter().map(pair).collect() }
            }
            kind::PING if raw.has(flag::ACK) => Self::Pong { payload: words("PING", &raw.payload)? },
            kind::PING => Self::Ping { payload: words("PING", &raw.payload)? },
            kind::GOAWAY => {
                let fixed = raw.payload.get(..8).unwrap_or_default();
                let [s0, s1, s2, s3, c0, c1, c2, c3] = words("GOAWAY", fixed)?;
                Self::GoAway {
                    last_stream: u32::from_be_bytes([s0, s1, s2, s3]) & (u32::MAX >> 1),
                    code: code([c0, c1, c2, c3]),
                    debug_data: raw.payload.slice(8..),
                }
            }
            kind::WINDOW_UPDATE => {
                let increment = u32::from_be_bytes(words("WINDOW_UPDATE", &raw.payload)?);
                Self::WindowUpdate { stream, increment: increment & (u32::MAX >> 1) }
            }
            _ => Self::Other(raw),
        })
    }

    /// The stream that the frame is about; 0 for the connection.
    pub fn stream(&self) -> u32 {
        match self {
            Self::Data { stream, .. }
            | Self::Headers { stream, .. }
            | Self::Reset { stream, .. }
            | Self::WindowUpdate { stream, .. } => *stream,
            Self::Other(raw) => raw.stream,
            Self::Settings { .. }
            | Self::SettingsAck
            | Self::Ping { .. }
            | Self::Pong { .. }
            | Self::GoAway { .. } => 0,
        }
    }

    /// Whether this is DATA.
    pub fn is_data(&self) -> bool {
        matches!(self, Self::Data { .. })
    }

    /// Whether the frame belongs to what a call is about: head, payload, trailers or abrupt end of `stream`.
    pub(crate) fn is_of_call(&self, stream: u32) -> bool {
        self.stream() == stream
            && matches!(self, Self::Data { .. } | Self::Headers { .. } | Self::Reset { .. })
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end_stream: &bool| if *end_stream { ", END_STREAM" } else { "" };
        match self {
            Self::Data { stream, data, end_stream } => {
                write!(formatter, "DATA on stream {stream}: {} bytes{}", data.len(), end(end_stream))
            }
            Self::Headers { stream, fields, end_stream } => {
                write!(formatter, "HEADERS on stream {stream}: {fields}{}", end(end_stream))
            }
            Self::Reset { stream, code } => write!(formatter, "RST_STREAM on stream {stream}: {code}"),
            Self::Settings { settings } => write!(formatter, "SETTINGS: {settings:?}"),
            Self::SettingsAck => formatter.write_str("SETTINGS, ACK"),
            Self::Ping { payload } => write!(formatter, "PING: {payload:?}"),
            Self::Pong { payload } => write!(formatter, "PING, ACK: {payload:?}"),
            Self::GoAway { last_stream, code, debug_data } => {
                write!(formatter, "GOAWAY after stream {last_stream}: {code} ({})", debug_data.escape_ascii())
            }
            Self::WindowUpdate { stream, increment } => {
                write!(formatter, "WINDOW_UPDATE on stream {stream}: {increment} bytes")
            }
            Self::Other(RawFrame { kind, flags, stream, payload }) => {
                write!(
                    formatter,
                    "frame of type {kind:#x} on stream {stream}: flags {flags:#x}, {} bytes",
                    payload.len()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kind: u8, flags: u8, payload: &'static [u8]) -> Result<Frame, String> {
        Frame::parse(RawFrame::new(kind, flags, 1, payload))
    }

    #[test]
    fn a_frame_is_taken_only_whole() {
        let frame = RawFrame::new(kind::DATA, flag::END_STREAM, 5, &b"abc"[..]);
        let bytes = frame.to_bytes();
        for cut in 0..bytes.len() {
            let mut input = BytesMut::from(&bytes[..cut]);
            assert_eq!(RawFrame::take(&mut input), None);
            assert_eq!(input.len(), cut);
        }
        let mut input = BytesMut::from(&[&bytes[..], b"rest"].concat()[..]);
        assert_eq!(RawFrame::take(&mut input), Some(frame));
        assert_eq!(input, "rest");
    }

    #[test]
    fn padding_is_taken_off() {
        let data = parse(kind::DATA, flag::PADDED, b"\x02ab\0\0").unwrap();
        assert_eq!(data, Frame::Data { stream: 1, data: Bytes::from_static(b"ab"), end_stream: false });
        assert!(parse(kind::DATA, flag::PADDED, b"\x05ab").is_err());
        assert!(parse(kind::DATA, flag::PADDED, b"").is_err());
    }

    #[test]
    fn payloads_of_the_wrong_length_are_malformed() {
        for kind in [kind::RST_STREAM, kind::SETTINGS, kind::PING, kind::GOAWAY, kind::WINDOW_UPDATE] {
            assert!(parse(kind, 0, b"12345").is_err(), "{kind}");
        }
        assert!(parse(kind::SETTINGS, flag::ACK, b"123456").is_err());
    }

    #[test]
    fn frames_say_what_they_are() {
        let shown = |frame: Result<Frame, String>| frame.unwrap().to_string();
        assert_eq!(shown(parse(kind::RST_STREAM, 0, b"\0\0\0\x08")), "RST_STREAM on stream 1: CANCEL");
        assert_eq!(
            shown(parse(kind::GOAWAY, 0, b"\x80\0\0\x03\0\0\0\x01why\n")),
            r"GOAWAY after stream 3: PROTOCOL_ERROR (why\n)"
        );
        assert_eq!(shown(parse(kind::SETTINGS, 0, b"\0\x04\0\0\0\x09")), "SETTINGS: [(4, 9)]");
        assert_eq!(shown(parse(0x42, 3, b"ab")), "frame of type 0x42 on stream 1: flags 0x3, 2 bytes");
    }
}
