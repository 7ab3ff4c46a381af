//! Streaming methods: the handler has a task of its own from the start.
//!
//! All three shapes are one type: they differ in what the handler is given (one message or a stream of them) and in
//! what its outcome means.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gannet_core::{
    Call, Codec, HookedMessages, MessageHooks, Metadata, Request, Response, Status, Streaming,
};
use gannet_transport::StreamBody;
use pin_project_lite::pin_project;

use super::checks::{Checks, Invalid, until_invalid};
use super::pending::{PendingCall, PendingHandler, deadline_exceeded};
use super::unary::put_response;
use super::{
    CallHead, CallStart, Chain, ErasedMethod, MessageLimits, MethodSlot, RunningCall, Started, intercepted,
};
use crate::connection::{Stream, fail};
use crate::dispatch::Dispatch;
use crate::replies::Replies;
use crate::service::Handle;

/// Makes the handler of one call.
pub(super) type Launch = Arc<dyn Fn(Start) -> Result<BoxedHandler, Status> + Send + Sync>;

/// Sends the replies that interceptors gave in place of the handler.
pub(super) type Answer = fn(&mut Call, &Arc<Stream>, MessageLimits, Option<&Checks>) -> Result<(), Status>;

pub(super) type BoxedHandler = Pin<Box<dyn PendingHandler>>;

/// What a handler starts with.
pub(super) struct Start {
    pub(super) stream: Arc<Stream>,
    pub(super) limits: MessageLimits,
    pub(super) request: Request<()>,
    /// The request message, of a method that takes one.
    pub(super) message: Option<Bytes>,
    pub(super) request_hooks: MessageHooks,
    pub(super) reply_hooks: MessageHooks,
    pub(super) response_metadata: Metadata,
}

impl Start {
    /// Has the call's messages checked.
    pub(super) fn validate(&mut self, checks: Option<&Checks>) -> Invalid {
        checks?.attach(&mut self.request_hooks, &mut self.reply_hooks)
    }
}

/// A streaming method as all connections share it.
pub(crate) struct StreamingMethod {
    launch: Launch,
    answer: Answer,
}

impl StreamingMethod {
    /// Many requests, one reply.
    pub(crate) fn client_streaming<C, Req, Rep, T, F, Fut>(service: &Arc<T>, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        T: Send + Sync + 'static,
        F: Fn(Handle<T>, Request<Streaming<Req>>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
    {
        let service = Handle::new(Arc::clone(service));
        Self {
            launch: Arc::new(move |start| {
                let (handler, service) = (handler.clone(), service.clone());
                let Start { stream, limits, request, request_hooks, mut reply_hooks, .. } = start;
                let mut response_metadata = start.response_metadata;
                let requests = request.map(|()| requests::<C, Req>(&stream, limits, request_hooks));
                Ok(boxed(async move {
                    let mut response = handler(service, requests).await?;
                    if !reply_hooks.is_empty() {
                        let (reply, metadata, trailers) = response.into_parts();
                        let reply = reply_hooks.show::<C, Rep>(reply).await?;
                        response = Response::from_parts(reply, metadata, trailers);
                    }
                    if !response_metadata.is_empty() {
                        response_metadata.append_all(response.metadata());
                        *response.metadata_mut() = response_metadata;
                    }
                    put_response::<C, Rep>(response, &stream, limits.send)
                }))
            }),
            answer: answer::<C, Rep, true>,
        }
    }

    /// One request, many replies.
    pub(crate) fn server_streaming<C, Req, Rep, T, F, Fut>(service: &Arc<T>, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        T: Send + Sync + 'static,
        F: Fn(Handle<T>, Request<Req>, Replies<Rep>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let service = Handle::new(Arc::clone(service));
        Self {
            launch: Arc::new(move |mut start| {
                let (handler, service) = (handler.clone(), service.clone());
                let message = <C as Codec<Req>>::decode(start.message.take().unwrap_or_default())?;
                Ok(boxed(async move {
                    let message = start.request_hooks.show::<C, Req>(message).await?;
                    let replies = replies::<C, Rep>(start.stream, start.limits, start.reply_hooks);
                    let replies = replies.with_metadata(start.response_metadata);
                    let request = start.request.map(|()| message);
                    handler(service, request, replies).await.map(|()| Metadata::new())
                }))
            }),
            answer: answer::<C, Rep, false>,
        }
    }

    /// Many requests, many replies.
    pub(crate) fn bidirectional<C, Req, Rep, T, F, Fut>(service: &Arc<T>, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        T: Send + Sync + 'static,
        F: Fn(Handle<T>, Request<Streaming<Req>>, Replies<Rep>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let service = Handle::new(Arc::clone(service));
        Self {
            launch: Arc::new(move |start| {
                let (handler, service) = (handler.clone(), service.clone());
                let Start { stream, limits, request, request_hooks, reply_hooks, .. } = start;
                let requests = request.map(|()| requests::<C, Req>(&stream, limits, request_hooks));
                let replies = replies::<C, Rep>(stream, limits, reply_hooks);
                let replies = replies.with_metadata(start.response_metadata);
                Ok(boxed(async move { handler(service, requests, replies).await.map(|()| Metadata::new()) }))
            }),
            answer: answer::<C, Rep, false>,
        }
    }
}

fn requests<C: Codec<Req>, Req: Send + 'static>(
    stream: &Arc<Stream>,
    limits: MessageLimits,
    hooks: MessageHooks,
) -> Streaming<Req> {
    let body = StreamBody::new(Arc::clone(stream), false);
    Streaming::new(Box::new(body), <C as Codec<Req>>::decode, limits.receive)
        .with_hooks(HookedMessages::new::<C>(hooks))
}

fn replies<C: Codec<Rep>, Rep: Send + 'static>(
    stream: Arc<Stream>,
    limits: MessageLimits,
    hooks: MessageHooks,
) -> Replies<Rep> {
    Replies::new(stream, <C as Codec<Rep>>::encode, limits.send, HookedMessages::new::<C>(hooks))
}

/// Sends the replies that interceptors gave; `ONE` for a method that has exactly one.
fn answer<C: Codec<Rep>, Rep: 'static, const ONE: bool>(
    call: &mut Call,
    stream: &Arc<Stream>,
    limits: MessageLimits,
    checks: Option<&Checks>,
) -> Result<(), Status> {
    let mut sent = 0;
    while let Some(reply) = call.take_reply::<Rep>()? {
        checks.map_or(Ok(()), |checks| checks.reply(&reply))?;
        stream.push_message(limits.send, |buffer| C::encode(&reply, buffer))?;
        sent += 1;
    }
    if ONE && sent != 1 {
        return Err(Status::internal(format!(
            "interceptors answered {} with {sent} replies, but it has one",
            call.method().path
        )));
    }
    Ok(())
}

fn boxed(future: impl Future<Output = Result<Metadata, Status>> + Send + 'static) -> BoxedHandler {
    Box::pin(StreamingHandler { future })
}

pin_project! {
    /// A streaming handler's future; it has put its replies into the stream itself.
    struct StreamingHandler<Fut> {
        #[pin]
        future: Fut,
    }
}

impl<Fut: Future<Output = Result<Metadata, Status>> + Send> PendingHandler for StreamingHandler<Fut> {
    fn poll_handler(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _: &Arc<Stream>,
    ) -> Poll<Result<Metadata, Status>> {
        Poll::Ready(ready!(self.project().future.poll(context)))
    }
}

impl ErasedMethod for StreamingMethod {
    fn slot(&self, _: Dispatch, chain: &Chain) -> Box<dyn MethodSlot> {
        Box::new(StreamingSlot {
            launch: Arc::clone(&self.launch),
            checks: chain.checks.clone(),
            chain: (!chain.interceptors.is_empty()).then(|| (chain.clone(), self.answer)),
        })
    }
}

/// A streaming method as one connection calls it.
struct StreamingSlot {
    launch: Launch,
    checks: Option<Arc<Checks>>,
    chain: Option<(Chain, Answer)>,
}

impl StreamingSlot {
    fn start(&self, start: &mut CallStart<'_>, head: CallHead, message: Option<Bytes>) -> Started {
        let deadline = head.deadline;
        if deadline.is_some_and(|deadline| deadline.remaining(start.link.now).is_none()) {
            fail(start.link, start.key, start.blocks, &deadline_exceeded());
            return Started::Answered;
        }
        let stream = Stream::accepted(start.inbox.clone(), start.key);
        match self.handler(&stream, start.limits, head, message) {
            Ok(handler) => {
                let task = PendingCall::spawn(handler, Arc::clone(&stream), deadline);
                Started::Running(RunningCall { stream, task, head_sent: false })
            }
            Err(status) => {
                fail(start.link, start.key, start.blocks, &status);
                Started::Answered
            }
        }
    }

    fn handler(
        &self,
        stream: &Arc<Stream>,
        limits: MessageLimits,
        head: CallHead,
        message: Option<Bytes>,
    ) -> Result<BoxedHandler, Status> {
        let (stream, launch) = (Arc::clone(stream), &self.launch);
        if let Some((chain, answer)) = &self.chain {
            let (chain, launch) = (chain.clone(), Arc::clone(launch));
            let running = intercepted::streaming(chain, head, message, limits, stream, launch, *answer);
            return Ok(boxed(running));
        }
        let mut start = Start {
            stream,
            limits,
            request: head.into_request(()),
            message,
            request_hooks: MessageHooks::new(),
            reply_hooks: MessageHooks::new(),
            response_metadata: Metadata::new(),
        };
        let invalid = start.validate(self.checks.as_deref());
        Ok(until_invalid(launch(start)?, invalid))
    }
}

impl MethodSlot for StreamingSlot {
    fn start_with_message(&mut self, mut start: CallStart<'_>, head: CallHead, message: Bytes) -> Started {
        self.start(&mut start, head, Some(message))
    }

    fn start_streaming(&mut self, mut start: CallStart<'_>, head: CallHead) -> Started {
        self.start(&mut start, head, None)
    }
}
