//! The peer: how it reads, what it answers by itself, and what it remembers.
//!
//! What it sends is in `send`, what it waits for in `expect`, and the same in gRPC's terms in `grpc`.

mod expect;
mod grpc;
mod send;

pub use expect::GoAway;
pub use grpc::{IncomingRequest, Response};

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use bytes::BytesMut;
use gannet_http2::hpack::{DEFAULT_TABLE_SIZE, Decoder};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use crate::error::{ScriptError, ScriptErrorKind};
use crate::fields::Fields;
use crate::frame::{Frame, RawFrame, flag, kind};

/// What a client sends first (RFC 9113 §3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a step of a script may take, unless [`ScriptedPeer::set_time_limit`] says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Windows are opened again in steps of this many bytes, as real peers do.
const RELEASE_STEP: u32 = 16 * 1024;

/// How many frames an error shows.
const SHOWN: usize = 64;

/// What a peer answers by itself while it reads; everything, by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answers {
    /// SETTINGS are acknowledged.
    pub settings: bool,
    /// PINGs are answered.
    pub pings: bool,
    /// Flow-control windows are opened again as DATA arrives.
    pub windows: bool,
}

/// An HTTP/2 peer that does what a test tells it, frame by frame.
///
/// `send_*` methods send at once what they are told, sense or not. `expect_*` methods wait for something that the other
/// side must do; frames that are not it wait for their own `expect_*`, so their order among streams does not matter.
/// Each of both has a time limit of five seconds ([`ScriptedPeer::set_time_limit`]).
///
/// It works over anything that carries bytes: a `TcpStream`, one end of [`tokio::io::duplex`], a TLS stream. See the
/// [crate's documentation](crate) for an example.
pub struct ScriptedPeer<S> {
    io: S,
    client: bool,
    answers: Answers,
    time_limit: Duration,
    input: BytesMut,
    decoder: Decoder,
    /// The table sizes in the SETTINGS that this side sent and the other has not acknowledged.
    table_sizes: VecDeque<Option<u32>>,
    /// A header block whose CONTINUATION is to come: its stream, whether it ends the stream, and what there is of it.
    open_block: Option<(u32, bool, BytesMut)>,
    /// Bytes of DATA that arrived since the window of the stream, or of the connection (0), was opened last.
    unreleased: HashMap<u32, u32>,
    unclaimed: VecDeque<Frame>,
    seen: VecDeque<String>,
}

impl<S> fmt::Debug for ScriptedPeer<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = if self.client { "client" } else { "server" };
        formatter
            .debug_struct("ScriptedPeer")
            .field("role", &role)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl<S> ScriptedPeer<S> {
    /// A client, which has sent nothing yet.
    pub fn client(io: S) -> Self {
        Self::new(io, true)
    }

    /// A server, which has sent nothing yet.
    pub fn server(io: S) -> Self {
        Self::new(io, false)
    }

    fn new(io: S, client: bool) -> Self {
        Self {
            io,
            client,
            answers: Answers { settings: true, pings: true, windows: true },
            time_limit: TIME_LIMIT,
            input: BytesMut::new(),
            decoder: Decoder::new(DEFAULT_TABLE_SIZE),
            table_sizes: VecDeque::new(),
            open_block: None,
            unreleased: HashMap::new(),
            unclaimed: VecDeque::new(),
            seen: VecDeque::new(),
        }
    }

    /// What the peer answers by itself, to be changed.
    ///
    /// ```
    /// use gannet_testing::ScriptedPeer;
    ///
    /// let mut peer = ScriptedPeer::client(tokio::io::empty());
    /// peer.answers_mut().pings = false;
    /// ```
    pub fn answers_mut(&mut self) -> &mut Answers {
        &mut self.answers
    }

    /// Sets how long each step may take; five seconds, if this is not called.
    pub fn set_time_limit(&mut self, limit: Duration) {
        self.time_limit = limit;
    }

    /// The frames that arrived and that nothing has waited for, in order.
    ///
    /// To show that the other side did *not* do something, make it answer a PING first
    /// ([`ScriptedPeer::expect_alive`]): whatever it did before has arrived then.
    pub fn unclaimed(&self) -> impl Iterator<Item = &Frame> {
        self.unclaimed.iter()
    }

    /// The connection; what was read and not used is lost.
    pub fn into_inner(self) -> S {
        self.io
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.time_limit
    }

    /// An error of this step.
    fn error(&self, step: impl Into<String>, kind: ScriptErrorKind) -> ScriptError {
        ScriptError::new(step, kind, self.seen.iter().cloned().collect())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ScriptedPeer<S> {
    /// Reads more; `Closed` at the end.
    async fn read(&mut self, deadline: Instant) -> Result<(), ScriptErrorKind> {
        if deadline <= Instant::now() {
            // Also where there is always something to read.
            return Err(ScriptErrorKind::TimedOut(self.time_limit));
        }
        match timeout_at(deadline, self.io.read_buf(&mut self.input)).await {
            Err(_) => Err(ScriptErrorKind::TimedOut(self.time_limit)),
            Ok(Err(error)) => Err(ScriptErrorKind::Io(error)),
            Ok(Ok(0)) => Err(ScriptErrorKind::Closed),
            Ok(Ok(_)) => Ok(()),
        }
    }

    /// Reads the next frame, and answers it as far as the peer does so by itself.
    async fn read_frame(&mut self, deadline: Instant) -> Result<Frame, ScriptErrorKind> {
        loop {
            let Some(raw) = RawFrame::take(&mut self.input) else {
                self.read(deadline).await?;
                continue;
            };
            let length = raw.payload.len() as u32;
            let Some(frame) = self.understand(raw).map_err(ScriptErrorKind::Malformed)? else { continue };
            if self.seen.len() == SHOWN {
                self.seen.pop_front();
            }
            self.seen.push_back(frame.to_string());
            self.answer(&frame, length, deadline).await?;
            return Ok(frame);
        }
    }

    /// What a frame says; `None` if more of its header block is to come.
    fn understand(&mut self, raw: RawFrame) -> Result<Option<Frame>, String> {
        let (stream, end_stream, block) = match (self.open_block.take(), raw.kind) {
            (Some((stream, end_stream, mut block)), kind::CONTINUATION) if stream == raw.stream => {
                block.extend_from_slice(&raw.payload);
                (stream, end_stream, block)
            }
            (Some((stream, ..)), _) => {
                return Err(format!(
                    "a frame of type {:#x} within the header block of stream {stream}",
                    raw.kind
                ));
            }
            (None, kind::CONTINUATION) => return Err("CONTINUATION without HEADERS".to_owned()),
            (None, kind::HEADERS) => {
                let mut payload = raw.unpadded()?;
                if raw.has(flag::PRIORITY) {
                    payload =
                        payload.get(5..).map(|rest| payload.slice_ref(rest)).ok_or("HEADERS cut short")?;
                }
                (raw.stream, raw.has(flag::END_STREAM), BytesMut::from(payload))
            }
            (None, _) => {
                let frame = Frame::parse(raw)?;
                if frame == Frame::SettingsAck {
                    self.settings_acknowledged();
                }
                return Ok(Some(frame));
            }
        };
        if !raw.has(flag::END_HEADERS) {
            self.open_block = Some((stream, end_stream, block));
            return Ok(None);
        }
        let fields = Fields::decode(&mut self.decoder, &block)?;
        Ok(Some(Frame::Headers { stream, fields, end_stream }))
    }

    /// What this side asked for holds from here on.
    fn settings_acknowledged(&mut self) {
        // SETTINGS that a script sent as a raw frame are not known here, and change nothing.
        if let Some(size) = self.table_sizes.pop_front().flatten() {
            self.decoder.set_max_size(size as usize);
        }
    }

    /// Answers a frame whose payload had `length` bytes, padding included.
    async fn answer(&mut self, frame: &Frame, length: u32, deadline: Instant) -> Result<(), ScriptErrorKind> {
        match frame {
            Frame::Settings { .. } if self.answers.settings => {
                self.write(&RawFrame::new(kind::SETTINGS, flag::ACK, 0, &[][..]).to_bytes(), deadline).await
            }
            Frame::Ping { payload } if self.answers.pings => {
                let answer = RawFrame::new(kind::PING, flag::ACK, 0, payload.to_vec());
                self.write(&answer.to_bytes(), deadline).await
            }
            Frame::Data { stream, end_stream, .. } if self.answers.windows => {
                self.release(0, length, deadline).await?;
                if *end_stream {
                    self.unreleased.remove(stream);
                    return Ok(());
                }
                self.release(*stream, length, deadline).await
            }
            _ => Ok(()),
        }
    }

    /// Opens a window again once it is worth it.
    async fn release(&mut self, stream: u32, length: u32, deadline: Instant) -> Result<(), ScriptErrorKind> {
        let unreleased = self.unreleased.entry(stream).or_default();
        *unreleased += length;
        if *unreleased < RELEASE_STEP {
            return Ok(());
        }
        let increment = std::mem::take(unreleased).to_be_bytes();
        let frame = RawFrame::new(kind::WINDOW_UPDATE, 0, stream, increment.to_vec());
        self.write(&frame.to_bytes(), deadline).await
    }
}

#[cfg(test)]
mod tests;
