//! HTTP/2 (RFC 9113) and HPACK (RFC 7541) as pure state machines, for both roles.
//!
//! A [`Connection`] has no socket, no clock and no lock: bytes and `now` go in, [`Event`]s and bytes come out. So it can be
//! driven by any runtime, simulated in virtual time and fuzzed. Gannet's transport drives it from one task per
//! connection.
//!
//! # Call order
//!
//! 1. [`Connection::client`] or [`Connection::server`] writes the first frames into a [`WriteBuffer`], which is used for
//!    all of the connection's life.
//! 2. After each read: call [`Connection::receive`] until it gives `None`, and handle each [`Event`]. The fields of a
//!    header block go to the [`HeaderVisitor`] just before its event. Whatever [`Event::Data`] brings is given back with
//!    [`Connection::release`] once it is consumed, even if its stream is gone by then.
//! 3. At any time: [`open`](Connection::open), [`send_head`](Connection::send_head),
//!    [`send_data`](Connection::send_data), [`send_data_in_place`](Connection::send_data_in_place),
//!    [`send_trailers`](Connection::send_trailers), [`reset`](Connection::reset), [`ping`](Connection::ping),
//!    [`go_away`](Connection::go_away). Data that the windows do not allow yet waits in the engine:
//!    [`queued_bytes`](Connection::queued_bytes) and [`Event::Writable`] are for back-pressure. Events that these calls
//!    cause come with the next [`receive`](Connection::receive) or [`poll_event`](Connection::poll_event).
//! 4. Before waiting: write the buffer to the socket (it is a [`bytes::Buf`]), then, if
//!    [`wants_flush`](Connection::wants_flush), call [`flush`](Connection::flush) and write again. Sleep until the socket
//!    is ready or [`next_timeout`](Connection::next_timeout), and then call
//!    [`handle_timeout`](Connection::handle_timeout).
//! 5. On a [`ConnectionError`], or once [`is_drained`](Connection::is_drained): write what is left in the buffer and
//!    close the socket. Streams that were open get no events; they are over.
//!
//! # Example
//!
//! A client and a server exchange one request in memory.
//!
//! ```
//! use std::time::Instant;
//!
//! use bytes::{Buf, Bytes, BytesMut};
//! use gannet_http2::hpack::{FixedBlock, Indexing};
//! use gannet_http2::{Config, Connection, Event, FieldList, HeaderVisitor, StreamKey, WriteBuffer};
//!
//! /// Keeps the last header block as text.
//! #[derive(Default)]
//! struct Fields(Vec<String>);
//!
//! impl HeaderVisitor for Fields {
//!     fn classify(&mut self, _name: &[u8], _value: &[u8]) -> u32 { 0 }
//!     fn begin(&mut self, _stream: StreamKey, _trailers: bool) { self.0.clear(); }
//!     fn field(&mut self, _tag: u32, name: &[u8], value: &[u8]) {
//!         self.0.push(format!("{}: {}", name.escape_ascii(), value.escape_ascii()));
//!     }
//! }
//!
//! /// Carries what one side has written to the other side's input.
//! fn carry(from: &mut WriteBuffer, to: &mut BytesMut) {
//!     while from.has_remaining() {
//!         let count = from.chunk().len();
//!         to.extend_from_slice(from.chunk());
//!         from.advance(count);
//!     }
//! }
//!
//! let now = Instant::now();
//! let (mut client_out, mut server_out) = (WriteBuffer::new(), WriteBuffer::new());
//! let (mut client_in, mut server_in) = (BytesMut::new(), BytesMut::new());
//! let mut client = Connection::client(Config::default(), now, &mut client_out);
//! let mut server = Connection::server(Config::default(), now, &mut server_out);
//! let mut fields = Fields::default();
//!
//! // The client asks.
//! let mut head = FieldList::new();
//! for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/greet"), (":authority", "localhost")] {
//!     head.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
//! }
//! let stream = client.open(now, &mut head, false, &mut client_out).unwrap();
//! client.send_data(stream, Bytes::from_static(b"world"), true, &mut client_out).unwrap();
//!
//! // The server answers.
//! carry(&mut client_out, &mut server_in);
//! let mut answer = FixedBlock::new([(":status", "200")]);
//! let mut trailers = FixedBlock::new([("grpc-status", "0")]);
//! while let Some(event) = server.receive(now, &mut server_in, &mut server_out, &mut fields).unwrap() {
//!     match event {
//!         Event::Head { stream, .. } => {
//!             assert!(fields.0.contains(&":path: /greet".to_owned()));
//!             server.send_head(stream, &mut answer, false, &mut server_out).unwrap();
//!         }
//!         Event::Data { stream, data, end_stream } => {
//!             server.send_data_in_place(stream, false, &mut server_out, |mut buffer| {
//!                 buffer.extend_from_slice(b"hello ");
//!                 buffer.extend_from_slice(&data);
//!                 buffer
//!             }).unwrap();
//!             server.release(stream, data.len(), &mut server_out);
//!             if end_stream {
//!                 server.send_trailers(stream, &mut trailers, &mut server_out).unwrap();
//!             }
//!         }
//!         _ => {}
//!     }
//! }
//!
//! // The client reads the answer.
//! carry(&mut server_out, &mut client_in);
//! let mut body = Vec::new();
//! while let Some(event) = client.receive(now, &mut client_in, &mut client_out, &mut fields).unwrap() {
//!     if let Event::Data { stream, data, .. } = event {
//!         body.extend_from_slice(&data);
//!         client.release(stream, data.len(), &mut client_out);
//!     }
//! }
//! assert_eq!(body, b"hello world");
//! assert_eq!(fields.0, ["grpc-status: 0"]);
//! assert_eq!((client.active_streams(), server.active_streams()), (0, 0));
//! ```

#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "windows, lengths and identifiers are below 2^31, which is checked where they come in"
)]

mod config;
mod connection;
mod error;
mod event;
mod fields;
mod frame;
pub mod hpack;
mod stream;
mod write_buffer;

pub use config::{Budget, Budgets, Config};
pub use connection::{Connection, InPlace, Role, Stats};
pub use error::{
    BudgetKind, ConnectionError, ConnectionErrorKind, ErrorCode, Initiator, OpenError, OtherProtocol,
    SendError, StreamError,
};
pub use event::{Event, StreamKey};
pub use fields::{BlockWriter, FieldList, HeaderFields, HeaderVisitor};
pub use write_buffer::{SEGMENT_MIN, WriteBuffer};
