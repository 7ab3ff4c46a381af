//! Calls as their caller sees them: a builder, then a future or a pair of halves.
//!
//! Generated clients make these; nothing is sent before a call is awaited or opened. Not here: the connection's side
//! (`connection`).

mod around;
mod options;
mod streaming;
mod unary;

pub use streaming::{
    BidirectionalCall, ClientStreamingCall, ReplyFuture, RequestSender, ServerStreamingCall,
};
pub use unary::{UnaryCall, UnaryFuture};

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use gannet_core::wire::framing::{Deframer, unary_message};
use gannet_core::{Codec, Deadline, MessageHooks, Metadata, MethodCheck, MethodDescriptor, Response, Status};
use gannet_transport::Command;
use tokio::task::AbortHandle;

use crate::channel::{Channel, ConnectionHandle};
use crate::connection::{ClientCommand, OpenCall, Stream};

/// What every call carries.
#[derive(Debug)]
struct CallHead {
    method: &'static MethodDescriptor,
    metadata: Metadata,
    deadline: Option<Deadline>,
    whole_limit: Option<usize>,
}

/// Puts a call onto a connection.
fn submit(head: CallHead, stream: &Arc<Stream>, handle: &ConnectionHandle) {
    let CallHead { method, metadata, deadline, whole_limit } = head;
    stream.bind(handle.inbox.clone());
    let open = OpenCall { method, metadata, deadline, stream: Arc::clone(stream), whole_limit };
    if handle.inbox.try_put(Command::Role(ClientCommand::Open(open))).is_err() {
        stream.fail(&Status::unavailable(format!("the connection to {} was lost just now", handle.peer)));
    }
}

/// Puts a call onto a connection as soon as there is one; does not wait. Gives the task that waits, if one has to.
fn submit_when_ready(
    channel: &Channel,
    head: CallHead,
    stream: &Arc<Stream>,
    wait_for_ready: bool,
) -> Option<AbortHandle> {
    match channel.pick(wait_for_ready) {
        Some(Ok(handle)) => submit(head, stream, &handle),
        Some(Err(status)) => stream.fail(&status),
        None => {
            let (channel, stream) = (channel.clone(), Arc::clone(stream));
            let waiting = tokio::spawn(async move {
                match channel.wait(wait_for_ready).await {
                    Ok(handle) => {
                        if stream.bind_late(handle.inbox.clone()) {
                            submit(head, &stream, &handle);
                        }
                    }
                    Err(status) => stream.fail(&status),
                }
            });
            return Some(waiting.abort_handle());
        }
    }
    None
}

/// The typed answer of a call that takes one reply.
fn whole_answer<C: Codec<Rep>, Rep>(stream: &Stream, limit: usize) -> Result<Response<Rep>, Status> {
    let (mut metadata, chunks, end) = stream.receive().take_whole();
    let answer = end.and_then(|trailers| Ok((C::decode(one_message(chunks, limit)?)?, trailers)));
    match answer {
        Ok((message, trailers)) => Ok(Response::from_parts(message, metadata, trailers)),
        Err(status) if metadata.is_empty() => Err(status),
        Err(status) => {
            // The caller of a failed call has the status alone to look at.
            metadata.append_all(status.metadata());
            Err(status.with_metadata(metadata))
        }
    }
}

/// An answer whose reply keeps the rules of its contract, where that is checked.
fn checked<Rep: 'static>(
    answer: Result<Response<Rep>, Status>,
    check: Option<&MethodCheck>,
) -> Result<Response<Rep>, Status> {
    match (answer, check) {
        (Ok(answer), Some(check)) => check.run(&*answer).map(|()| answer),
        (answer, _) => answer,
    }
}

/// Has messages checked behind their hooks; `stream` is the call's, for one that ends at its first invalid message.
fn push_check(hooks: &mut MessageHooks, check: Option<MethodCheck>, stream: &Arc<Stream>) {
    let Some(check) = check else { return };
    if !check.ends_streams() {
        hooks.push_check(check, None);
        return;
    }
    let stream = Arc::clone(stream);
    let end = move |status: &Status| {
        stream.fail(status);
        stream.cancel();
    };
    hooks.push_check(check, Some(Box::new(end)));
}

/// The bytes of the one message there is. Another number of messages is UNIMPLEMENTED (grpc/doc/statuscodes.md).
fn one_message(mut chunks: VecDeque<Bytes>, limit: usize) -> Result<Bytes, Status> {
    if chunks.len() == 1
        && let Some(message) = chunks.front().and_then(|chunk| unary_message(chunk, limit).transpose())
    {
        return message;
    }
    let mut deframer = Deframer::new(limit);
    for chunk in chunks.drain(..) {
        deframer.push(chunk);
    }
    let Some(message) = deframer.next()? else {
        deframer.finish()?;
        return Err(Status::unimplemented("the server ended the call with OK but without a reply"));
    };
    if deframer.next()?.is_some() {
        return Err(Status::unimplemented("the server sent more than one reply in a call that has one"));
    }
    deframer.finish()?;
    Ok(message)
}
