//! gRPC semantics without I/O: status, metadata, deadlines, requests and responses, codecs, and the encodings of the
//! wire.
//!
//! Nothing here knows of sockets, HTTP/2 or an async runtime. Users depend on `gannet`, which re-exports what they need.

#![forbid(unsafe_code)]

mod code;
mod codec;
mod connection_info;
mod deadline;
mod descriptor;
mod metadata;
mod request;
mod response;
mod status;
mod streaming;
pub mod wire;

pub use code::Code;
pub use codec::{Codec, EncodeBuffer, Encoded, SEGMENT_MIN};
pub use connection_info::{ConnectionInfo, PeerAddress};
pub use deadline::Deadline;
pub use descriptor::{MethodDescriptor, MethodKind, ServiceDescriptor};
pub use metadata::{InvalidMetadata, Metadata, MetadataEntry, MetadataIter, MetadataValue};
pub use request::{Extensions, Request};
pub use response::Response;
pub use status::Status;
pub use streaming::{Body, Streaming};
