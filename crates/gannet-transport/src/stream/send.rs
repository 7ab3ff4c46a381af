//! What waits to be sent on a stream, between the call that produces it and the connection that writes it.
//!
//! Messages are encoded here, on the producer's task; small ones share one buffer, so that one DATA frame carries many.
//! Not here: flow control, which the HTTP/2 engine does when the connection hands it what it took.

use std::task::{Context, Poll, Waker};

use bytes::{BufMut, Bytes, BytesMut};
use gannet_core::wire::framing::{MESSAGE_HEADER_LEN, message_header};
use gannet_core::{EncodeBuffer, Metadata, Status};

use super::SEND_HIGH_MARK;

/// How the sending side ends.
#[derive(Debug)]
pub enum SendEnd {
    /// A client has sent its last message.
    HalfClose,
    /// A server's call succeeded; these trailers go with the status.
    Ok(Metadata),
    /// A server's call failed.
    Failed(Status),
}

/// The sending half of a stream.
#[derive(Debug, Default)]
pub struct SendHalf {
    head: Option<Metadata>,
    trailers: Metadata,
    chunks: Vec<Bytes>,
    tail: BytesMut,
    len: usize,
    end: Option<SendEnd>,
    finished: bool,
    closed: Option<Status>,
    /// The connection knows that there is something to take: a command is under way, or it waits for the window.
    scheduled: bool,
    waker: Option<Waker>,
}

/// What the connection takes in one go.
#[derive(Debug)]
pub struct Taken {
    /// Metadata for the response head, if it was set before the first message.
    pub head: Option<Metadata>,
    /// Whole messages with their gRPC headers, in order.
    pub chunks: Vec<Bytes>,
    /// The last piece of them.
    pub tail: Bytes,
    /// The end of the sending side, if it comes right behind.
    pub end: Option<SendEnd>,
}

impl SendHalf {
    /// Sets the metadata that goes out with the response head.
    pub fn set_head(&mut self, metadata: Metadata) {
        self.head = Some(metadata);
    }

    /// Sets the metadata that goes out behind a successful end.
    pub fn set_trailers(&mut self, metadata: Metadata) {
        self.trailers = metadata;
    }

    /// Says that the connection will look at this half: `true` if it does not know yet and has to be told.
    #[must_use]
    pub fn schedule(&mut self) -> bool {
        self.closed.is_none() && !std::mem::replace(&mut self.scheduled, true)
    }

    /// The stream is gone: what waits is dropped, and senders are told `status`.
    pub fn close(&mut self, status: Status) {
        if self.closed.is_none() {
            self.closed = Some(status);
            self.chunks = Vec::new();
            self.tail = BytesMut::new();
            self.len = 0;
            self.wake();
        }
    }

    /// Takes all that waits. The caller sends it in this order: head, chunks, tail, end.
    pub fn take(&mut self) -> Taken {
        self.scheduled = false;
        if self.len >= SEND_HIGH_MARK {
            self.wake();
        }
        self.len = 0;
        Taken {
            head: self.head.take(),
            chunks: std::mem::take(&mut self.chunks),
            tail: self.tail.split().freeze(),
            end: self.end.take(),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if let Some(status) = &self.closed {
            return Poll::Ready(Err(status.clone()));
        }
        if self.len < SEND_HIGH_MARK {
            return Poll::Ready(Ok(()));
        }
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    pub(super) fn push_message(
        &mut self,
        limit: usize,
        encode: impl FnOnce(&mut EncodeBuffer) -> Result<(), Status>,
    ) -> Result<(), Status> {
        if let Some(status) = &self.closed {
            return Err(status.clone());
        }
        if self.finished {
            return Err(Status::failed_precondition("a message was sent after the end of the stream"));
        }
        let (tail, pieces, len) =
            append_message(std::mem::take(&mut self.tail), limit, encode).map_err(|(tail, status)| {
                self.tail = tail;
                status
            })?;
        self.tail = tail;
        self.len += len;
        if !pieces.is_empty() {
            let before = self.tail.split().freeze();
            if !before.is_empty() {
                self.chunks.push(before);
            }
            self.chunks.extend(pieces);
        }
        Ok(())
    }

    /// Ends the sending side; `false` if it has ended before.
    pub(super) fn finish(&mut self, mut end: SendEnd) -> bool {
        if std::mem::replace(&mut self.finished, true) {
            return false;
        }
        if let SendEnd::Ok(trailers) = &mut end
            && !self.trailers.is_empty()
        {
            let behind = std::mem::replace(trailers, std::mem::take(&mut self.trailers));
            trailers.append_all(&behind);
        }
        self.end = Some(end);
        true
    }
}

/// Encodes one message with its gRPC header behind `tail`.
///
/// Returns the buffer, the pieces of the message if it has large segments (the first piece begins with the header, and
/// the buffer then holds only what it held before), and the length with header.
///
/// # Errors
///
/// What `encode` refuses, or RESOURCE_EXHAUSTED for a message over `limit` bytes; the buffer comes back as it was.
#[allow(
    clippy::type_complexity,
    reason = "a private-looking triple, used in two places right beside each other"
)]
pub fn append_message(
    mut tail: BytesMut,
    limit: usize,
    encode: impl FnOnce(&mut EncodeBuffer) -> Result<(), Status>,
) -> Result<(BytesMut, Vec<Bytes>, usize), (BytesMut, Status)> {
    let start = tail.len();
    tail.put_bytes(0, MESSAGE_HEADER_LEN);
    let mut buffer = EncodeBuffer::from_tail(tail);
    let encoded = encode(&mut buffer);
    let len = buffer.len();
    let mut finished = buffer.finish();
    let refused = match encoded {
        Err(status) => Some(status),
        Ok(()) if len > limit => Some(too_large(len, limit)),
        Ok(()) => None,
    };
    if let Some(status) = refused {
        finished.tail.truncate(start);
        return Err((finished.tail, status));
    }
    let header = message_header(len as u32);
    if finished.segments.is_empty() {
        if let Some(place) = finished.tail.get_mut(start..start + MESSAGE_HEADER_LEN) {
            place.copy_from_slice(&header);
        }
        return Ok((finished.tail, Vec::new(), len + MESSAGE_HEADER_LEN));
    }
    finished.tail.truncate(start);
    let mut pieces = Vec::with_capacity(finished.segments.len() + 1);
    pieces.push(Bytes::copy_from_slice(&header));
    pieces.extend(finished.segments);
    Ok((finished.tail, pieces, len + MESSAGE_HEADER_LEN))
}

#[cold]
fn too_large(len: usize, limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "the message to send has {len} bytes, more than max_send_message_size allows ({limit})"
    ))
}
