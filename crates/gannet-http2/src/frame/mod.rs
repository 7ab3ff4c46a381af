//! Frames (RFC 9113 §4 and §6): headers, payload layouts, and writing them. What they do to a connection is decided
//! in `connection/`.

mod encode;
mod payload;
mod settings;

pub(crate) use encode::{
    put_go_away, put_header, put_ping, put_rst_stream, put_settings, put_settings_ack, put_window_update,
};
pub(crate) use payload::{GoAway, parse_go_away, parse_headers, parse_u31, strip_padding};
pub(crate) use settings::{Setting, Settings};

/// The length of a frame header in bytes (RFC 9113 §4.1).
pub(crate) const HEADER_LEN: usize = 9;

/// What a client sends first (RFC 9113 §3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The smallest SETTINGS_MAX_FRAME_SIZE, and the one before any SETTINGS (RFC 9113 §6.5.2), in bytes.
pub(crate) const MIN_MAX_FRAME_SIZE: u32 = 1 << 14;

/// The greatest SETTINGS_MAX_FRAME_SIZE, in bytes.
pub(crate) const MAX_MAX_FRAME_SIZE: u32 = (1 << 24) - 1;

/// The flow-control windows before any SETTINGS or WINDOW_UPDATE (RFC 9113 §6.9.2), in bytes.
pub(crate) const DEFAULT_WINDOW: u32 = 65_535;

/// The greatest flow-control window (RFC 9113 §6.9.1), in bytes, and the greatest stream identifier.
pub(crate) const MAX_31: u32 = (1 << 31) - 1;

/// Frame types (RFC 9113 §6).
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Frame flags (RFC 9113 §6). One bit means different things on different frames.
pub(crate) mod flag {
    pub(crate) const END_STREAM: u8 = 0x1;
    pub(crate) const ACK: u8 = 0x1;
    pub(crate) const END_HEADERS: u8 = 0x4;
    pub(crate) const PADDED: u8 = 0x8;
    pub(crate) const PRIORITY: u8 = 0x20;
}

/// The header that every frame starts with (RFC 9113 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Length of the payload in bytes; 24 bits.
    pub(crate) length: u32,
    /// One of [`kind`], or unknown.
    pub(crate) kind: u8,
    /// Some of [`flag`].
    pub(crate) flags: u8,
    /// 0 for the connection.
    pub(crate) stream_id: u32,
}

impl FrameHeader {
    /// Reads a header; the reserved bit is ignored.
    #[inline]
    pub(crate) fn parse(bytes: [u8; HEADER_LEN]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = bytes;
        let head = u32::from_be_bytes([l0, l1, l2, kind]);
        Self {
            length: head >> 8,
            kind: head as u8,
            flags,
            stream_id: u32::from_be_bytes([s0, s1, s2, s3]) & MAX_31,
        }
    }

    /// The bytes on the wire.
    #[inline]
    pub(crate) fn encode(self) -> [u8; HEADER_LEN] {
        let [l0, l1, l2, kind] = (self.length << 8 | u32::from(self.kind)).to_be_bytes();
        let [s0, s1, s2, s3] = self.stream_id.to_be_bytes();
        [l0, l1, l2, kind, self.flags, s0, s1, s2, s3]
    }

    /// Whether a flag is set.
    #[inline]
    pub(crate) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_the_wire() {
        let header =
            FrameHeader { length: 0x0012_3456, kind: kind::HEADERS, flags: 0x25, stream_id: 0x7654_3210 };
        assert_eq!(FrameHeader::parse(header.encode()), header);
    }

    #[test]
    fn the_reserved_bit_is_ignored() {
        let header = FrameHeader::parse([0, 0, 1, 6, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(header.stream_id, MAX_31);
    }
}
