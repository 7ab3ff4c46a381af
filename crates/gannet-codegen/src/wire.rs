//! Walks raw protobuf bytes without knowing their schema.
//!
//! Descriptor sets pass through here as bytes, so that custom options, which typed
//! descriptors may not know, come out as they went in. Not a decoder for messages: that is
//! buffa's and prost's work.

use crate::error::Error;

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const START_GROUP: u8 = 3;
const END_GROUP: u8 = 4;
const FIXED32: u8 = 5;

/// How deep groups of unknown fields may nest before the bytes count as malformed.
const MAX_GROUP_DEPTH: u32 = 100;

/// One field as it stands in the bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The field's number.
    pub(crate) number: u32,
    /// The payload of a length-delimited field; empty for the other wire types.
    pub(crate) payload: &'a [u8],
    /// The whole field: tag, length and payload.
    pub(crate) raw: &'a [u8],
}

/// The fields of one message, in the order of the bytes.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

/// Iterates over the fields of the message in `bytes`.
pub(crate) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { rest: bytes }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = take_field(&mut self.rest);
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or_else(Error::malformed))
    }
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let start = *rest;
    let tag = take_varint(rest)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number != 0)?;
    let payload = skip_value(rest, number, (tag & 7) as u8, 0)?;
    let raw = start.get(..start.len() - rest.len())?;
    Some(Field { number, payload, raw })
}

/// Steps over one value and returns its payload if it is length-delimited.
fn skip_value<'a>(rest: &mut &'a [u8], number: u32, wire_type: u8, depth: u32) -> Option<&'a [u8]> {
    match wire_type {
        VARINT => take_varint(rest).map(|_| [].as_slice()),
        FIXED64 => take(rest, 8).map(|_| [].as_slice()),
        FIXED32 => take(rest, 4).map(|_| [].as_slice()),
        LENGTH_DELIMITED => {
            let length = take_varint(rest)?;
            take(rest, usize::try_from(length).ok()?)
        }
        START_GROUP if depth < MAX_GROUP_DEPTH => loop {
            let tag = take_varint(rest)?;
            let inner = u32::try_from(tag >> 3).ok()?;
            match (tag & 7) as u8 {
                END_GROUP if inner == number => return Some(&[]),
                inner_type => skip_value(rest, inner, inner_type, depth + 1)?,
            };
        },
        _ => None,
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Appends a length-delimited field.
pub(crate) fn put_field(out: &mut Vec<u8>, number: u32, payload: &[u8]) {
    put_varint(out, u64::from(number) << 3 | u64::from(LENGTH_DELIMITED));
    put_varint(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_is_stepped_over() {
        // 1: varint 300, 2: fixed64, 3: "ab", 4: group { 5: varint 1 }, 6: fixed32
        let bytes = [
            0x08, 0xac, 0x02, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, b'a', b'b', 0x23, 0x28, 1, 0x24, 0x35,
            1, 2, 3, 4,
        ];
        let all: Vec<_> = fields(&bytes).map(|field| field.expect("well-formed")).collect();
        assert_eq!(all.iter().map(|field| field.number).collect::<Vec<_>>(), [1, 2, 3, 4, 6]);
        assert_eq!(all[2].payload, b"ab");
        assert_eq!(all.iter().flat_map(|field| field.raw).copied().collect::<Vec<_>>(), bytes);
    }

    #[test]
    fn truncated_bytes_are_an_error_and_end_the_walk() {
        for bytes in [&[0x1a, 5, b'a'][..], &[0x08], &[0x0b, 0x08, 1], &[0x00, 0x00], &[0x0f, 0x01]] {
            let mut walk = fields(bytes);
            assert!(walk.next().is_some_and(|field| field.is_err()), "{bytes:?}");
            assert!(walk.next().is_none());
        }
    }

    #[test]
    fn a_written_field_reads_back() {
        let mut out = Vec::new();
        put_field(&mut out, 200, &[7; 300]);
        let field = fields(&out).next().and_then(Result::ok).expect("one field");
        assert_eq!((field.number, field.payload), (200, &[7u8; 300][..]));
    }
}
