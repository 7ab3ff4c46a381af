//! The one task that owns a connection: its socket, its HTTP/2 state and every stream of it.
//!
//! A turn of the task is: commands of other tasks, one read, every complete frame of it, one write for all the answers.
//! What the frames mean is the [`Role`]'s: the server and the client crate each have one. Not here: frames and flow
//! control (`gannet-http2`), connecting and accepting.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use gannet_http2::{Config, Connection, ConnectionError, Event, HeaderVisitor, WriteBuffer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Sleep;
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::inbox::Command;
use crate::stream::SharedStream;
use crate::{now, read_buffer};

/// While more than this waits to be written, a server reads nothing: a peer that does not read is not served. 256 KiB.
///
/// A client always reads. Were it to wait for the server as well, each could wait for the other.
const WRITE_HIGH_MARK: usize = 256 * 1024;

/// Messages go to the write buffer up to this (`gannet_http2::Config::write_high_mark`), well below the mark at which
/// reading stops: what a stream has to send must not keep a connection from reading. 128 KiB.
const DATA_HIGH_MARK: usize = 128 * 1024;

/// Above this the answers so far are written before more frames are handled. 64 KiB.
const WRITE_BATCH: usize = 64 * 1024;

/// Commands taken from the inbox at a time.
const COMMAND_BATCH: usize = 256;

/// Turns of one poll before other tasks get theirs.
const TURNS: usize = 16;

/// How long a closing connection waits for the peer to take the last bytes and close too.
const LINGER: Duration = Duration::from_secs(1);

/// How much of what the peer still sends a closing connection reads and drops, so that the peer sees our last bytes
/// rather than a reset. 1 MiB.
const LINGER_BYTES: usize = 1024 * 1024;

/// What a role may touch while it handles an event or a command: the HTTP/2 state and what is to be written.
#[derive(Debug)]
pub struct Link {
    /// The HTTP/2 state.
    pub http2: Connection,
    /// What goes to the socket next.
    pub out: WriteBuffer,
    /// The time of this turn.
    pub now: Instant,
}

/// Why a connection ended.
#[derive(Debug)]
pub enum Closed {
    /// All was done: drained, or nobody wants it any more.
    Done,
    /// The peer closed it; `mid_frame` says that a frame was cut in two.
    ByPeer {
        /// A frame was cut in two.
        mid_frame: bool,
    },
    /// Reading or writing failed.
    Io(std::io::Error),
    /// HTTP/2 was violated, by the peer or (which would be a fault of this library) by us.
    Protocol(ConnectionError),
}

impl std::fmt::Display for Closed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done => formatter.write_str("the connection was closed"),
            Self::ByPeer { mid_frame: false } => formatter.write_str("the peer closed the connection"),
            Self::ByPeer { mid_frame: true } => {
                formatter.write_str("the peer closed the connection in the middle of a frame")
            }
            Self::Io(error) => write!(formatter, "the connection failed: {error}"),
            Self::Protocol(error) => write!(formatter, "HTTP/2 connection error: {error}"),
        }
    }
}

/// One side of gRPC on a connection: what frames and commands mean.
pub trait Role: Send + Unpin + 'static {
    /// Commands only this role knows.
    type Command: Send + Unpin + 'static;
    /// Receives the header fields.
    type Visitor: HeaderVisitor;

    /// Whether this side says nothing until the peer has: a server then can answer a peer that does not speak HTTP/2 in
    /// words of its own, and its SETTINGS go out with the answer to the client's.
    const SPEAKS_SECOND: bool;

    /// The visitor for the next header block.
    fn visitor(&mut self) -> &mut Self::Visitor;

    /// The peer did something.
    fn on_event(&mut self, link: &mut Link, event: Event);

    /// Another task wants something of this role.
    fn on_command(&mut self, link: &mut Link, command: Self::Command);

    /// A stream's sending half has something to take.
    fn on_flush(&mut self, link: &mut Link, stream: &Arc<SharedStream<Self::Command>>);

    /// A call is no longer wanted.
    fn on_cancel(&mut self, link: &mut Link, stream: &Arc<SharedStream<Self::Command>>);

    /// When this role wants [`Role::on_timeout`], if at all.
    fn next_timeout(&self) -> Option<Instant> {
        None
    }

    /// The time has come that [`Role::next_timeout`] gave.
    fn on_timeout(&mut self, link: &mut Link) {
        let _ = link;
    }

    /// Every handle to the connection is gone: nothing new will be asked of it.
    fn on_abandoned(&mut self, link: &mut Link);

    /// Whether the connection has nothing left to do and may be closed.
    fn is_done(&self, link: &Link) -> bool;

    /// The connection has ended: streams still open must be failed.
    fn on_closed(&mut self, closed: &Closed);

    /// A command came after the end.
    fn on_late_command(&mut self, command: Self::Command, closed: &Closed);

    /// Bytes to send to a peer whose first bytes were not HTTP/2, before closing.
    fn not_http2_answer(&self, error: &ConnectionError) -> Option<&'static [u8]> {
        let _ = error;
        None
    }
}

/// The task of one connection: a future that ends when the connection has.
#[derive(Debug)]
pub struct Driver<I, R: Role> {
    io: I,
    role: R,
    link: Link,
    input: BytesMut,
    /// The socket has taken bytes that it may keep to itself until it is flushed, as a TLS stream does.
    unflushed: bool,
    /// Frames may be left in `input` that were not handled because the write buffer was full.
    input_waits: bool,
    output: Output,
    inbox: UnboundedReceiver<Command<R::Command>>,
    inbox_open: bool,
    commands: Vec<Command<R::Command>>,
    timer: Timer,
    closing: Option<Closing>,
}

/// What becomes of what is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    /// It waits, because the peer is to speak first.
    Silent,
    /// The socket took all there was.
    Flowing,
    /// The socket took less than there was.
    Blocked,
}

/// A connection on its way out: the last bytes are written, then our side is shut, then the peer's end is awaited.
#[derive(Debug)]
struct Closing {
    why: Closed,
    linger: Pin<Box<Sleep>>,
    shut: bool,
    dropped: usize,
}

/// The one timer of a connection, re-armed only when its time changes.
#[derive(Debug, Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    at: Option<Instant>,
}

impl Timer {
    /// Waits until `at`; `Pending` for ever when there is no time to wait for.
    fn poll(&mut self, context: &mut Context<'_>, at: Option<Instant>) -> Poll<()> {
        let Some(time) = at else {
            // The sleep is kept for the next time; its waking is harmless.
            self.at = None;
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(time.into())));
        if self.at != Some(time) {
            self.at = Some(time);
            sleep.as_mut().reset(time.into());
        }
        ready!(sleep.as_mut().poll(context));
        self.at = None;
        Poll::Ready(())
    }
}

/// What a turn of the connection's task came to.
enum Turn {
    /// There may be more to do at once.
    Again,
    /// All that can be done now is done; wakers are registered.
    Wait,
    /// The connection is to end.
    Close(Closed),
}

impl<I, R> Driver<I, R>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Role,
{
    /// Puts a connection together.
    ///
    /// What waits to be written is bounded whatever `config` says: a peer that grants large windows but does not read
    /// holds the senders up, not the memory.
    pub fn new(io: I, role: R, mut config: Config, inbox: UnboundedReceiver<Command<R::Command>>) -> Self {
        config.write_high_mark = config.write_high_mark.min(DATA_HIGH_MARK);
        let now = now();
        let mut out = WriteBuffer::default();
        let http2 = if R::SPEAKS_SECOND {
            Connection::server(config, now, &mut out)
        } else {
            Connection::client(config, now, &mut out)
        };
        Self {
            io,
            role,
            link: Link { http2, out, now },
            input: BytesMut::new(),
            unflushed: false,
            input_waits: false,
            output: if R::SPEAKS_SECOND { Output::Silent } else { Output::Flowing },
            inbox,
            inbox_open: true,
            commands: Vec::new(),
            timer: Timer::default(),
            closing: None,
        }
    }

    /// From how many bytes to write on nothing is read.
    const UNREAD_FROM: usize = if R::SPEAKS_SECOND { WRITE_HIGH_MARK } else { usize::MAX };

    fn turn(&mut self, context: &mut Context<'_>) -> Turn {
        self.handle_commands(context);
        let mut progress = false;
        // Nothing is read now, so that nothing will wake this task for what could be.
        let unread = self.link.out.len() >= Self::UNREAD_FROM;
        if self.input_waits {
            progress = true;
        } else if !unread {
            match self.poll_read(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(0)) => {
                    return Turn::Close(Closed::ByPeer { mid_frame: !self.input.is_empty() });
                }
                Poll::Ready(Ok(_)) => progress = true,
                Poll::Ready(Err(error)) => return Turn::Close(Closed::Io(error)),
            }
        }
        if progress
            && self.link.out.len() < Self::UNREAD_FROM
            && let Err(error) = self.handle_input()
        {
            return self.fail(error);
        }
        if self.link.http2.preface_received() {
            self.speak();
        }
        while self.timer.poll(context, self.next_timeout()).is_ready() {
            self.link.now = now();
            if self.role.next_timeout().is_some_and(|at| at <= self.link.now) {
                self.role.on_timeout(&mut self.link);
            }
            if let Err(error) = self.link.http2.handle_timeout(self.link.now, &mut self.link.out) {
                return self.fail(error);
            }
        }
        self.handle_own_events();
        let written = self.poll_write(context);
        if self.output != Output::Silent {
            self.output = if written.is_pending() { Output::Blocked } else { Output::Flowing };
        }
        match written {
            Poll::Ready(Err(error)) => Turn::Close(Closed::Io(error)),
            Poll::Ready(Ok(())) if self.role.is_done(&self.link) => Turn::Close(Closed::Done),
            Poll::Ready(Ok(())) if self.handle_own_events() || progress || unread => Turn::Again,
            Poll::Ready(Ok(())) => Turn::Wait,
            // Woken when the socket takes more; until then more input only makes sense if its answers find room.
            Poll::Pending if progress && self.link.out.len() < Self::UNREAD_FROM => Turn::Again,
            Poll::Pending => Turn::Wait,
        }
    }

    /// From now on what is to be written is written.
    fn speak(&mut self) {
        if self.output == Output::Silent {
            self.output = Output::Flowing;
        }
    }

    /// Handles all commands that are there.
    fn handle_commands(&mut self, context: &mut Context<'_>) {
        while self.inbox_open {
            match self.inbox.poll_recv_many(context, &mut self.commands, COMMAND_BATCH) {
                Poll::Pending => break,
                Poll::Ready(0) => {
                    self.inbox_open = false;
                    self.role.on_abandoned(&mut self.link);
                }
                Poll::Ready(_) => {
                    let mut commands = std::mem::take(&mut self.commands);
                    for command in commands.drain(..) {
                        self.handle_command(command);
                    }
                    self.commands = commands;
                }
            }
        }
    }

    /// Handles what commands, time and writing have caused: a call that is cancelled lets another one open, for example.
    /// Whether there was anything.
    fn handle_own_events(&mut self) -> bool {
        let mut any = false;
        while let Some(event) = self.link.http2.poll_event() {
            self.role.on_event(&mut self.link, event);
            any = true;
        }
        any
    }

    fn handle_command(&mut self, command: Command<R::Command>) {
        match command {
            Command::Flush(stream) => self.role.on_flush(&mut self.link, &stream),
            Command::Release(stream, bytes) => {
                if let Some(key) = stream.key() {
                    self.link.http2.release(key, bytes, &mut self.link.out);
                }
            }
            Command::Cancel(stream) => self.role.on_cancel(&mut self.link, &stream),
            Command::Role(command) => self.role.on_command(&mut self.link, command),
        }
    }

    /// Handles the complete frames of the input, until the write buffer has a batch. If the socket does not take batches
    /// now, the input is handled all the same: among it may be what lets the peer read again.
    fn handle_input(&mut self) -> Result<(), ConnectionError> {
        let link = &mut self.link;
        let enough = if self.output == Output::Blocked { Self::UNREAD_FROM } else { WRITE_BATCH };
        loop {
            if link.out.len() >= enough {
                self.input_waits = true;
                return Ok(());
            }
            if let Some(event) =
                link.http2.receive(link.now, &mut self.input, &mut link.out, self.role.visitor())?
            {
                self.role.on_event(link, event);
            } else {
                self.input_waits = false;
                return Ok(());
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        match (self.link.http2.next_timeout(), self.role.next_timeout()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        read_buffer::lend(&mut self.input);
        let read = poll_read_buf(Pin::new(&mut self.io), context, &mut self.input);
        if read.is_pending() {
            read_buffer::give_back(&mut self.input);
        }
        read
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.output == Output::Silent {
            return Poll::Ready(Ok(()));
        }
        while !self.link.out.is_empty() {
            self.unflushed = true;
            if ready!(poll_write_buf(Pin::new(&mut self.io), context, &mut self.link.out))? == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            if self.link.http2.wants_flush() {
                self.link.http2.flush(&mut self.link.out);
            }
        }
        if self.unflushed {
            self.link.out.shrink();
            ready!(Pin::new(&mut self.io).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn fail(&mut self, error: ConnectionError) -> Turn {
        if let Some(answer) = self.role.not_http2_answer(&error) {
            // Whatever we meant to say in HTTP/2 would not be understood.
            self.link.out = WriteBuffer::default();
            self.link.out.put_slice(answer);
        }
        Turn::Close(Closed::Protocol(error))
    }

    /// The connection is to end: its streams fail now, the last bytes still go out.
    fn close(&mut self, why: Closed) {
        self.speak();
        self.role.on_closed(&why);
        self.inbox.close();
        while let Ok(command) = self.inbox.try_recv() {
            if let Command::Role(command) = command {
                self.role.on_late_command(command, &why);
            }
        }
        // What the peer sent and nobody will handle.
        self.input = BytesMut::new();
        self.closing =
            Some(Closing { why, linger: Box::pin(tokio::time::sleep(LINGER)), shut: false, dropped: 0 });
    }

    /// Writes the last bytes, shuts our side, and reads until the peer shuts its own, for a bounded time.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let shut = match &mut self.closing {
            None => return Poll::Ready(()),
            Some(Closing { why: Closed::Io(_), .. }) => return Poll::Ready(()),
            Some(closing) => {
                if closing.linger.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                closing.shut
            }
        };
        if !shut {
            if ready!(self.poll_write(context)).is_err() {
                return Poll::Ready(());
            }
            if ready!(Pin::new(&mut self.io).poll_shutdown(context)).is_err() {
                return Poll::Ready(());
            }
        }
        let Some(closing) = &mut self.closing else { return Poll::Ready(()) };
        closing.shut = true;
        if matches!(closing.why, Closed::ByPeer { .. }) {
            return Poll::Ready(());
        }
        loop {
            self.input.clear();
            read_buffer::lend(&mut self.input);
            match ready!(poll_read_buf(Pin::new(&mut self.io), context, &mut self.input)) {
                Ok(read) if read > 0 && closing.dropped < LINGER_BYTES => closing.dropped += read,
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl<I, R> Future for Driver<I, R>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Role,
{
    type Output = Closed;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Closed> {
        let this = self.get_mut();
        this.link.now = now();
        for _ in 0..TURNS {
            if this.closing.is_some() {
                ready!(this.poll_linger(context));
                return Poll::Ready(this.closing.take().map_or(Closed::Done, |closing| closing.why));
            }
            match this.turn(context) {
                Turn::Again => {}
                Turn::Wait => return Poll::Pending,
                Turn::Close(why) => this.close(why),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<I, R: Role> Drop for Driver<I, R> {
    fn drop(&mut self) {
        // Dropped before its end, as when the runtime shuts down: calls must not wait for ever.
        if self.closing.is_none() {
            self.role.on_closed(&Closed::Done);
        }
    }
}
