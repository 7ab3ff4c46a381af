//! What generated code is written against. Not for other code: it changes with the generator.

pub use gannet_core::{
    MethodDescriptor, MethodKind, Request, Response, ServiceDescriptor, Status, Streaming,
};

#[cfg(feature = "server")]
pub use gannet_server::{Handle, Methods, Replies, Service, ServiceMethods};

#[cfg(feature = "client")]
pub use gannet_client::{BidirectionalCall, Channel, ClientStreamingCall, ServerStreamingCall, UnaryCall};

#[cfg(feature = "buffa")]
pub use gannet_buffa::{Buffa, buffa, buffa_descriptor, buffa_types};

#[cfg(feature = "json")]
pub use gannet_buffa::{serde, serde_json};

#[cfg(feature = "prost")]
pub use gannet_prost::{Prost, prost, prost_types};

/// The run time of validators.
#[cfg(feature = "validate")]
pub use gannet_validate as validate;
