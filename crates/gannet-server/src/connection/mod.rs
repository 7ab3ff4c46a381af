//! The server's side of a connection: which call a frame belongs to, and how far each call is.
//!
//! The way of a unary call: its head is routed, its message awaited, the method started with both; the answer is in the
//! write buffer when that returns, or a task has it. Not here: how handlers run (`method`), the bytes of answers
//! (`answer`), the accept loop (`server`).

mod answer;
mod head;

pub(crate) use answer::{ReplyBlocks, fail, reply};

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use gannet_core::wire::framing::{Deframer, unary_message};
use gannet_core::{ConnectionInfo, Deadline, MethodKind, Status};
use gannet_http2::{
    ConnectionError, ConnectionErrorKind, ErrorCode, Event, OtherProtocol, StreamError, StreamKey,
};
use gannet_transport::{Closed, Inbox, Link, Role, SendEnd, SharedStream};
use hashbrown::HashMap;

use self::answer::{NotGrpc, refuse, send_failure, send_head, send_ok};
use self::head::{GrpcContentType, HeadVisitor, Path, RequestHead};
use crate::method::{CallHead, CallStart, Chain, Checks, MessageLimits, MethodSlot, RunningCall, Started};
use crate::router::Router;

/// What the server's own tasks want of a connection.
#[derive(Debug)]
pub(crate) enum ServerCommand {
    /// Take no new calls; end when the ones there are have ended.
    Drain,
    /// End now.
    Close,
}

/// A stream as a call's task and this connection share it.
pub(crate) type Stream = SharedStream<ServerCommand>;

/// How a call's task reaches this connection.
pub(crate) type CallInbox = Inbox<ServerCommand>;

/// What a server has to know to answer on any of its connections.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) router: Arc<Router>,
    pub(crate) limits: MessageLimits,
    pub(crate) dispatch: crate::Dispatch,
}

/// One connection's calls.
pub(crate) struct ServerConnection {
    serving: Arc<Serving>,
    visitor: HeadVisitor,
    info: ConnectionInfo,
    inbox: CallInbox,
    methods: HashMap<u32, Box<dyn MethodSlot>, foldhash::fast::RandomState>,
    calls: Vec<Call>,
    blocks: ReplyBlocks,
    draining: bool,
    closing: bool,
    /// No call that awaits its message has an earlier deadline.
    next_deadline: Option<Instant>,
}

/// How far a call is.
enum Call {
    /// No call here, or one that needs nothing more from us.
    None,
    /// Its message is awaited.
    Awaiting { key: StreamKey, method: u32, head: CallHead, gathering: Option<Box<Gathering>> },
    /// It is no gRPC call; it is answered once the client has sent all of it.
    Refused { key: StreamKey, why: NotGrpc },
    /// Its handler has a task.
    Running { key: StreamKey, call: RunningCall },
}

/// A request message on its way in, in pieces.
struct Gathering {
    deframer: Deframer,
    message: Option<Bytes>,
}

impl Gathering {
    fn new(limit: usize) -> Self {
        Self { deframer: Deframer::new(limit), message: None }
    }

    /// Takes a piece; the whole message once the client has said that there is no other. Another number of messages
    /// than one is UNIMPLEMENTED (grpc/doc/statuscodes.md).
    fn push(&mut self, data: Bytes, end_stream: bool) -> Result<Option<Bytes>, Status> {
        self.deframer.push(data);
        while let Some(message) = self.deframer.next()? {
            if self.message.replace(message).is_some() {
                return Err(Status::unimplemented("more than one request message in a call that takes one"));
            }
        }
        if !end_stream {
            return Ok(None);
        }
        self.deframer.finish()?;
        match self.message.take() {
            Some(message) => Ok(Some(message)),
            None => Err(Status::unimplemented("the call has no request message, but takes one")),
        }
    }
}

impl ServerConnection {
    pub(crate) fn new(serving: Arc<Serving>, info: ConnectionInfo, inbox: CallInbox) -> Self {
        Self {
            visitor: HeadVisitor::new(Arc::clone(&serving.router)),
            serving,
            info,
            inbox,
            methods: HashMap::default(),
            calls: Vec::new(),
            blocks: ReplyBlocks::new(),
            draining: false,
            closing: false,
            next_deadline: None,
        }
    }

    fn call(&mut self, key: StreamKey) -> Option<&mut Call> {
        self.calls.get_mut(key.slot as usize).filter(|call| match call {
            Call::None => false,
            Call::Awaiting { key: own, .. }
            | Call::Refused { key: own, .. }
            | Call::Running { key: own, .. } => *own == key,
        })
    }

    fn set_call(&mut self, slot: u32, call: Call) {
        let slot = slot as usize;
        if slot >= self.calls.len() {
            self.calls.resize_with(slot + 1, || Call::None);
        }
        self.calls[slot] = call;
    }

    fn take_call(&mut self, key: StreamKey) -> Call {
        self.call(key).map_or(Call::None, |call| std::mem::replace(call, Call::None))
    }

    fn on_head(&mut self, link: &mut Link, key: StreamKey, end_stream: bool) {
        let head = self.visitor.take();
        if let Some(why) = Self::not_grpc(&head) {
            self.set_call(key.slot, Call::Refused { key, why });
            if end_stream {
                self.on_end(link, key);
            }
            return;
        }
        let Some(method) = Self::admit(link, key, &mut self.blocks, &head) else { return };
        let call_head = CallHead {
            metadata: head.metadata,
            deadline: head.timeout.map(|timeout| Deadline::after_from(timeout, link.now)),
            connection: self.info.clone(),
            caller: head.caller,
        };
        let kind = self.serving.router.method(method).map(|method| method.descriptor.kind);
        if let Some(MethodKind::ClientStreaming | MethodKind::Bidirectional) = kind {
            let started =
                self.with_method(link, key, method, |slot, start| slot.start_streaming(start, call_head));
            self.settle(key, started);
            if end_stream {
                self.end_of_requests(key);
            }
        } else {
            if let Some(deadline) = call_head.deadline {
                let at = deadline.instant();
                self.next_deadline = Some(self.next_deadline.map_or(at, |earliest| earliest.min(at)));
            }
            self.set_call(key.slot, Call::Awaiting { key, method, head: call_head, gathering: None });
            if end_stream {
                self.on_data(link, key, Bytes::new(), true);
            }
        }
    }

    /// Why a request is not gRPC's, if it is not.
    fn not_grpc(head: &RequestHead) -> Option<NotGrpc> {
        if head.content_type != GrpcContentType::Grpc {
            Some(NotGrpc::ContentType)
        } else if head.post {
            None
        } else {
            Some(NotGrpc::Method)
        }
    }

    /// The method a request is for, unless the request has to be refused.
    fn admit(link: &mut Link, key: StreamKey, blocks: &mut ReplyBlocks, head: &RequestHead) -> Option<u32> {
        if !head.te_trailers {
            let status = Status::internal(
                "the request lacks `te: trailers`; a proxy on the way may have removed it and would lose the trailers too",
            );
            fail(link, key, blocks, &status);
            return None;
        }
        match &head.path {
            Path::Method(method) => match &head.fault {
                None => return Some(*method),
                Some(fault) => fail(link, key, blocks, fault),
            },
            Path::Unknown(status) => fail(link, key, blocks, status),
            Path::Missing => fail(link, key, blocks, &Status::unimplemented("the request has no :path")),
        }
        None
    }

    /// Ends the calls whose message has not come by their deadline.
    fn end_overdue(&mut self, link: &mut Link) {
        self.next_deadline = None;
        let mut overdue = Vec::new();
        for call in &self.calls {
            if let Call::Awaiting { key, head: CallHead { deadline: Some(deadline), .. }, .. } = call {
                if deadline.remaining(link.now).is_none() {
                    overdue.push(*key);
                } else {
                    let at = deadline.instant();
                    self.next_deadline = Some(self.next_deadline.map_or(at, |earliest| earliest.min(at)));
                }
            }
        }
        for key in overdue {
            let status =
                Status::deadline_exceeded("the deadline passed before the request message was there");
            self.fail_call(link, key, &status);
        }
    }

    /// Runs `start` with this connection's slot of a method.
    fn with_method(
        &mut self,
        link: &mut Link,
        key: StreamKey,
        method: u32,
        start: impl FnOnce(&mut dyn MethodSlot, CallStart<'_>) -> Started,
    ) -> Started {
        let Self { methods, serving, blocks, inbox, .. } = self;
        let slot = methods.entry(method).or_insert_with(|| {
            // Indices come from the router, which keeps every method it gave one to.
            let method = serving.router.method(method);
            let dispatch = method.and_then(|method| method.dispatch).unwrap_or(serving.dispatch);
            method.map_or_else(
                || Box::new(NoMethod) as Box<dyn MethodSlot>,
                |method| {
                    let interceptors = method.interceptors.clone();
                    let checks = Checks::of(method.descriptor, &method.validation);
                    method.handler.slot(dispatch, &Chain { method: method.descriptor, interceptors, checks })
                },
            )
        });
        start(&mut **slot, CallStart { link, blocks, inbox, key, limits: serving.limits })
    }

    fn settle(&mut self, key: StreamKey, started: Started) {
        match started {
            Started::Answered => {}
            Started::Running(call) => self.set_call(key.slot, Call::Running { key, call }),
        }
    }

    fn on_data(&mut self, link: &mut Link, key: StreamKey, data: Bytes, end_stream: bool) {
        let len = data.len();
        let mut release = len;
        match self.call(key) {
            None | Some(Call::None) => {}
            Some(Call::Refused { .. }) => {
                if end_stream {
                    self.on_end(link, key);
                }
            }
            Some(Call::Running { call, .. }) => {
                release = call.stream.receive().deliver_data(data);
                if end_stream {
                    self.end_of_requests(key);
                }
            }
            Some(Call::Awaiting { gathering: None, .. }) if end_stream => {
                let limit = self.serving.limits.receive;
                match unary_message(&data, limit) {
                    Ok(Some(message)) => self.start(link, key, message),
                    Ok(None) => self.gather(link, key, data, true),
                    Err(status) => self.fail_call(link, key, &status),
                }
            }
            Some(Call::Awaiting { .. }) => self.gather(link, key, data, end_stream),
        }
        if release > 0 {
            link.http2.release(key, release, &mut link.out);
        }
    }

    /// Starts a call whose one message is there.
    fn start(&mut self, link: &mut Link, key: StreamKey, message: Bytes) {
        if let Call::Awaiting { method, head, .. } = self.take_call(key) {
            let started = self
                .with_method(link, key, method, |slot, start| slot.start_with_message(start, head, message));
            if let Started::Running(call) = &started {
                call.stream.receive().deliver_end(Ok(gannet_core::Metadata::new()));
            }
            self.settle(key, started);
        }
    }

    /// Gathers a message that came in pieces, and starts the call once it is whole and the client has said that there
    /// is no other.
    fn gather(&mut self, link: &mut Link, key: StreamKey, data: Bytes, end_stream: bool) {
        let limit = self.serving.limits.receive;
        let Some(Call::Awaiting { gathering, .. }) = self.call(key) else { return };
        let gathering = gathering.get_or_insert_with(|| Box::new(Gathering::new(limit)));
        match gathering.push(data, end_stream) {
            Ok(None) => {}
            Ok(Some(message)) => self.start(link, key, message),
            Err(status) => self.fail_call(link, key, &status),
        }
    }

    /// Ends a call that has not started.
    fn fail_call(&mut self, link: &mut Link, key: StreamKey, status: &Status) {
        self.take_call(key);
        fail(link, key, &mut self.blocks, status);
    }

    fn end_of_requests(&mut self, key: StreamKey) {
        if let Some(Call::Running { call, .. }) = self.call(key) {
            call.stream.receive().deliver_end(Ok(gannet_core::Metadata::new()));
        }
    }

    fn on_end(&mut self, link: &mut Link, key: StreamKey) {
        match self.call(key) {
            Some(Call::Awaiting { .. }) => self.gather(link, key, Bytes::new(), true),
            Some(Call::Running { .. }) => self.end_of_requests(key),
            Some(Call::Refused { why, .. }) => {
                let why = *why;
                self.take_call(key);
                refuse(link, key, why);
            }
            Some(Call::None) | None => {}
        }
    }

    fn on_reset(&mut self, key: StreamKey, error: &StreamError) {
        if let Call::Running { call, .. } = self.take_call(key) {
            call.task.abort();
            call.stream.fail(&Status::cancelled(format!("the client ended the call: {error}")));
        }
    }

    /// Takes what a running call has to send, as far as the engine's queue has room.
    fn send_from(&mut self, link: &mut Link, key: StreamKey) {
        if link.http2.is_full(key) {
            // The engine says when there is room again.
            return;
        }
        let Self { calls, blocks, .. } = self;
        let Some(Call::Running { key: own, call }) = calls.get_mut(key.slot as usize) else { return };
        if *own != key {
            return;
        }
        let taken = call.stream.send().take();
        let head = taken.head.unwrap_or_default();
        let nothing = head.is_empty() && taken.chunks.is_empty() && taken.tail.is_empty();
        if !call.head_sent {
            if let (true, Some(SendEnd::Failed(status))) = (nothing, &taken.end) {
                fail(link, key, blocks, status);
                Self::ended(&mut calls[key.slot as usize]);
                return;
            }
            call.head_sent = true;
            if !send_head(link, key, blocks, &head) {
                call.task.abort();
                Self::ended(&mut calls[key.slot as usize]);
                return;
            }
        }
        for chunk in taken.chunks {
            let _ = link.http2.send_data(key, chunk, false, &mut link.out);
        }
        if !taken.tail.is_empty() {
            let _ = link.http2.send_data(key, taken.tail, false, &mut link.out);
        }
        match taken.end {
            None => return,
            Some(SendEnd::Ok(trailers)) => send_ok(link, key, blocks, &trailers),
            Some(SendEnd::Failed(status)) => send_failure(link, key, &status),
            Some(SendEnd::HalfClose) => {}
        }
        Self::ended(&mut calls[key.slot as usize]);
    }

    /// Forgets a call that is answered. Whoever still reads its requests is told that there will be no more.
    fn ended(call: &mut Call) {
        if let Call::Running { call, .. } = std::mem::replace(call, Call::None) {
            let mut receive = call.stream.receive();
            if !receive.has_ended() {
                receive.deliver_end(Err(Status::cancelled("the call has been answered")));
            }
        }
    }
}

/// Stands where a method should be; answers that there is none.
struct NoMethod;

impl MethodSlot for NoMethod {
    fn start_with_message(&mut self, start: CallStart<'_>, head: CallHead, _: Bytes) -> Started {
        self.start_streaming(start, head)
    }

    fn start_streaming(&mut self, start: CallStart<'_>, _: CallHead) -> Started {
        fail(
            start.link,
            start.key,
            start.blocks,
            &Status::unimplemented("the method is gone from the router"),
        );
        Started::Answered
    }
}

impl Role for ServerConnection {
    type Command = ServerCommand;
    type Visitor = HeadVisitor;
    const SPEAKS_SECOND: bool = true;

    #[inline]
    fn visitor(&mut self) -> &mut HeadVisitor {
        &mut self.visitor
    }

    fn on_event(&mut self, link: &mut Link, event: Event) {
        match event {
            Event::Data { stream, data, end_stream } => self.on_data(link, stream, data, end_stream),
            Event::Head { stream, end_stream } => self.on_head(link, stream, end_stream),
            Event::Trailers { stream } => self.on_end(link, stream),
            Event::Reset { stream, error } => self.on_reset(stream, &error),
            Event::Writable { stream } => self.send_from(link, stream),
            _ => {}
        }
    }

    fn on_command(&mut self, link: &mut Link, command: ServerCommand) {
        match command {
            ServerCommand::Drain => {
                if !std::mem::replace(&mut self.draining, true) {
                    link.http2.go_away(&mut link.out);
                }
            }
            ServerCommand::Close => {
                self.closing = true;
                self.fail_all(link);
                link.http2.close(ErrorCode::NoError, "the server is shutting down", &mut link.out);
            }
        }
    }

    fn on_flush(&mut self, link: &mut Link, stream: &Arc<Stream>) {
        if let Some(key) = stream.key() {
            self.send_from(link, key);
        }
    }

    fn on_cancel(&mut self, link: &mut Link, stream: &Arc<Stream>) {
        if let Some(key) = stream.key() {
            self.take_call(key);
            link.http2.reset(key, ErrorCode::Cancel, &mut link.out);
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.next_deadline
    }

    fn on_timeout(&mut self, link: &mut Link) {
        self.end_overdue(link);
    }

    fn on_abandoned(&mut self, _: &mut Link) {}

    fn is_done(&self, link: &Link) -> bool {
        self.closing || (self.draining && link.http2.is_drained())
    }

    fn on_closed(&mut self, closed: &Closed) {
        let mut status = None;
        for call in self.calls.drain(..) {
            if let Call::Running { call, .. } = call {
                let status = status.get_or_insert_with(|| Status::cancelled(closed.to_string()));
                call.task.abort();
                call.stream.fail(status);
            }
        }
    }

    fn on_late_command(&mut self, _: ServerCommand, _: &Closed) {}

    fn not_http2_answer(&self, error: &ConnectionError) -> Option<&'static [u8]> {
        match error.kind() {
            ConnectionErrorKind::NotHttp2 { looks_like: Some(OtherProtocol::Http1) } => Some(HTTP1_ANSWER),
            ConnectionErrorKind::NotHttp2 { looks_like: Some(OtherProtocol::Tls) } => Some(TLS_ANSWER),
            ConnectionErrorKind::NotHttp2 { .. } => Some(b""),
            _ => None,
        }
    }
}

/// What a client that speaks HTTP/1 is told, in its language.
const HTTP1_ANSWER: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 78\r\n\
    connection: close\r\n\
    \r\n\
    This is a gRPC server: it speaks HTTP/2 only. Use a gRPC client, or grpcurl.\r\n";

/// What a client that speaks TLS is told, where none is spoken.
///
/// In HTTP/1, because an alert could say at most that no handshake came about. At bytes without TLS, clients say just that
/// ("first record does not look like a TLS handshake", "wrong version number"), and at an answer of HTTP/1 some name the
/// cause ("server gave HTTP response to HTTPS client").
const TLS_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 82\r\n\
    connection: close\r\n\
    \r\n\
    This port does not speak TLS: use http://, or a channel without TLS (plaintext).\r\n";

impl ServerConnection {
    /// Answers every call still running with UNAVAILABLE, and stops its task.
    fn fail_all(&mut self, link: &mut Link) {
        let status = Status::unavailable("the server is shutting down");
        for call in std::mem::take(&mut self.calls) {
            match call {
                Call::None | Call::Refused { .. } => {}
                Call::Awaiting { key, .. } => fail(link, key, &mut self.blocks, &status),
                Call::Running { key, call } => {
                    call.task.abort();
                    if call.head_sent {
                        send_failure(link, key, &status);
                    } else {
                        fail(link, key, &mut self.blocks, &status);
                    }
                    call.stream.fail(&status);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_in_http1_have_the_length_they_say() {
        for answer in [HTTP1_ANSWER, TLS_ANSWER] {
            let text = std::str::from_utf8(answer).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        }
    }
}
