//! Streaming calls: opened without waiting, with separate halves for sending and receiving.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream as Messages;
use gannet_core::{
    Body, Codec, Deadline, EncodeBuffer, Metadata, MethodDescriptor, Request, Response, Status, Streaming,
};
use gannet_transport::{SendEnd, StreamBody};
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use super::options::{CallOptions, call_options};
use super::unary::deadline_exceeded;
use super::{CallHead, submit_when_ready, whole_answer};
use crate::channel::Channel;
use crate::connection::{ClientCommand, Stream};

type Types<Req, Rep, C> = PhantomData<fn() -> (Req, Rep, C)>;

/// A call with many requests and many replies, not opened yet.
#[must_use = "a call is sent when it is opened"]
pub struct BidirectionalCall<Req, Rep, C> {
    channel: Channel,
    method: &'static MethodDescriptor,
    options: CallOptions,
    types: Types<Req, Rep, C>,
}

/// A call with many requests and one reply, not opened yet.
#[must_use = "a call is sent when it is opened"]
pub struct ClientStreamingCall<Req, Rep, C> {
    channel: Channel,
    method: &'static MethodDescriptor,
    options: CallOptions,
    types: Types<Req, Rep, C>,
}

/// A call with one request and many replies, not opened yet.
#[must_use = "a call is sent when it is opened"]
pub struct ServerStreamingCall<Req, Rep, C> {
    channel: Channel,
    method: &'static MethodDescriptor,
    message: Req,
    options: CallOptions,
    types: Types<Req, Rep, C>,
}

macro_rules! debug_by_method {
    ($($name:ident),*) => {$(
        impl<Req, Rep, C> fmt::Debug for $name<Req, Rep, C> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_struct(stringify!($name)).field("method", &self.method.path).finish_non_exhaustive()
            }
        }
    )*};
}

debug_by_method!(BidirectionalCall, ClientStreamingCall, ServerStreamingCall);

impl<Req, Rep, C> BidirectionalCall<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
{
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor) -> Self {
        Self { channel: channel.clone(), method, options: CallOptions::default(), types: PhantomData }
    }

    call_options!();

    /// Opens the call without waiting for anything: requests may be sent at once, from one task, while another receives.
    pub fn open(self) -> (RequestSender<Req>, Streaming<Rep>) {
        let Self { channel, method, options, .. } = self;
        let deadline = options.deadline;
        let (stream, body) = open(&channel, method, options, false, |_| Ok(()));
        let replies =
            Streaming::new(Box::new(body), <C as Codec<Rep>>::decode, channel.settings().max_receive);
        let sender =
            RequestSender::new(stream, <C as Codec<Req>>::encode, channel.settings().max_send, deadline);
        (sender, replies)
    }
}

impl<Req, Rep, C> ServerStreamingCall<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
{
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor, request: Request<Req>) -> Self {
        let deadline = request.deadline();
        let (message, metadata) = request.into_message_and_metadata();
        let options = CallOptions { metadata, deadline, ..CallOptions::default() };
        Self { channel: channel.clone(), method, message, options, types: PhantomData }
    }

    call_options!();

    /// Sends the request and gives the replies, without waiting for the first.
    pub fn open(self) -> Streaming<Rep> {
        let Self { channel, method, message, options, .. } = self;
        let send_limit = channel.settings().max_send;
        let (_, body) = open(&channel, method, options, false, |stream| {
            stream.push_message(send_limit, |buffer| <C as Codec<Req>>::encode(&message, buffer))?;
            stream.finish(SendEnd::HalfClose);
            Ok(())
        });
        Streaming::new(Box::new(body), <C as Codec<Rep>>::decode, channel.settings().max_receive)
    }
}

impl<Req, Rep, C> ClientStreamingCall<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
{
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor) -> Self {
        Self { channel: channel.clone(), method, options: CallOptions::default(), types: PhantomData }
    }

    call_options!();

    /// Opens the call without waiting for anything: send the requests, finish, then await the reply.
    pub fn open(self) -> (RequestSender<Req>, ReplyFuture<Rep, C>) {
        let Self { channel, method, options, .. } = self;
        let deadline = options.deadline;
        let (stream, body) = open(&channel, method, options, true, |_| Ok(()));
        let sender =
            RequestSender::new(stream, <C as Codec<Req>>::encode, channel.settings().max_send, deadline);
        let reply = ReplyFuture { body, limit: channel.settings().max_receive, types: PhantomData };
        (sender, reply)
    }
}

/// Opens a stream; `first` may put something into it before it goes out.
fn open(
    channel: &Channel,
    method: &'static MethodDescriptor,
    options: CallOptions,
    whole: bool,
    first: impl FnOnce(&Arc<Stream>) -> Result<(), Status>,
) -> (Arc<Stream>, CallBody) {
    let CallOptions { metadata, deadline, wait_for_ready, fault } = options;
    let stream = Stream::unopened(whole);
    let checked = match fault {
        Some(status) => Err(status),
        None => first(&stream),
    };
    let mut connecting = None;
    if let Err(status) = checked {
        stream.fail(&status);
    } else {
        let whole_limit = whole.then_some(channel.settings().max_receive);
        let head = CallHead { method, metadata, deadline, whole_limit };
        connecting = submit_when_ready(channel, head, &stream, wait_for_ready);
    }
    let body = CallBody::new(&stream, deadline, connecting);
    (stream, body)
}

/// The receiving side of a call: the stream's, held to the call's deadline.
struct CallBody {
    stream: Arc<Stream>,
    body: StreamBody<ClientCommand>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Waits for a connection.
    connecting: Option<AbortHandle>,
}

impl CallBody {
    fn new(stream: &Arc<Stream>, deadline: Option<Deadline>, connecting: Option<AbortHandle>) -> Self {
        Self {
            stream: Arc::clone(stream),
            body: StreamBody::new(Arc::clone(stream), true),
            sleep: deadline.map(sleep_until),
            connecting,
        }
    }

    /// Ends the call in both directions if its deadline has passed.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        ready!(sleep.as_mut().poll(context));
        self.sleep = None;
        time_out(&self.stream);
        Poll::Ready(())
    }
}

impl Drop for CallBody {
    fn drop(&mut self) {
        if let Some(connecting) = &self.connecting {
            connecting.abort();
        }
    }
}

fn sleep_until(deadline: Deadline) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep_until(deadline.instant().into()))
}

/// Ends a call in both directions because its deadline has passed.
#[cold]
fn time_out(stream: &Arc<Stream>) {
    stream.fail(&deadline_exceeded("the server"));
    stream.cancel();
}

impl Body for CallBody {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        if let Poll::Ready(data) = self.body.poll_data(context) {
            return Poll::Ready(data);
        }
        ready!(self.poll_deadline(context));
        self.body.poll_data(context)
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        if let Poll::Ready(head) = self.body.poll_head(context) {
            return Poll::Ready(head);
        }
        ready!(self.poll_deadline(context));
        self.body.poll_head(context)
    }

    fn trailers(&mut self) -> Metadata {
        self.body.trailers()
    }
}

/// The reply of a client-streaming call, to await after the requests are finished (or before: the server may answer
/// early).
///
/// # Cancel safety
///
/// Dropping the future cancels the call on both sides.
#[must_use = "the reply, or why there is none, is what the call was for"]
pub struct ReplyFuture<Rep, C> {
    body: CallBody,
    limit: usize,
    types: PhantomData<fn() -> (Rep, C)>,
}

impl<Rep, C> fmt::Debug for ReplyFuture<Rep, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReplyFuture").finish_non_exhaustive()
    }
}

impl<Rep, C: Codec<Rep>> Future for ReplyFuture<Rep, C> {
    type Output = Result<Response<Rep>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.body.stream.receive().poll_end(context).is_pending() {
            ready!(this.body.poll_deadline(context));
        }
        Poll::Ready(whole_answer::<C, Rep>(&this.body.stream, this.limit))
    }
}

/// Where a caller sends the requests of a streaming call.
///
/// Requests go out in order, packed together where they are ready together. [`RequestSender::finish`] says that there
/// are no more; a sender dropped without it cancels the call, because requests cut short must not look complete.
pub struct RequestSender<Req> {
    stream: Arc<Stream>,
    encode: fn(&Req, &mut EncodeBuffer) -> Result<(), Status>,
    limit: usize,
    deadline: Option<Deadline>,
    /// Made when a send has to wait.
    sleep: Option<Pin<Box<Sleep>>>,
    finished: bool,
}

impl<Req> fmt::Debug for RequestSender<Req> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestSender").field("finished", &self.finished).finish_non_exhaustive()
    }
}

impl<Req> RequestSender<Req> {
    fn new(
        stream: Arc<Stream>,
        encode: fn(&Req, &mut EncodeBuffer) -> Result<(), Status>,
        limit: usize,
        deadline: Option<Deadline>,
    ) -> Self {
        Self { stream, encode, limit, deadline, sleep: None, finished: false }
    }

    /// Waits until the stream takes another request, or the deadline has passed.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if let Poll::Ready(ready) = self.stream.poll_ready(context) {
            return Poll::Ready(ready);
        }
        // The receiving half watches the deadline too, but nobody may be polling it.
        let Some(deadline) = self.deadline else { return Poll::Pending };
        ready!(self.sleep.get_or_insert_with(|| sleep_until(deadline)).as_mut().poll(context));
        self.deadline = None;
        time_out(&self.stream);
        self.stream.poll_ready(context)
    }

    /// Sends a request, waiting while more than 64 KiB wait to be sent: a server that does not read holds the sender up.
    ///
    /// # Errors
    ///
    /// The status the call has ended with, if it has; the receiving half says the same. RESOURCE_EXHAUSTED if the
    /// message is over `max_send_message_size`.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the request was not sent.
    pub async fn send(&mut self, request: Req) -> Result<(), Status> {
        poll_fn(|context| self.poll_ready(context)).await?;
        let encode = self.encode;
        self.stream.push_message(self.limit, |buffer| encode(&request, buffer))
    }

    /// Sends every request of `requests` until it ends.
    ///
    /// # Errors
    ///
    /// As [`RequestSender::send`].
    pub async fn send_all(&mut self, requests: impl Messages<Item = Req>) -> Result<(), Status> {
        let mut requests = std::pin::pin!(requests);
        while let Some(request) = poll_fn(|context| requests.as_mut().poll_next(context)).await {
            self.send(request).await?;
        }
        Ok(())
    }

    /// Says that there are no more requests (half-close). Replies still come.
    pub fn finish(mut self) {
        self.finished = true;
        self.stream.finish(SendEnd::HalfClose);
    }
}

impl<Req> Drop for RequestSender<Req> {
    fn drop(&mut self) {
        if !self.finished && !self.stream.receive().has_ended() {
            self.stream.fail(&Status::cancelled("the request sender was dropped before `finish`"));
            self.stream.cancel();
        }
    }
}
