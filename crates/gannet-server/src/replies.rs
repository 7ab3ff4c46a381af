//! A streaming handler's side of the replies: metadata, messages, trailers.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_core::Stream;
use gannet_core::{EncodeBuffer, HookedMessages, Metadata, Status};

use crate::connection::Stream as CallStream;

type Encode<T> = fn(&T, &mut EncodeBuffer) -> Result<(), Status>;

/// Where a streaming handler sends its replies.
///
/// Replies go out in order, packed together where they are ready together. The stream ends when the handler returns.
pub struct Replies<T> {
    stream: Arc<CallStream>,
    encode: Encode<T>,
    limit: usize,
    metadata: Metadata,
    head_set: bool,
    hooks: Option<Box<HookedMessages<T>>>,
    message: PhantomData<fn(T)>,
}

impl<T> fmt::Debug for Replies<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Replies").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

impl<T> Replies<T> {
    pub(crate) fn new(
        stream: Arc<CallStream>,
        encode: Encode<T>,
        limit: usize,
        hooks: Option<Box<HookedMessages<T>>>,
    ) -> Self {
        let metadata = Metadata::new();
        Self { stream, encode, limit, metadata, head_set: false, hooks, message: PhantomData }
    }

    /// The same with this metadata to begin with.
    pub(crate) fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The metadata that goes out before the first reply; later changes have no effect.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// Sets the metadata that goes out behind the last reply, with an OK status. A failed call's trailers are those of
    /// its status.
    pub fn set_trailers(&mut self, trailers: Metadata) {
        self.stream.send().set_trailers(trailers);
    }

    fn set_head(&mut self) {
        if !self.head_set {
            self.head_set = true;
            self.stream.send().set_head(std::mem::take(&mut self.metadata));
        }
    }

    /// Sends the metadata now, ahead of the first reply, so that the client sees the call accepted.
    pub fn send_metadata(&mut self) {
        self.set_head();
        self.stream.flush();
    }

    /// Sends a reply, waiting while more than 64 KiB wait to be sent: a client that does not read holds the handler up.
    ///
    /// # Errors
    ///
    /// CANCELLED if the client no longer wants the call, UNAVAILABLE if the connection is lost, RESOURCE_EXHAUSTED if
    /// the message is over `max_send_message_size`. Returning the error from the handler with `?` is the right thing.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the reply was not sent.
    pub async fn send(&mut self, reply: T) -> Result<(), Status> {
        poll_fn(|context| self.stream.poll_ready(context)).await?;
        let reply = match &mut self.hooks {
            None => reply,
            Some(hooks) => hooks.show(reply).await?,
        };
        self.set_head();
        let encode = self.encode;
        self.stream.push_message(self.limit, |buffer| encode(&reply, buffer))
    }

    /// Sends every reply of `replies`, until it ends or gives an error.
    ///
    /// # Errors
    ///
    /// The first error of the stream, or of [`Replies::send`].
    pub async fn send_all<S, E>(&mut self, replies: S) -> Result<(), Status>
    where
        S: Stream<Item = Result<T, E>>,
        Status: From<E>,
    {
        let mut replies = std::pin::pin!(replies);
        while let Some(reply) = poll_fn(|context| replies.as_mut().poll_next(context)).await {
            self.send(reply?).await?;
        }
        Ok(())
    }
}

impl<T> Drop for Replies<T> {
    fn drop(&mut self) {
        // A handler that sent no reply may still have set metadata.
        self.set_head();
    }
}
