//! Unary calls: a request, an awaited reply.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use gannet_core::{Codec, MethodCheck, MethodDescriptor, Request, Response, Status};
use gannet_transport::SendEnd;
use tokio::time::Sleep;

use super::options::{CallOptions, call_options};
use super::streaming::sleep_until;
use super::{CallHead, around, checked, submit, whole_answer};
use crate::channel::{Channel, ConnectionHandle};
use crate::connection::Stream;

/// A unary call, not sent yet: set it up, then await it.
///
/// # Cancel safety
///
/// Dropping the future cancels the call on both sides.
#[must_use = "a call is sent when it is awaited"]
pub struct UnaryCall<Req, Rep, C> {
    channel: Channel,
    method: &'static MethodDescriptor,
    message: Req,
    options: CallOptions,
    types: PhantomData<fn() -> (Rep, C)>,
}

impl<Req, Rep, C> fmt::Debug for UnaryCall<Req, Rep, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UnaryCall").field("method", &self.method.path).finish_non_exhaustive()
    }
}

impl<Req, Rep, C> UnaryCall<Req, Rep, C> {
    /// A call of `method` through `channel`. Generated clients make it.
    pub fn new(channel: &Channel, method: &'static MethodDescriptor, request: Request<Req>) -> Self {
        let (message, options) = CallOptions::of(request);
        Self { channel: channel.clone(), method, message, options, types: PhantomData }
    }

    call_options!();
}

impl<Req, Rep, C> IntoFuture for UnaryCall<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    type Output = Result<Response<Rep>, Status>;
    type IntoFuture = UnaryFuture<Rep, C>;

    fn into_future(self) -> UnaryFuture<Rep, C> {
        let Self { channel, method, message, mut options, .. } = self;
        if channel.around().is_none() && options.credentials.is_empty() {
            if options.fault.is_none() {
                options.fault = channel.check_request(method, &message).err();
            }
            let reply_check = channel.reply_check(method).map(Box::new);
            let mut call = UnaryFuture::new(channel, method, &message, options);
            call.reply_check = reply_check;
            return call;
        }
        let sleep = options.deadline.map(sleep_until);
        let around = Box::pin(around::unary::<Req, Rep, C>(channel, method, message, options));
        let stream = Stream::unopened(true);
        UnaryFuture {
            state: State::Around(around),
            stream,
            sleep,
            limit: 0,
            reply_check: None,
            types: PhantomData,
        }
    }
}

impl<Rep, C> UnaryFuture<Rep, C> {
    /// The call itself, without interceptors and credentials.
    pub(super) fn new<Req>(
        channel: Channel,
        method: &'static MethodDescriptor,
        message: &Req,
        options: CallOptions,
    ) -> Self
    where
        C: Codec<Req>,
    {
        let CallOptions { metadata, deadline, wait_for_ready, fault, .. } = options;
        let stream = Stream::unopened(true);
        let settings = channel.settings();
        let limit = settings.max_receive;
        let encoded = match fault {
            Some(status) => Err(status),
            None => {
                stream.push_message(settings.max_send, |buffer| <C as Codec<Req>>::encode(message, buffer))
            }
        };
        let state = match encoded {
            Ok(()) => {
                stream.finish(SendEnd::HalfClose);
                let head = CallHead { method, metadata, deadline, whole_limit: Some(limit) };
                State::Start { channel, head, wait_for_ready }
            }
            Err(status) => State::Refused(status),
        };
        let sleep = deadline.map(sleep_until);
        UnaryFuture { state, stream, sleep, limit, reply_check: None, types: PhantomData }
    }
}

/// A unary call under way.
#[must_use = "a call is sent when it is awaited"]
pub struct UnaryFuture<Rep, C> {
    state: State<Rep>,
    stream: Arc<Stream>,
    sleep: Option<Pin<Box<Sleep>>>,
    limit: usize,
    reply_check: Option<Box<MethodCheck>>,
    types: PhantomData<fn() -> (Rep, C)>,
}

type Connecting = Pin<Box<dyn Future<Output = Result<Arc<ConnectionHandle>, Status>> + Send>>;

type Around<Rep> = Pin<Box<dyn Future<Output = Result<Response<Rep>, Status>> + Send>>;

enum State<Rep> {
    /// The call runs through interceptors.
    Around(Around<Rep>),
    /// Something about the call is wrong; it will not be sent.
    Refused(Status),
    /// Not polled yet.
    Start { channel: Channel, head: CallHead, wait_for_ready: bool },
    /// The channel is connecting.
    Connecting { connecting: Connecting, head: CallHead },
    /// The connection has it.
    Sent,
    /// Answered.
    Done,
}

impl<Rep, C> fmt::Debug for UnaryFuture<Rep, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UnaryFuture").finish_non_exhaustive()
    }
}

impl<Rep: 'static, C: Codec<Rep>> UnaryFuture<Rep, C> {
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<Response<Rep>, Status>> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Around(mut around) => {
                    let polled = around.as_mut().poll(context);
                    if polled.is_pending() {
                        self.state = State::Around(around);
                    }
                    return polled;
                }
                State::Refused(status) => return Poll::Ready(Err(status)),
                State::Start { channel, head, wait_for_ready } => match channel.pick(wait_for_ready) {
                    Some(Ok(handle)) => {
                        submit(head, &self.stream, &handle);
                        self.state = State::Sent;
                    }
                    Some(Err(status)) => return Poll::Ready(Err(status)),
                    None => {
                        let connecting = Box::pin(async move { channel.wait(wait_for_ready).await });
                        self.state = State::Connecting { connecting, head };
                    }
                },
                State::Connecting { mut connecting, head } => match connecting.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = State::Connecting { connecting, head };
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(handle)) => {
                        submit(head, &self.stream, &handle);
                        self.state = State::Sent;
                    }
                    Poll::Ready(Err(status)) => return Poll::Ready(Err(status)),
                },
                State::Sent => {
                    self.state = State::Sent;
                    ready!(self.stream.receive().poll_end(context));
                    self.state = State::Done;
                    let answer = whole_answer::<C, Rep>(&self.stream, self.limit);
                    return Poll::Ready(checked(answer, self.reply_check.as_deref()));
                }
                State::Done => return Poll::Pending,
            }
        }
    }
}

impl<Rep: 'static, C: Codec<Rep>> Future for UnaryFuture<Rep, C> {
    type Output = Result<Response<Rep>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Poll::Ready(answer) = this.poll_answer(context) {
            return Poll::Ready(answer);
        }
        if let Some(sleep) = &mut this.sleep {
            ready!(sleep.as_mut().poll(context));
            let waited_for = match this.state {
                State::Connecting { .. } => "a connection",
                _ => "the answer",
            };
            this.cancel();
            return Poll::Ready(Err(deadline_exceeded(waited_for)));
        }
        Poll::Pending
    }
}

impl<Rep, C> UnaryFuture<Rep, C> {
    fn cancel(&mut self) {
        if matches!(std::mem::replace(&mut self.state, State::Done), State::Sent) {
            self.stream.cancel();
        }
    }
}

impl<Rep, C> Drop for UnaryFuture<Rep, C> {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cold]
pub(super) fn deadline_exceeded(waited_for: &str) -> Status {
    Status::deadline_exceeded(format!("the deadline passed while the call waited for {waited_for}"))
}
