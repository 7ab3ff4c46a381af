//! Encoding of header blocks.

use bytes::BytesMut;

/// Whether a field enters the dynamic table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// Enters the table: for what is likely to come again (RFC 7541 §6.2.1).
    Incremental,
    /// Does not: for what differs from message to message (RFC 7541 §6.2.2).
    Without,
    /// Must not, at any hop: for secrets (RFC 7541 §6.2.3, §7.1.3).
    Never,
}

/// Encodes the header blocks of one direction of a connection, in their order.
#[derive(Debug, Default)]
pub struct Encoder {}

impl Encoder {
    /// An encoder with a table of [`DEFAULT_TABLE_SIZE`](super::DEFAULT_TABLE_SIZE), which is also the most it will
    /// ever use.
    pub fn new() -> Self {
        Self {}
    }

    /// Follows the peer's SETTINGS_HEADER_TABLE_SIZE, in bytes. To be called between blocks; the next block opens with
    /// the size update that RFC 7541 §4.2 asks for.
    pub fn set_max_size(&mut self, _size: usize) {}

    /// Appends one field to the block in `out`.
    pub fn field(&mut self, _out: &mut BytesMut, _name: &[u8], _value: &[u8], _indexing: Indexing) {}

    /// Appends a fixed list of fields to the block in `out`.
    pub fn fixed(&mut self, _out: &mut BytesMut, _block: &mut FixedBlock) {}
}

/// A list of fields that is sent again and again on one connection; its encoded bytes are remembered as long as the
/// encoder's table does not change.
#[derive(Debug, Default)]
pub struct FixedBlock {}

impl FixedBlock {
    /// Takes the fields, in their order.
    pub fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(_fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self {}
    }

    /// The fields in their order. (Asked for by `BlockWriter`, which must be able to keep trailers in a queue.)
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        std::iter::empty()
    }

    /// The size of the header list in bytes: names, values and 32 per field (RFC 9113 §6.5.2).
    pub fn list_size(&self) -> usize {
        0
    }
}
