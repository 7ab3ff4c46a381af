//! Tools for testing services and the transport.
//!
//! [`ScriptedPeer`] is an HTTP/2 peer that does what a test tells it, frame by frame, also what no well-behaved peer
//! would: it is how servers and clients are tested against bad input. It takes either role, over anything that carries
//! bytes.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use gannet_core::Code;
//! use gannet_testing::{ErrorCode, ScriptedPeer};
//!
//! // The one end would be a test's, the other that of the server under test.
//! let (near, far) = tokio::io::duplex(64 * 1024);
//! let mut client = ScriptedPeer::client(near);
//! let mut server = ScriptedPeer::server(far);
//!
//! let script = async {
//!     client.handshake().await?;
//!     client.send_grpc_request(1, "/helloworld.Greeter/SayHello").await?;
//!     client.send_message(1, b"request", true).await?;
//!     assert_eq!(client.expect_grpc_status(1).await?, (Code::NotFound, "no such greeter".to_owned()));
//!
//!     // DATA on stream 0 is a connection error (RFC 9113 §6.1).
//!     client.send_data(0, b"stray", false).await?;
//!     assert_eq!(client.expect_go_away().await?.code, ErrorCode::ProtocolError);
//!     client.expect_closed().await
//! };
//! # let other = async {
//! #     server.handshake().await?;
//! #     let request = server.expect_request().await?;
//! #     server.send_grpc_failure(request.stream, Code::NotFound, "no such greeter").await?;
//! #     server.expect("DATA on stream 0", |frame| (frame.stream() == 0 && frame.is_data()).then_some(())).await?;
//! #     server.send_go_away(1, ErrorCode::ProtocolError, "DATA on stream 0").await?;
//! #     server.shutdown().await
//! # };
//! # let (script, other) = tokio::join!(script, other);
//! # other.unwrap();
//! script.unwrap();
//! # });
//! ```
//!
//! Not here: the transports and the engine under test (`gannet-transport`, `gannet-http2`).

#![forbid(unsafe_code)]

mod error;
mod fields;
mod frame;
mod peer;

pub use error::{ScriptError, ScriptErrorKind};
pub use fields::{Fields, header_block};
pub use frame::{Frame, RawFrame, flag, kind, setting};
pub use gannet_http2::ErrorCode;
pub use peer::{Answers, GoAway, IncomingRequest, PREFACE, Response, ScriptedPeer};
