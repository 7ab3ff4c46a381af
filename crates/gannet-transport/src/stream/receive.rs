//! What arrives on a stream, between the connection that reads it and the call that consumes it.
//!
//! Not here: deframing and decoding, which the consumer does on its own task (`gannet_core::Streaming`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use gannet_core::{Body, Metadata, Status};

use super::{RELEASE_STEP, SharedStream};
use crate::inbox::Command;

/// A payload below this that has to wait is copied: a slice would keep the whole read buffer alive for it.
const COPY_BELOW: usize = 4 * 1024;

/// How the receiving side ended: trailers of a clean end, or the status of any other.
pub type ReceiveEnd = Result<Metadata, Status>;

/// The receiving half of a stream.
#[derive(Debug)]
pub struct ReceiveHalf {
    chunks: VecDeque<Bytes>,
    head: Head,
    end: Option<ReceiveEnd>,
    waker: Option<Waker>,
    /// Bytes in `chunks`.
    waiting: usize,
    /// Of these, the bytes that were not released when they arrived.
    held: usize,
    /// Bytes that were held, and are consumed, and are not released yet.
    unreleased: usize,
    /// Wake only at the end.
    whole: bool,
    /// The consumer is gone; what still arrives is dropped and released at once.
    discarding: bool,
}

#[derive(Debug)]
enum Head {
    Awaited,
    Here(Metadata),
    Taken,
}

impl ReceiveHalf {
    pub(super) fn new(whole: bool) -> Self {
        Self {
            chunks: VecDeque::new(),
            head: Head::Awaited,
            end: None,
            waker: None,
            waiting: 0,
            held: 0,
            unreleased: 0,
            whole,
            discarding: false,
        }
    }

    /// The response head arrived.
    pub fn deliver_head(&mut self, metadata: Metadata) {
        self.head = Head::Here(metadata);
        self.wake_unless_whole();
    }

    /// A payload arrived. Returns how many of its bytes can be released at once.
    #[must_use]
    pub fn deliver_data(&mut self, data: Bytes) -> usize {
        let len = data.len();
        if self.discarding || len == 0 {
            return len;
        }
        self.chunks.push_back(if len < COPY_BELOW { Bytes::copy_from_slice(&data) } else { data });
        self.waiting += len;
        self.wake_unless_whole();
        // Whoever wants the whole answer can only get it if the window never closes on it; its size has a limit of
        // its own, which the connection's role holds. And what is little is released at once: it costs its consumer no
        // command, and streams that have read all they got hold nothing of the connection's window.
        if self.whole || (self.held == 0 && self.waiting <= RELEASE_STEP) {
            return len;
        }
        self.held += len;
        0
    }

    /// What the consumer has taken and the connection is to be told of: in steps, and all of it once nothing waits.
    fn take_release(&mut self) -> usize {
        if self.unreleased >= RELEASE_STEP || self.chunks.is_empty() {
            std::mem::take(&mut self.unreleased)
        } else {
            0
        }
    }

    /// The receiving side ended. The first end counts.
    pub fn deliver_end(&mut self, end: ReceiveEnd) {
        if self.end.is_none() {
            self.end = Some(end);
            self.wake();
        }
    }

    /// Whether the peer has ended its side, or the stream has failed.
    pub fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    fn wake_unless_whole(&mut self) {
        if !self.whole {
            self.wake();
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    /// Waits for the end of the stream, for a consumer that wants the whole answer.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.end.is_some() {
            return Poll::Ready(());
        }
        self.wait(context);
        Poll::Pending
    }

    /// Takes the answer of a stream that has ended: its head, its payloads and its end.
    pub fn take_whole(&mut self) -> (Metadata, VecDeque<Bytes>, ReceiveEnd) {
        let head = match std::mem::replace(&mut self.head, Head::Taken) {
            Head::Here(metadata) => metadata,
            Head::Awaited | Head::Taken => Metadata::new(),
        };
        let end = self.end.replace(Ok(Metadata::new()));
        (head, std::mem::take(&mut self.chunks), end.unwrap_or_else(|| Ok(Metadata::new())))
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        match std::mem::replace(&mut self.head, Head::Taken) {
            Head::Here(metadata) => return Poll::Ready(Ok(metadata)),
            Head::Taken => return Poll::Ready(Ok(Metadata::new())),
            Head::Awaited => self.head = Head::Awaited,
        }
        match &self.end {
            // The error stays for the next `poll_data` too.
            Some(Err(status)) => Poll::Ready(Err(status.clone())),
            Some(Ok(_)) => Poll::Ready(Ok(Metadata::new())),
            None => {
                self.wait(context);
                Poll::Pending
            }
        }
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        if let Some(chunk) = self.chunks.pop_front() {
            self.waiting -= chunk.len();
            let held = chunk.len().min(self.held);
            self.held -= held;
            self.unreleased += held;
            return Poll::Ready(Some(Ok(chunk)));
        }
        match &self.end {
            Some(Ok(_)) => Poll::Ready(None),
            Some(Err(status)) => Poll::Ready(Some(Err(status.clone()))),
            None => {
                self.wait(context);
                Poll::Pending
            }
        }
    }
}

/// The consumer's hold on a stream: what `gannet_core::Streaming` reads from.
///
/// Dropping it gives up the receiving side: with `cancels`, the whole stream is reset (a client that no longer wants
/// the answers); without, what still arrives is dropped (a handler that stopped listening).
#[derive(Debug)]
pub struct StreamBody<C: Send + 'static> {
    stream: Arc<SharedStream<C>>,
    cancels: bool,
}

impl<C: Send + 'static> StreamBody<C> {
    /// Takes hold of the receiving side of `stream`.
    pub fn new(stream: Arc<SharedStream<C>>, cancels: bool) -> Self {
        Self { stream, cancels }
    }
}

impl<C: Send + 'static> Body for StreamBody<C> {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let (polled, release) = {
            let mut receive = self.stream.receive();
            let polled = receive.poll_data(context);
            (polled, receive.take_release())
        };
        if release > 0 {
            self.stream.put(Command::Release(Arc::clone(&self.stream), release));
        }
        polled
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        self.stream.receive().poll_head(context)
    }

    fn trailers(&mut self) -> Metadata {
        match &mut self.stream.receive().end {
            Some(Ok(trailers)) => std::mem::take(trailers),
            _ => Metadata::new(),
        }
    }
}

impl<C: Send + 'static> Drop for StreamBody<C> {
    fn drop(&mut self) {
        let (ended, release) = {
            let mut receive = self.stream.receive();
            receive.discarding = true;
            receive.chunks = VecDeque::new();
            let held = std::mem::take(&mut receive.held) + std::mem::take(&mut receive.unreleased);
            (receive.end.is_some(), held)
        };
        if self.cancels && !ended {
            self.stream.cancel();
        }
        if release > 0 {
            self.stream.put(Command::Release(Arc::clone(&self.stream), release));
        }
    }
}
