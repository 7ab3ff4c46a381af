//! HPACK from outside: against RFC 7541's examples, against other implementations, and against hostile blocks.

// The lint spares test functions, but not what they share.
#![allow(clippy::unwrap_used)]

mod bounds;
mod encoder;
mod properties;
mod rfc7541;
mod size_updates;
mod stories;

use std::ops::ControlFlow;

use bytes::BytesMut;
use gannet_http2::hpack::{DecodeOutcome, Decoder, Encoder, Field, FieldSink, HpackError, Indexing};

/// No test but those of limits comes near this.
pub(crate) const NO_LIMIT: usize = usize::MAX;

/// A name and a value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// Keeps what it receives; the tag of a field is the number of the classification.
#[derive(Default)]
pub(crate) struct Collect {
    pub(crate) fields: Vec<Pair>,
    pub(crate) tags: Vec<u32>,
    pub(crate) classified: Vec<Pair>,
    /// Wants no more after so many fields.
    pub(crate) stop_after: Option<usize>,
}

impl FieldSink for Collect {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        self.classified.push((name.to_vec(), value.to_vec()));
        self.classified.len() as u32
    }

    fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
        self.fields.push((field.name.to_vec(), field.value.to_vec()));
        self.tags.push(field.tag);
        if self.stop_after == Some(self.fields.len()) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// The fields of a block without limit.
pub(crate) fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<Pair>, HpackError> {
    let mut collect = Collect::default();
    let outcome = decoder.decode(block, NO_LIMIT, &mut collect)?;
    let size = collect.fields.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
    assert_eq!(outcome, DecodeOutcome::Complete { size });
    Ok(collect.fields)
}

/// What the decoder's dynamic table holds, the newest first, as far as indexes can tell.
pub(crate) fn table(decoder: &mut Decoder) -> Vec<Pair> {
    let mut entries = Vec::new();
    for index in 62.. {
        let mut block = BytesMut::new();
        put_integer(&mut block, 0x80, 7, index);
        match decode(decoder, &block) {
            Ok(fields) => entries.extend(fields),
            Err(HpackError::InvalidIndex { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    entries
}

/// An integer as RFC 7541 §5.1 lays down, written here apart from the crate's own.
pub(crate) fn put_integer(block: &mut BytesMut, flags: u8, prefix_bits: u32, mut value: usize) {
    let mask = (1 << prefix_bits) - 1;
    if value < mask {
        block.extend_from_slice(&[flags | value as u8]);
        return;
    }
    block.extend_from_slice(&[flags | mask as u8]);
    value -= mask;
    while value >= 128 {
        block.extend_from_slice(&[value as u8 | 0x80]);
        value /= 128;
    }
    block.extend_from_slice(&[value as u8]);
}

/// A string without Huffman coding.
pub(crate) fn put_string(block: &mut BytesMut, text: &[u8]) {
    put_integer(block, 0, 7, text.len());
    block.extend_from_slice(text);
}

/// A literal with a literal name; `flags` is its pattern: 0x40 incremental, 0x00 without, 0x10 never.
pub(crate) fn put_literal(block: &mut BytesMut, flags: u8, name: &[u8], value: &[u8]) {
    block.extend_from_slice(&[flags]);
    put_string(block, name);
    put_string(block, value);
}

/// One block of these fields.
pub(crate) fn encode(encoder: &mut Encoder, fields: &[(&str, &str)], indexing: Indexing) -> BytesMut {
    let mut block = BytesMut::new();
    for (name, value) in fields {
        encoder.field(&mut block, name.as_bytes(), value.as_bytes(), indexing);
    }
    block
}

pub(crate) fn pairs(fields: &[(&str, &str)]) -> Vec<Pair> {
    fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

/// Octets from hexadecimal digits; blanks do not count.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        digits.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
