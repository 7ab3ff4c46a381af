//! A stream of messages as its consumer reads it: deframed and decoded on the consumer's own task.
//!
//! Not here: where the bytes come from, which is a [`Body`] of the transport's.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::wire::framing::Deframer;
use crate::{Body, Codec, HookedMessages, MessageHooks, Metadata, Status};

/// Hooks as the messages' type makes them.
type TypedHooks<T> = fn(MessageHooks) -> Option<Box<HookedMessages<T>>>;

/// The messages that a peer sends, one after the other.
///
/// A handler gets one for the requests of a client that streams; a caller gets one for the replies of a server that
/// streams. It is also a [`Stream`] of results, for those who have combinators for them. Dropping a caller's stream
/// before its end cancels the call.
///
/// ```
/// # use std::task::{Context, Poll};
/// # use bytes::Bytes;
/// # use gannet_core::Body;
/// # struct Chunks(Vec<&'static [u8]>);
/// # impl Body for Chunks {
/// #     fn poll_data(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
/// #         Poll::Ready(self.0.pop().map(|chunk| Ok(Bytes::from_static(chunk))))
/// #     }
/// # }
/// use gannet_core::{Status, Streaming};
///
/// async fn total(mut numbers: Streaming<u32>) -> Result<u32, Status> {
///     let mut total = 0;
///     while let Some(number) = numbers.next().await? {
///         total += number;
///     }
///     Ok(total)
/// }
/// # fn decode(bytes: Bytes) -> Result<u32, Status> { Ok(u32::from(bytes[0])) }
/// # let body = Chunks(vec![b"\0\0\0\0\x01\x03", b"\0\0\0\0\x01\x04"]);
/// # let numbers = Streaming::new(Box::new(body), decode, 100);
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # assert_eq!(runtime.block_on(total(numbers)).unwrap(), 7);
/// ```
pub struct Streaming<T> {
    /// Never locked: every use has the stream for itself. The mutex makes the stream `Sync`, so that a handler may hold
    /// a reference to its request across an await.
    body: Mutex<Box<dyn Body>>,
    decode: fn(Bytes) -> Result<T, Status>,
    deframer: Deframer,
    hooks: Option<Box<HookedMessages<T>>>,
    /// How to come by the hooks, where only the body knows them, and not from the beginning.
    late_hooks: Option<TypedHooks<T>>,
    ended: bool,
    /// The last error was about one message, and not about the stream.
    spared: bool,
}

impl<T> Streaming<T> {
    /// The messages in `body`, none larger than `max_message_size` bytes.
    pub fn new(body: Box<dyn Body>, decode: fn(Bytes) -> Result<T, Status>, max_message_size: usize) -> Self {
        Self {
            body: Mutex::new(body),
            decode,
            deframer: Deframer::new(max_message_size),
            hooks: None,
            late_hooks: None,
            ended: false,
            spared: false,
        }
    }

    /// The same messages, each shown to `hooks` first. What a hook refuses ends the stream with its status.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Option<Box<HookedMessages<T>>>) -> Self {
        self.hooks = hooks;
        self
    }

    /// The same messages, written by the codec `C`, each shown to the hooks that the body has when the first comes.
    #[must_use]
    pub fn with_late_hooks<C: Codec<T>>(mut self) -> Self
    where
        T: Send + 'static,
    {
        self.late_hooks = Some(HookedMessages::new::<C>);
        self
    }

    #[inline]
    fn body(&mut self) -> &mut dyn Body {
        &mut **self.body.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next message; `None` at the end of the stream, which on a client is the success of the call.
    ///
    /// # Errors
    ///
    /// On a client, the status that the call failed with; on a server, CANCELLED if the client gave the call up. Either
    /// way, RESOURCE_EXHAUSTED if a message is larger than `max_receive_message_size`, and INTERNAL if the peer broke
    /// gRPC's framing or a message cannot be decoded. After an error the stream has ended.
    ///
    /// Where messages are validated, an error also for a message that breaks rules: INVALID_ARGUMENT on a server, INTERNAL on
    /// a client. The stream goes on behind it, unless the validation ends streams.
    ///
    /// # Cancel safety
    ///
    /// No message is lost if the future is dropped before it completes.
    pub async fn next(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|context| self.poll_message(context)).await
    }

    /// Waits for the metadata in front of the messages. Messages that arrive in the meantime are kept.
    ///
    /// It is given once; later calls give none. On a server it is with the request, and this gives none.
    ///
    /// # Errors
    ///
    /// The status of a call that failed without metadata.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped before it completes.
    pub async fn metadata(&mut self) -> Result<Metadata, Status> {
        poll_fn(|context| self.body().poll_head(context)).await
    }

    /// The metadata behind the messages, once [`Streaming::next`] has given `None`; empty before, and when it was taken.
    /// The trailers of a call that failed are in its status.
    pub fn trailers(&mut self) -> Metadata {
        if self.ended { self.body().trailers() } else { Metadata::new() }
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        self.spared = false;
        let outcome = ready!(self.poll_shown(context));
        self.ended = match &outcome {
            Ok(message) => message.is_none(),
            Err(_) => !self.spared,
        };
        Poll::Ready(outcome)
    }

    /// The next message, behind the hooks.
    fn poll_shown(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        if let Some(hooks) = &mut self.hooks
            && hooks.is_waiting()
        {
            let outcome = ready!(hooks.poll(context));
            self.spared = outcome.is_err() && hooks.spares_call();
            return Poll::Ready(outcome.map(Some));
        }
        let Some(message) = ready!(self.poll_bytes(context))?.map(self.decode).transpose()? else {
            return Poll::Ready(Ok(None));
        };
        if let Some(typed) = self.late_hooks.take() {
            self.hooks = typed(self.body().hooks());
        }
        match &mut self.hooks {
            None => Poll::Ready(Ok(Some(message))),
            Some(hooks) => {
                let outcome = match hooks.start(message) {
                    Ok(None) => ready!(hooks.poll(context)).map(Some),
                    outcome => outcome,
                };
                self.spared = outcome.is_err() && hooks.spares_call();
                Poll::Ready(outcome)
            }
        }
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.deframer.next()? {
                return Poll::Ready(Ok(Some(message)));
            }
            match ready!(self.body().poll_data(context)) {
                Some(chunk) => self.deframer.push(chunk?),
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

#[cfg(test)]
mod tests;
