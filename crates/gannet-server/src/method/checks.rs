//! Validation around handlers: which messages of a method are checked, and calls that end when one breaks rules.
//!
//! What is not validated does not come here. Not here: what is checked and what a fault becomes (`gannet-core`).

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use gannet_core::{MessageHooks, Metadata, MethodCheck, MethodDescriptor, Side, Status};
use tokio::sync::oneshot;

use super::pending::PendingHandler;
use super::streaming::BoxedHandler;
use crate::connection::Stream;
use crate::service::Validating;

/// How the messages of a method are validated.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(super) requests: Option<MethodCheck>,
    pub(super) replies: Option<MethodCheck>,
}

impl Checks {
    /// `None` if no message of the method is validated.
    pub(crate) fn of(method: &'static MethodDescriptor, validating: &Validating) -> Option<Arc<Self>> {
        let Validating::Yes(validation) = validating else { return None };
        let requests = MethodCheck::of_requests(validation, Side::Server, method);
        let replies = MethodCheck::of_replies(validation, Side::Server, method);
        (requests.is_some() || replies.is_some()).then(|| Arc::new(Self { requests, replies }))
    }

    pub(super) fn request(&self, message: &dyn Any) -> Result<(), Status> {
        self.requests.as_ref().map_or(Ok(()), |check| check.run(message))
    }

    pub(super) fn reply(&self, message: &dyn Any) -> Result<(), Status> {
        self.replies.as_ref().map_or(Ok(()), |check| check.run(message))
    }

    /// Has the messages of a streaming call checked behind its hooks. What this gives is for [`until_invalid`].
    pub(super) fn attach(&self, requests: &mut MessageHooks, replies: &mut MessageHooks) -> Invalid {
        let both = [(&self.requests, requests), (&self.replies, replies)];
        let checked = both.into_iter().filter_map(|(check, hooks)| Some((check.clone()?, hooks)));
        let ends = |check: &Option<MethodCheck>| check.as_ref().is_some_and(MethodCheck::ends_streams);
        if !ends(&self.requests) && !ends(&self.replies) {
            checked.for_each(|(check, hooks)| hooks.push_check(check, None));
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        for (check, hooks) in checked {
            let sender = Arc::clone(&sender);
            let tell = move |status: &Status| {
                if let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    // Nobody listens if the call is over.
                    let _ = sender.send(status.clone());
                }
            };
            hooks.push_check(check, Some(Box::new(tell)));
        }
        Some(receiver)
    }
}

/// The status of the first invalid message, where that ends the call.
pub(super) type Invalid = Option<oneshot::Receiver<Status>>;

/// The handler, up to the first invalid message.
pub(super) fn until_invalid(handler: BoxedHandler, invalid: Invalid) -> BoxedHandler {
    if invalid.is_none() { handler } else { Box::pin(UntilInvalid { handler, invalid }) }
}

struct UntilInvalid {
    handler: BoxedHandler,
    /// `None`: there are no messages any more.
    invalid: Invalid,
}

impl PendingHandler for UntilInvalid {
    fn poll_handler(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        stream: &Arc<Stream>,
    ) -> Poll<Result<Metadata, Status>> {
        let polled = self.handler.as_mut().poll_handler(context, stream);
        // Behind the handler, which may have come upon the message just now.
        match self.invalid.as_mut().map(|invalid| Pin::new(invalid).poll(context)) {
            Some(Poll::Ready(Ok(status))) => return Poll::Ready(Err(status)),
            Some(Poll::Ready(Err(_))) => self.invalid = None,
            Some(Poll::Pending) | None => {}
        }
        polled
    }
}
