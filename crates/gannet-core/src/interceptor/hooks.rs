//! What interceptors have asked to see of single messages, in the order in which they asked; and behind them, validation.
//!
//! Not here: when messages pass, which `Streaming` and the server's and client's own ends of a call know.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use super::message::{MessageMut, OwnedMessage};
use crate::{Codec, MethodCheck, Status};

type Waiting = Pin<Box<dyn Future<Output = Result<OwnedMessage, Status>> + Send>>;

type HookNow = Box<dyn FnMut(&mut MessageMut<'_>) -> Result<(), Status> + Send>;
type HookLater = Box<dyn FnMut(OwnedMessage) -> Waiting + Send>;

/// Learns of a message that ends its call.
type OnEnd = Box<dyn FnMut(&Status) + Send>;

enum Hook {
    Now(HookNow),
    Later(HookLater),
    /// The rules of the contract. Without `OnEnd`, a message that breaks them leaves the call as it is.
    Check(MethodCheck, Option<OnEnd>),
}

/// The hooks for the messages of one direction of a call.
#[derive(Default)]
pub struct MessageHooks {
    hooks: Vec<Hook>,
    /// A message that a hook awaits something for, and the hook that gets it next.
    waiting: Option<(Waiting, usize)>,
    /// What was refused last is one message, and not the call.
    spared: bool,
}

impl MessageHooks {
    /// None yet.
    pub const fn new() -> Self {
        Self { hooks: Vec::new(), waiting: None, spared: false }
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    pub(super) fn push(
        &mut self,
        hook: impl FnMut(&mut MessageMut<'_>) -> Result<(), Status> + Send + 'static,
    ) {
        self.hooks.push(Hook::Now(Box::new(hook)));
    }

    pub(super) fn push_async<F, Fut>(&mut self, mut hook: F)
    where
        F: FnMut(OwnedMessage) -> Fut + Send + 'static,
        Fut: Future<Output = Result<OwnedMessage, Status>> + Send + 'static,
    {
        self.hooks.push(Hook::Later(Box::new(move |message| Box::pin(hook(message)))));
    }

    /// Validates the messages, as the hooks before have left them. A message that breaks rules is told to `on_end` and ends
    /// the call; without it, the error is about that message alone.
    pub fn push_check(&mut self, check: MethodCheck, on_end: Option<OnEnd>) {
        self.hooks.push(Hook::Check(check, on_end));
    }

    /// Whether what was refused last is a single message, so that the call goes on with the others.
    pub const fn spares_call(&self) -> bool {
        self.spared
    }

    /// Starts to show a message to the hooks: given back at once, or [`MessageHooks::poll`] gives it later.
    ///
    /// # Errors
    ///
    /// The first hook's that refuses the message.
    pub fn start<C: Codec<M>, M: Send + 'static>(&mut self, message: M) -> Result<Option<M>, Status> {
        self.go_on::<C, M>(message, 0)
    }

    /// Shows a message to the hooks from `first` on, up to the first that takes time.
    fn go_on<C: Codec<M>, M: Send + 'static>(
        &mut self,
        mut message: M,
        first: usize,
    ) -> Result<Option<M>, Status> {
        self.spared = false;
        for (index, hook) in self.hooks.iter_mut().enumerate().skip(first) {
            match hook {
                Hook::Check(check, on_end) => {
                    if let Err(status) = check.run(&message) {
                        match on_end {
                            Some(on_end) => on_end(&status),
                            None => self.spared = true,
                        }
                        return Err(status);
                    }
                }
                Hook::Now(hook) => hook(&mut MessageMut::new::<C, M>(&mut message))?,
                Hook::Later(hook) => {
                    self.waiting = Some((hook(OwnedMessage::new::<C, M>(message)), index + 1));
                    return Ok(None);
                }
            }
        }
        Ok(Some(message))
    }

    /// Whether a message is with a hook that awaits something.
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Waits for the message that [`MessageHooks::start`] kept. Pending for ever if there is none.
    pub fn poll<C: Codec<M>, M: Send + 'static>(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<M, Status>> {
        while let Some((waiting, next)) = &mut self.waiting {
            let outcome = ready!(waiting.as_mut().poll(context));
            let next = *next;
            self.waiting = None;
            self.spared = false;
            let message = outcome.and_then(OwnedMessage::into_inner::<M>)?;
            if let Some(message) = self.go_on::<C, M>(message, next)? {
                return Poll::Ready(Ok(message));
            }
        }
        Poll::Pending
    }

    /// Shows a message to all hooks, waiting for those that take time.
    ///
    /// # Errors
    ///
    /// The first hook's that refuses the message.
    ///
    /// # Cancel safety
    ///
    /// A message whose future is dropped is gone.
    pub async fn show<C: Codec<M>, M: Send + 'static>(&mut self, message: M) -> Result<M, Status> {
        self.waiting = None;
        match self.start::<C, M>(message)? {
            Some(message) => Ok(message),
            None => std::future::poll_fn(|context| self.poll::<C, M>(context)).await,
        }
    }
}

/// The hooks for messages whose type is known where they pass, but not how they are written: for streams.
pub struct HookedMessages<T> {
    /// Never locked: every use has the hooks for itself. The mutex makes them `Sync`.
    hooks: Mutex<MessageHooks>,
    start: fn(&mut MessageHooks, T) -> Result<Option<T>, Status>,
    poll: fn(&mut MessageHooks, &mut Context<'_>) -> Poll<Result<T, Status>>,
}

impl<T: Send + 'static> HookedMessages<T> {
    /// The hooks, for messages that the codec `C` writes; `None` if there are none.
    pub fn new<C: Codec<T>>(hooks: MessageHooks) -> Option<Box<Self>> {
        (!hooks.is_empty()).then(|| {
            Box::new(Self {
                hooks: Mutex::new(hooks),
                start: MessageHooks::start::<C, T>,
                poll: MessageHooks::poll::<C, T>,
            })
        })
    }
}

impl<T> HookedMessages<T> {
    fn hooks(&mut self) -> &mut MessageHooks {
        self.hooks.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`MessageHooks::start`].
    ///
    /// # Errors
    ///
    /// The first hook's that refuses the message.
    pub fn start(&mut self, message: T) -> Result<Option<T>, Status> {
        let start = self.start;
        start(self.hooks(), message)
    }

    /// As [`MessageHooks::is_waiting`].
    pub fn is_waiting(&mut self) -> bool {
        self.hooks().is_waiting()
    }

    /// As [`MessageHooks::spares_call`].
    pub fn spares_call(&mut self) -> bool {
        self.hooks().spares_call()
    }

    /// As [`MessageHooks::poll`].
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Status>> {
        let poll = self.poll;
        poll(self.hooks(), context)
    }

    /// As [`MessageHooks::show`].
    ///
    /// # Errors
    ///
    /// The first hook's that refuses the message.
    pub async fn show(&mut self, message: T) -> Result<T, Status> {
        self.hooks().waiting = None;
        match self.start(message)? {
            Some(message) => Ok(message),
            None => std::future::poll_fn(|context| self.poll(context)).await,
        }
    }
}

impl<T> fmt::Debug for HookedMessages<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HookedMessages").finish_non_exhaustive()
    }
}

impl fmt::Debug for MessageHooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MessageHooks({})", self.hooks.len())
    }
}
