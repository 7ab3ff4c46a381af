//! The client's side of a connection: opening streams for calls, and giving each call what arrives for it.
//!
//! Not here: where connections come from (`channel`), the calls' own side (`call`).

mod head;
mod request;

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use gannet_core::wire::framing::MESSAGE_HEADER_LEN;
use gannet_core::wire::status_mapping;
use gannet_core::{Deadline, Metadata, MethodDescriptor, Status};
use gannet_http2::{ErrorCode, Event, Initiator, OpenError, StreamError, StreamKey};
use gannet_transport::{Closed, Link, Role, SendEnd, SharedStream, now};
use tokio::sync::oneshot;

use self::head::HeadVisitor;
use self::request::RequestBlocks;
use crate::channel::{ChannelSettings, ConnectionHandle, Subchannel};

/// A stream as a call and this connection share it.
pub(crate) type Stream = SharedStream<ClientCommand>;

/// What a call wants of a connection.
#[derive(Debug)]
pub(crate) enum ClientCommand {
    /// Open a stream.
    Open(OpenCall),
    /// The channel does not need the connection any more: nothing else will be opened.
    Abandon,
}

/// A call to open.
#[derive(Debug)]
pub(crate) struct OpenCall {
    pub(crate) method: &'static MethodDescriptor,
    pub(crate) metadata: Metadata,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) stream: Arc<Stream>,
    /// The whole answer may have this many bytes; without, the consumer sees to it message by message.
    pub(crate) whole_limit: Option<usize>,
}

/// One connection's calls.
pub(crate) struct ClientConnection {
    visitor: HeadVisitor,
    blocks: RequestBlocks,
    calls: Vec<Option<OpenedCall>>,
    /// Calls that wait until the peer allows another stream.
    waiting: VecDeque<OpenCall>,
    peer: String,
    subchannel: Weak<Subchannel>,
    /// What the subchannel knows this connection by.
    handle: Weak<ConnectionHandle>,
    abandoned: bool,
    /// What the peer's GOAWAY said.
    farewell: Option<String>,
    /// Told when the server's SETTINGS are there.
    settled: Option<oneshot::Sender<()>>,
}

/// A call that has its stream.
struct OpenedCall {
    key: StreamKey,
    stream: Arc<Stream>,
    /// Bytes that may still come.
    room: usize,
    whole_limit: Option<usize>,
    deadline: Option<Deadline>,
}

impl ClientConnection {
    pub(crate) fn new(
        settings: &ChannelSettings,
        peer: String,
        subchannel: Weak<Subchannel>,
        handle: Weak<ConnectionHandle>,
        settled: oneshot::Sender<()>,
    ) -> Self {
        Self {
            visitor: HeadVisitor::default(),
            blocks: RequestBlocks::new(settings),
            calls: Vec::new(),
            waiting: VecDeque::new(),
            peer,
            subchannel,
            handle,
            abandoned: false,
            farewell: None,
            settled: Some(settled),
        }
    }

    fn call(&mut self, key: StreamKey) -> Option<&mut OpenedCall> {
        self.calls.get_mut(key.slot as usize)?.as_mut().filter(|call| call.key == key)
    }

    fn take_call(&mut self, key: StreamKey) -> Option<OpenedCall> {
        let slot = self.calls.get_mut(key.slot as usize)?;
        if slot.as_ref().is_some_and(|call| call.key == key) { slot.take() } else { None }
    }

    /// Ends a call, as `status` says, and its stream if it is open still.
    fn end_call(&mut self, link: &mut Link, key: StreamKey, end: Result<Metadata, Status>) {
        let Some(call) = self.take_call(key) else { return };
        let closed = match &end {
            Ok(_) => Status::failed_precondition("the server has ended the call"),
            Err(status) => status.clone(),
        };
        call.stream.receive().deliver_end(end);
        call.stream.send().close(closed);
        // A server may end a call before the client has sent all: the rest is not wanted.
        link.http2.reset(key, ErrorCode::Cancel, &mut link.out);
    }

    fn open(&mut self, link: &mut Link, call: OpenCall) {
        if call.stream.is_cancelled() {
            call.stream.fail(&Status::cancelled("the call was cancelled before it was sent"));
            return;
        }
        let timeout = match call.deadline {
            None => None,
            Some(deadline) => {
                // The turn may have begun before the caller set its deadline: its time would leave the server more than
                // the caller gave.
                if let Some(timeout) = deadline.remaining(now()) {
                    Some(timeout)
                } else {
                    call.stream
                        .fail(&Status::deadline_exceeded("the deadline passed before the call was sent"));
                    return;
                }
            }
        };
        let mut fields = self.blocks.fields(call.method, timeout, &call.metadata);
        match link.http2.open(link.now, &mut fields, false, &mut link.out) {
            Ok(key) => self.opened(link, key, call),
            Err(OpenError::StreamLimit) => self.waiting.push_back(call),
            Err(error) => {
                let status = if let OpenError::HeadersTooLarge { .. } = error {
                    Status::resource_exhausted(error.to_string())
                } else {
                    self.leave_service();
                    Status::unavailable(format!(
                        "the connection to {} takes no more calls: {error}",
                        self.peer
                    ))
                };
                call.stream.fail(&status);
            }
        }
    }

    fn opened(&mut self, link: &mut Link, key: StreamKey, call: OpenCall) {
        call.stream.set_key(key);
        let slot = key.slot as usize;
        if slot >= self.calls.len() {
            self.calls.resize_with(slot + 1, || None);
        }
        self.calls[slot] = Some(OpenedCall {
            key,
            stream: call.stream,
            room: call.whole_limit.map_or(usize::MAX, |limit| limit.saturating_add(MESSAGE_HEADER_LEN)),
            whole_limit: call.whole_limit,
            deadline: call.deadline,
        });
        self.send_from(link, key);
    }

    fn open_waiting(&mut self, link: &mut Link) {
        for _ in 0..self.waiting.len() {
            let before = self.waiting.len();
            let Some(call) = self.waiting.pop_front() else { return };
            self.open(link, call);
            if self.waiting.len() == before {
                // It went to the back again: put it where it was, and wait on.
                self.waiting.rotate_right(1);
                return;
            }
        }
    }

    fn leave_service(&self) {
        if let Some(subchannel) = self.subchannel.upgrade() {
            subchannel.going_away(&self.handle);
        }
    }

    fn on_head(&mut self, link: &mut Link, key: StreamKey, end_stream: bool) {
        let head = self.visitor.take();
        let Some(call) = self.call(key) else { return };
        if let Some(status) = head.refuse() {
            self.end_call(link, key, Err(status));
        } else if end_stream {
            self.end_call(link, key, head.into_end());
        } else {
            call.stream.receive().deliver_head(head.metadata);
        }
    }

    fn on_data(&mut self, link: &mut Link, key: StreamKey, data: Bytes, end_stream: bool) {
        let len = data.len();
        let Some(call) = self.call(key) else {
            link.http2.release(key, len, &mut link.out);
            return;
        };
        if len > call.room {
            let limit = call.whole_limit.unwrap_or_default();
            link.http2.release(key, len, &mut link.out);
            self.end_call(link, key, Err(too_large(limit)));
            return;
        }
        if call.whole_limit.is_some() {
            call.room -= len;
        }
        let release = call.stream.receive().deliver_data(data);
        if release > 0 {
            link.http2.release(key, release, &mut link.out);
        }
        if end_stream {
            let status = Status::internal("the server ended the call without trailers");
            self.end_call(link, key, Err(status));
        }
    }

    fn on_trailers(&mut self, link: &mut Link, key: StreamKey) {
        let end = self.visitor.take().into_end();
        self.end_call(link, key, end);
    }

    fn on_reset(&mut self, link: &Link, key: StreamKey, error: &StreamError) {
        let Some(call) = self.take_call(key) else { return };
        // A server that holds the deadline too may end the call a moment before our own timer does.
        let timed_out = call.deadline.is_some_and(|deadline| deadline.remaining(link.now).is_none());
        let code = match error.by() {
            Initiator::Remote if timed_out && error.code() == ErrorCode::Cancel => {
                gannet_core::Code::DeadlineExceeded
            }
            Initiator::Remote => status_mapping::code_of_http2_error(error.code().as_u32()),
            // What the server sent is more than this side takes.
            Initiator::Local if error.code() == ErrorCode::EnhanceYourCalm => {
                gannet_core::Code::ResourceExhausted
            }
            Initiator::Local => gannet_core::Code::Internal,
        };
        call.stream.fail(&Status::new(code, format!("the stream to {} was reset: {error}", self.peer)));
    }

    /// Takes what a call has to send, as far as the engine's queue has room.
    fn send_from(&mut self, link: &mut Link, key: StreamKey) {
        if link.http2.is_full(key) {
            // The engine says when there is room again.
            return;
        }
        let Some(call) = self.call(key) else { return };
        let taken = call.stream.send().take();
        let ends = matches!(taken.end, Some(SendEnd::HalfClose));
        for chunk in taken.chunks {
            let _ = link.http2.send_data(key, chunk, false, &mut link.out);
        }
        if ends || !taken.tail.is_empty() {
            // A stream that is gone by now has its end already; that is the only way sending can fail.
            let _ = link.http2.send_data(key, taken.tail, ends, &mut link.out);
        }
    }

    fn lost(&self, closed: &Closed) -> Status {
        let mut message = format!("the connection to {} was lost: {closed}", self.peer);
        if let Some(farewell) = &self.farewell {
            message.push_str("; it said before: ");
            message.push_str(farewell);
        }
        Status::unavailable(message)
    }
}

#[cold]
fn too_large(limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "the answer is larger than max_receive_message_size allows ({limit} bytes)"
    ))
}

impl Role for ClientConnection {
    type Command = ClientCommand;
    type Visitor = HeadVisitor;
    const SPEAKS_SECOND: bool = false;

    #[inline]
    fn visitor(&mut self) -> &mut HeadVisitor {
        &mut self.visitor
    }

    fn on_event(&mut self, link: &mut Link, event: Event) {
        match event {
            Event::Data { stream, data, end_stream } => self.on_data(link, stream, data, end_stream),
            Event::Head { stream, end_stream } => self.on_head(link, stream, end_stream),
            Event::Trailers { stream } => self.on_trailers(link, stream),
            Event::Reset { stream, error } => self.on_reset(link, stream, &error),
            Event::Writable { stream } => self.send_from(link, stream),
            Event::OpenAvailable => self.open_waiting(link),
            Event::PeerSettings => {
                if let Some(settled) = self.settled.take() {
                    // Whoever waited may have given up.
                    let _ = settled.send(());
                }
            }
            Event::GoAway { debug_data, code, .. } => {
                self.leave_service();
                if !debug_data.is_empty() {
                    self.farewell = Some(String::from_utf8_lossy(&debug_data).into_owned());
                }
                if code != ErrorCode::NoError
                    && let Some(handle) = self.handle.upgrade()
                {
                    let said = self.farewell.clone().unwrap_or_else(|| code.to_string());
                    let _ = handle.refusal.set(said);
                }
                let status =
                    Status::unavailable(format!("{} takes no more calls on this connection", self.peer));
                for call in self.waiting.drain(..) {
                    call.stream.fail(&status);
                }
            }
            _ => {}
        }
    }

    fn on_command(&mut self, link: &mut Link, command: ClientCommand) {
        match command {
            ClientCommand::Open(call) => self.open(link, call),
            ClientCommand::Abandon => self.abandoned = true,
        }
    }

    fn on_flush(&mut self, link: &mut Link, stream: &Arc<Stream>) {
        if let Some(key) = stream.key() {
            self.send_from(link, key);
        }
    }

    fn on_cancel(&mut self, link: &mut Link, stream: &Arc<Stream>) {
        match stream.key() {
            Some(key) => {
                if self.take_call(key).is_some() {
                    link.http2.reset(key, ErrorCode::Cancel, &mut link.out);
                }
            }
            None => self.waiting.retain(|call| !Arc::ptr_eq(&call.stream, stream)),
        }
        stream.fail(&Status::cancelled("the call was cancelled"));
    }

    fn on_abandoned(&mut self, _: &mut Link) {
        self.abandoned = true;
    }

    fn is_done(&self, link: &Link) -> bool {
        link.http2.active_streams() == 0
            && self.waiting.is_empty()
            && (self.abandoned || link.http2.is_drained())
    }

    fn on_closed(&mut self, closed: &Closed) {
        let calls = self.calls.drain(..).flatten().map(|call| call.stream);
        let streams: Vec<_> = calls.chain(self.waiting.drain(..).map(|call| call.stream)).collect();
        if !streams.is_empty() {
            let status = self.lost(closed);
            for stream in streams {
                stream.fail(&status);
            }
        }
    }

    fn on_late_command(&mut self, command: ClientCommand, closed: &Closed) {
        if let ClientCommand::Open(call) = command {
            call.stream.fail(&self.lost(closed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bytes::{Buf as _, BytesMut};
    use gannet_core::MethodKind;
    use gannet_core::wire::timeout;
    use gannet_http2::{Config, Connection, HeaderVisitor, WriteBuffer};

    use super::*;
    use crate::channel::Channel;

    static METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", "a.B", "C", MethodKind::Unary);

    /// A server that looks for the time-out alone.
    #[derive(Default)]
    struct Timeout(Option<Duration>);

    impl HeaderVisitor for Timeout {
        fn classify(&mut self, _: &[u8], _: &[u8]) -> u32 {
            0
        }

        fn begin(&mut self, _: StreamKey, _: bool) {}

        fn field(&mut self, _: u32, name: &[u8], value: &[u8]) {
            if name == b"grpc-timeout" {
                self.0 = timeout::parse(value).ok();
            }
        }
    }

    /// The time-out that a server sees of a call with this deadline, sent in a turn that began then.
    fn timeout_sent(deadline: Deadline, turn: Instant) -> Option<Duration> {
        let channel = Channel::lazy("http://localhost").unwrap();
        let (settled, _) = oneshot::channel();
        let peer = "localhost".to_owned();
        let mut client = ClientConnection::new(channel.settings(), peer, Weak::new(), Weak::new(), settled);
        let mut out = WriteBuffer::new();
        let http2 = Connection::client(Config::default(), turn, &mut out);
        let mut link = Link { http2, out, now: turn };
        let call = OpenCall {
            method: &METHOD,
            metadata: Metadata::new(),
            deadline: Some(deadline),
            stream: Stream::unopened(true),
            whole_limit: None,
        };
        client.on_command(&mut link, ClientCommand::Open(call));

        let mut server = Connection::server(Config::default(), turn, &mut WriteBuffer::new());
        let mut seen = Timeout::default();
        let mut input = BytesMut::from(&link.out.copy_to_bytes(link.out.remaining())[..]);
        while server.receive(turn, &mut input, &mut WriteBuffer::new(), &mut seen).unwrap().is_some() {}
        seen.0
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_gets_no_more_time_than_the_caller_gave_however_old_the_turn_is() {
        let turn = now();
        tokio::time::advance(Duration::from_secs(2)).await;
        let given = Duration::from_secs(10);
        assert_eq!(timeout_sent(Deadline::after_from(given, now()), turn), Some(given));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_has_passed_since_the_turn_began_is_not_sent() {
        let turn = now();
        let deadline = Deadline::after_from(Duration::from_secs(1), turn);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(timeout_sent(deadline, turn), None);
    }
}
