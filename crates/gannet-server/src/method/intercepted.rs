//! Calls of methods that have interceptors, or whose replies are validated: the chain around a handler.
//!
//! Without these nothing here runs. Not here: the chain itself (`gannet-core`), and how a handler's future is
//! driven, which is the same with and without (`unary`, `streaming`).

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use gannet_core::{
    Call, Codec, Deadline, Interceptors, Metadata, MethodDescriptor, Request, Response, Running, Side,
    Status, Terminal,
};
use gannet_transport::now;

use super::checks::{Checks, until_invalid};
use super::pending::deadline_exceeded;
use super::streaming::{Answer, Launch, Start};
use super::{CallHead, MessageLimits, panicked};
use crate::connection::Stream;
use crate::service::Handle;

/// What a method needs to run its chain, and to check its messages.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) method: &'static MethodDescriptor,
    pub(crate) interceptors: Interceptors,
    pub(crate) checks: Option<Arc<Checks>>,
}

impl Chain {
    fn call(&self, head: CallHead) -> Call {
        let CallHead { metadata, deadline, connection, caller } = head;
        Call::new(Side::Server, self.method)
            .with(metadata, deadline, Some(connection))
            .with_caller(caller)
            .with_clock(now)
    }
}

/// Runs a handler that interceptors stand around: a panic becomes a status that they see, and a deadline that they have
/// brought nearer holds.
async fn guarded<R>(
    handler: impl Future<Output = Result<R, Status>>,
    deadline: Option<Deadline>,
) -> Result<R, Status> {
    let mut handler = pin!(handler);
    let caught = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
        Ok(polled) => polled,
        Err(payload) => Poll::Ready(Err(panicked(&*payload))),
    });
    match deadline {
        None => caught.await,
        Some(deadline) => tokio::time::timeout_at(deadline.instant().into(), caught)
            .await
            .unwrap_or_else(|_| Err(deadline_exceeded())),
    }
}

/// The deadline, if interceptors have changed it: the one that came with the call is watched already.
fn nearer(call: &Call, own: Option<Deadline>) -> Option<Deadline> {
    call.deadline().filter(|deadline| own != Some(*deadline))
}

/// What the handler gets of the call.
fn into_request<M>(call: &mut Call, message: M) -> Request<M> {
    let metadata = std::mem::take(call.metadata_mut());
    let extensions = std::mem::take(call.extensions_mut());
    Request::from_parts(message, metadata, call.deadline(), call.connection().cloned())
        .with_extensions(extensions)
}

/// Adds what the handler said to what interceptors have said.
fn add(to: &mut Metadata, more: Metadata) {
    if to.is_empty() {
        *to = more;
    } else {
        to.append_all(&more);
    }
}

/// A unary call through its chain.
pub(super) async fn unary<C, Req, Rep, T, F, Fut>(
    chain: Chain,
    head: CallHead,
    message: Bytes,
    service: Handle<T>,
    handler: F,
) -> Result<Response<Rep>, Status>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
    T: Send + Sync + 'static,
    F: Fn(Handle<T>, Request<Req>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send,
{
    let mut terminal = Unary::<C, Req, Rep, T, F> {
        message,
        deadline: head.deadline,
        checks: chain.checks.clone(),
        service,
        handler,
        reply: None,
        types: PhantomData,
    };
    let mut call = chain.call(head);
    let ran = chain.interceptors.run(&mut call, &mut terminal).await;
    let reply = match (ran, terminal.reply) {
        (Err(status), _) => Err(status),
        (Ok(()), Some(reply)) => Ok(reply),
        (Ok(()), None) => call.take_one_reply().and_then(|reply| {
            chain.checks.map_or(Ok(()), |checks| checks.reply(&reply))?;
            Ok(reply)
        }),
    };
    call.ended(&reply);
    let metadata = std::mem::take(call.response_metadata_mut());
    let trailers = std::mem::take(call.trailers_mut());
    reply.map(|reply| Response::from_parts(reply, metadata, trailers))
}

struct Unary<C, Req, Rep, T, F> {
    message: Bytes,
    deadline: Option<Deadline>,
    checks: Option<Arc<Checks>>,
    service: Handle<T>,
    handler: F,
    reply: Option<Rep>,
    types: PhantomData<fn() -> (C, Req)>,
}

impl<C, Req, Rep, T, F, Fut> Terminal for Unary<C, Req, Rep, T, F>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
    T: Send + Sync + 'static,
    F: Fn(Handle<T>, Request<Req>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Response<Rep>, Status>> + Send,
{
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        Box::pin(async move {
            let message = <C as Codec<Req>>::decode(std::mem::take(&mut self.message))?;
            let message = call.request_hooks().show::<C, Req>(message).await?;
            if let Some(checks) = &self.checks {
                checks.request(&message)?;
            }
            let deadline = nearer(call, self.deadline);
            let request = into_request(call, message);
            let (handler, service) = (&self.handler, self.service.clone());
            let response = guarded(async move { handler(service, request).await }, deadline).await?;
            let (reply, metadata, trailers) = response.into_parts();
            let reply = call.reply_hooks().show::<C, Rep>(reply).await?;
            if let Some(checks) = &self.checks {
                checks.reply(&reply)?;
            }
            self.reply = Some(reply);
            add(call.response_metadata_mut(), metadata);
            add(call.trailers_mut(), trailers);
            Ok(())
        })
    }
}

/// A streaming call through its chain; gives the trailers.
pub(super) async fn streaming(
    chain: Chain,
    head: CallHead,
    message: Option<Bytes>,
    limits: MessageLimits,
    stream: Arc<Stream>,
    launch: Launch,
    answer: Answer,
) -> Result<Metadata, Status> {
    let mut terminal = Streaming {
        message,
        deadline: head.deadline,
        limits,
        stream: Arc::clone(&stream),
        checks: chain.checks.clone(),
        launch,
        ran: false,
    };
    let mut call = chain.call(head);
    let mut outcome = chain.interceptors.run(&mut call, &mut terminal).await;
    if outcome.is_ok() && !terminal.ran {
        let metadata = std::mem::take(call.response_metadata_mut());
        if !metadata.is_empty() {
            stream.send().set_head(metadata);
        }
        outcome = answer(&mut call, &stream, limits, chain.checks.as_deref());
    }
    call.ended(&outcome);
    outcome.map(|()| std::mem::take(call.trailers_mut()))
}

struct Streaming {
    message: Option<Bytes>,
    deadline: Option<Deadline>,
    limits: MessageLimits,
    stream: Arc<Stream>,
    checks: Option<Arc<Checks>>,
    launch: Launch,
    /// The handler has run to a successful end: the replies are its.
    ran: bool,
}

impl Terminal for Streaming {
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        Box::pin(async move {
            let deadline = nearer(call, self.deadline);
            let request = into_request(call, ());
            let mut start = Start {
                stream: Arc::clone(&self.stream),
                limits: self.limits,
                request,
                message: self.message.take(),
                request_hooks: std::mem::take(call.request_hooks()),
                reply_hooks: std::mem::take(call.reply_hooks()),
                response_metadata: std::mem::take(call.response_metadata_mut()),
            };
            let invalid = start.validate(self.checks.as_deref());
            let mut handler = until_invalid((self.launch)(start)?, invalid);
            let stream = &self.stream;
            let running = poll_fn(|context| handler.as_mut().poll_handler(context, stream));
            let trailers = guarded(running, deadline).await?;
            add(call.trailers_mut(), trailers);
            self.ran = true;
            Ok(())
        })
    }
}
