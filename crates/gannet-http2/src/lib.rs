//! HTTP/2 (RFC 9113) and HPACK (RFC 7541) as pure state machines, for both roles.

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
    BudgetKind, ConnectionError, ConnectionErrorKind, ErrorCode, Initiator, OpenError, SendError, StreamError,
};
pub use event::{Event, StreamKey};
pub use fields::{BlockWriter, FieldList, HeaderFields, HeaderVisitor};
pub use write_buffer::{SEGMENT_MIN, WriteBuffer};
