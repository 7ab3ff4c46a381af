//! Encoding of header blocks (RFC 7541 §3, §6).
//!
//! Matches are found by hash, whatever the table's size. What is sent with every message is a [`FixedBlock`], whose
//! bytes are copied as they are while the table stands still.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::dynamic_table::{DynamicTable, NameSource, entry_size};
use super::static_table::{self, StaticMatch};
use super::{DEFAULT_TABLE_SIZE, huffman, integer};

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

/// How a representation starts: its pattern, and how many bits are left for the integer.
const INDEXED: (u8, u32) = (0x80, 7);
const INCREMENTAL: (u8, u32) = (0x40, 6);
const SIZE_UPDATE: (u8, u32) = (0x20, 5);
const NEVER: (u8, u32) = (0x10, 4);
const WITHOUT: (u8, u32) = (0x00, 4);
/// The flag of a Huffman-coded string, and the bits of a string's length.
const HUFFMAN: (u8, u32) = (0x80, 7);
const PLAIN: (u8, u32) = (0x00, 7);

/// Encodes the header blocks of one direction of a connection, in their order.
///
/// What it appends must reach the peer in the same order, whole blocks only: the peer's table follows each of them.
///
/// ```
/// use bytes::BytesMut;
/// use gannet_http2::hpack::{Encoder, Indexing};
///
/// let mut encoder = Encoder::new();
/// let mut block = BytesMut::new();
/// encoder.field(&mut block, b":status", b"200", Indexing::Incremental);
/// encoder.field(&mut block, b"server", b"gannet", Indexing::Incremental);
/// assert_eq!(block.len(), 8);
/// block.clear();
/// encoder.field(&mut block, b"server", b"gannet", Indexing::Incremental);
/// assert_eq!(block, b"\xbe"[..]);
/// ```
pub struct Encoder {
    table: DynamicTable<Hashes>,
    hasher: RandomState,
    /// The number of the entry for a field, by [`Hashes::field`].
    fields: HashTable<u64>,
    /// The number of the newest entry for a name, by [`Hashes::name`].
    names: HashTable<u64>,
    /// The most we ever use, whatever the peer offers.
    limit: usize,
    /// The size updates that the next block has to open with: the least size since the last block, and the last.
    pending: Option<SizeUpdate>,
    /// Changes with every change of the table.
    generation: u64,
    /// Differs from that of every other encoder of the process.
    identity: u64,
}

#[derive(Clone, Copy)]
struct Hashes {
    field: u64,
    name: u64,
}

#[derive(Clone, Copy)]
struct SizeUpdate {
    least: usize,
    last: usize,
}

/// How a field was encoded, if that can be used again.
#[derive(Debug, Clone, Copy)]
enum Reference {
    /// As a literal that entered no table.
    None,
    /// At this index of the static table.
    Static(usize),
    /// As the entry that was inserted under this number.
    Dynamic(u64),
}

impl Encoder {
    /// An encoder with a table of [`DEFAULT_TABLE_SIZE`](super::DEFAULT_TABLE_SIZE), which is also the most it will
    /// ever use.
    pub fn new() -> Self {
        Self::with_limit(DEFAULT_TABLE_SIZE)
    }

    /// An encoder that uses a table of at most `limit` bytes, even if the peer allows more. With 0 it uses none.
    pub fn with_limit(limit: usize) -> Self {
        static NEXT_IDENTITY: AtomicU64 = AtomicU64::new(1);
        let mut encoder = Self {
            table: DynamicTable::new(DEFAULT_TABLE_SIZE),
            hasher: RandomState::default(),
            fields: HashTable::new(),
            names: HashTable::new(),
            limit,
            pending: None,
            generation: 0,
            identity: NEXT_IDENTITY.fetch_add(1, Ordering::Relaxed),
        };
        encoder.set_max_size(DEFAULT_TABLE_SIZE);
        encoder
    }

    /// Follows the peer's SETTINGS_HEADER_TABLE_SIZE, in bytes. To be called between blocks; the next block opens with
    /// the size updates that RFC 7541 §4.2 asks for.
    pub fn set_max_size(&mut self, size: usize) {
        let size = size.min(self.limit);
        if size == self.table.max_size() {
            return;
        }
        let least = self.pending.map_or(size, |pending| pending.least.min(size));
        self.pending = Some(SizeUpdate { least, last: size });
        self.generation += 1;
        let Self { table, fields, names, .. } = self;
        table.set_max_size(size, |number, hashes| forget(fields, names, number, *hashes));
    }

    /// Appends one field to the block in `out`. The name must be in lower case.
    pub fn field(&mut self, out: &mut BytesMut, name: &[u8], value: &[u8], indexing: Indexing) {
        self.open_block(out);
        self.encode(out, name, value, indexing);
    }

    /// Appends a fixed list of fields to the block in `out`, each with [`Indexing::Incremental`].
    pub fn fixed(&mut self, out: &mut BytesMut, block: &mut FixedBlock) {
        self.open_block(out);
        if block.generation == self.generation && block.encoder == self.identity {
            out.extend_from_slice(&block.encoded);
            return;
        }
        self.encode_fixed(out, block);
    }

    /// Emits the size updates that are due, which is at the start of a block only (RFC 7541 §4.2).
    #[inline]
    fn open_block(&mut self, out: &mut BytesMut) {
        if let Some(SizeUpdate { least, last }) = self.pending.take() {
            if least < last {
                put_integer(out, SIZE_UPDATE, least);
            }
            put_integer(out, SIZE_UPDATE, last);
        }
    }

    fn encode_fixed(&mut self, out: &mut BytesMut, block: &mut FixedBlock) {
        let FixedBlock { fields, encoded, generation, encoder, .. } = block;
        let known = *encoder == self.identity;
        let before = self.generation;
        let start = out.len();
        for FixedField { name, value, reference } in fields {
            let index = match *reference {
                Reference::Static(index) => Some(index),
                Reference::Dynamic(number) if known => self.index_of(number),
                Reference::Dynamic(_) | Reference::None => None,
            };
            match index {
                Some(index) => put_integer(out, INDEXED, index),
                None => *reference = self.encode(out, name, value, Indexing::Incremental),
            }
        }
        *encoder = self.identity;
        if self.generation == before {
            *generation = before;
            encoded.clear();
            encoded.extend_from_slice(&out[start..]);
        } else {
            // What was inserted now is an index the next time.
            *generation = NO_GENERATION;
        }
    }

    fn encode(&mut self, out: &mut BytesMut, name: &[u8], value: &[u8], indexing: Indexing) -> Reference {
        let static_name = match static_table::find(name, value) {
            StaticMatch::Field(index) if indexing != Indexing::Never => {
                put_integer(out, INDEXED, index);
                return Reference::Static(index);
            }
            StaticMatch::Field(index) | StaticMatch::Name(index) => Some(index),
            StaticMatch::None => None,
        };
        let fits = entry_size(name.len(), value.len()) <= self.table.max_size();
        if indexing != Indexing::Incremental || !fits {
            let index = static_name.or_else(|| self.find_name(self.hash_name(name).finish(), name));
            let start = if indexing == Indexing::Never { NEVER } else { WITHOUT };
            put_literal(out, start, index, name, value);
            return Reference::None;
        }

        let mut state = self.hash_name(name);
        let name_hash = state.finish();
        state.write(value);
        let hashes = Hashes { field: state.finish(), name: name_hash };
        if let Some((number, index)) = self.find_field(hashes.field, name, value) {
            put_integer(out, INDEXED, index);
            return Reference::Dynamic(number);
        }
        let index = static_name.or_else(|| self.find_name(name_hash, name));
        put_literal(out, INCREMENTAL, index, name, value);
        Reference::Dynamic(self.insert(name, value, hashes))
    }

    fn hash_name(&self, name: &[u8]) -> impl Hasher + use<> {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(name);
        hasher
    }

    fn index_of(&self, number: u64) -> Option<usize> {
        self.table.place_of(number).map(|place| static_table::LEN + 1 + place)
    }

    fn find_field(&self, hash: u64, name: &[u8], value: &[u8]) -> Option<(u64, usize)> {
        let number = *self.fields.find(hash, |number| {
            self.entry(*number).is_some_and(|(its_name, its_value)| its_name == name && its_value == value)
        })?;
        Some((number, self.index_of(number)?))
    }

    fn find_name(&self, hash: u64, name: &[u8]) -> Option<usize> {
        let number =
            self.names.find(hash, |number| self.entry(*number).is_some_and(|(its, _)| its == name))?;
        self.index_of(*number)
    }

    fn entry(&self, number: u64) -> Option<(&[u8], &[u8])> {
        self.table.get(self.table.place_of(number)?).map(|entry| (entry.name, entry.value))
    }

    /// Inserts a field that is not in the table yet and fits into it; returns its number.
    fn insert(&mut self, name: &[u8], value: &[u8], hashes: Hashes) -> u64 {
        self.generation += 1;
        let number = self.table.inserted();
        let Self { table, fields, names, .. } = self;
        table.insert(NameSource::Octets(name), value, hashes, |number, hashes| {
            forget(fields, names, number, *hashes);
        });
        let remark = |number: &u64| {
            table.place_of(*number).and_then(|place| table.get(place)).map(|entry| *entry.remark)
        };
        fields.insert_unique(hashes.field, number, |number| remark(number).map_or(0, |hashes| hashes.field));
        let same_name = |number: &u64| {
            table.place_of(*number).and_then(|place| table.get(place)).is_some_and(|entry| entry.name == name)
        };
        match names.find_mut(hashes.name, same_name) {
            Some(newest) => *newest = number,
            None => {
                names.insert_unique(hashes.name, number, |number| {
                    remark(number).map_or(0, |hashes| hashes.name)
                });
            }
        }
        number
    }
}

/// Removes an evicted entry from the two indexes.
fn forget(fields: &mut HashTable<u64>, names: &mut HashTable<u64>, number: u64, hashes: Hashes) {
    if let Ok(entry) = fields.find_entry(hashes.field, |at| *at == number) {
        entry.remove();
    }
    // A newer entry of the same name has taken its place.
    if let Ok(entry) = names.find_entry(hashes.name, |at| *at == number) {
        entry.remove();
    }
}

#[inline]
fn put_integer(out: &mut BytesMut, (flags, prefix_bits): (u8, u32), value: usize) {
    integer::encode(out, flags, prefix_bits, value);
}

/// Appends a literal, its name by `index` where a table has it.
fn put_literal(out: &mut BytesMut, start: (u8, u32), index: Option<usize>, name: &[u8], value: &[u8]) {
    put_integer(out, start, index.unwrap_or(0));
    if index.is_none() {
        put_string(out, name);
    }
    // Of base64, Huffman's code spares less than a fifth, for more work than that of making the base64.
    if name.ends_with(b"-bin") { put_plain(out, value) } else { put_string(out, value) }
}

fn put_plain(out: &mut BytesMut, text: &[u8]) {
    put_integer(out, PLAIN, text.len());
    out.put_slice(text);
}

fn put_string(out: &mut BytesMut, text: &[u8]) {
    let encoded_len = huffman::encoded_len(text);
    if encoded_len < text.len() {
        put_integer(out, HUFFMAN, encoded_len);
        huffman::encode(text, out);
    } else {
        put_plain(out, text);
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Says how full the table is; fields may be secrets and are not shown.
impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("table", &self.table)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// No encoder is ever at this generation.
const NO_GENERATION: u64 = u64::MAX;

/// A list of fields that is sent again and again on one connection.
///
/// Its encoded bytes are remembered as long as the encoder's table does not change; and when it has changed, which
/// entries they were. Used with another encoder it is as good as new.
///
/// ```
/// use bytes::BytesMut;
/// use gannet_http2::hpack::{Encoder, FixedBlock};
///
/// let mut encoder = Encoder::new();
/// let mut head = FixedBlock::new([(":status", "200"), ("content-type", "application/grpc")]);
/// let mut block = BytesMut::new();
/// encoder.fixed(&mut block, &mut head);
/// assert_eq!(block.len(), 14);
/// block.clear();
/// encoder.fixed(&mut block, &mut head);
/// assert_eq!(block, b"\x88\xbe"[..]);
/// ```
pub struct FixedBlock {
    fields: Box<[FixedField]>,
    list_size: usize,
    /// What the encoder of this `identity` made of the fields at this `generation`.
    encoded: Vec<u8>,
    generation: u64,
    encoder: u64,
}

struct FixedField {
    name: Bytes,
    value: Bytes,
    reference: Reference,
}

impl FixedBlock {
    /// Takes the fields, in their order. The names must be in lower case.
    pub fn new<N: Into<Bytes>, V: Into<Bytes>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let field = |(name, value): (N, V)| FixedField {
            name: name.into(),
            value: value.into(),
            reference: Reference::None,
        };
        let fields: Box<[FixedField]> = fields.into_iter().map(field).collect();
        let list_size = fields.iter().map(|field| entry_size(field.name.len(), field.value.len())).sum();
        Self { fields, list_size, encoded: Vec::new(), generation: NO_GENERATION, encoder: 0 }
    }

    /// Names and values, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (&*field.name, &*field.value))
    }

    /// The size as a header list in bytes: names, values and 32 per field (RFC 9113 §6.5.2).
    pub fn list_size(&self) -> usize {
        self.list_size
    }
}

/// Says how many fields there are; they may be secrets and are not shown.
impl fmt::Debug for FixedBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedBlock").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evicted_entries_leave_no_trace_in_the_indexes() {
        let mut encoder = Encoder::new();
        let mut out = BytesMut::new();
        for round in 0..10_000_u32 {
            let (name, value) = (format!("name-{}", round % 500), round.to_string());
            encoder.field(&mut out, name.as_bytes(), value.as_bytes(), Indexing::Incremental);
            out.clear();
            assert!(encoder.fields.len() <= DEFAULT_TABLE_SIZE / 32);
            assert!(encoder.names.len() <= encoder.fields.len());
        }
        encoder.set_max_size(0);
        assert!(encoder.fields.is_empty() && encoder.names.is_empty());
    }

    #[test]
    fn text_is_compressed_and_base64_stands_as_it_is() {
        let encoded = |name: &[u8]| {
            let mut out = BytesMut::new();
            Encoder::new().field(&mut out, name, b"bm8gbmVlZCB0byBkZWNvZGUgaXQ", Indexing::Without);
            out
        };
        let holds = |out: &BytesMut| out.ends_with(b"bm8gbmVlZCB0byBkZWNvZGUgaXQ");
        assert!(holds(&encoded(b"grpc-status-details-bin")));
        assert!(!holds(&encoded(b"grpc-message")));
    }
}
