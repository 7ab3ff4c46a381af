//! Unary methods: the straight line from a decoded request to an encoded reply.
//!
//! The handler's future lives in a box that the connection keeps: it is polled there, once, and when it is ready at once
//! (the common case) the box serves the next call. When it is not, the box moves to a task of its own.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use gannet_core::{Codec, Deadline, Metadata, Request, Response, Status};
use gannet_transport::now;
use pin_project_lite::pin_project;

use super::pending::{PendingCall, PendingHandler, deadline_exceeded};
use super::{
    CallHead, CallStart, Chain, ErasedMethod, MethodSlot, RunningCall, Started, intercepted, panicked,
};
use crate::connection::{Stream, fail, reply};
use crate::dispatch::{Dispatch, Pace};
use crate::service::Handle;

type Types<C, Req, Rep> = PhantomData<fn() -> (C, Req, Rep)>;

/// A unary method as all connections share it.
pub(crate) struct UnaryMethod<C, Req, Rep, T, F> {
    service: Arc<T>,
    handler: F,
    types: Types<C, Req, Rep>,
}

impl<C, Req, Rep, T, F> UnaryMethod<C, Req, Rep, T, F> {
    pub(crate) fn new(service: Arc<T>, handler: F) -> Self {
        Self { service, handler, types: PhantomData }
    }
}

impl<C, Req, Rep, T, F, Fut> ErasedMethod for UnaryMethod<C, Req, Rep, T, F>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
    T: Send + Sync + 'static,
    F: Fn(Handle<T>, Request<Req>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
{
    fn slot(&self, dispatch: Dispatch, chain: &Chain) -> Box<dyn MethodSlot> {
        let service = Handle::new(Arc::clone(&self.service));
        let handler = self.handler.clone();
        let (requests, replies) = match chain.checks.as_deref() {
            None => (None, None),
            Some(checks) => (checks.requests.clone(), checks.replies.as_ref()),
        };
        if chain.interceptors.is_empty() && replies.is_none() {
            return slot::<C, Rep, _, _>(dispatch, move |head, message| {
                let message = <C as Codec<Req>>::decode(message)?;
                if let Some(requests) = &requests {
                    requests.run(&message)?;
                }
                Ok(handler(service.clone(), head.into_request(message)))
            });
        }
        let chain = chain.clone();
        slot::<C, Rep, _, _>(dispatch, move |head, message| {
            let (chain, service, handler) = (chain.clone(), service.clone(), handler.clone());
            Ok(intercepted::unary::<C, Req, Rep, T, F, Fut>(chain, head, message, service, handler))
        })
    }
}

fn slot<C, Rep, L, Fut>(dispatch: Dispatch, launch: L) -> Box<dyn MethodSlot>
where
    C: Codec<Rep>,
    Rep: Send + 'static,
    L: Fn(CallHead, Bytes) -> Result<Fut, Status> + Send + 'static,
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
{
    Box::new(UnarySlot::<C, Rep, L, Fut> {
        launch,
        spare: None,
        pace: Pace::new(dispatch),
        codec: PhantomData,
    })
}

pin_project! {
    /// A unary handler's future, in a place that can be filled again.
    pub(crate) struct UnaryHandler<C, Rep, Fut> {
        #[pin]
        future: Option<Fut>,
        send_limit: usize,
        types: PhantomData<fn() -> (C, Rep)>,
    }
}

impl<C, Rep, Fut> UnaryHandler<C, Rep, Fut>
where
    Fut: Future<Output = Result<Response<Rep>, Status>>,
{
    fn poll_response(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Fut::Output> {
        match self.project().future.as_pin_mut() {
            Some(future) => future.poll(context),
            // Polled again after its end, which no caller does.
            None => Poll::Pending,
        }
    }
}

impl<C, Rep, Fut> PendingHandler for UnaryHandler<C, Rep, Fut>
where
    C: Codec<Rep>,
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send,
{
    fn poll_handler(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        stream: &Arc<Stream>,
    ) -> Poll<Result<Metadata, Status>> {
        let limit = self.send_limit;
        self.poll_response(context).map(|outcome| put_response::<C, Rep>(outcome?, stream, limit))
    }
}

/// Puts a call's only reply into its stream; gives the trailers back.
pub(super) fn put_response<C: Codec<Rep>, Rep>(
    response: Response<Rep>,
    stream: &Arc<Stream>,
    limit: usize,
) -> Result<Metadata, Status> {
    let (message, metadata, trailers) = response.into_parts();
    stream.send().set_head(metadata);
    stream.push_message(limit, |buffer| C::encode(&message, buffer))?;
    Ok(trailers)
}

/// A unary method as one connection calls it.
struct UnarySlot<C, Rep, L, Fut> {
    /// Makes the future of one call.
    launch: L,
    spare: Option<Pin<Box<UnaryHandler<C, Rep, Fut>>>>,
    pace: Pace,
    codec: PhantomData<fn() -> C>,
}

impl<C, Rep, L, Fut> UnarySlot<C, Rep, L, Fut>
where
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
{
    /// Polls the handler once where it is. `None`: it is not ready.
    fn poll_in_place(&mut self, place: Pin<&mut UnaryHandler<C, Rep, Fut>>) -> Option<Fut::Output> {
        let started = self.pace.samples().then(now);
        // Whatever the handler waits for is asked again by its own task, which is polled at once: no wake-up is lost.
        let mut context = Context::from_waker(Waker::noop());
        let polled = place.poll_response(&mut context);
        if let Some(started) = started {
            self.pace.record(now().saturating_duration_since(started));
        }
        match polled {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }
}

/// Gives a handler that is not ready a task of its own.
fn run(start: &CallStart<'_>, handler: Pin<Box<dyn PendingHandler>>, deadline: Option<Deadline>) -> Started {
    let stream = Stream::accepted(start.inbox.clone(), start.key);
    let task = PendingCall::spawn(handler, Arc::clone(&stream), deadline);
    Started::Running(RunningCall { stream, task, head_sent: false })
}

impl<C, Rep, L, Fut> MethodSlot for UnarySlot<C, Rep, L, Fut>
where
    C: Codec<Rep>,
    Rep: Send + 'static,
    L: Fn(CallHead, Bytes) -> Result<Fut, Status> + Send + 'static,
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
{
    fn start_with_message(&mut self, start: CallStart<'_>, head: CallHead, message: Bytes) -> Started {
        let deadline = head.deadline;
        if deadline.is_some_and(|deadline| deadline.remaining(start.link.now).is_none()) {
            fail(start.link, start.key, start.blocks, &deadline_exceeded());
            return Started::Answered;
        }
        let mut place = self.spare.take().unwrap_or_else(|| {
            Box::pin(UnaryHandler { future: None, send_limit: start.limits.send, types: PhantomData })
        });
        let in_place = self.pace.in_place();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let future = match (self.launch)(head, message) {
                Ok(future) => future,
                Err(status) => return Some(Err(status)),
            };
            place.as_mut().project().future.set(Some(future));
            if in_place { self.poll_in_place(place.as_mut()) } else { None }
        }));
        match outcome {
            Ok(None) => {
                if !in_place {
                    self.pace.samples();
                    self.pace.spawned();
                }
                return run(&start, place, deadline);
            }
            Ok(Some(Ok(response))) => {
                reply::<C, Rep>(start.link, start.key, start.blocks, response, start.limits.send);
            }
            Ok(Some(Err(status))) => fail(start.link, start.key, start.blocks, &status),
            Err(payload) => fail(start.link, start.key, start.blocks, &panicked(&*payload)),
        }
        // What the handler held is dropped now; a panic in that is a panic of the handler, answered already.
        if catch_unwind(AssertUnwindSafe(|| place.as_mut().project().future.set(None))).is_ok() {
            self.spare = Some(place);
        }
        Started::Answered
    }

    fn start_streaming(&mut self, start: CallStart<'_>, _: CallHead) -> Started {
        // The connection gathers the message of a unary call before it starts it.
        fail(
            start.link,
            start.key,
            start.blocks,
            &Status::internal("a unary method was started without its message"),
        );
        Started::Answered
    }
}
