//! The encodings of gRPC on the wire (PROTOCOL-HTTP2.md in gRPC's documents), one file each.
//!
//! Not here: HTTP/2 frames and header compression (`gannet-http2`).

pub mod base64;
pub mod content_type;
pub mod framing;
pub mod percent;
pub mod status_mapping;
pub mod timeout;
