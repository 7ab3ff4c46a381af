//! One connection: the state machine behind [`Connection`].

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::{
    Config, ConnectionError, ErrorCode, Event, HeaderFields, HeaderVisitor, OpenError, SendError, StreamKey,
    WriteBuffer,
};

/// Which side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Opens streams.
    Client,
    /// Answers them.
    Server,
}

/// Plain counters of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Streams opened, by either side.
    pub streams_opened: u64,
    /// Streams that ended with the end of both sides.
    pub streams_completed: u64,
    /// Streams that the peer reset.
    pub resets_received: u64,
    /// RST_STREAM frames sent.
    pub resets_sent: u64,
    /// Frames received, of any type.
    pub frames_received: u64,
    /// Payload bytes of DATA frames received.
    pub data_received: u64,
    /// Payload bytes of DATA frames sent.
    pub data_sent: u64,
    /// Bytes that wait in the send queues of streams.
    pub buffered_bytes: usize,
    /// Budgets that were used up; each ends the connection.
    pub budget_trips: u32,
}

/// What the closure of [`Connection::send_data_in_place`] gives back: the lent buffer, and segments that follow it.
pub trait InPlace {
    /// The buffer with what was appended, and what follows by reference.
    fn into_parts(self) -> (BytesMut, Vec<Bytes>);
}

impl InPlace for BytesMut {
    #[inline]
    fn into_parts(self) -> (BytesMut, Vec<Bytes>) {
        (self, Vec::new())
    }
}

impl InPlace for (BytesMut, Vec<Bytes>) {
    #[inline]
    fn into_parts(self) -> (BytesMut, Vec<Bytes>) {
        self
    }
}

/// One HTTP/2 connection without its socket: bytes and `now` in, events and bytes out.
#[derive(Debug)]
pub struct Connection {
    role: Role,
}

#[expect(unused_variables, clippy::todo, missing_docs, clippy::missing_errors_doc)]
impl Connection {
    pub fn client(config: Config, now: Instant, out: &mut WriteBuffer) -> Self {
        todo!()
    }
    pub fn server(config: Config, now: Instant, out: &mut WriteBuffer) -> Self {
        todo!()
    }
    pub fn role(&self) -> Role {
        self.role
    }
    pub fn receive<V: HeaderVisitor>(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
        out: &mut WriteBuffer,
        visitor: &mut V,
    ) -> Result<Option<Event>, ConnectionError> {
        todo!()
    }
    /// The next event that is ready without more input: `receive` gives these first. After calls of other methods
    /// (`reset` may give `OpenAvailable`) call this or `receive`.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    pub fn next_timeout(&self) -> Option<Instant> {
        todo!()
    }
    pub fn handle_timeout(&mut self, now: Instant, out: &mut WriteBuffer) -> Result<(), ConnectionError> {
        todo!()
    }
    pub fn open<H: HeaderFields>(
        &mut self,
        now: Instant,
        fields: &mut H,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) -> Result<StreamKey, OpenError> {
        todo!()
    }
    pub fn send_head<H: HeaderFields>(
        &mut self,
        stream: StreamKey,
        fields: &mut H,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) -> Result<(), SendError> {
        todo!()
    }
    pub fn send_data(
        &mut self,
        stream: StreamKey,
        data: Bytes,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) -> Result<(), SendError> {
        todo!()
    }
    pub fn send_data_in_place<P: InPlace>(
        &mut self,
        stream: StreamKey,
        end_stream: bool,
        out: &mut WriteBuffer,
        write: impl FnOnce(BytesMut) -> P,
    ) -> Result<(), SendError> {
        todo!()
    }
    pub fn send_trailers<H: HeaderFields>(
        &mut self,
        stream: StreamKey,
        fields: &mut H,
        out: &mut WriteBuffer,
    ) -> Result<(), SendError> {
        todo!()
    }
    pub fn reset(&mut self, stream: StreamKey, code: ErrorCode, out: &mut WriteBuffer) {
        todo!()
    }
    pub fn release(&mut self, stream: StreamKey, bytes: usize, out: &mut WriteBuffer) {
        todo!()
    }
    /// Moves queued data to `out` as far as windows and `Config::write_high_mark` allow: to be called after `out` was
    /// written to the socket, if `wants_flush()`.
    pub fn flush(&mut self, out: &mut WriteBuffer) {
        todo!()
    }
    pub fn wants_flush(&self) -> bool {
        todo!()
    }
    pub fn queued_bytes(&self, stream: StreamKey) -> usize {
        todo!()
    }
    pub fn is_open(&self, stream: StreamKey) -> bool {
        todo!()
    }
    pub fn active_streams(&self) -> usize {
        todo!()
    }
    pub fn peer_max_concurrent_streams(&self) -> u32 {
        todo!()
    }
    pub fn ping(&mut self, payload: [u8; 8], out: &mut WriteBuffer) {
        todo!()
    }
    pub fn go_away(&mut self, out: &mut WriteBuffer) {
        todo!()
    }
    pub fn is_drained(&self) -> bool {
        todo!()
    }
    pub fn close(&mut self, code: ErrorCode, debug: &str, out: &mut WriteBuffer) {
        todo!()
    }
    pub fn stats(&self) -> Stats {
        todo!()
    }
}
