//! Writing frames to the end of a buffer.

use bytes::BytesMut;

use super::{FrameHeader, HEADER_LEN, Setting, flag, kind};
use crate::ErrorCode;

/// Appends a frame header.
#[inline]
pub(crate) fn put_header(out: &mut BytesMut, length: usize, kind: u8, flags: u8, stream_id: u32) {
    let header = FrameHeader { length: length as u32, kind, flags, stream_id };
    out.extend_from_slice(&header.encode());
}

/// Appends a SETTINGS frame (RFC 9113 §6.5).
pub(crate) fn put_settings(out: &mut BytesMut, settings: &[(Setting, u32)]) {
    put_header(out, settings.len() * 6, kind::SETTINGS, 0, 0);
    for (setting, value) in settings {
        out.extend_from_slice(&(*setting as u16).to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Appends the acknowledgement of a SETTINGS frame.
pub(crate) fn put_settings_ack(out: &mut BytesMut) {
    put_header(out, 0, kind::SETTINGS, flag::ACK, 0);
}

/// Appends a PING frame (RFC 9113 §6.7).
pub(crate) fn put_ping(out: &mut BytesMut, payload: [u8; 8], ack: bool) {
    put_header(out, 8, kind::PING, if ack { flag::ACK } else { 0 }, 0);
    out.extend_from_slice(&payload);
}

/// Appends a RST_STREAM frame (RFC 9113 §6.4).
pub(crate) fn put_rst_stream(out: &mut BytesMut, stream_id: u32, code: ErrorCode) {
    let mut frame = [0; HEADER_LEN + 4];
    let header = FrameHeader { length: 4, kind: kind::RST_STREAM, flags: 0, stream_id };
    frame[..HEADER_LEN].copy_from_slice(&header.encode());
    frame[HEADER_LEN..].copy_from_slice(&code.as_u32().to_be_bytes());
    out.extend_from_slice(&frame);
}

/// Appends a WINDOW_UPDATE frame (RFC 9113 §6.9); stream 0 is the connection.
pub(crate) fn put_window_update(out: &mut BytesMut, stream_id: u32, increment: u32) {
    let mut frame = [0; HEADER_LEN + 4];
    let header = FrameHeader { length: 4, kind: kind::WINDOW_UPDATE, flags: 0, stream_id };
    frame[..HEADER_LEN].copy_from_slice(&header.encode());
    frame[HEADER_LEN..].copy_from_slice(&increment.to_be_bytes());
    out.extend_from_slice(&frame);
}

/// Appends a GOAWAY frame (RFC 9113 §6.8).
pub(crate) fn put_go_away(out: &mut BytesMut, last_stream_id: u32, code: ErrorCode, debug: &[u8]) {
    put_header(out, 8 + debug.len(), kind::GOAWAY, 0, 0);
    out.extend_from_slice(&last_stream_id.to_be_bytes());
    out.extend_from_slice(&code.as_u32().to_be_bytes());
    out.extend_from_slice(debug);
}
