//! Streams (RFC 9113 §5): their states, what is kept for each, the table of the open ones and the memory of closed
//! ones. What happens to them is decided in `connection/`.

mod closed;
mod queue;
mod state;
mod table;

pub(crate) use closed::{Closed, ClosedStreams};
pub(crate) use queue::{End, SendQueue};
pub(crate) use state::State;
pub(crate) use table::{Stream, StreamTable, Turn};
