//! Streaming methods: the handler has a task of its own from the start.
//!
//! All three shapes are one type: they differ in what the handler is given (one message or a stream of them) and in
//! what its outcome means.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gannet_core::{Codec, Metadata, Request, Response, Status, Streaming};
use gannet_transport::StreamBody;
use pin_project_lite::pin_project;

use super::pending::{PendingCall, PendingHandler, deadline_exceeded};
use super::unary::put_response;
use super::{CallHead, CallStart, ErasedMethod, MessageLimits, MethodSlot, RunningCall, Started};
use crate::connection::{Stream, fail};
use crate::dispatch::Dispatch;
use crate::replies::Replies;
use crate::service::Handle;

/// Makes the handler of one call, from its one message or from none.
type Launch = Arc<
    dyn Fn(&Arc<Stream>, CallHead, Option<Bytes>, MessageLimits) -> Result<BoxedHandler, Status>
        + Send
        + Sync,
>;

type BoxedHandler = Pin<Box<dyn PendingHandler>>;

/// A streaming method as all connections share it.
pub(crate) struct StreamingMethod {
    launch: Launch,
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
            launch: Arc::new(move |stream, head, _, limits| {
                let requests = head.into_request(requests::<C, Req>(stream, limits));
                let (handler, service, reply_to) = (handler.clone(), service.clone(), Arc::clone(stream));
                Ok(boxed(async move {
                    let response = handler(service, requests).await?;
                    put_response::<C, Rep>(response, &reply_to, limits.send)
                }))
            }),
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
            launch: Arc::new(move |stream, head, message, limits| {
                let request = head.into_request(<C as Codec<Req>>::decode(message.unwrap_or_default())?);
                let (handler, service) = (handler.clone(), service.clone());
                let replies = replies::<C, Rep>(stream, limits);
                Ok(boxed(async move { handler(service, request, replies).await.map(|()| Metadata::new()) }))
            }),
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
            launch: Arc::new(move |stream, head, _, limits| {
                let requests = head.into_request(requests::<C, Req>(stream, limits));
                let (handler, service) = (handler.clone(), service.clone());
                let replies = replies::<C, Rep>(stream, limits);
                Ok(boxed(async move { handler(service, requests, replies).await.map(|()| Metadata::new()) }))
            }),
        }
    }
}

fn requests<C: Codec<Req>, Req: Send + 'static>(
    stream: &Arc<Stream>,
    limits: MessageLimits,
) -> Streaming<Req> {
    let body = StreamBody::new(Arc::clone(stream), false);
    Streaming::new(Box::new(body), <C as Codec<Req>>::decode, limits.receive)
}

fn replies<C: Codec<Rep>, Rep: Send + 'static>(stream: &Arc<Stream>, limits: MessageLimits) -> Replies<Rep> {
    Replies::new(Arc::clone(stream), <C as Codec<Rep>>::encode, limits.send)
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
    fn slot(&self, _: Dispatch) -> Box<dyn MethodSlot> {
        Box::new(StreamingSlot { launch: Arc::clone(&self.launch) })
    }
}

/// A streaming method as one connection calls it.
struct StreamingSlot {
    launch: Launch,
}

impl StreamingSlot {
    fn start(&self, start: &mut CallStart<'_>, head: CallHead, message: Option<Bytes>) -> Started {
        let deadline = head.deadline;
        if deadline.is_some_and(|deadline| deadline.remaining(start.link.now).is_none()) {
            fail(start.link, start.key, start.blocks, &deadline_exceeded());
            return Started::Answered;
        }
        let stream = Stream::accepted(start.inbox.clone(), start.key);
        match (self.launch)(&stream, head, message, start.limits) {
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
}

impl MethodSlot for StreamingSlot {
    fn start_with_message(&mut self, mut start: CallStart<'_>, head: CallHead, message: Bytes) -> Started {
        self.start(&mut start, head, Some(message))
    }

    fn start_streaming(&mut self, mut start: CallStart<'_>, head: CallHead) -> Started {
        self.start(&mut start, head, None)
    }
}
