//! When messages of calls are checked, and what follows when one breaks the rules of its contract.
//!
//! The same for servers and channels, which call this where messages pass. Not here: the rules (generated code, behind
//! [`MessageCheck`](crate::MessageCheck)).

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::{CheckSettings, Code, MethodDescriptor, Side, Status};

/// How a server or a channel validates the messages of its calls.
///
/// By default requests are validated, replies are not, and up to 100 violations of a message are reported. Methods whose
/// messages have no rules are as fast as without.
///
/// A request that breaks rules gives INVALID_ARGUMENT: on a server its handler does not see it, on a client it is not
/// sent. A reply that breaks rules is the server's fault, so it gives INTERNAL: on a server it is not sent and is logged, on a
/// client its caller does not see it.
///
/// ```
/// use gannet_core::Validation;
///
/// let validation = Validation::new().fail_fast().replies().on_invalid(|invalid| {
///     println!("{}: {}", invalid.method.path, invalid.status);
/// });
/// ```
#[derive(Clone, Default)]
pub struct Validation {
    settings: CheckSettings,
    replies: bool,
    ends_streams: bool,
    on_invalid: Option<OnInvalid>,
}

type OnInvalid = Arc<dyn Fn(&InvalidMessage<'_>) + Send + Sync>;

impl Validation {
    /// Validation of requests.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends at the first violation of a message, instead of reporting all of them.
    #[must_use]
    pub fn fail_fast(mut self) -> Self {
        self.settings = self.settings.fail_fast();
        self
    }

    /// How many violations of a message are looked for; at least 1. Default: 100.
    ///
    /// As many of them are told to the peer as every client can receive in a status; its text says how many are missing.
    #[must_use]
    pub fn violation_limit(mut self, violations: usize) -> Self {
        self.settings = self.settings.limit(violations);
        self
    }

    /// How many bytes interpreted rules may look into for one message; when there are more, it cannot be validated.
    /// Default: 32 MiB.
    ///
    /// Rules are interpreted if the contract was compiled with `runtime_cel`. Such a rule about a message, or about a field that
    /// holds messages, looks into all that is in them, so that a message within others counts once for each of them that has
    /// such rules, however many: raise this where messages are very large.
    #[must_use]
    pub fn interpreted_limit(mut self, bytes: usize) -> Self {
        self.settings = self.settings.interpret_at_most(bytes);
        self
    }

    /// Validates replies too.
    #[must_use]
    pub fn replies(mut self) -> Self {
        self.replies = true;
        self
    }

    /// Ends a streaming call at its first message that breaks rules, whatever the application would do.
    ///
    /// By default the error is what the application gets from `next` or `send`: to return it, or to go on with the other
    /// messages. With this, a handler gets it too, but the call ends with it as soon as the handler awaits something else or
    /// returns.
    #[must_use]
    pub fn end_streams(mut self) -> Self {
        self.ends_streams = true;
        self
    }

    /// Has `observe` see each message that breaks rules, for logs and metrics. It runs where the message passes: on a
    /// server, in the way of other calls.
    #[must_use]
    pub fn on_invalid(mut self, observe: impl Fn(&InvalidMessage<'_>) + Send + Sync + 'static) -> Self {
        self.on_invalid = Some(match self.on_invalid {
            None => Arc::new(observe),
            Some(before) => Arc::new(move |invalid| {
                before(invalid);
                observe(invalid);
            }),
        });
        self
    }
}

impl fmt::Debug for Validation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Validation")
            .field("settings", &self.settings)
            .field("replies", &self.replies)
            .field("ends_streams", &self.ends_streams)
            .finish_non_exhaustive()
    }
}

/// A message that breaks the rules of its contract, for [`Validation::on_invalid`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct InvalidMessage<'a> {
    /// The method that is called.
    pub method: &'static MethodDescriptor,
    /// Whether it was found around calls that come in or that go out.
    pub side: Side,
    /// Whether it is a request or a reply.
    pub kind: MessageKind,
    /// The status that its call gets. Its [source](std::error::Error::source) is the `ValidationError`, unless the check is one
    /// of the caller's own.
    pub status: &'a Status,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// From the client to the server.
    Request,
    /// From the server to the client.
    Reply,
}

/// For servers and clients.
impl Validation {
    /// Checks a request of `method`.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT if it breaks rules; INTERNAL if one cannot be evaluated.
    #[inline]
    pub fn check_request(
        &self,
        side: Side,
        method: &'static MethodDescriptor,
        message: &dyn Any,
    ) -> Result<(), Status> {
        match method.request_check {
            None => Ok(()),
            Some(check) => match check.run(message, &self.settings) {
                Ok(()) => Ok(()),
                Err(status) => Err(self.invalid(side, method, MessageKind::Request, status)),
            },
        }
    }

    /// Checks a reply of `method`, if replies are validated.
    ///
    /// # Errors
    ///
    /// INTERNAL if it breaks rules.
    #[inline]
    pub fn check_reply(
        &self,
        side: Side,
        method: &'static MethodDescriptor,
        message: &dyn Any,
    ) -> Result<(), Status> {
        match method.reply_check {
            Some(check) if self.replies => match check.run(message, &self.settings) {
                Ok(()) => Ok(()),
                Err(status) => Err(self.invalid(side, method, MessageKind::Reply, status)),
            },
            _ => Ok(()),
        }
    }

    #[cold]
    #[inline(never)]
    fn invalid(
        &self,
        side: Side,
        method: &'static MethodDescriptor,
        kind: MessageKind,
        status: Status,
    ) -> Status {
        let path = method.path;
        let status = match (kind, status.code()) {
            (MessageKind::Request, _) => status,
            (MessageKind::Reply, Code::InvalidArgument) => status
                .into_internal(&format!("the server's reply to {path} breaks the rules of its contract: ")),
            (MessageKind::Reply, _) => {
                status.into_internal(&format!("the server's reply to {path} cannot be validated: "))
            }
        };
        if let Some(observe) = &self.on_invalid {
            observe(&InvalidMessage { method, side, kind, status: &status });
        }
        status
    }
}

/// The validation of one method's messages in one direction; for servers and clients.
#[derive(Debug, Clone)]
pub struct MethodCheck {
    method: &'static MethodDescriptor,
    side: Side,
    kind: MessageKind,
    validation: Arc<Validation>,
}

impl MethodCheck {
    /// The check of a method's requests; `None` if they have no rules.
    pub fn of_requests(
        validation: &Arc<Validation>,
        side: Side,
        method: &'static MethodDescriptor,
    ) -> Option<Self> {
        method.request_check?;
        Some(Self { method, side, kind: MessageKind::Request, validation: Arc::clone(validation) })
    }

    /// The check of a method's replies; `None` if they have no rules, or are not to be validated.
    pub fn of_replies(
        validation: &Arc<Validation>,
        side: Side,
        method: &'static MethodDescriptor,
    ) -> Option<Self> {
        method.reply_check.filter(|_| validation.replies)?;
        Some(Self { method, side, kind: MessageKind::Reply, validation: Arc::clone(validation) })
    }

    /// Whether a message that breaks rules ends the streaming call that it belongs to.
    pub fn ends_streams(&self) -> bool {
        self.validation.ends_streams
    }

    /// Checks a message.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a request that breaks rules, INTERNAL for a reply that does.
    #[inline]
    pub fn run(&self, message: &dyn Any) -> Result<(), Status> {
        match self.kind {
            MessageKind::Request => self.validation.check_request(self.side, self.method, message),
            MessageKind::Reply => self.validation.check_reply(self.side, self.method, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_reach_the_checks() {
        let validation = Validation::new().violation_limit(3).interpreted_limit(5);
        assert_eq!(validation.settings, CheckSettings::new().limit(3).interpret_at_most(5));
        let settings = validation.fail_fast().settings;
        assert_eq!((settings.violation_limit(), settings.interpreted_limit()), (1, 5));
    }
}
