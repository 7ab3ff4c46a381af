//! A call as interceptors see it.
//!
//! Not here: its messages (`message`), which pass by hooks.

use std::any::{Any, type_name};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::hooks::MessageHooks;
use super::message::{MessageMut, OwnedMessage};
use crate::{Code, ConnectionInfo, Deadline, Extensions, Metadata, MethodDescriptor, Status};

/// Where an interceptor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Around calls that go out.
    Client,
    /// Around calls that come in.
    Server,
}

/// How a call ended, for [`Call::on_end`].
#[derive(Debug, Clone)]
pub struct CallEnd(Result<(), Status>);

impl CallEnd {
    /// The code; [`Code::Ok`] for a call that succeeded.
    pub fn code(&self) -> Code {
        self.0.as_ref().map_or_else(Status::code, |()| Code::Ok)
    }

    /// The status message; empty for a call that succeeded.
    pub fn message(&self) -> &str {
        self.0.as_ref().map_or_else(Status::message, |()| "")
    }

    /// The status.
    ///
    /// # Errors
    ///
    /// The status of a call that failed.
    pub fn status(&self) -> Result<(), &Status> {
        self.0.as_ref().copied()
    }
}

/// What a request says of who sends it, beside metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The `:authority`: the name by which the client reached the server.
    pub authority: Box<str>,
    /// The `user-agent`.
    pub user_agent: Box<str>,
}

type EndHook = Box<dyn FnOnce(&CallEnd) + Send>;

/// A call as interceptors see it, on either side, whatever its shape.
///
/// Tests make one with [`Call::new`]; interceptors are given one.
pub struct Call {
    side: Side,
    method: &'static MethodDescriptor,
    metadata: Metadata,
    deadline: Option<Deadline>,
    connection: Option<ConnectionInfo>,
    caller: Option<Arc<Caller>>,
    extensions: Extensions,
    response_metadata: Metadata,
    trailers: Metadata,
    /// Tells at its end whether a call given up was overdue.
    clock: Option<fn() -> Instant>,
    /// Never locked: every use has the call for itself. The mutex makes it `Sync`, so that an interceptor may hold a
    /// reference to a call across an await.
    hooks: Mutex<Hooks>,
}

/// What interceptors have asked for, and the answers they gave.
struct Hooks {
    requests: MessageHooks,
    replies: MessageHooks,
    ends: Vec<EndHook>,
    early: VecDeque<Box<dyn Any + Send>>,
}

impl Call {
    /// A call of `method` without anything else.
    pub const fn new(side: Side, method: &'static MethodDescriptor) -> Self {
        Self {
            side,
            method,
            metadata: Metadata::new(),
            deadline: None,
            connection: None,
            caller: None,
            extensions: Extensions::new(),
            response_metadata: Metadata::new(),
            trailers: Metadata::new(),
            clock: None,
            hooks: Mutex::new(Hooks {
                requests: MessageHooks::new(),
                replies: MessageHooks::new(),
                ends: Vec::new(),
                early: VecDeque::new(),
            }),
        }
    }

    fn hooks(&mut self) -> &mut Hooks {
        self.hooks.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same call with this metadata, deadline and connection.
    #[must_use]
    pub fn with(
        mut self,
        metadata: Metadata,
        deadline: Option<Deadline>,
        connection: Option<ConnectionInfo>,
    ) -> Self {
        self.metadata = metadata;
        self.deadline = deadline;
        self.connection = connection;
        self
    }

    /// The same call by this clock, which tells a call that was given up from one whose deadline passed.
    #[must_use]
    pub const fn with_clock(mut self, clock: fn() -> Instant) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The same call from this caller.
    #[must_use]
    pub fn with_caller(mut self, caller: Option<Arc<Caller>>) -> Self {
        self.caller = caller;
        self
    }

    /// The same call with these extensions.
    #[must_use]
    pub fn with_extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self
    }

    /// Where the interceptor runs.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The method that is called.
    pub const fn method(&self) -> &'static MethodDescriptor {
        self.method
    }

    /// The request's metadata. On a server it is empty once the handler has it, behind [`Next::run`](super::Next::run);
    /// on a client, once the call is sent.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The request's metadata, to be changed.
    pub const fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The moment by which the call must be done, if there is one.
    pub const fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Sets the moment by which the call must be done. On a server it can only be made earlier: the client has given up
    /// by its own.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = Some(match self.deadline {
            Some(own) if self.side == Side::Server && own.instant() < deadline.instant() => own,
            _ => deadline,
        });
    }

    /// The connection that the request came over; `None` on a client, where it has none yet.
    pub const fn connection(&self) -> Option<&ConnectionInfo> {
        self.connection.as_ref()
    }

    /// The `:authority` of the request: the name by which the client reached, or will reach, the server.
    pub fn authority(&self) -> Option<&str> {
        self.caller.as_deref().map(|caller| &*caller.authority).filter(|authority| !authority.is_empty())
    }

    /// The `user-agent` of the request.
    pub fn user_agent(&self) -> Option<&str> {
        self.caller.as_deref().map(|caller| &*caller.user_agent).filter(|name| !name.is_empty())
    }

    /// Values by type. On a server the handler finds them in its request.
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Values by type, to be changed.
    pub const fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The metadata in front of the response. On a server, what is set before [`Next::run`](super::Next::run) goes out
    /// with what the handler sets; that of a unary call can be changed behind it too. On a client, it is what came.
    pub const fn response_metadata(&self) -> &Metadata {
        &self.response_metadata
    }

    /// The metadata in front of the response, to be changed.
    pub const fn response_metadata_mut(&mut self) -> &mut Metadata {
        &mut self.response_metadata
    }

    /// The metadata behind the response, for a call that succeeds; that of a failure is in its status.
    pub const fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// The metadata behind the response, to be changed.
    pub const fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }

    /// Has `hook` see each request message: on a server when it is decoded, on a client before it is encoded. An error
    /// ends the call; on a stream, the server's handler gets it from its `next`, and the client's caller from its
    /// `send`.
    pub fn on_request(
        &mut self,
        hook: impl FnMut(&mut MessageMut<'_>) -> Result<(), Status> + Send + 'static,
    ) {
        self.hooks().requests.push(hook);
    }

    /// Has `hook` see each reply message: on a server before it is encoded, on a client when it is decoded. An error
    /// ends the call.
    pub fn on_reply(&mut self, hook: impl FnMut(&mut MessageMut<'_>) -> Result<(), Status> + Send + 'static) {
        self.hooks().replies.push(hook);
    }

    /// As [`Call::on_request`], for a hook that awaits something. It gives back the message, or one of the same type.
    pub fn on_request_async<F, Fut>(&mut self, hook: F)
    where
        F: FnMut(OwnedMessage) -> Fut + Send + 'static,
        Fut: Future<Output = Result<OwnedMessage, Status>> + Send + 'static,
    {
        self.hooks().requests.push_async(hook);
    }

    /// As [`Call::on_reply`], for a hook that awaits something. It gives back the message, or one of the same type.
    pub fn on_reply_async<F, Fut>(&mut self, hook: F)
    where
        F: FnMut(OwnedMessage) -> Fut + Send + 'static,
        Fut: Future<Output = Result<OwnedMessage, Status>> + Send + 'static,
    {
        self.hooks().replies.push_async(hook);
    }

    /// Has `hook` run once when the call has ended, however it ends: also when it is cancelled, when its deadline
    /// passes, and when the handler panics. The hook added last runs first.
    pub fn on_end(&mut self, hook: impl FnOnce(&CallEnd) + Send + 'static) {
        self.hooks().ends.push(Box::new(hook));
    }

    /// Answers the call with this message in place of the handler; several times for several messages of a stream. The
    /// interceptor then returns `Ok(())` without [`Next::run`](super::Next::run), or after it has failed.
    pub fn reply<M: Send + 'static>(&mut self, message: M) {
        self.hooks().early.push_back(Box::new(message));
    }
}

/// For servers and clients.
impl Call {
    /// The next message that interceptors answer with.
    ///
    /// # Errors
    ///
    /// INTERNAL if it is not of the type that the method has.
    pub fn take_reply<M: 'static>(&mut self) -> Result<Option<M>, Status> {
        let Some(message) = self.hooks().early.pop_front() else { return Ok(None) };
        match message.downcast() {
            Ok(message) => Ok(Some(*message)),
            Err(_) => Err(Status::internal(format!(
                "an interceptor answered {} with a message that is no {}",
                self.method.path,
                type_name::<M>()
            ))),
        }
    }

    /// The one message that interceptors answer with.
    ///
    /// # Errors
    ///
    /// INTERNAL if there is none, or if it is not of the type that the method has.
    pub fn take_one_reply<M: 'static>(&mut self) -> Result<M, Status> {
        self.take_reply()?.ok_or_else(|| {
            let path = self.method.path;
            Status::internal(format!("an interceptor ended {path} with OK, but without a reply"))
        })
    }

    /// The hooks for requests.
    pub fn request_hooks(&mut self) -> &mut MessageHooks {
        &mut self.hooks().requests
    }

    /// The hooks for replies.
    pub fn reply_hooks(&mut self) -> &mut MessageHooks {
        &mut self.hooks().replies
    }

    /// Says to those who asked how the call has ended; the first time counts.
    pub fn ended<R>(&mut self, outcome: &Result<R, Status>) {
        if self.awaits_end() {
            let end = CallEnd(outcome.as_ref().map(|_| ()).map_err(Status::clone));
            while let Some(hook) = self.hooks().ends.pop() {
                hook(&end);
            }
        }
    }

    fn awaits_end(&mut self) -> bool {
        !self.hooks().ends.is_empty()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.awaits_end() {
            let overdue = || {
                let (deadline, clock) = (self.deadline?, self.clock?);
                deadline.remaining(clock()).is_none().then_some(())
            };
            let status = if std::thread::panicking() {
                Status::internal("the call panicked")
            } else if overdue().is_some() {
                Status::deadline_exceeded("the deadline passed before the call was done")
            } else {
                Status::cancelled("the call was given up")
            };
            self.ended::<()>(&Err(status));
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("side", &self.side)
            .field("method", &self.method.path)
            .field("metadata", &self.metadata)
            .field("deadline", &self.deadline)
            .field("connection", &self.connection)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}
