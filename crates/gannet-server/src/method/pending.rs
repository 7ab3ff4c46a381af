//! The task of a call whose handler did not finish at its first poll, or streams.
//!
//! One type for every method, so that the runtime's task machinery is compiled once. Not here: the connection's side,
//! which learns the outcome through the stream both share.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gannet_core::{Deadline, Metadata, Status};
use gannet_transport::SendEnd;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use super::panicked;
use crate::connection::Stream;

/// A handler under way. It has put its replies into the stream by the time it is ready with the call's trailers.
pub(crate) trait PendingHandler: Send {
    fn poll_handler(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        stream: &Arc<Stream>,
    ) -> Poll<Result<Metadata, Status>>;
}

/// A handler under way, with its deadline.
pub(crate) struct PendingCall {
    handler: Pin<Box<dyn PendingHandler>>,
    stream: Arc<Stream>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl PendingCall {
    /// Runs `handler` on a task of its own.
    pub(crate) fn spawn(
        handler: Pin<Box<dyn PendingHandler>>,
        stream: Arc<Stream>,
        deadline: Option<Deadline>,
    ) -> AbortHandle {
        let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline.instant().into())));
        tokio::spawn(Self { handler, stream, deadline }).abort_handle()
    }

    fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<SendEnd> {
        let Self { handler, stream, deadline } = self;
        let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll_handler(context, stream)));
        match polled {
            Ok(Poll::Ready(Ok(trailers))) => return Poll::Ready(SendEnd::Ok(trailers)),
            Ok(Poll::Ready(Err(status))) => return Poll::Ready(SendEnd::Failed(status)),
            Ok(Poll::Pending) => {}
            Err(payload) => return Poll::Ready(SendEnd::Failed(panicked(&*payload))),
        }
        if let Some(deadline) = deadline
            && deadline.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(SendEnd::Failed(deadline_exceeded()));
        }
        Poll::Pending
    }
}

impl Future for PendingCall {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        match this.poll_outcome(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(end) => {
                this.stream.finish(end);
                Poll::Ready(())
            }
        }
    }
}

/// The status of a call that its deadline ended.
#[cold]
pub(crate) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline passed before the handler was done")
}
