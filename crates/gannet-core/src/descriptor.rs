//! What generated code says of services and methods.
//!
//! Not here: the messages' own descriptors, which travel as a serialized `FileDescriptorSet`.

use std::any::Any;
use std::fmt;

use crate::Status;

/// A method of a service.
///
/// ```
/// use gannet_core::{MethodDescriptor, MethodKind};
///
/// static SAY_HELLO: MethodDescriptor =
///     MethodDescriptor::new("/helloworld.Greeter/SayHello", "helloworld.Greeter", "SayHello", MethodKind::Unary);
/// assert_eq!(SAY_HELLO.kind, MethodKind::Unary);
/// ```
///
/// Two are equal if they describe the same method in the same words; how its messages are checked is not compared.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct MethodDescriptor {
    /// The `:path` of its calls, such as `/helloworld.Greeter/SayHello`.
    pub path: &'static str,
    /// The full name of its service, such as `helloworld.Greeter`.
    pub service: &'static str,
    /// Its own name in the proto, such as `SayHello`.
    pub name: &'static str,
    /// Which of its sides stream.
    pub kind: MethodKind,
    /// How its requests are checked, if the contract has rules for them.
    pub request_check: Option<MessageCheck>,
    /// How its replies are checked, if the contract has rules for them.
    pub reply_check: Option<MessageCheck>,
}

impl MethodDescriptor {
    /// Describes a method.
    pub const fn new(
        path: &'static str,
        service: &'static str,
        name: &'static str,
        kind: MethodKind,
    ) -> Self {
        Self { path, service, name, kind, request_check: None, reply_check: None }
    }

    /// The same method, with rules for its requests.
    #[must_use]
    pub const fn checks_requests(mut self, check: MessageCheck) -> Self {
        self.request_check = Some(check);
        self
    }

    /// The same method, with rules for its replies.
    #[must_use]
    pub const fn checks_replies(mut self, check: MessageCheck) -> Self {
        self.reply_check = Some(check);
        self
    }
}

impl PartialEq for MethodDescriptor {
    fn eq(&self, other: &Self) -> bool {
        let words = |method: &Self| (method.path, method.service, method.name, method.kind);
        words(self) == words(other)
    }
}

impl Eq for MethodDescriptor {}

/// How a message of one type is checked against the rules of its contract, its type forgotten.
///
/// Generated code makes them, for messages that have rules; servers and channels use them where they are told to.
#[derive(Clone, Copy)]
pub struct MessageCheck(fn(&dyn Any, &CheckSettings) -> Result<(), Status>);

impl MessageCheck {
    /// A check by `check`, which is given messages of the one type that it is for.
    pub const fn new(check: fn(&dyn Any, &CheckSettings) -> Result<(), Status>) -> Self {
        Self(check)
    }

    /// Checks a message.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT with what is wrong if the message breaks rules; INTERNAL if a rule cannot be evaluated, and if
    /// the message is not of the type that the check is for.
    #[inline]
    pub fn run(self, message: &dyn Any, settings: &CheckSettings) -> Result<(), Status> {
        (self.0)(message, settings)
    }
}

impl fmt::Debug for MessageCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MessageCheck")
    }
}

/// How many violations of one message are collected unless [`CheckSettings`] say otherwise: 100.
pub const DEFAULT_VIOLATION_LIMIT: usize = 100;

/// How many bytes of messages interpreted rules look into, for one message that is checked, unless [`CheckSettings`] say
/// otherwise: 32 MiB.
pub const DEFAULT_INTERPRETED_LIMIT: usize = 32 << 20;

/// How a message is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSettings {
    limit: usize,
    interpreted: usize,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl CheckSettings {
    /// Up to [`DEFAULT_VIOLATION_LIMIT`] violations are collected, and interpreted rules look into up to
    /// [`DEFAULT_INTERPRETED_LIMIT`] bytes.
    pub const fn new() -> Self {
        Self { limit: DEFAULT_VIOLATION_LIMIT, interpreted: DEFAULT_INTERPRETED_LIMIT }
    }

    /// Ends at the first violation.
    #[must_use]
    pub const fn fail_fast(self) -> Self {
        self.limit(1)
    }

    /// Ends when so many violations have been found; at least 1.
    #[must_use]
    pub const fn limit(mut self, violations: usize) -> Self {
        self.limit = if violations == 0 { 1 } else { violations };
        self
    }

    /// How many violations are collected at most.
    pub const fn violation_limit(&self) -> usize {
        self.limit
    }

    /// How many bytes of messages interpreted rules may look into. A rule about a message looks into all that this holds, so
    /// that a message within others counts once for each of them that has such rules.
    #[must_use]
    pub const fn interpret_at_most(mut self, bytes: usize) -> Self {
        self.interpreted = bytes;
        self
    }

    /// How many bytes of messages interpreted rules may look into.
    pub const fn interpreted_limit(&self) -> usize {
        self.interpreted
    }
}

/// Which sides of a method stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// One request, one reply.
    Unary,
    /// Many requests, one reply.
    ClientStreaming,
    /// One request, many replies.
    ServerStreaming,
    /// Many requests, many replies.
    Bidirectional,
}

/// A service.
#[derive(Debug, Clone, Copy)]
pub struct ServiceDescriptor {
    /// Its full name, such as `helloworld.Greeter`.
    pub name: &'static str,
    /// Its methods, in the order of the proto.
    pub methods: &'static [MethodDescriptor],
    /// A serialized `FileDescriptorSet` with the file that defines it and all that this imports.
    pub file_descriptor_set: &'static [u8],
}
