//! The gRPC client: channels, connections, calls.
//!
//! Users depend on `gannet`, which re-exports [`Channel`]; generated clients use the call types.

#![forbid(unsafe_code)]

mod call;
mod channel;
mod connection;

pub use call::{
    BidirectionalCall, ClientStreamingCall, ReplyFuture, RequestSender, ServerStreamingCall, UnaryCall,
    UnaryFuture,
};
pub use channel::{Channel, ChannelBuilder, DEFAULT_MAX_RECEIVE_MESSAGE_SIZE};
#[cfg(feature = "tls")]
pub use gannet_transport::tls::ClientTls;
pub use gannet_transport::{Error, Phase};
