//! What Gannet's programs under test share: the generated code of their services, what both interop programs need of
//! gRPC's `interop-test-descriptions.md`, and [`connect`] for those of the Connect suites. Built on the facade alone, as
//! a user's program is. The suites that run the programs are in `conformance/suites`.

#![forbid(unsafe_code)]

gannet::include_protos!();

pub mod connect;

use grpc::testing::{EchoStatus, Payload, PayloadType};

/// Request metadata that a server sends back before its first reply.
pub const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
/// Request metadata that a server sends back behind its last reply.
pub const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// A payload of so many zero bytes.
pub fn payload(size: usize) -> Payload {
    Payload { r#type: PayloadType::COMPRESSABLE.into(), body: vec![0; size].into() }
}

/// A request for the server to answer with this status.
pub fn echo_status(code: gannet::Code, message: &str) -> EchoStatus {
    EchoStatus { code: code.as_i32(), message: message.to_owned() }
}
