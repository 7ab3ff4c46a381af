//! A stream of messages on its way in: deframed and decoded on the consumer's task.
//!
//! Not here: where the bytes come from, which is a [`Body`] of the transport's.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::wire::framing::Deframer;
use crate::{Metadata, Status};

/// One direction of a stream as raw payloads; implemented by transports.
pub trait Body: Send {
    /// The next payload. `None` is a clean end: no more messages from a client, status OK from a server.
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>>;

    /// The metadata that comes before the first message; given once.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let _ = context;
        Poll::Ready(Ok(Metadata::new()))
    }

    /// The metadata that came behind the last message of a clean end; given once.
    fn trailers(&mut self) -> Metadata {
        Metadata::new()
    }
}

/// A stream of messages from the peer.
///
/// It is also a [`Stream`] of results, for those who have combinators for them. Dropping a client's stream before its
/// end cancels the call.
pub struct Streaming<T> {
    body: Box<dyn Body>,
    decode: fn(Bytes) -> Result<T, Status>,
    deframer: Deframer,
    ended: bool,
}

impl<T> Streaming<T> {
    /// The messages of `body`, each of at most `max_message_size` bytes.
    pub fn new(body: Box<dyn Body>, decode: fn(Bytes) -> Result<T, Status>, max_message_size: usize) -> Self {
        Self { body, decode, deframer: Deframer::new(max_message_size), ended: false }
    }

    /// The next message; `None` once the peer has sent its last.
    ///
    /// # Errors
    ///
    /// On a client, the status the call ended with; on a server, CANCELLED if the client gave the call up. Either way
    /// also INTERNAL or RESOURCE_EXHAUSTED for what cannot be read. After an error the stream has ended.
    ///
    /// # Cancel safety
    ///
    /// No message is lost if the future is dropped.
    #[allow(
        clippy::should_implement_trait,
        reason = "the async counterpart of `Iterator::next` goes by that name"
    )]
    pub async fn next(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|context| self.poll_message(context)).await
    }

    /// The metadata the peer sent before its first message; waits for it. Given once.
    ///
    /// # Errors
    ///
    /// On a client, the status of a call that ended before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn metadata(&mut self) -> Result<Metadata, Status> {
        poll_fn(|context| self.body.poll_head(context)).await
    }

    /// The metadata the peer sent behind its last message, once [`Streaming::next`] has given `None`. Given once.
    pub fn trailers(&mut self) -> Metadata {
        self.body.trailers()
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let outcome =
            ready!(self.poll_bytes(context)).and_then(|message| message.map(self.decode).transpose());
        if !matches!(outcome, Ok(Some(_))) {
            self.ended = true;
        }
        Poll::Ready(outcome)
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.deframer.next()? {
                return Poll::Ready(Ok(Some(message)));
            }
            match ready!(self.body.poll_data(context)) {
                Some(data) => self.deframer.push(data?),
                None => return Poll::Ready(self.deframer.finish().map(|()| None)),
            }
        }
    }
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(context).map(Result::transpose)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Streaming").field("ended", &self.ended).finish_non_exhaustive()
    }
}
