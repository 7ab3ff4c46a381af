//! What [`Connection::receive`](crate::Connection::receive) tells its caller.

use bytes::Bytes;

use crate::{ErrorCode, StreamError};

/// Names a stream of one connection.
///
/// `slot` is a small number that is used again once the stream is gone, so that a caller can keep its own state of
/// streams in a `Vec`; `id` is the stream identifier on the wire and never comes again on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// Index of the stream among the open ones; reused.
    pub slot: u32,
    /// The stream identifier (RFC 9113 §5.1.1).
    pub id: u32,
}

/// Something that happened on the connection.
///
/// A stream is over for the caller once its side has ended (`send_…` with `end_stream`, trailers or `reset`) and the
/// peer's has (`end_stream`, [`Event::Trailers`] or [`Event::Reset`]); after [`Event::Reset`] both have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The head of a request (server) or the final response head (client); its fields went to the visitor just
    /// before.
    Head {
        /// The stream; new if this is a server.
        stream: StreamKey,
        /// The peer's side has ended: neither data nor trailers follow.
        end_stream: bool,
    },
    /// An informational (1xx) response head arrived (client); its fields went to the visitor just before.
    Informational {
        /// The stream.
        stream: StreamKey,
    },
    /// Payload of a DATA frame, without padding. To be given back with
    /// [`Connection::release`](crate::Connection::release) once it is consumed.
    Data {
        /// The stream.
        stream: StreamKey,
        /// The payload; empty only if the stream ends with it.
        data: Bytes,
        /// The peer's side has ended.
        end_stream: bool,
    },
    /// Trailers arrived and with them the end of the peer's side; the fields went to the visitor just before.
    Trailers {
        /// The stream.
        stream: StreamKey,
    },
    /// The stream is gone: reset by the peer, or here because the peer broke a rule (RST_STREAM is in the write
    /// buffer then), or left out by the peer's GOAWAY. A server gets it with [`ErrorCode::NoError`], from this side, for
    /// a stream whose answer is complete before the request is.
    Reset {
        /// The stream.
        stream: StreamKey,
        /// Who, and why.
        error: StreamError,
    },
    /// The queued bytes of the stream fell below the low mark after they had been above the high mark.
    Writable {
        /// The stream.
        stream: StreamKey,
    },
    /// After [`OpenError::StreamLimit`](crate::OpenError::StreamLimit): `open` may succeed again.
    OpenAvailable,
    /// The peer sent GOAWAY. For each stream of ours above `last_stream_id` an [`Event::Reset`] with
    /// [`ErrorCode::RefusedStream`] by the peer follows right behind this event.
    GoAway {
        /// The last stream of ours that the peer processed or will process.
        last_stream_id: u32,
        /// Why.
        code: ErrorCode,
        /// What the peer has to say about it.
        debug_data: Bytes,
    },
    /// The answer to [`Connection::ping`](crate::Connection::ping).
    Pong {
        /// What was sent.
        payload: [u8; 8],
    },
    /// The peer's SETTINGS took effect: the first ones, or a change.
    PeerSettings,
}
