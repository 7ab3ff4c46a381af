//! gRPC semantics without I/O: status, metadata, deadlines, codecs and the gRPC wire encodings.
//!
//! What handlers and callers touch is at the root: [`Request`], [`Response`], [`Streaming`], [`Status`], [`Metadata`],
//! [`Deadline`]. What only transports touch is in [`wire`].
//!
//! Not here: HTTP/2 (`gannet-http2`), sockets and tasks (`gannet-transport`), and any particular message format
//! (`gannet-buffa`, `gannet-prost`), which plugs in as a [`Codec`]. Users depend on `gannet`, which re-exports what they
//! need.

#![forbid(unsafe_code)]

mod body;
mod code;
mod codec;
mod connection_info;
mod credentials;
mod deadline;
mod descriptor;
mod encode_buffer;
mod extensions;
mod interceptor;
mod metadata;
mod request;
mod response;
mod status;
mod streaming;
mod validation;
pub mod wire;

pub use body::Body;
pub use code::Code;
pub use codec::Codec;
pub use connection_info::{ConnectionInfo, PeerAddress, TlsInfo};
pub use credentials::{CallCredentials, CredentialsRequest, ErasedCallCredentials, MakingCredentials};
pub use deadline::Deadline;
pub use descriptor::{
    CheckSettings, DEFAULT_INTERPRETED_LIMIT, DEFAULT_VIOLATION_LIMIT, MessageCheck, MethodDescriptor,
    MethodKind, ServiceDescriptor,
};
pub use encode_buffer::{EncodeBuffer, Encoded, SEGMENT_MIN};
pub use extensions::Extensions;
pub use interceptor::{
    Call, CallEnd, Caller, ErasedInterceptor, HookedMessages, Interceptor, Interceptors, MessageHooks,
    MessageMut, Next, OwnedMessage, Running, Side, Terminal,
};
pub use metadata::{InvalidMetadata, Metadata, MetadataEntry, MetadataIter, MetadataValue};
pub use request::{Request, RequestParts};
pub use response::Response;
pub use status::{HandlerPanicked, Status};
pub use streaming::Streaming;
pub use validation::{InvalidMessage, MessageKind, MethodCheck, Validation};
