//! Received frames: which may come when, and where each goes.

use std::time::Instant;

use bytes::{Buf, BytesMut};

use super::{Connection, ConnectionError, Event, Expecting, Role, WriteBuffer};
use crate::error::{BudgetKind, ConnectionErrorKind, OtherProtocol};
use crate::frame::{
    FrameHeader, HEADER_LEN, PREFACE, Settings, flag, kind, parse_go_away, parse_u31, put_ping,
    put_settings_ack,
};
use crate::{ErrorCode, HeaderVisitor, StreamError, StreamKey};

type Received = Result<Option<Event>, ConnectionError>;

impl Connection {
    /// Takes whole frames from the front of `input` until one gives an event.
    ///
    /// `None`: nothing more can be done before more bytes come. `input` never needs to hold more than
    /// [`Config::max_frame_size`](crate::Config::max_frame_size) + 9 bytes. The payload of DATA frames is split off
    /// `input` without a copy. The fields of a header block go to `visitor` before its event is given.
    ///
    /// # Errors
    ///
    /// The connection is over: a GOAWAY is in `out`, which is to be flushed before the socket is closed. Further calls
    /// give the same error.
    pub fn receive<V: HeaderVisitor>(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Result<Option<Event>, ConnectionError> {
        self.now = now;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            match self.expecting {
                Expecting::Preface(seen) => match self.receive_preface(seen, input) {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(error) => return Err(self.fail(error, out)),
                },
                Expecting::Settings if self.role == Role::Client && input.starts_with(HTTP1_ANSWER) => {
                    return Err(self.fail(http1_answer(), out));
                }
                Expecting::Settings if self.role == Role::Client && is_tls(input) => {
                    return Err(self.fail(tls_answer(), out));
                }
                _ => {}
            }
            let Some(header) = input.first_chunk::<HEADER_LEN>() else { return Ok(None) };
            let header = FrameHeader::parse(*header);
            if header.length > self.config.max_frame_size {
                return Err(self.fail(
                    ConnectionError::protocol(
                        ErrorCode::FrameSizeError,
                        "a frame is longer than SETTINGS_MAX_FRAME_SIZE (RFC 9113 §4.2)",
                    ),
                    out,
                ));
            }
            if input.len() < HEADER_LEN + header.length as usize {
                return Ok(None);
            }
            self.stats.frames_received += 1;
            let received = self.receive_frame(header, input, out, visitor);
            match received {
                Ok(None) => {}
                Ok(Some(_)) => return received,
                Err(error) => return Err(self.fail(error, out)),
            }
        }
    }

    /// Takes what has come of the client's preface (RFC 9113 §3.4). True once it is complete.
    #[cold]
    fn receive_preface(&mut self, seen: usize, input: &mut BytesMut) -> Result<bool, ConnectionError> {
        let expected = PREFACE.get(seen..).unwrap_or_default();
        let count = expected.len().min(input.len());
        if input.get(..count) != expected.get(..count) {
            return if may_become_http1(seen, input) { Ok(false) } else { Err(not_http2(seen, input)) };
        }
        input.advance(count);
        let complete = count == expected.len();
        self.expecting = if complete { Expecting::Settings } else { Expecting::Preface(seen + count) };
        Ok(complete)
    }

    /// Handles one whole frame at the front of `input`, and takes it off.
    #[inline]
    fn receive_frame<V: HeaderVisitor>(
        &mut self,
        header: FrameHeader,
        input: &mut BytesMut,
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        let total = HEADER_LEN + header.length as usize;
        if !matches!(self.expecting, Expecting::Any) {
            return self.receive_expected(header, input, out, visitor);
        }
        match header.kind {
            kind::DATA => {
                let mut payload = input.split_to(total);
                payload.advance(HEADER_LEN);
                self.receive_data(header, payload, out)
            }
            kind::HEADERS => {
                let payload = input.get(HEADER_LEN..total).unwrap_or_default();
                let event = self.receive_headers(header, payload, out, visitor);
                input.advance(total);
                event
            }
            _ => {
                let payload = input.get(HEADER_LEN..total).unwrap_or_default();
                let event = self.receive_control(header, payload, out);
                input.advance(total);
                event
            }
        }
    }

    /// A frame where only one kind of frame is allowed.
    #[cold]
    fn receive_expected<V: HeaderVisitor>(
        &mut self,
        header: FrameHeader,
        input: &mut BytesMut,
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        let total = HEADER_LEN + header.length as usize;
        let payload = input.get(HEADER_LEN..total).unwrap_or_default();
        let event = match self.expecting {
            // A server that will not have us at all, as we do not speak TLS, says so before it is a server: what it
            // says is worth more than that it should have sent SETTINGS, which are still to come.
            Expecting::Settings if header.kind == kind::GOAWAY && self.role == Role::Client => {
                self.receive_control(header, payload, out)
            }
            Expecting::Settings => {
                if header.kind != kind::SETTINGS || header.has(flag::ACK) {
                    return Err(protocol("the first frame is not SETTINGS (RFC 9113 §3.4)"));
                }
                self.expecting = Expecting::Any;
                self.receive_control(header, payload, out)
            }
            Expecting::Continuation(block) => {
                if header.kind != kind::CONTINUATION || header.stream_id != block.stream_id() {
                    return Err(protocol("another frame in the middle of a header block (RFC 9113 §6.10)"));
                }
                self.receive_continuation(header, payload, block, out, visitor)
            }
            Expecting::Preface(_) | Expecting::Any => Ok(None),
        };
        input.advance(total);
        event
    }

    /// All frames but DATA, HEADERS and expected CONTINUATION.
    fn receive_control(&mut self, header: FrameHeader, payload: &[u8], out: &mut WriteBuffer) -> Received {
        match header.kind {
            kind::WINDOW_UPDATE => self.receive_window_update(header, payload, out),
            kind::RST_STREAM => self.receive_rst_stream(header, payload),
            kind::SETTINGS => self.receive_settings(header, payload, out),
            kind::PING => self.receive_ping(header, payload, out),
            kind::GOAWAY => self.receive_go_away(header, payload),
            kind::PRIORITY => self.receive_priority(header, payload, out),
            kind::PUSH_PROMISE => Err(protocol(match self.role {
                Role::Client => "PUSH_PROMISE, though push is disabled (RFC 9113 §8.4)",
                Role::Server => "PUSH_PROMISE from a client (RFC 9113 §8.4)",
            })),
            kind::CONTINUATION => Err(protocol("CONTINUATION without an open header block (RFC 9113 §6.10)")),
            _ => {
                self.buckets.spend(BudgetKind::IgnoredFrames, self.now)?;
                Ok(None)
            }
        }
    }

    fn receive_rst_stream(&mut self, header: FrameHeader, payload: &[u8]) -> Received {
        let id = header.stream_id;
        if id == 0 {
            return Err(protocol("RST_STREAM on stream 0 (RFC 9113 §6.4)"));
        }
        let Ok(code) = <[u8; 4]>::try_from(payload) else {
            return Err(frame_size("a RST_STREAM that is not 4 bytes long (RFC 9113 §6.4)"));
        };
        if self.is_idle(id) {
            return Err(protocol("RST_STREAM on an idle stream (RFC 9113 §5.1)"));
        }
        self.stats.resets_received += 1;
        let Some(slot) = self.streams.find(id) else {
            self.buckets.spend(BudgetKind::IgnoredFrames, self.now)?;
            return Ok(None);
        };
        let key = StreamKey { slot, id };
        if self.role == Role::Server && self.streams.get(key).is_some_and(|stream| !stream.head_sent) {
            self.buckets.spend(BudgetKind::Resets, self.now)?;
        }
        self.remove_stream(key);
        let code = ErrorCode::from_u32(u32::from_be_bytes(code));
        Ok(Some(Event::Reset { stream: key, error: StreamError::remote(code, "the peer reset the stream") }))
    }

    fn receive_settings(&mut self, header: FrameHeader, payload: &[u8], out: &mut WriteBuffer) -> Received {
        if header.stream_id != 0 {
            return Err(protocol("SETTINGS on a stream (RFC 9113 §6.5)"));
        }
        if header.has(flag::ACK) {
            if !payload.is_empty() {
                return Err(frame_size("a SETTINGS acknowledgement with a payload (RFC 9113 §6.5)"));
            }
            return self.settings_acknowledged(out).map(|()| None);
        }
        if !payload.len().is_multiple_of(6) {
            return Err(frame_size("a SETTINGS whose length is not a multiple of 6 (RFC 9113 §6.5)"));
        }
        self.buckets.spend(BudgetKind::Settings, self.now)?;
        let settings =
            Settings::parse(payload).map_err(|error| ConnectionError::protocol(error.code, error.reason))?;
        if self.role == Role::Client && settings.enable_push == Some(true) {
            return Err(protocol("a server set SETTINGS_ENABLE_PUSH to 1 (RFC 9113 §6.5.2)"));
        }
        self.apply_settings(&settings)?;
        self.answer_control(HEADER_LEN, out)?;
        put_settings_ack(out.tail_mut());
        self.flush(out);
        Ok(Some(Event::PeerSettings))
    }

    fn apply_settings(&mut self, settings: &Settings) -> Result<(), ConnectionError> {
        if let Some(size) = settings.header_table_size {
            self.encoder.set_max_size(size as usize);
        }
        if let Some(size) = settings.max_frame_size {
            self.peer.max_frame_size = size;
        }
        if let Some(size) = settings.max_header_list_size {
            self.peer.max_header_list_size = Some(size);
        }
        if let Some(count) = settings.max_concurrent_streams {
            self.peer.max_concurrent_streams = count;
        } else if !self.peer_settings_seen {
            // RFC 9113 §6.5.2: without the parameter there is no limit.
            self.peer.max_concurrent_streams = u32::MAX;
        }
        self.peer_settings_seen = true;
        self.wake_opener();
        match settings.initial_window_size {
            Some(size) => self.change_initial_send_window(size),
            None => Ok(()),
        }
    }

    fn receive_ping(&mut self, header: FrameHeader, payload: &[u8], out: &mut WriteBuffer) -> Received {
        if header.stream_id != 0 {
            return Err(protocol("PING on a stream (RFC 9113 §6.7)"));
        }
        let Ok(payload) = <[u8; 8]>::try_from(payload) else {
            return Err(frame_size("a PING that is not 8 bytes long (RFC 9113 §6.7)"));
        };
        if header.has(flag::ACK) {
            return Ok(self.ping_acknowledged(payload, out));
        }
        self.buckets.spend(BudgetKind::Pings, self.now)?;
        self.answer_control(HEADER_LEN + 8, out)?;
        put_ping(out.tail_mut(), payload, true);
        Ok(None)
    }

    fn receive_go_away(&mut self, header: FrameHeader, payload: &[u8]) -> Received {
        if header.stream_id != 0 {
            return Err(protocol("GOAWAY on a stream (RFC 9113 §6.8)"));
        }
        let frame = parse_go_away(payload)
            .map_err(|error| ConnectionError::protocol(error.code(), error.reason()))?;
        self.buckets.spend(BudgetKind::IgnoredFrames, self.now)?;
        Ok(Some(self.peer_goes_away(&frame)))
    }

    fn receive_priority(&mut self, header: FrameHeader, payload: &[u8], out: &mut WriteBuffer) -> Received {
        let id = header.stream_id;
        if id == 0 {
            return Err(protocol("PRIORITY on stream 0 (RFC 9113 §6.3)"));
        }
        self.buckets.spend(BudgetKind::IgnoredFrames, self.now)?;
        let error = match payload.first_chunk::<4>() {
            Some(dependency) if payload.len() == 5 => {
                if parse_u31(dependency) != Some(id) {
                    return Ok(None);
                }
                StreamError::local(ErrorCode::ProtocolError, "the stream depends on itself (RFC 7540 §5.3.1)")
            }
            _ => StreamError::local(
                ErrorCode::FrameSizeError,
                "a PRIORITY that is not 5 bytes long (RFC 9113 §6.3)",
            ),
        };
        if self.is_idle(id) {
            // RST_STREAM must not be sent for an idle stream (RFC 9113 §6.4).
            return Err(ConnectionError::protocol(error.code, error.reason));
        }
        if let Some(slot) = self.streams.find(id) {
            return self.fail_stream(StreamKey { slot, id }, error, out).map(Some);
        }
        self.buckets.spend(BudgetKind::ProvokedResets, self.now)?;
        self.send_rst_stream(id, error.code, out).map(|()| None)
    }
}

#[cold]
pub(super) fn protocol(reason: &'static str) -> ConnectionError {
    ConnectionError::protocol(ErrorCode::ProtocolError, reason)
}

#[cold]
pub(super) fn frame_size(reason: &'static str) -> ConnectionError {
    ConnectionError::protocol(ErrorCode::FrameSizeError, reason)
}

/// What a request line of HTTP/1 ends with, but for a digit.
const HTTP1: &[u8] = b" HTTP/1.";

/// What a request line of HTTP/1 mostly begins with.
const METHODS: [&[u8]; 7] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH "];

/// What an answer of HTTP/1 begins with.
const HTTP1_ANSWER: &[u8] = b"HTTP/1.";

/// The error for a server that answers in HTTP/1.
#[cold]
fn http1_answer() -> ConnectionError {
    ConnectionError::new(
        ConnectionErrorKind::NotHttp2 { looks_like: Some(OtherProtocol::Http1) },
        ErrorCode::ProtocolError,
        "an HTTP/1.x answer instead of SETTINGS: the peer does not speak HTTP/2 here (RFC 9113 §3.4)",
    )
}

/// Whether bytes begin like a record of TLS that starts a handshake or ends one (RFC 8446 §5.1).
fn is_tls(input: &[u8]) -> bool {
    matches!(input, [0x15 | 0x16, 0x03, ..])
}

/// The error for a server that answers in TLS.
#[cold]
fn tls_answer() -> ConnectionError {
    ConnectionError::new(
        ConnectionErrorKind::NotHttp2 { looks_like: Some(OtherProtocol::Tls) },
        ErrorCode::ProtocolError,
        "TLS instead of SETTINGS: the peer speaks TLS and this side does not; use https://",
    )
}

/// Whether bytes that are not the preface, of which `seen` bytes came before, are the beginning of a method: the next
/// ones tell whether it is a request of HTTP/1, which is worth an answer.
#[cold]
fn may_become_http1(seen: usize, input: &[u8]) -> bool {
    let before = PREFACE.get(..seen).unwrap_or_default();
    let begins = |rest: &[u8]| rest.len() > input.len() && rest.starts_with(input);
    METHODS.iter().any(|method| method.strip_prefix(before).is_some_and(begins))
}

/// The error for bytes that are not the preface, of which `seen` bytes came before; tells what they look like.
#[cold]
fn not_http2(seen: usize, input: &[u8]) -> ConnectionError {
    let start =
        [PREFACE.get(..seen).unwrap_or_default(), input.get(..16.min(input.len())).unwrap_or_default()]
            .concat();
    let line = input.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let http1 = !start.starts_with(b"PRI ")
        && (start.starts_with(b"HTTP/1")
            || line.windows(HTTP1.len()).any(|part| part == HTTP1)
            || METHODS.iter().any(|method| start.starts_with(method)));
    let (looks_like, reason) = if http1 {
        let reason = "an HTTP/1.x request instead of the HTTP/2 connection preface (RFC 9113 §3.4)";
        (Some(OtherProtocol::Http1), reason)
    } else if seen == 0 && (is_tls(input) || input == [0x16]) {
        let reason = "a TLS handshake instead of the HTTP/2 connection preface: the peer uses TLS, this endpoint does not";
        (Some(OtherProtocol::Tls), reason)
    } else {
        (None, "no HTTP/2 connection preface (RFC 9113 §3.4)")
    };
    ConnectionError::new(ConnectionErrorKind::NotHttp2 { looks_like }, ErrorCode::ProtocolError, reason)
}
