//! The tokio driver of one HTTP/2 connection that carries gRPC, and the places connections come from.
//!
//! [`Driver`] is the one task that owns a connection; a [`Role`] (the server's or the client's) says what its frames
//! mean; [`SharedStream`] is what a call's own task and the connection share of one stream; [`Inbox`] is how other tasks
//! reach the connection. [`Listener`] and [`connect()`] are where connections come from: TCP, Unix sockets, in memory.
//!
//! This crate is for `gannet-server` and `gannet-client`; users depend on `gannet`.

#![forbid(unsafe_code)]

mod backoff;
mod driver;
mod error;
mod inbox;
mod io;
mod read_buffer;
mod stream;
#[cfg(feature = "tls")]
pub mod tls;

pub use backoff::Backoff;
pub use driver::{Closed, Driver, Link, Role};
pub use error::{Error, Phase};
pub use inbox::{Command, Inbox};
pub use io::{
    Accepted, Address, Connecting, Connector, Listener, MemoryConnector, MemoryListener, TransportStream,
    connect, memory,
};
pub use stream::{
    ReceiveEnd, ReceiveHalf, SEND_HIGH_MARK, SendEnd, SendHalf, SharedStream, StreamBody, Taken,
    append_message,
};

/// The time by the runtime's clock, which tests can pause.
#[inline]
pub fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
