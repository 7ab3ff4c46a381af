//! HPACK (RFC 7541): header compression, one [`Decoder`] and one [`Encoder`] per connection.
//!
//! Pure state machines over byte slices. Frames, streams and the meaning of fields live elsewhere; the little that
//! HTTP/2 asks of every name and value (RFC 9113 §8.2) is found out here once per table entry.

mod decoder;
mod dynamic_table;
mod encoder;
mod error;
mod huffman;
mod integer;
mod name;
mod static_table;

pub(crate) use decoder::TableState;
pub use decoder::{DecodeOutcome, Decoder, Field, FieldSink};
pub use encoder::{Encoder, FixedBlock, Indexing};
pub use error::HpackError;
pub use name::{NameKind, Pseudo, is_valid_value};

/// The size of a dynamic table in bytes until SETTINGS_HEADER_TABLE_SIZE says otherwise (RFC 9113 §6.5.2).
pub const DEFAULT_TABLE_SIZE: usize = 4096;

/// What an entry counts for on top of its name and value, in bytes (RFC 7541 §4.1; the same in the size of a header
/// list, RFC 9113 §6.5.2).
pub const ENTRY_OVERHEAD: usize = 32;
