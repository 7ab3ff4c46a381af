//! Decoding of header blocks.

use std::ops::ControlFlow;

use super::{HpackError, NameKind};

/// One decoded field. Name and value are valid during the call only.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// What [`FieldSink::classify`] answered for this name and value.
    pub tag: u32,
    /// What the name means to HTTP/2.
    pub kind: NameKind,
    /// Whether RFC 9113 §8.2.1 allows the value.
    pub value_valid: bool,
    /// The name as sent.
    pub name: &'a [u8],
    /// The value as sent.
    pub value: &'a [u8],
}

/// Receives the fields of a block.
pub trait FieldSink {
    /// Gives a field the tag that is handed back with it. Called once per entry that enters the dynamic table, once
    /// per entry of the static table at its first use, and once per literal that enters no table.
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32;

    /// Takes one field, in the order of the block. After [`ControlFlow::Break`] no more fields of the block are
    /// reported, but it is decoded to its end, since later blocks build on its table.
    fn field(&mut self, field: Field<'_>) -> ControlFlow<()>;
}

/// How the decoding of a well-formed block ended. The dynamic table is up to date in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum DecodeOutcome {
    /// Every field was reported.
    Complete {
        /// The size of the header list in bytes: names, values and 32 per field (RFC 9113 §6.5.2).
        size: usize,
    },
    /// The sink wanted no more fields.
    Stopped,
    /// The header list is over the limit; only the fields that fitted were reported.
    TooLarge {
        /// The size of the whole header list in bytes.
        size: usize,
    },
}

/// Decodes the header blocks of one direction of a connection, in their order.
#[derive(Debug)]
pub struct Decoder {}

impl Decoder {
    /// A decoder whose table may have `max_table_size` bytes from the start. For HTTP/2 this is
    /// [`DEFAULT_TABLE_SIZE`](super::DEFAULT_TABLE_SIZE), whatever the settings say: the peer works with it until it
    /// has acknowledged them, see [`set_max_size`](Self::set_max_size).
    pub fn new(_max_table_size: usize) -> Self {
        Self {}
    }

    /// Sets the most that the peer may ask for, in bytes: SETTINGS_HEADER_TABLE_SIZE of our own SETTINGS, once the
    /// peer has acknowledged it.
    pub fn set_max_size(&mut self, _size: usize) {}

    /// Decodes one whole block (HEADERS and its CONTINUATION frames joined). `limit` is for the header list, in bytes
    /// as RFC 9113 §6.5.2 counts.
    ///
    /// # Errors
    ///
    /// The block does not follow RFC 7541: the connection cannot go on.
    pub fn decode<S: FieldSink>(
        &mut self,
        _block: &[u8],
        _limit: usize,
        _sink: &mut S,
    ) -> Result<DecodeOutcome, HpackError> {
        Ok(DecodeOutcome::Complete { size: 0 })
    }

    /// Gives back the scratch memory; for a connection that has gone idle.
    pub fn shrink(&mut self) {}
}
