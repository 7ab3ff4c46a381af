//! Messages in DATA frames: a flag, a length, the bytes (PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
//!
//! Not here: what the bytes mean ([`crate::Codec`]), and the DATA frames themselves (`gannet-http2`), whose boundaries
//! say nothing about messages.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::Status;

/// The length of what stands in front of each message, in bytes: one for the flag, four for the length.
pub const MESSAGE_HEADER_LEN: usize = 5;

/// A message that comes in pieces gets room for this many times what has arrived of it: enough that large messages are
/// hardly ever moved, little enough that a length alone buys nothing.
const GROWTH: usize = 4;

/// What stands in front of an uncompressed message of `len` bytes.
///
/// ```
/// assert_eq!(gannet_core::wire::framing::message_header(258), [0, 0, 0, 1, 2]);
/// ```
#[inline]
pub const fn message_header(len: u32) -> [u8; MESSAGE_HEADER_LEN] {
    let [a, b, c, d] = len.to_be_bytes();
    [0, a, b, c, d]
}

/// The length of the message behind `header`.
#[inline]
fn message_len(header: [u8; MESSAGE_HEADER_LEN], max_message_size: usize) -> Result<usize, Status> {
    let [flag, a, b, c, d] = header;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    if flag != 0 {
        return Err(bad_flag(flag));
    }
    if len > max_message_size {
        return Err(too_large(len, max_message_size));
    }
    Ok(len)
}

#[cold]
fn bad_flag(flag: u8) -> Status {
    if flag == 1 {
        return Status::internal(
            "the peer sent a compressed message, but has not said how it is compressed (grpc-encoding)",
        );
    }
    Status::internal(format!(
        "the peer broke gRPC's framing: the compressed flag of a message is {flag}, but must be 0 or 1"
    ))
}

#[cold]
fn too_large(len: usize, limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "the peer sent a message of {len} bytes, more than max_receive_message_size allows ({limit})"
    ))
}

/// The message in `payload`, if that holds exactly one: a slice, not a copy.
///
/// `None` if there is less than a message, or more: then a [`Deframer`] has to look at it.
///
/// # Errors
///
/// As [`Deframer::next`].
///
/// ```
/// use bytes::Bytes;
/// use gannet_core::wire::framing::unary_message;
///
/// let message = unary_message(&Bytes::from_static(b"\0\0\0\0\x02hi"), 1024)?;
/// assert_eq!(message.unwrap(), "hi");
/// let start = unary_message(&Bytes::from_static(b"\0\0\0\0\x02h"), 1024)?;
/// assert_eq!(start, None);
/// # Ok::<(), gannet_core::Status>(())
/// ```
#[inline]
pub fn unary_message(payload: &Bytes, max_message_size: usize) -> Result<Option<Bytes>, Status> {
    let Some(header) = payload.first_chunk() else { return Ok(None) };
    let len = message_len(*header, max_message_size)?;
    Ok((payload.len() - MESSAGE_HEADER_LEN == len).then(|| payload.slice(MESSAGE_HEADER_LEN..)))
}

/// Cuts the payloads of DATA frames into messages.
///
/// A message that lies within one payload is a slice of it; one that spans several is gathered. What is gathered takes at
/// most four times the memory of what has arrived of it, whatever its length prefix says.
///
/// ```
/// use bytes::Bytes;
/// use gannet_core::wire::framing::Deframer;
///
/// let mut deframer = Deframer::new(1024);
/// deframer.push(Bytes::from_static(b"\0\0\0\0\x02hi\0\0\0\0\x05the"));
/// assert_eq!(deframer.next()?.unwrap(), "hi");
/// assert_eq!(deframer.next()?, None);
/// deframer.push(Bytes::from_static(b"re"));
/// assert_eq!(deframer.next()?.unwrap(), "there");
/// deframer.finish()?;
/// # Ok::<(), gannet_core::Status>(())
/// ```
#[derive(Debug)]
pub struct Deframer {
    max_message_size: usize,
    /// What has arrived and was not looked at yet: the front of it,
    chunk: Bytes,
    /// and what was pushed before the front was used up.
    queue: VecDeque<Bytes>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between two messages, or within a header, of which these bytes have arrived.
    Header { bytes: [u8; MESSAGE_HEADER_LEN], filled: usize },
    /// Within a message of `len` bytes.
    Message { len: usize, gathered: Vec<u8> },
    /// The framing is broken: no message can be found any more.
    Failed(Status),
}

impl State {
    const START: Self = Self::Header { bytes: [0; MESSAGE_HEADER_LEN], filled: 0 };
}

impl Deframer {
    /// Expects messages of at most `max_message_size` bytes.
    pub const fn new(max_message_size: usize) -> Self {
        Self { max_message_size, chunk: Bytes::new(), queue: VecDeque::new(), state: State::START }
    }

    /// Takes the payload of a DATA frame. It is held until [`Deframer::next`] has come to its end.
    #[inline]
    pub fn push(&mut self, payload: Bytes) {
        if self.chunk.is_empty() && self.queue.is_empty() {
            self.chunk = payload;
        } else if !payload.is_empty() {
            self.queue.push_back(payload);
        }
    }

    /// The next message, if it has arrived whole.
    ///
    /// # Errors
    ///
    /// RESOURCE_EXHAUSTED if a message is larger than the limit, as soon as its length is known; INTERNAL if it is marked
    /// as compressed or its header makes no sense. Every later call gives the same error.
    #[allow(clippy::should_implement_trait, reason = "it fails, and `None` is not the end")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Bytes>, Status> {
        // The usual case: the whole message is in the chunk.
        if let (State::Header { filled: 0, .. }, Some(header)) = (&self.state, self.chunk.first_chunk()) {
            let len = match message_len(*header, self.max_message_size) {
                Ok(len) => len,
                Err(status) => return self.fail(status),
            };
            if self.chunk.len() - MESSAGE_HEADER_LEN >= len {
                self.chunk.advance(MESSAGE_HEADER_LEN);
                return Ok(Some(self.chunk.split_to(len)));
            }
        }
        self.gather()
    }

    /// [`Deframer::next`] for headers and messages in pieces.
    fn gather(&mut self) -> Result<Option<Bytes>, Status> {
        while self.refill() {
            if let State::Header { bytes, filled } = &mut self.state {
                let missing = bytes.get_mut(*filled..).unwrap_or_default();
                let taken = missing.len().min(self.chunk.len());
                self.chunk.copy_to_slice(&mut missing[..taken]);
                *filled += taken;
                if *filled < MESSAGE_HEADER_LEN {
                    continue;
                }
                match message_len(*bytes, self.max_message_size) {
                    Ok(len) => self.state = State::Message { len, gathered: Vec::new() },
                    Err(status) => return self.fail(status),
                }
            }
            if let Some(message) = self.take_message() {
                return Ok(Some(message));
            }
        }
        match &self.state {
            State::Failed(status) => Err(status.clone()),
            State::Header { .. } | State::Message { .. } => Ok(None),
        }
    }

    /// Makes sure that the chunk has bytes; `false` if there are none.
    fn refill(&mut self) -> bool {
        if self.chunk.is_empty() {
            // Even an empty slice would hold on to its buffer.
            self.chunk = self.queue.pop_front().unwrap_or_default();
        }
        !self.chunk.is_empty() && !matches!(self.state, State::Failed(_))
    }

    /// Takes from the chunk what belongs to the message under way; gives the message once it is whole.
    fn take_message(&mut self) -> Option<Bytes> {
        let State::Message { len, gathered } = &mut self.state else { return None };
        let missing = *len - gathered.len();
        let piece = self.chunk.split_to(self.chunk.len().min(missing));
        if piece.len() == *len {
            self.state = State::START;
            return Some(piece);
        }
        let needed = gathered.len() + piece.len();
        if needed > gathered.capacity() {
            let room = needed.saturating_mul(GROWTH).min(*len);
            gathered.reserve_exact(room - gathered.len());
        }
        gathered.extend_from_slice(&piece);
        if piece.len() < missing {
            return None;
        }
        let message = Bytes::from(std::mem::take(gathered));
        self.state = State::START;
        Some(message)
    }

    #[cold]
    fn fail(&mut self, status: Status) -> Result<Option<Bytes>, Status> {
        self.chunk = Bytes::new();
        self.queue = VecDeque::new();
        self.state = State::Failed(status.clone());
        Err(status)
    }

    /// Says that the peer has ended its side, once [`Deframer::next`] gives no message any more.
    ///
    /// # Errors
    ///
    /// INTERNAL if a message has begun and is not whole; the error of [`Deframer::next`] if there was one.
    pub fn finish(&self) -> Result<(), Status> {
        match &self.state {
            State::Failed(status) => Err(status.clone()),
            State::Header { filled: 0, .. } if self.chunk.is_empty() => Ok(()),
            State::Header { .. } => Err(Status::internal(
                "the peer's stream ended in the middle of a message: within the five bytes in front of it",
            )),
            State::Message { len, gathered } => Err(Status::internal(format!(
                "the peer's stream ended in the middle of a message: {} of {len} bytes arrived",
                gathered.len()
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
