//! Calls with something around them: interceptors and call credentials.
//!
//! A unary call runs through the chain on its caller's task. A streaming call is opened without waiting, so its chain
//! has a task of its own: it lets the call pass, and learns its end from the half that receives. Without interceptors
//! and credentials nothing here runs. Not here: the chain itself (`gannet-core`).

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use gannet_core::{
    Body, Call, Caller, Codec, CredentialsRequest, Deadline, ErasedCallCredentials, Interceptors,
    MessageHooks, Metadata, MethodDescriptor, Response, Running, Side, Status, Streaming, Terminal,
};
use gannet_transport::{SendEnd, append_message, now};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::options::CallOptions;
use super::streaming::{CallBody, time_out};
use super::unary::UnaryFuture;
use super::{CallHead, push_check, submit, whole_answer};
use crate::channel::Channel;
use crate::connection::Stream;

/// The view of a call that interceptors get.
fn view(channel: &Channel, method: &'static MethodDescriptor, options: &mut CallOptions) -> Call {
    let settings = channel.settings();
    let caller = Caller {
        authority: settings.authority.as_str().into(),
        user_agent: settings.user_agent.as_str().into(),
    };
    Call::new(Side::Client, method)
        .with(std::mem::take(&mut options.metadata), options.deadline, None)
        .with_caller(Some(Arc::new(caller)))
        .with_extensions(std::mem::take(&mut options.extensions))
        .with_clock(now)
}

fn interceptors(channel: &Channel) -> Interceptors {
    channel.around().map(|around| around.interceptors.clone()).unwrap_or_default()
}

/// The metadata of a call, with its credentials behind it.
async fn with_credentials(
    channel: &Channel,
    call: &mut Call,
    own: &[Arc<dyn ErasedCallCredentials>],
) -> Result<Metadata, Status> {
    let mut metadata = std::mem::take(call.metadata_mut());
    let of_channel = channel.around().map_or(&[][..], |around| &around.credentials);
    if of_channel.is_empty() && own.is_empty() {
        return Ok(metadata);
    }
    let authority = &channel.settings().authority;
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    let audience = format!("https://{host}/{}", call.method().service);
    let request = CredentialsRequest::new(call.method(), &audience);
    for credentials in of_channel.iter().chain(own) {
        channel
            .may_carry(&**credentials)
            .map_err(|why| Status::unauthenticated(format!("the call was not sent: {why}")))?;
        metadata.append_all(&credentials.metadata_erased(&request).await?);
    }
    Ok(metadata)
}

/// A unary call through its chain.
pub(super) async fn unary<Req, Rep, C>(
    channel: Channel,
    method: &'static MethodDescriptor,
    message: Req,
    mut options: CallOptions,
) -> Result<Response<Rep>, Status>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    if let Some(fault) = options.fault.take() {
        return Err(fault);
    }
    let chain = interceptors(&channel);
    let mut call = view(&channel, method, &mut options);
    let mut terminal = Unary::<Req, Rep, C> {
        channel,
        message: Some(message),
        wait_for_ready: options.wait_for_ready,
        credentials: options.credentials,
        reply: None,
        codec: PhantomData,
    };
    let ran = chain.run(&mut call, &mut terminal).await;
    let reply = match (ran, terminal.reply) {
        (Err(status), _) => Err(status),
        (Ok(()), Some(reply)) => Ok(reply),
        (Ok(()), None) => call.take_one_reply(),
    };
    call.ended(&reply);
    let metadata = std::mem::take(call.response_metadata_mut());
    let trailers = std::mem::take(call.trailers_mut());
    reply.map(|reply| Response::from_parts(reply, metadata, trailers))
}

struct Unary<Req, Rep, C> {
    channel: Channel,
    message: Option<Req>,
    wait_for_ready: bool,
    credentials: Vec<Arc<dyn ErasedCallCredentials>>,
    reply: Option<Rep>,
    codec: PhantomData<fn() -> C>,
}

impl<Req, Rep, C> Terminal for Unary<Req, Rep, C>
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        Box::pin(async move {
            let Some(message) = self.message.take() else { return Ok(()) };
            let message = call.request_hooks().show::<C, Req>(message).await?;
            self.channel.check_request(call.method(), &message)?;
            let metadata = with_credentials(&self.channel, call, &self.credentials).await?;
            let options = CallOptions {
                metadata,
                deadline: call.deadline(),
                wait_for_ready: self.wait_for_ready,
                ..CallOptions::default()
            };
            let sent = UnaryFuture::<Rep, C>::new(self.channel.clone(), call.method(), &message, options);
            drop(message);
            let (reply, metadata, trailers) = sent.await?.into_parts();
            *call.response_metadata_mut() = metadata;
            *call.trailers_mut() = trailers;
            let reply = call.reply_hooks().show::<C, Rep>(reply).await?;
            if let Some(check) = self.channel.reply_check(call.method()) {
                check.run(&reply)?;
            }
            self.reply = Some(reply);
            Ok(())
        })
    }
}

/// How a stream ended, for its chain: the metadata in front and behind, or the status.
type StreamEnd = (Metadata, Result<Metadata, Status>);

/// What the receiving half shares with the task of the chain.
pub(super) struct Receiving {
    hooks: oneshot::Receiver<MessageHooks>,
    end: Option<oneshot::Sender<StreamEnd>>,
    /// What the chain made of the end: the trailers, or the status.
    outcome: oneshot::Receiver<Result<Metadata, Status>>,
}

/// A streaming call whose chain runs.
pub(super) struct Opened {
    /// The task of the chain, unless it is done.
    pub(super) chain: Option<AbortHandle>,
    pub(super) request_hooks: oneshot::Receiver<MessageHooks>,
    pub(super) receiving: Receiving,
}

/// Runs a streaming call through its chain, on a task of its own.
pub(super) fn open<Req, Rep, C>(
    channel: Channel,
    method: &'static MethodDescriptor,
    mut options: CallOptions,
    stream: &Arc<Stream>,
    message: Option<Req>,
) -> Opened
where
    C: Codec<Req> + Codec<Rep>,
    Req: Send + 'static,
    Rep: Send + 'static,
{
    let (request_hooks, awaited_request_hooks) = oneshot::channel();
    let (reply_hooks, awaited_reply_hooks) = oneshot::channel();
    let (end, awaited_end) = oneshot::channel();
    let (outcome, awaited_outcome) = oneshot::channel();
    let chain = interceptors(&channel);
    let mut call = view(&channel, method, &mut options);
    let whole_limit =
        (method.kind == gannet_core::MethodKind::ClientStreaming).then_some(channel.settings().max_receive);
    let mut terminal = Stretch::<Req, C> {
        channel,
        deadline: options.deadline,
        whole_limit,
        message,
        wait_for_ready: options.wait_for_ready,
        credentials: options.credentials,
        stream: Arc::clone(stream),
        hooks: Some((request_hooks, reply_hooks)),
        end: awaited_end,
        opened: false,
        codec: PhantomData,
    };
    let stream = Arc::clone(stream);
    let fault = options.fault.take();
    let mut running: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        let mut ran = match fault {
            Some(fault) => Err(fault),
            None => chain.run(&mut call, &mut terminal).await,
        };
        if !terminal.opened && ran.is_ok() {
            ran = answer::<Rep, C>(&mut call, &stream);
        }
        if !terminal.opened
            && let Err(status) = &ran
        {
            // Neither half hears of anything else.
            stream.fail(status);
        }
        call.ended(&ran);
        let _ = outcome.send(ran.map(|()| std::mem::take(call.trailers_mut())));
    });
    // What interceptors do before they wait for anything they do on the caller's own task, where they find what belongs
    // to it. Whatever they wait for is asked again at once by the chain's task: no wake-up is lost.
    let done = running.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    let chain = (!done).then(|| tokio::spawn(running).abort_handle());
    let receiving = Receiving { hooks: awaited_reply_hooks, end: Some(end), outcome: awaited_outcome };
    Opened { chain, request_hooks: awaited_request_hooks, receiving }
}

/// Delivers the replies that interceptors gave as if the server had sent them.
fn answer<Rep: 'static, C: Codec<Rep>>(call: &mut Call, stream: &Arc<Stream>) -> Result<(), Status> {
    let mut frames = BytesMut::new();
    while let Some(reply) = call.take_reply::<Rep>()? {
        let (tail, pieces, _) = append_message(frames, usize::MAX, |buffer| C::encode(&reply, buffer))
            .map_err(|(_, status)| status)?;
        frames = tail;
        for piece in pieces {
            frames.extend_from_slice(&piece);
        }
    }
    let mut receive = stream.receive();
    receive.deliver_head(std::mem::take(call.response_metadata_mut()));
    let _ = receive.deliver_data(frames.freeze());
    receive.deliver_end(Ok(Metadata::new()));
    Ok(())
}

/// The call itself, from its opening to its end.
struct Stretch<Req, C> {
    channel: Channel,
    /// The caller's own.
    deadline: Option<Deadline>,
    whole_limit: Option<usize>,
    message: Option<Req>,
    wait_for_ready: bool,
    credentials: Vec<Arc<dyn ErasedCallCredentials>>,
    stream: Arc<Stream>,
    hooks: Option<(oneshot::Sender<MessageHooks>, oneshot::Sender<MessageHooks>)>,
    end: oneshot::Receiver<StreamEnd>,
    opened: bool,
    codec: PhantomData<fn() -> C>,
}

impl<Req, C> Stretch<Req, C> {
    /// Waits until the receiving half has said how the stream ended. A deadline that is not the caller's own, which that
    /// half watches, but the interceptors', ends it here.
    async fn ended(&mut self, deadline: Option<Deadline>) -> StreamEnd {
        if let Some(deadline) = deadline.filter(|deadline| Some(*deadline) != self.deadline) {
            let ended = tokio::time::timeout_at(deadline.instant().into(), &mut self.end).await;
            if let Ok(ended) = ended {
                return ended.unwrap_or_else(|_| given_up());
            }
            time_out(&self.stream);
        }
        (&mut self.end).await.unwrap_or_else(|_| given_up())
    }
}

fn given_up() -> StreamEnd {
    (Metadata::new(), Err(Status::cancelled("the caller has given the call up")))
}

impl<Req: Send + 'static, C: Codec<Req>> Terminal for Stretch<Req, C> {
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        Box::pin(async move {
            let method = call.method();
            push_check(call.request_hooks(), self.channel.request_check(method), &self.stream);
            push_check(call.reply_hooks(), self.channel.reply_check(method), &self.stream);
            if let Some(message) = self.message.take() {
                let message = call.request_hooks().show::<C, Req>(message).await?;
                let limit = self.channel.settings().max_send;
                self.stream.push_message(limit, |buffer| C::encode(&message, buffer))?;
                self.stream.finish(SendEnd::HalfClose);
            }
            let metadata = with_credentials(&self.channel, call, &self.credentials).await?;
            let handle = match self.channel.pick(self.wait_for_ready) {
                Some(picked) => picked?,
                None => self.channel.wait(self.wait_for_ready).await?,
            };
            self.opened = true;
            if let Some((requests, replies)) = self.hooks.take() {
                // Whoever does not listen any more needs none.
                let _ = requests.send(std::mem::take(call.request_hooks()));
                let _ = replies.send(std::mem::take(call.reply_hooks()));
            }
            if self.stream.bind_late(handle.inbox.clone()) {
                let head = CallHead {
                    method: call.method(),
                    metadata,
                    deadline: call.deadline(),
                    whole_limit: self.whole_limit,
                };
                submit(head, &self.stream, &handle);
            }
            let (metadata, end) = self.ended(call.deadline()).await;
            *call.response_metadata_mut() = metadata;
            *call.trailers_mut() = end?;
            Ok(())
        })
    }
}

/// The receiving side of a call with a chain: what the chain makes of the end is the end.
pub(super) struct AroundBody {
    body: CallBody,
    chain: Option<AbortHandle>,
    receiving: Receiving,
    head: Metadata,
    trailers: Metadata,
    /// The call has ended, and the chain has said how.
    end: Option<Result<(), Status>>,
}

impl AroundBody {
    pub(super) fn new(body: CallBody, chain: Option<AbortHandle>, receiving: Receiving) -> Self {
        Self { body, chain, receiving, head: Metadata::new(), trailers: Metadata::new(), end: None }
    }

    fn abort(&self) {
        if let Some(chain) = &self.chain {
            chain.abort();
        }
    }

    /// Tells the chain how the stream ended.
    fn tell(&mut self, end: Result<Metadata, Status>) {
        let Some(sender) = self.receiving.end.take() else { return };
        if let (Err(status), Err(oneshot::error::TryRecvError::Empty)) =
            (&end, self.receiving.hooks.try_recv())
        {
            // The chain has not let the call pass: it does not listen, and waits for what nobody wants any more.
            self.end = Some(Err(status.clone()));
            self.abort();
            return;
        }
        // A chain that does not listen any more has an outcome.
        let _ = sender.send((std::mem::take(&mut self.head), end));
    }

    fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if let Some(end) = &self.end {
            return Poll::Ready(end.clone());
        }
        let outcome = ready!(Pin::new(&mut self.receiving.outcome).poll(context));
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Status::internal("the task of the call's interceptors is gone: one may have panicked"))
        });
        let end = outcome.map(|trailers| self.trailers = trailers);
        self.end = Some(end.clone());
        Poll::Ready(end)
    }

    /// The one reply of a call that has one.
    pub(super) async fn reply<Rep: Send + 'static, C: Codec<Rep>>(
        mut self,
        limit: usize,
    ) -> Result<Response<Rep>, Status> {
        poll_fn(|context| {
            if self.body.stream.receive().poll_end(context).is_pending() {
                ready!(self.body.poll_deadline(context));
            }
            Poll::Ready(())
        })
        .await;
        let reply = match whole_answer::<C, Rep>(&self.body.stream, limit) {
            Ok(answer) => self.show::<Rep, C>(answer).await,
            Err(status) => Err(status),
        };
        let (reply, end) = match reply {
            Ok((reply, metadata, trailers)) => {
                self.head = metadata.clone();
                (Some((reply, metadata)), Ok(trailers))
            }
            Err(status) => (None, Err(status)),
        };
        self.tell(end);
        poll_fn(|context| self.poll_outcome(context)).await?;
        let (reply, metadata) = reply.ok_or_else(|| {
            Status::internal("an interceptor ended a failed call with OK, but without a reply")
        })?;
        Ok(Response::from_parts(reply, metadata, std::mem::take(&mut self.trailers)))
    }

    async fn show<Rep: Send + 'static, C: Codec<Rep>>(
        &mut self,
        answer: Response<Rep>,
    ) -> Result<(Rep, Metadata, Metadata), Status> {
        let (reply, metadata, trailers) = answer.into_parts();
        let mut hooks = self.hooks();
        Ok((hooks.show::<C, Rep>(reply).await?, metadata, trailers))
    }
}

impl Drop for AroundBody {
    fn drop(&mut self) {
        // A call that nobody receives from is given up; a chain that is done does not mind.
        self.abort();
    }
}

impl Body for AroundBody {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        if self.receiving.end.is_some() {
            let end = match ready!(self.body.poll_data(context)) {
                Some(Ok(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                Some(Err(status)) => Err(status),
                None => {
                    if let Poll::Ready(Ok(head)) = self.body.poll_head(context)
                        && !head.is_empty()
                    {
                        self.head = head;
                    }
                    Ok(self.body.trailers())
                }
            };
            self.tell(end);
        }
        match ready!(self.poll_outcome(context)) {
            Ok(()) => Poll::Ready(None),
            Err(status) => Poll::Ready(Some(Err(status))),
        }
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let head = ready!(self.body.poll_head(context))?;
        if !head.is_empty() {
            self.head = head.clone();
        }
        Poll::Ready(Ok(head))
    }

    fn hooks(&mut self) -> MessageHooks {
        self.receiving.hooks.try_recv().unwrap_or_default()
    }

    fn trailers(&mut self) -> Metadata {
        std::mem::take(&mut self.trailers)
    }
}

/// The replies of a call with a chain.
pub(super) fn replies<Rep: Send + 'static, C: Codec<Rep>>(body: AroundBody, limit: usize) -> Streaming<Rep> {
    Streaming::new(Box::new(body), <C as Codec<Rep>>::decode, limit).with_late_hooks::<C>()
}
