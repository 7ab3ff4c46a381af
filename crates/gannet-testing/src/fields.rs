//! Header fields: as a script writes them, and as they arrive.
//!
//! Nothing is checked here: a script may send what HTTP forbids.

use std::fmt;
use std::ops::ControlFlow;

use bytes::Bytes;
use gannet_http2::hpack::{DecodeOutcome, Decoder, Field, FieldSink};

/// More than any test's header list needs, in bytes.
const LIST_LIMIT: usize = 16 * 1024 * 1024;

/// The fields of one header block, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Bytes, Bytes)>);

impl Fields {
    /// The first value of `name`, if it is UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        std::str::from_utf8(value).ok()
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The fields of a block; the error says what is wrong with the block.
    pub(crate) fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Self, String> {
        let mut fields = Self::default();
        match decoder.decode(block, LIST_LIMIT, &mut fields) {
            Ok(DecodeOutcome::Complete { .. }) => Ok(fields),
            Ok(outcome) => Err(format!("a header list that is too large: {outcome:?}")),
            Err(error) => Err(format!("a header block that cannot be decoded: {error}")),
        }
    }
}

impl FieldSink for Fields {
    fn classify(&mut self, _: &[u8], _: &[u8]) -> u32 {
        0
    }

    fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
        self.0.push((Bytes::copy_from_slice(field.name), Bytes::copy_from_slice(field.value)));
        ControlFlow::Continue(())
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{}: {}", name.escape_ascii(), value.escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{self}]")
    }
}

/// A header block of these fields: literals that enter no table, without Huffman coding (RFC 7541 §6.2.2).
///
/// ```
/// use gannet_testing::header_block;
///
/// assert_eq!(header_block([("te", "x")]), b"\0\x02te\x01x");
/// ```
pub fn header_block<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: impl IntoIterator<Item = (N, V)>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        put_string(&mut block, name.as_ref());
        put_string(&mut block, value.as_ref());
    }
    block
}

/// Writes a string literal (RFC 7541 §5.2): its length with a prefix of seven bits, then its bytes.
fn put_string(block: &mut Vec<u8>, string: &[u8]) {
    const PREFIX: usize = 127;
    if string.len() < PREFIX {
        block.push(string.len() as u8);
    } else {
        block.push(PREFIX as u8);
        let mut rest = string.len() - PREFIX;
        while rest >= 128 {
            block.push((rest % 128) as u8 | 128);
            rest /= 128;
        }
        block.push(rest as u8);
    }
    block.extend_from_slice(string);
}

#[cfg(test)]
mod tests {
    use gannet_http2::hpack::DEFAULT_TABLE_SIZE;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_block_decodes_to_its_fields(
            fields in prop::collection::vec((any::<Vec<u8>>(), prop::collection::vec(any::<u8>(), 0..700)), 0..5)
        ) {
            let decoded = Fields::decode(&mut Decoder::new(DEFAULT_TABLE_SIZE), &header_block(pairs(&fields))).unwrap();
            let decoded: Vec<_> = decoded.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(decoded, fields);
        }
    }

    fn pairs(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
        fields.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    #[test]
    fn a_broken_block_is_told() {
        let error = Fields::decode(&mut Decoder::new(DEFAULT_TABLE_SIZE), &[0x80]).unwrap_err();
        assert!(error.contains("cannot be decoded"), "{error}");
    }

    #[test]
    fn fields_are_found_by_name_and_shown_whole() {
        let block = header_block([(":status", &b"200"[..]), ("k", b"\xff")]);
        let fields = Fields::decode(&mut Decoder::new(DEFAULT_TABLE_SIZE), &block).unwrap();
        assert_eq!((fields.get(":status"), fields.get("k"), fields.get("other")), (Some("200"), None, None));
        assert_eq!(format!("{fields:?}"), r"[:status: 200, k: \xff]");
    }
}
