//! Received header blocks: gathering them, decoding them, and the rules of RFC 9113 §8 on what they may contain.

use std::ops::ControlFlow;

use super::budget::used_up;
use super::memo::BlockMemo;
use super::receive::protocol;
use super::{Connection, Expecting, Role};
use crate::error::BudgetKind;
use crate::frame::{FrameHeader, flag, parse_headers};
use crate::hpack::{DecodeOutcome, Field, FieldSink, HpackError, NameKind, Pseudo};
use crate::stream::{Closed, State, Stream};
use crate::{ConnectionError, ErrorCode, Event, HeaderVisitor, StreamError, StreamKey, WriteBuffer};

/// A header block whose CONTINUATION frames are still to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenBlock {
    head: BlockHead,
    frames: u32,
}

impl OpenBlock {
    pub(super) fn stream_id(&self) -> u32 {
        self.head.stream_id
    }
}

/// What the HEADERS frame says of its block.
#[derive(Debug, Clone, Copy)]
struct BlockHead {
    stream_id: u32,
    end_stream: bool,
    depends_on_itself: bool,
}

/// What a block is; each has its own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    Request,
    Response,
    Trailers,
}

/// What is known of a well-formed block.
struct Decoded {
    content_length: u64,
    status: u16,
}

type Received = Result<Option<Event>, ConnectionError>;

impl Connection {
    #[inline]
    pub(super) fn receive_headers<V: HeaderVisitor>(
        &mut self,
        header: FrameHeader,
        payload: &[u8],
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        if header.stream_id == 0 {
            return Err(protocol("HEADERS on stream 0 (RFC 9113 §6.2)"));
        }
        let parsed = parse_headers(header, payload)
            .map_err(|error| ConnectionError::protocol(error.code(), error.reason()))?;
        let head = BlockHead {
            stream_id: header.stream_id,
            end_stream: header.has(flag::END_STREAM),
            depends_on_itself: parsed.depends_on_itself,
        };
        if header.has(flag::END_HEADERS) {
            return self.receive_block(head, parsed.fragment, out, visitor);
        }
        if parsed.fragment.len() > self.config.budgets.max_block_bytes {
            return Err(used_up(BudgetKind::HeaderBlock));
        }
        self.block.extend_from_slice(parsed.fragment);
        self.expecting = Expecting::Continuation(OpenBlock { head, frames: 0 });
        Ok(None)
    }

    /// The frame header was checked to be a CONTINUATION of `block`'s stream.
    #[cold]
    pub(super) fn receive_continuation<V: HeaderVisitor>(
        &mut self,
        header: FrameHeader,
        payload: &[u8],
        block: OpenBlock,
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        let frames = block.frames + 1;
        let budgets = &self.config.budgets;
        if frames > budgets.continuation_frames_per_block
            || self.block.len() + payload.len() > budgets.max_block_bytes
        {
            return Err(used_up(BudgetKind::HeaderBlock));
        }
        self.block.extend_from_slice(payload);
        if !header.has(flag::END_HEADERS) {
            self.expecting = Expecting::Continuation(OpenBlock { head: block.head, frames });
            return Ok(None);
        }
        self.expecting = Expecting::Any;
        let gathered = std::mem::take(&mut self.block);
        self.receive_block(block.head, &gathered, out, visitor)
    }

    #[inline]
    fn receive_block<V: HeaderVisitor>(
        &mut self,
        head: BlockHead,
        block: &[u8],
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        let id = head.stream_id;
        if self.role == Role::Server && id > self.last_peer_id && id & 1 == 1 {
            return self.receive_request(head, block, out, visitor);
        }
        match self.streams.find(id) {
            Some(slot) => self.receive_later_block(StreamKey { slot, id }, head, block, out, visitor),
            None => self.receive_stray_block(id, block, visitor),
        }
    }

    /// A block on an idle stream of a server: a request.
    #[inline]
    fn receive_request<V: HeaderVisitor>(
        &mut self,
        head: BlockHead,
        block: &[u8],
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        let id = head.stream_id;
        if id != self.last_peer_id.wrapping_add(2) && id > 1 {
            self.closed.passed_over(self.last_peer_id + 1, id - 1);
        }
        self.last_peer_id = id;
        if self.go_away.refuses_streams() {
            self.discard(block, visitor)?;
            self.closed.reset_here(id);
            return Ok(None);
        }
        if self.streams.len() >= self.config.max_concurrent_streams as usize {
            self.discard(block, visitor)?;
            self.buckets.spend(BudgetKind::RefusedStreams, self.now)?;
            self.send_rst_stream(id, ErrorCode::RefusedStream, out)?;
            return Ok(None);
        }
        self.last_processed_id = id;
        self.stats.streams_opened += 1;
        let slot = self.streams.insert(id, self.peer.initial_window as i32, self.stream_target as i32);
        let key = StreamKey { slot, id };
        visitor.begin(key, false);
        let error = match self.decode_request(block, visitor)? {
            Err(error) => error,
            Ok(_) if head.depends_on_itself => depends_on_itself(),
            Ok(decoded) if head.end_stream && !matches!(decoded.content_length, 0 | Stream::NO_LENGTH) => {
                content_length_mismatch()
            }
            Ok(decoded) => {
                if let Some(stream) = self.streams.get_mut(key) {
                    stream.head_received = true;
                    stream.content_left = decoded.content_length;
                    if head.end_stream {
                        stream.state = State::HalfClosedRemote;
                    }
                }
                return Ok(Some(Event::Head { stream: key, end_stream: head.end_stream }));
            }
        };
        // The caller never heard of the stream, so there is no event.
        self.fail_stream(key, error, out)?;
        Ok(None)
    }

    /// Decodes a request's block, unless it came before and the visitor remembers it.
    #[inline]
    fn decode_request<V: HeaderVisitor>(
        &mut self,
        block: &[u8],
        visitor: &mut V,
    ) -> Result<Result<Decoded, StreamError>, ConnectionError> {
        let Some(spot) = BlockMemo::spot(block) else {
            return self.decode(BlockKind::Request, block, visitor);
        };
        let before = self.decoder.table_state();
        let known = self.memo.recall(spot, block, before);
        if let Some(content_length) = known
            && visitor.recall(spot.place)
        {
            return Ok(Ok(Decoded { content_length, status: 0 }));
        }
        let decoded = self.decode(BlockKind::Request, block, visitor)?;
        if let Ok(Decoded { content_length, .. }) = decoded
            && known.is_none()
            && !before.size_update_due
            && self.decoder.table_state() == before
            && self.memo.note(spot, block, before, content_length)
        {
            visitor.memorize(spot.place);
        }
        Ok(decoded)
    }

    /// A block on a stream in the table: a response head, trailers, or a mistake.
    fn receive_later_block<V: HeaderVisitor>(
        &mut self,
        key: StreamKey,
        head: BlockHead,
        block: &[u8],
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Received {
        let Some(stream) = self.streams.get(key) else { return Ok(None) };
        if !stream.state.can_receive() {
            self.discard(block, visitor)?;
            let error = StreamError::local(
                ErrorCode::StreamClosed,
                "HEADERS after the end of the stream (RFC 9113 §5.1)",
            );
            return self.fail_stream(key, error, out).map(Some);
        }
        let trailers = stream.head_received;
        visitor.begin(key, trailers);
        let kind = if trailers { BlockKind::Trailers } else { BlockKind::Response };
        let error = match self.decode(kind, block, visitor)? {
            Err(error) => error,
            Ok(_) if head.depends_on_itself => depends_on_itself(),
            Ok(_) if trailers && !head.end_stream => {
                StreamError::local(ErrorCode::ProtocolError, "trailers without END_STREAM (RFC 9113 §8.1)")
            }
            Ok(_) if trailers => return self.accept_trailers(key, out).map(Some),
            Ok(decoded) => return self.accept_response(key, head.end_stream, &decoded, out).map(Some),
        };
        self.fail_stream(key, error, out).map(Some)
    }

    fn accept_trailers(&mut self, key: StreamKey, out: &mut WriteBuffer) -> Result<Event, ConnectionError> {
        if let Some(stream) = self.streams.get(key)
            && !matches!(stream.content_left, 0 | Stream::NO_LENGTH)
        {
            return self.fail_stream(key, content_length_mismatch(), out);
        }
        self.remote_ended(key);
        Ok(Event::Trailers { stream: key })
    }

    fn accept_response(
        &mut self,
        key: StreamKey,
        end_stream: bool,
        decoded: &Decoded,
        out: &mut WriteBuffer,
    ) -> Result<Event, ConnectionError> {
        let error = match decoded.status {
            101 => "status 101, which HTTP/2 does not have (RFC 9113 §8.6)",
            100..200 if end_stream => "an informational response that ends the stream (RFC 9113 §8.1)",
            100..200 => return Ok(Event::Informational { stream: key }),
            _ => {
                if let Some(stream) = self.streams.get_mut(key) {
                    stream.head_received = true;
                    stream.content_left = decoded.content_length;
                }
                // Without any DATA the length says nothing: it may answer HEAD, or be a 304 (RFC 9113 §8.1.1).
                if end_stream {
                    self.remote_ended(key);
                }
                return Ok(Event::Head { stream: key, end_stream });
            }
        };
        self.fail_stream(key, StreamError::local(ErrorCode::ProtocolError, error), out)
    }

    /// A block for no open stream, or on an idle one that the peer may not open.
    #[cold]
    fn receive_stray_block<V: HeaderVisitor>(&mut self, id: u32, block: &[u8], visitor: &mut V) -> Received {
        if self.is_idle(id) {
            return Err(protocol(match self.role {
                Role::Server => "HEADERS on a stream that is not a client's to open (RFC 9113 §5.1.1)",
                Role::Client => "HEADERS on a stream that was not opened (RFC 9113 §5.1)",
            }));
        }
        match self.closed.get(id) {
            Closed::PassedOver => {
                Err(protocol("a new stream has a lower identifier than an earlier one (RFC 9113 §5.1.1)"))
            }
            Closed::Finished => Err(ConnectionError::protocol(
                ErrorCode::StreamClosed,
                "HEADERS on a closed stream (RFC 9113 §5.1)",
            )),
            Closed::ResetHere => {
                self.buckets.spend(BudgetKind::IgnoredFrames, self.now)?;
                self.discard(block, visitor)?;
                Ok(None)
            }
        }
    }

    /// Decodes a block that nobody wants, since later ones build on its table.
    #[cold]
    fn discard<V: HeaderVisitor>(&mut self, block: &[u8], visitor: &mut V) -> Result<(), ConnectionError> {
        self.decoder
            .decode(block, self.config.max_header_list_size as usize, &mut DiscardingSink(visitor))
            .map(|_| ())
            .map_err(compression)
    }

    /// Decodes a block; the outer error is the connection's, the inner one the stream's.
    #[inline]
    fn decode<V: HeaderVisitor>(
        &mut self,
        kind: BlockKind,
        block: &[u8],
        visitor: &mut V,
    ) -> Result<Result<Decoded, StreamError>, ConnectionError> {
        let mut sink =
            BlockSink { visitor, kind, seen: 0, content_length: Stream::NO_LENGTH, status: 0, error: None };
        let outcome = self
            .decoder
            .decode(block, self.config.max_header_list_size as usize, &mut sink)
            .map_err(compression)?;
        if let DecodeOutcome::TooLarge { .. } = outcome {
            return Ok(Err(StreamError::local(
                ErrorCode::EnhanceYourCalm,
                "the header list is larger than SETTINGS_MAX_HEADER_LIST_SIZE (`max_header_list_size`)",
            )));
        }
        Ok(match sink.finish() {
            Ok(()) => Ok(Decoded { content_length: sink.content_length, status: sink.status }),
            Err(reason) => Err(StreamError::local(ErrorCode::ProtocolError, reason)),
        })
    }
}

#[cold]
fn compression(error: HpackError) -> ConnectionError {
    ConnectionError::protocol(ErrorCode::CompressionError, error.to_string())
}

#[cold]
fn depends_on_itself() -> StreamError {
    StreamError::local(ErrorCode::ProtocolError, "the stream depends on itself (RFC 7540 §5.3.1)")
}

#[cold]
pub(super) fn content_length_mismatch() -> StreamError {
    StreamError::local(
        ErrorCode::ProtocolError,
        "content-length differs from the length of the data (RFC 9113 §8.1.1)",
    )
}

/// Checks the fields of a block and hands them on.
struct BlockSink<'a, V> {
    visitor: &'a mut V,
    kind: BlockKind,
    /// Which pseudo-header fields have come, and whether a regular one has.
    seen: u8,
    content_length: u64,
    status: u16,
    error: Option<&'static str>,
}

const METHOD: u8 = 1;
const SCHEME: u8 = 2;
const AUTHORITY: u8 = 4;
const PATH: u8 = 8;
const STATUS: u8 = 16;
const CONNECT: u8 = 32;
const REGULAR: u8 = 64;
/// No message may have it.
const NOWHERE: u8 = 128;

#[inline]
fn pseudo_bit(pseudo: Pseudo) -> u8 {
    match pseudo {
        Pseudo::Method => METHOD,
        Pseudo::Scheme => SCHEME,
        Pseudo::Authority => AUTHORITY,
        Pseudo::Path => PATH,
        Pseudo::Status => STATUS,
        Pseudo::Protocol | Pseudo::Unknown => NOWHERE,
    }
}

impl<V: HeaderVisitor> BlockSink<'_, V> {
    #[inline]
    fn pseudo(&mut self, pseudo: Pseudo, value: &[u8]) -> Result<(), &'static str> {
        let bit = pseudo_bit(pseudo);
        let allowed = match self.kind {
            BlockKind::Request => METHOD | SCHEME | AUTHORITY | PATH,
            BlockKind::Response => STATUS,
            BlockKind::Trailers => 0,
        };
        if self.seen & (bit | REGULAR) != 0 || allowed & bit == 0 {
            return Err(self.pseudo_error(pseudo));
        }
        self.seen |= bit;
        match pseudo {
            Pseudo::Method if value == b"CONNECT" => self.seen |= CONNECT,
            Pseudo::Path if value.is_empty() => return Err("an empty :path (RFC 9113 §8.3.1)"),
            Pseudo::Status => {
                self.status =
                    parse_status(value).ok_or("a :status that is not three digits (RFC 9113 §8.3.2)")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Why a pseudo-header field may not stand where it does.
    #[cold]
    fn pseudo_error(&self, pseudo: Pseudo) -> &'static str {
        if self.seen & REGULAR != 0 {
            return "a pseudo-header field behind a regular one (RFC 9113 §8.3)";
        }
        match pseudo {
            _ if self.kind == BlockKind::Trailers => "a pseudo-header field in trailers (RFC 9113 §8.1)",
            Pseudo::Protocol => "a :protocol, though extended CONNECT is not offered (RFC 8441 §4)",
            Pseudo::Unknown => "an unknown pseudo-header field (RFC 9113 §8.3)",
            Pseudo::Status if self.kind == BlockKind::Request => "a :status in a request (RFC 9113 §8.3)",
            _ if self.seen & pseudo_bit(pseudo) != 0 => "a pseudo-header field twice (RFC 9113 §8.3)",
            _ => "a request's pseudo-header field in a response (RFC 9113 §8.3)",
        }
    }

    /// A field that is neither a pseudo-header field nor without meaning to HTTP/2.
    fn special(&mut self, field: &Field<'_>) -> Result<(), &'static str> {
        match field.kind {
            NameKind::ContentLength => {
                let length =
                    parse_length(field.value).ok_or("a content-length that is no number (RFC 9110 §8.6)")?;
                if !matches!(self.content_length, Stream::NO_LENGTH) && self.content_length != length {
                    return Err("two different content-lengths (RFC 9110 §8.6)");
                }
                self.content_length = length;
            }
            NameKind::Te if field.value != b"trailers" => {
                return Err("a te other than `trailers` (RFC 9113 §8.2.2)");
            }
            NameKind::ConnectionSpecific => return Err("a connection-specific field (RFC 9113 §8.2.2)"),
            NameKind::Invalid => {
                return Err("a field name with upper case or a forbidden character (RFC 9113 §8.2.1)");
            }
            NameKind::Te | NameKind::Regular | NameKind::Pseudo(_) => {}
        }
        Ok(())
    }

    /// Takes a field that is not just a regular one. Apart from those, so that they are inlined where they are decoded.
    #[inline(never)]
    fn checked_field(&mut self, field: &Field<'_>) -> ControlFlow<()> {
        if let Err(error) = self.check(field) {
            self.error = Some(error);
            return ControlFlow::Break(());
        }
        self.visitor.field(field.tag, field.name, field.value);
        ControlFlow::Continue(())
    }

    #[inline]
    fn check(&mut self, field: &Field<'_>) -> Result<(), &'static str> {
        if !field.value_valid {
            return Err("a field value with NUL, CR, LF or outer white space (RFC 9113 §8.2.1)");
        }
        if let NameKind::Pseudo(pseudo) = field.kind {
            return self.pseudo(pseudo, field.value);
        }
        self.seen |= REGULAR;
        self.special(field)
    }

    /// The rules that need the whole block.
    #[inline]
    fn finish(&self) -> Result<(), &'static str> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.kind {
            BlockKind::Request
                if self.seen & (METHOD | SCHEME | PATH | CONNECT) == METHOD | SCHEME | PATH =>
            {
                Ok(())
            }
            BlockKind::Request
                if self.seen & (METHOD | SCHEME | PATH | CONNECT | AUTHORITY)
                    == METHOD | CONNECT | AUTHORITY =>
            {
                Ok(())
            }
            BlockKind::Request if self.seen & CONNECT != 0 => {
                Err("a CONNECT request must have :authority, and neither :scheme nor :path (RFC 9113 §8.5)")
            }
            BlockKind::Request => Err("a request without :method, :scheme or :path (RFC 9113 §8.3.1)"),
            BlockKind::Response if self.seen & STATUS == 0 => {
                Err("a response without :status (RFC 9113 §8.3.2)")
            }
            BlockKind::Response | BlockKind::Trailers => Ok(()),
        }
    }
}

impl<V: HeaderVisitor> FieldSink for BlockSink<'_, V> {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        self.visitor.classify(name, value)
    }

    #[inline]
    fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
        if field.kind == NameKind::Regular && field.value_valid {
            self.seen |= REGULAR;
            self.visitor.field(field.tag, field.name, field.value);
            return ControlFlow::Continue(());
        }
        self.checked_field(&field)
    }
}

/// Takes the fields of a block that nobody wants: entries of the table are classified all the same.
struct DiscardingSink<'a, V>(&'a mut V);

impl<V: HeaderVisitor> FieldSink for DiscardingSink<'_, V> {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        self.0.classify(name, value)
    }

    fn field(&mut self, _field: Field<'_>) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

/// A status code: three digits from 100 on (RFC 9110 §15).
#[inline]
fn parse_status(value: &[u8]) -> Option<u16> {
    match value {
        b"200" => Some(200),
        [h @ b'1'..=b'9', t @ b'0'..=b'9', u @ b'0'..=b'9'] => {
            Some(u16::from(h - b'0') * 100 + u16::from(t - b'0') * 10 + u16::from(u - b'0'))
        }
        _ => None,
    }
}

/// A content-length: digits alone, below the value that stands for none.
#[inline]
fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |length, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        length.checked_mul(10)?.checked_add(u64::from(digit)).filter(|length| *length != Stream::NO_LENGTH)
    })
}
