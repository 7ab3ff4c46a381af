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
    Body, Codec, Deadline, EncodeBuffer, HookedMessages, MessageHooks, Metadata, MethodCheck,
    MethodDescriptor, Request, Response, Status, Streaming,
};
use gannet_transport::{SendEnd, StreamBody};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use super::around::{self, AroundBody};
use super::options::{CallOptions, call_options};
use super::unary::deadline_exceeded;
use super::{CallHead, checked, push_check, submit_when_ready, whole_answer};
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
    Req: Send + 'static,
    Rep: Send + 'static,
{
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor) -> Self {
        Self { channel: channel.clone(), method, options: CallOptions::default(), types: PhantomData }
    }

    call_options!();

    /// Opens the call without waiting for anything: requests may be sent at once, from one task, while another receives.
    pub fn open(self) -> (RequestSender<Req>, Streaming<Rep>) {
        let Self { channel, method, options, .. } = self;
        if is_around(&channel, &options) {
            let (sender, body) = open_around::<Req, Rep, C>(&channel, method, options, None, false);
            return (sender, around::replies::<Rep, C>(body, channel.settings().max_receive));
        }
        let deadline = options.deadline;
        let (stream, body) = open(&channel, method, options, false, |_| Ok(()));
        let replies = replies::<Rep, C>(&channel, method, &stream, body);
        (RequestSender::plain::<C>(&channel, method, stream, deadline), replies)
    }
}

impl<Req, Rep, C> ServerStreamingCall<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor, request: Request<Req>) -> Self {
        let (message, options) = CallOptions::of(request);
        Self { channel: channel.clone(), method, message, options, types: PhantomData }
    }

    call_options!();

    /// Sends the request and gives the replies, without waiting for the first.
    pub fn open(self) -> Streaming<Rep> {
        let Self { channel, method, message, options, .. } = self;
        if is_around(&channel, &options) {
            let (mut sender, body) =
                open_around::<Req, Rep, C>(&channel, method, options, Some(message), false);
            // Dropping it is not a word about the call: the request is the chain's to send.
            sender.finished = true;
            return around::replies::<Rep, C>(body, channel.settings().max_receive);
        }
        let send_limit = channel.settings().max_send;
        let (stream, body) = open(&channel, method, options, false, |stream| {
            channel.check_request(method, &message)?;
            stream.push_message(send_limit, |buffer| <C as Codec<Req>>::encode(&message, buffer))?;
            stream.finish(SendEnd::HalfClose);
            Ok(())
        });
        replies::<Rep, C>(&channel, method, &stream, body)
    }
}

impl<Req, Rep, C> ClientStreamingCall<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor) -> Self {
        Self { channel: channel.clone(), method, options: CallOptions::default(), types: PhantomData }
    }

    call_options!();

    /// Opens the call without waiting for anything: send the requests, finish, then await the reply.
    pub fn open(self) -> (RequestSender<Req>, ReplyFuture<Rep, C>) {
        let Self { channel, method, options, .. } = self;
        let limit = channel.settings().max_receive;
        if is_around(&channel, &options) {
            let (sender, body) = open_around::<Req, Rep, C>(&channel, method, options, None, true);
            let reply = body.reply::<Rep, C>(limit);
            return (sender, ReplyFuture { state: ReplyState::Around(Box::pin(reply)) });
        }
        let deadline = options.deadline;
        let (stream, body) = open(&channel, method, options, true, |_| Ok(()));
        let sender = RequestSender::plain::<C>(&channel, method, stream, deadline);
        let check = channel.reply_check(method);
        let reply = ReplyFuture { state: ReplyState::Plain { body, limit, check, codec: PhantomData } };
        (sender, reply)
    }
}

/// Whether a call has anything around it.
fn is_around(channel: &Channel, options: &CallOptions) -> bool {
    channel.around().is_some() || !options.credentials.is_empty()
}

/// Opens a stream through interceptors and credentials; `message` is the request of a method that takes one.
fn open_around<Req, Rep, C>(
    channel: &Channel,
    method: &'static MethodDescriptor,
    options: CallOptions,
    message: Option<Req>,
    whole: bool,
) -> (RequestSender<Req>, AroundBody)
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    let deadline = options.deadline;
    let stream = Stream::unopened(whole);
    let opened = around::open::<Req, Rep, C>(channel.clone(), method, options, &stream, message);
    let body = CallBody::new(&stream, deadline, None);
    let limit = channel.settings().max_send;
    let mut sender = RequestSender::new(stream, <C as Codec<Req>>::encode, limit, deadline);
    sender.hooks = Some(Box::new(SenderHooks::Awaited(opened.request_hooks, HookedMessages::new::<C>)));
    (sender, AroundBody::new(body, opened.chain, opened.receiving))
}

/// Opens a stream; `first` may put something into it before it goes out.
fn open(
    channel: &Channel,
    method: &'static MethodDescriptor,
    options: CallOptions,
    whole: bool,
    first: impl FnOnce(&Arc<Stream>) -> Result<(), Status>,
) -> (Arc<Stream>, CallBody) {
    let CallOptions { metadata, deadline, wait_for_ready, fault, .. } = options;
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

/// The replies of a call with nothing around it.
fn replies<Rep, C>(
    channel: &Channel,
    method: &'static MethodDescriptor,
    stream: &Arc<Stream>,
    body: CallBody,
) -> Streaming<Rep>
where
    C: Codec<Rep>,
    Rep: Send + 'static,
{
    let mut hooks = MessageHooks::new();
    push_check(&mut hooks, channel.reply_check(method), stream);
    Streaming::new(Box::new(body), <C as Codec<Rep>>::decode, channel.settings().max_receive)
        .with_hooks(HookedMessages::new::<C>(hooks))
}

/// The receiving side of a call: the stream's, held to the call's deadline.
pub(super) struct CallBody {
    pub(super) stream: Arc<Stream>,
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
    pub(super) fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        ready!(sleep.as_mut().poll(context));
        self.sleep = None;
        time_out(&self.stream);
        self.abort();
        Poll::Ready(())
    }
}

impl CallBody {
    /// Does not wait for a connection any more.
    fn abort(&self) {
        if let Some(connecting) = &self.connecting {
            connecting.abort();
        }
    }
}

impl Drop for CallBody {
    fn drop(&mut self) {
        self.abort();
    }
}

pub(super) fn sleep_until(deadline: Deadline) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep_until(deadline.instant().into()))
}

/// Ends a call in both directions because its deadline has passed.
#[cold]
pub(super) fn time_out(stream: &Arc<Stream>) {
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
    state: ReplyState<Rep, C>,
}

enum ReplyState<Rep, C> {
    Plain {
        body: CallBody,
        limit: usize,
        check: Option<MethodCheck>,
        codec: PhantomData<fn() -> C>,
    },
    /// Through interceptors.
    Around(Pin<Box<dyn Future<Output = Result<Response<Rep>, Status>> + Send>>),
}

impl<Rep, C> fmt::Debug for ReplyFuture<Rep, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReplyFuture").finish_non_exhaustive()
    }
}

impl<Rep: 'static, C: Codec<Rep>> Future for ReplyFuture<Rep, C> {
    type Output = Result<Response<Rep>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().state {
            ReplyState::Plain { body, limit, check, .. } => {
                if body.stream.receive().poll_end(context).is_pending() {
                    ready!(body.poll_deadline(context));
                }
                Poll::Ready(checked(whole_answer::<C, Rep>(&body.stream, *limit), check.as_ref()))
            }
            ReplyState::Around(reply) => reply.as_mut().poll(context),
        }
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
    hooks: Option<Box<SenderHooks<Req>>>,
}

/// What interceptors want to see of the requests.
enum SenderHooks<Req> {
    /// Known once the interceptors have let the call pass.
    Awaited(oneshot::Receiver<MessageHooks>, fn(MessageHooks) -> Option<Box<HookedMessages<Req>>>),
    Known(Option<Box<HookedMessages<Req>>>),
}

impl<Req> fmt::Debug for RequestSender<Req> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestSender").field("finished", &self.finished).finish_non_exhaustive()
    }
}

impl<Req: Send + 'static> RequestSender<Req> {
    /// For a call with nothing around it.
    fn plain<C: Codec<Req>>(
        channel: &Channel,
        method: &'static MethodDescriptor,
        stream: Arc<Stream>,
        deadline: Option<Deadline>,
    ) -> Self {
        let mut hooks = MessageHooks::new();
        push_check(&mut hooks, channel.request_check(method), &stream);
        let mut sender = Self::new(stream, C::encode, channel.settings().max_send, deadline);
        if !hooks.is_empty() {
            sender.hooks = Some(Box::new(SenderHooks::Known(HookedMessages::new::<C>(hooks))));
        }
        sender
    }
}

impl<Req> RequestSender<Req> {
    fn new(
        stream: Arc<Stream>,
        encode: fn(&Req, &mut EncodeBuffer) -> Result<(), Status>,
        limit: usize,
        deadline: Option<Deadline>,
    ) -> Self {
        Self { stream, encode, limit, deadline, sleep: None, finished: false, hooks: None }
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
    /// Where the channel validates, INVALID_ARGUMENT for a request that breaks rules. It was not sent; others may be, unless
    /// the validation ends streams.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the request was not sent.
    pub async fn send(&mut self, request: Req) -> Result<(), Status> {
        poll_fn(|context| self.poll_ready(context)).await?;
        let request = match self.hooks {
            None => request,
            Some(_) => self.show(request).await?,
        };
        let encode = self.encode;
        self.stream.push_message(self.limit, |buffer| encode(&request, buffer))
    }

    /// Waits until the interceptors have let the call pass and said what they want to see, or its deadline has passed.
    fn poll_hooks(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(SenderHooks::Awaited(known, typed)) = self.hooks.as_deref_mut() {
            if let Poll::Ready(known) = Pin::new(known).poll(context) {
                // If no interceptor lets the call pass, the stream says why.
                self.hooks = Some(Box::new(SenderHooks::Known(known.ok().and_then(*typed))));
                return Poll::Ready(());
            }
            let Some(deadline) = self.deadline else { return Poll::Pending };
            ready!(self.sleep.get_or_insert_with(|| sleep_until(deadline)).as_mut().poll(context));
            self.deadline = None;
            time_out(&self.stream);
        }
        Poll::Ready(())
    }

    /// Shows a request to the interceptors' hooks, once these are known.
    async fn show(&mut self, request: Req) -> Result<Req, Status> {
        poll_fn(|context| self.poll_hooks(context)).await;
        let Some(SenderHooks::Known(Some(hooks))) = self.hooks.as_deref_mut() else { return Ok(request) };
        let shown = hooks.show(request).await;
        if let Err(status) = &shown
            && !hooks.spares_call()
        {
            // What a hook refuses ends the call; the receiving half says the same.
            self.stream.fail(status);
            self.stream.cancel();
        }
        shown
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
