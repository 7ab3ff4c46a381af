//! The scripted peer against the real server and the real client: in good faith and in bad.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod client;
mod server;

use bytes::Bytes;
use gannet_core::{Codec, EncodeBuffer, MethodDescriptor, MethodKind, ServiceDescriptor, Status};

/// The path of the one method.
const PATH: &str = "/test.Echo/Upper";

static METHODS: [MethodDescriptor; 1] =
    [MethodDescriptor::new(PATH, "test.Echo", "Upper", MethodKind::Unary)];

static ECHO: ServiceDescriptor =
    ServiceDescriptor { name: "test.Echo", methods: &METHODS, file_descriptor_set: &[] };

/// Messages that are any bytes.
struct Raw;

impl Codec<Bytes> for Raw {
    fn encode(message: &Bytes, buffer: &mut EncodeBuffer) -> Result<(), Status> {
        buffer.put_slice(message);
        Ok(())
    }

    fn decode(bytes: Bytes) -> Result<Bytes, Status> {
        Ok(bytes)
    }
}
