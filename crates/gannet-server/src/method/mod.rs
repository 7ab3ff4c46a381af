//! Handlers, their types forgotten: how a connection runs a method without knowing its messages.
//!
//! A method is shared by all connections ([`ErasedMethod`]); each connection makes itself a [`MethodSlot`] at the first
//! call, which keeps what may be reused from call to call. Not here: when to run one (`connection`).

mod checks;
mod intercepted;
mod pending;
mod streaming;
mod unary;

pub(crate) use checks::Checks;
pub(crate) use intercepted::Chain;
pub(crate) use streaming::StreamingMethod;
pub(crate) use unary::UnaryMethod;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use gannet_core::{Caller, ConnectionInfo, Deadline, HandlerPanicked, Metadata, Request, Status};
use gannet_http2::StreamKey;
use gannet_transport::Link;
use tokio::task::AbortHandle;

use crate::connection::{CallInbox, ReplyBlocks, Stream};
use crate::dispatch::Dispatch;

/// Sizes that hold for every call of a server, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessageLimits {
    pub(crate) receive: usize,
    pub(crate) send: usize,
}

/// What a handler's request carries besides its message.
#[derive(Debug)]
pub(crate) struct CallHead {
    pub(crate) metadata: Metadata,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) connection: ConnectionInfo,
    /// Known only where interceptors may ask for it.
    pub(crate) caller: Option<Arc<Caller>>,
}

impl CallHead {
    fn into_request<T>(self, message: T) -> Request<T> {
        Request::from_parts(message, self.metadata, self.deadline, Some(self.connection))
    }
}

/// What a connection lends a method for the start of one call.
pub(crate) struct CallStart<'a> {
    pub(crate) link: &'a mut Link,
    pub(crate) blocks: &'a mut ReplyBlocks,
    pub(crate) inbox: &'a CallInbox,
    pub(crate) key: StreamKey,
    pub(crate) limits: MessageLimits,
}

/// How a call stands after its start.
pub(crate) enum Started {
    /// Its answer is in the write buffer.
    Answered,
    /// Its handler runs on a task of its own.
    Running(RunningCall),
}

/// A call whose handler runs on a task of its own.
pub(crate) struct RunningCall {
    pub(crate) stream: Arc<Stream>,
    pub(crate) task: AbortHandle,
    pub(crate) head_sent: bool,
}

/// A method as all connections share it.
pub(crate) trait ErasedMethod: Send + Sync {
    /// What one connection keeps for its calls of this method.
    fn slot(&self, dispatch: Dispatch, chain: &Chain) -> Box<dyn MethodSlot>;
}

/// A method as one connection calls it.
pub(crate) trait MethodSlot: Send {
    /// Starts a call whose one message has arrived whole.
    fn start_with_message(&mut self, start: CallStart<'_>, head: CallHead, message: Bytes) -> Started;

    /// Starts a call whose messages are yet to come.
    fn start_streaming(&mut self, start: CallStart<'_>, head: CallHead) -> Started;
}

/// The status of a call whose handler panicked. What it said stays in the server's log.
#[cold]
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Status {
    let said = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = said, "a handler panicked; the call ends with INTERNAL");
    Status::internal("the handler panicked").with_source(HandlerPanicked { said: said.to_owned() })
}
