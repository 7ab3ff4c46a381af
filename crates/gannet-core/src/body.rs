//! What arrives in one direction of a stream, before gRPC framing: the seam between transport and [`crate::Streaming`].

use std::task::{Context, Poll};

use bytes::Bytes;

use crate::{MessageHooks, Metadata, Status};

/// One direction of one stream, as a transport hands it over: the payloads of DATA frames, in order.
///
/// Dropping a body gives the direction up; what that means to the peer is the transport's matter.
pub trait Body: Send {
    /// The next payload. `None` is the clean end, which on a client means that the status was OK; any other end is an
    /// error. It is not called again after either.
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>>;

    /// On a client, the metadata in front of the messages, once; on a server, nothing, at once.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let _ = context;
        Poll::Ready(Ok(Metadata::new()))
    }

    /// What interceptors want to see of the messages; asked once, when the first bytes are there.
    fn hooks(&mut self) -> MessageHooks {
        MessageHooks::new()
    }

    /// The metadata behind the messages, once; empty before the clean end.
    fn trailers(&mut self) -> Metadata {
        Metadata::new()
    }
}
