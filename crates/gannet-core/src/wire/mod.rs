//! The encodings of gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md): for transports, not for handlers or callers.
//!
//! Not here: HTTP/2 frames and header compression (`gannet-http2`).

pub mod base64;
pub mod content_type;
pub mod framing;
pub mod percent;
pub mod status_mapping;
pub mod timeout;
