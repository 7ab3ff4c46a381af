//! What generated code says of services and methods.
//!
//! Not here: the messages' own descriptors, which travel as a serialized `FileDescriptorSet`.

/// A method of a service.
///
/// ```
/// use gannet_core::{MethodDescriptor, MethodKind};
///
/// static SAY_HELLO: MethodDescriptor =
///     MethodDescriptor::new("/helloworld.Greeter/SayHello", "helloworld.Greeter", "SayHello", MethodKind::Unary);
/// assert_eq!(SAY_HELLO.kind, MethodKind::Unary);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl MethodDescriptor {
    /// Describes a method.
    pub const fn new(
        path: &'static str,
        service: &'static str,
        name: &'static str,
        kind: MethodKind,
    ) -> Self {
        Self { path, service, name, kind }
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
