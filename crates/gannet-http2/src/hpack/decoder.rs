//! Decoding of header blocks (RFC 7541 §3).
//!
//! An indexed field costs a table look-up and a call of the sink. Literals are handed out as slices of the block or,
//! if Huffman-coded, of one scratch buffer. What a block may cost is bounded by its length and the limits, whatever it
//! holds: see [`Decoder::decode`].

use std::fmt;
use std::ops::{ControlFlow, Range};

use super::dynamic_table::{DynamicTable, NameSource, entry_size};
use super::huffman::{self, HuffmanError};
use super::{HpackError, NameKind, integer, is_valid_value, static_table};

/// More scratch memory than this is given back after each block.
const SCRATCH_KEEP: usize = 4096;

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
    /// per entry of the static table at its first use, and once per literal that is reported but enters no table.
    ///
    /// An entry is classified even if it is invalid or over the limit of its block, for later blocks may refer to it.
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
    /// The sink wanted no more fields, within the limit or not.
    Stopped,
    /// The header list is over the limit; only the fields in front of the one that broke it were reported.
    TooLarge {
        /// The size of the whole header list in bytes.
        size: usize,
    },
}

/// Decodes the header blocks of one direction of a connection, in their order.
///
/// ```
/// use std::ops::ControlFlow;
/// use gannet_http2::hpack::{DEFAULT_TABLE_SIZE, DecodeOutcome, Decoder, Field, FieldSink};
///
/// struct Print(Vec<String>);
///
/// impl FieldSink for Print {
///     fn classify(&mut self, _name: &[u8], _value: &[u8]) -> u32 {
///         0
///     }
///     fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
///         self.0.push(format!("{}={}", field.name.escape_ascii(), field.value.escape_ascii()));
///         ControlFlow::Continue(())
///     }
/// }
///
/// let mut print = Print(Vec::new());
/// let outcome = Decoder::new(DEFAULT_TABLE_SIZE).decode(b"\x83\x04\x02/a", 16 * 1024, &mut print)?;
/// assert_eq!(outcome, DecodeOutcome::Complete { size: 82 });
/// assert_eq!(print.0, [":method=POST", ":path=/a"]);
/// # Ok::<(), gannet_http2::hpack::HpackError>(())
/// ```
pub struct Decoder {
    table: DynamicTable<Class>,
    /// What SETTINGS_HEADER_TABLE_SIZE allows the peer to set the table to.
    allowed: usize,
    static_tags: [u32; static_table::LEN],
    /// One bit for each element of `static_tags` that was asked for.
    static_known: u64,
    scratch: Scratch,
}

/// See [`Decoder::table_state`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableState {
    inserted: u64,
    entries: usize,
    max_size: usize,
    /// The next block must change the table.
    pub(crate) size_update_due: bool,
}

/// What is remembered of an entry.
#[derive(Clone, Copy)]
struct Class {
    tag: u32,
    kind: NameKind,
    value_valid: bool,
}

impl Decoder {
    /// A decoder whose table may have `max_table_size` bytes from the start. For HTTP/2 this is
    /// [`DEFAULT_TABLE_SIZE`](super::DEFAULT_TABLE_SIZE), whatever the settings say: the peer works with it until it
    /// has acknowledged them, see [`set_max_size`](Self::set_max_size).
    pub fn new(max_table_size: usize) -> Self {
        Self {
            table: DynamicTable::new(max_table_size),
            allowed: max_table_size,
            static_tags: [0; static_table::LEN],
            static_known: 0,
            scratch: Scratch { octets: Vec::new(), used: 0 },
        }
    }

    /// Sets the most that the peer may ask for, in bytes: SETTINGS_HEADER_TABLE_SIZE of our own SETTINGS, once the
    /// peer has acknowledged it. If the table is larger than that, the next block must open with a size update
    /// (RFC 7541 §4.2).
    pub fn set_max_size(&mut self, size: usize) {
        self.allowed = size;
    }

    /// Decodes one whole block (HEADERS and its CONTINUATION frames joined). `limit` is for the header list, in bytes
    /// as RFC 9113 §6.5.2 counts.
    ///
    /// The time taken is linear in the length of the block plus the size of the fields within `limit`, and no more
    /// memory is taken than `limit` and the table ask for: a field over the limit is measured but not stored.
    ///
    /// # Errors
    ///
    /// The block does not follow RFC 7541: the connection cannot go on, since the state of the table is unknown.
    pub fn decode<S: FieldSink>(
        &mut self,
        block: &[u8],
        limit: usize,
        sink: &mut S,
    ) -> Result<DecodeOutcome, HpackError> {
        let mut position = 0;
        if matches!(block, [0x20..0x40, ..]) || self.table.max_size() > self.allowed {
            self.size_updates(block, &mut position)?;
        }
        let mut report = Report { sink, limit, size: 0, reporting: true, stopped: false };
        while let Some(first) = block.get(position) {
            match first {
                0x80.. => self.indexed(block, &mut position, &mut report)?,
                0x40..0x80 => self.literal(block, &mut position, true, &mut report)?,
                0x20..0x40 => return Err(HpackError::SizeUpdateMisplaced { offset: position }),
                // Without indexing (0x00) and never indexed (0x10) differ for those alone who pass fields on.
                ..0x20 => self.literal(block, &mut position, false, &mut report)?,
            }
        }
        let Report { stopped, size, .. } = report;
        if self.scratch.octets.len() > SCRATCH_KEEP {
            self.shrink();
        }
        Ok(match (stopped, size > limit) {
            (true, _) => DecodeOutcome::Stopped,
            (false, true) => DecodeOutcome::TooLarge { size },
            (false, false) => DecodeOutcome::Complete { size },
        })
    }

    /// The state of the table, as far as it decides what a block means: while it is the same, and asks for no size update,
    /// the same block decodes to the same fields.
    #[inline]
    pub(crate) fn table_state(&self) -> TableState {
        TableState {
            inserted: self.table.inserted(),
            entries: self.table.len(),
            max_size: self.table.max_size(),
            size_update_due: self.table.max_size() > self.allowed,
        }
    }

    /// Gives back the scratch memory; for a connection that has gone idle.
    pub fn shrink(&mut self) {
        self.scratch.octets = Vec::new();
    }

    /// Reads the size updates at the start of a block (RFC 7541 §6.3). Their number is not limited: two are the most
    /// that make sense, but each costs no more than any other octet.
    fn size_updates(&mut self, block: &[u8], position: &mut usize) -> Result<(), HpackError> {
        while let Some(0x20..0x40) = block.get(*position) {
            let offset = *position;
            let size = integer::decode(block, position, 5)?;
            if size > self.allowed {
                return Err(HpackError::SizeUpdateTooLarge { offset, size, max: self.allowed });
            }
            self.table.set_max_size(size, |_, _| ());
        }
        if self.table.max_size() > self.allowed && *position < block.len() {
            return Err(HpackError::SizeUpdateMissing { offset: *position, max: self.allowed });
        }
        Ok(())
    }

    #[inline]
    fn indexed<S: FieldSink>(
        &mut self,
        block: &[u8],
        position: &mut usize,
        report: &mut Report<'_, S>,
    ) -> Result<(), HpackError> {
        let offset = *position;
        let index = integer::decode(block, position, 7)?;
        let place = index.wrapping_sub(1);
        if let Some(entry) = static_table::ENTRIES.get(place) {
            if report.admits(entry.name.len(), entry.value.len()) {
                if self.static_known & 1 << place == 0 {
                    self.static_tags[place] = report.sink.classify(entry.name, entry.value);
                    self.static_known |= 1 << place;
                }
                let class = Class { tag: self.static_tags[place], kind: entry.kind, value_valid: true };
                report.field(class, entry.name, entry.value);
            }
            return Ok(());
        }
        let Some(entry) = place.checked_sub(static_table::LEN).and_then(|place| self.table.get(place)) else {
            return Err(HpackError::InvalidIndex { offset, index });
        };
        if report.admits(entry.name.len(), entry.value.len()) {
            report.field(*entry.remark, entry.name, entry.value);
        }
        Ok(())
    }

    fn literal<S: FieldSink>(
        &mut self,
        block: &[u8],
        position: &mut usize,
        indexing: bool,
        report: &mut Report<'_, S>,
    ) -> Result<(), HpackError> {
        let offset = *position;
        let index = integer::decode(block, position, if indexing { 6 } else { 4 })?;
        // No longer string is of use, neither to the sink nor to the table.
        let keep = report.room().max(if indexing { self.table.max_size() } else { 0 });
        self.scratch.used = 0;
        let literal_name = if index == 0 { Some(self.scratch.string(block, position, keep)?) } else { None };
        let literal_value = self.scratch.string(block, position, keep)?;

        let scratch = self.scratch.octets.as_slice();
        let value = literal_value.octets(scratch);
        let (name, name_len, kind, source) = if let Some(text) = &literal_name {
            let name = text.octets(scratch);
            (name, text.len(), NameKind::of(name), NameSource::Octets(name))
        } else if let Some(entry) = static_table::ENTRIES.get(index - 1) {
            (entry.name, entry.name.len(), entry.kind, NameSource::Octets(entry.name))
        } else {
            let place = index - 1 - static_table::LEN;
            let Some(entry) = self.table.get(place) else {
                return Err(HpackError::InvalidIndex { offset, index });
            };
            (entry.name, entry.name.len(), entry.remark.kind, NameSource::Entry(place))
        };

        let admitted = report.admits(name_len, literal_value.len());
        let enters = indexing && entry_size(name_len, literal_value.len()) <= self.table.max_size();
        if admitted || enters {
            // Neither string is longer than `keep`, so both are there in full.
            let tag = report.sink.classify(name, value);
            let class = Class { tag, kind, value_valid: is_valid_value(value) };
            if admitted {
                report.field(class, name, value);
            }
            if enters {
                self.table.insert(source, value, class, |_, _| ());
            }
        }
        if indexing && !enters {
            // RFC 7541 §4.4: too large an entry empties the table.
            self.table.clear();
        }
        Ok(())
    }
}

/// What the caller learns of a block, and what it has cost so far.
struct Report<'a, S> {
    sink: &'a mut S,
    limit: usize,
    /// The size of the fields so far, reported or not.
    size: usize,
    /// Neither over the limit nor stopped.
    reporting: bool,
    stopped: bool,
}

impl<S: FieldSink> Report<'_, S> {
    /// What the next field's name and value may have at most to be reported.
    #[inline]
    fn room(&self) -> usize {
        if self.reporting { self.limit - self.size } else { 0 }
    }

    /// Counts a field, and says whether it is to be reported.
    #[inline]
    fn admits(&mut self, name_len: usize, value_len: usize) -> bool {
        self.size = self.size.saturating_add(entry_size(name_len, value_len));
        self.reporting &= self.size <= self.limit;
        self.reporting
    }

    #[inline]
    fn field(&mut self, class: Class, name: &[u8], value: &[u8]) {
        let Class { tag, kind, value_valid } = class;
        if self.sink.field(Field { tag, kind, value_valid, name, value }).is_break() {
            self.reporting = false;
            self.stopped = true;
        }
    }
}

/// Where Huffman-coded strings are decoded to, one literal field at a time.
struct Scratch {
    octets: Vec<u8>,
    /// How many of them belong to the current field.
    used: usize,
}

/// A string literal.
enum Text<'b> {
    /// As it stands in the block.
    Plain(&'b [u8]),
    /// Decoded, at this place of the scratch buffer.
    Decoded(Range<usize>),
    /// Checked, found to be this long, and not kept.
    Measured(usize),
}

impl<'b> Text<'b> {
    #[inline]
    fn len(&self) -> usize {
        match self {
            Self::Plain(octets) => octets.len(),
            Self::Decoded(range) => range.len(),
            Self::Measured(len) => *len,
        }
    }

    /// The octets; none if they were not kept.
    #[inline]
    fn octets<'s>(&self, scratch: &'s [u8]) -> &'s [u8]
    where
        'b: 's,
    {
        match self {
            Self::Plain(octets) => octets,
            Self::Decoded(range) => scratch.get(range.clone()).unwrap_or_default(),
            Self::Measured(_) => &[],
        }
    }
}

impl Scratch {
    /// Reads a string literal (RFC 7541 §5.2), and decodes it if it comes to no more than `keep` octets.
    fn string<'b>(
        &mut self,
        block: &'b [u8],
        position: &mut usize,
        keep: usize,
    ) -> Result<Text<'b>, HpackError> {
        let offset = *position;
        let truncated = HpackError::Truncated { offset };
        let huffman = block.get(offset).ok_or(truncated)? & 0x80 != 0;
        let len = integer::decode(block, position, 7)?;
        let octets = block.get(*position..).and_then(|rest| rest.get(..len)).ok_or(truncated)?;
        let start = *position;
        *position += len;
        if !huffman {
            return Ok(Text::Plain(octets));
        }
        let fault = |error| match error {
            HuffmanError::Eos => HpackError::HuffmanEos { offset: start },
            HuffmanError::Padding => HpackError::HuffmanPadding { offset: start },
        };
        let mut room = huffman::max_decoded_len(len);
        if room > keep {
            // It may be too long: measure before any memory is taken for it.
            room = huffman::decoded_len(octets).map_err(fault)?;
            if room > keep {
                return Ok(Text::Measured(room));
            }
        }
        let from = self.used;
        // One more than the string takes, as `decode` asks for.
        if self.octets.len() <= from + room {
            self.octets.resize(from + room + 1, 0);
        }
        let decoded = huffman::decode(octets, &mut self.octets[from..]).map_err(fault)?;
        self.used = from + decoded;
        Ok(Text::Decoded(from..self.used))
    }
}

/// Says how full the table is; fields may be secrets and are not shown.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("table", &self.table)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ignore;

    impl FieldSink for Ignore {
        fn classify(&mut self, _name: &[u8], _value: &[u8]) -> u32 {
            0
        }

        fn field(&mut self, _field: Field<'_>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    /// A literal without indexing, its value `len` octets of Huffman code.
    fn literal(code: u8, len: usize) -> Vec<u8> {
        let mut block = bytes::BytesMut::from(&b"\x00\x01a"[..]);
        integer::encode(&mut block, 0x80, 7, len);
        block.resize(block.len() + len, code);
        block.to_vec()
    }

    #[test]
    fn a_giant_literal_takes_no_memory() {
        // '0' has the code 00000, so this is 1.6 MB; behind three octets its string literal starts.
        let block = literal(0, 1_000_000);
        let mut scratch = Scratch { octets: Vec::new(), used: 0 };
        let text = scratch.string(&block, &mut 3, 16_384);
        assert!(matches!(text, Ok(Text::Measured(1_600_000))));
        assert_eq!(scratch.octets.capacity(), 0);
    }

    #[test]
    fn a_literal_of_long_codes_takes_no_more_memory_than_it_decodes_to() {
        // Five codes of 28 bits each: 18 octets with the padding, which could also be 28 octets of text.
        let block = literal(0xff, 0);
        let mut block = [&block[..3], &[0x92]].concat();
        block.extend(std::iter::repeat_n([0xff, 0xff, 0xfe, 0x2f, 0xff, 0xff, 0xe2], 2).flatten());
        block.extend([0xff, 0xff, 0xfe, 0x2f]);
        let mut scratch = Scratch { octets: Vec::new(), used: 0 };
        let text = scratch.string(&block, &mut 3, 5);
        assert!(matches!(text, Ok(Text::Decoded(range)) if range.len() == 5));
        assert!(scratch.octets.len() <= 6);
        assert_eq!(scratch.octets[..5], [2; 5]);
    }

    #[test]
    fn memory_for_a_large_literal_is_given_back_and_that_for_a_small_one_kept() {
        let mut decoder = Decoder::new(4096);
        let _ = decoder.decode(&literal(0, 100), 16_384, &mut Ignore).unwrap();
        assert!((160..512).contains(&decoder.scratch.octets.capacity()));
        let _ = decoder.decode(&literal(0, 10_000), 16_384, &mut Ignore).unwrap();
        assert_eq!(decoder.scratch.octets.capacity(), 0);
    }
}
