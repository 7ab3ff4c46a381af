//! One entry of metadata, and the walk over all of them.

use super::packed::PackedIter;
use super::rules;

/// One entry of a [`Metadata`](crate::Metadata).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataEntry<'a> {
    /// The key, in lower case.
    pub key: &'a str,
    /// The value.
    pub value: MetadataValue<'a>,
}

/// The value of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataValue<'a> {
    /// Text.
    Ascii(&'a str),
    /// Bytes, as they stand on the wire: base64, perhaps padded, perhaps several values joined by commas.
    /// [`Metadata::get_all_bin`](crate::Metadata::get_all_bin) decodes them.
    Binary(&'a [u8]),
}

/// The entries of a [`Metadata`](crate::Metadata), in order.
#[derive(Debug, Clone)]
pub struct MetadataIter<'a>(PackedIter<'a>);

impl<'a> MetadataIter<'a> {
    pub(super) const fn new(packed: PackedIter<'a>) -> Self {
        Self(packed)
    }
}

impl<'a> Iterator for MetadataIter<'a> {
    type Item = MetadataEntry<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.next()?;
        let value = if rules::is_binary(name) {
            MetadataValue::Binary(value)
        } else {
            MetadataValue::Ascii(ascii(value))
        };
        Some(MetadataEntry { key: ascii(name), value })
    }
}

/// What was checked to be ASCII when it was stored.
#[inline]
pub(super) fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A value as it may stand in a log.
pub(super) fn shown<'a>(entry: &MetadataEntry<'a>) -> Shown<'a> {
    let text = match entry.value {
        MetadataValue::Ascii(text) => text,
        MetadataValue::Binary(raw) => ascii(raw),
    };
    if rules::is_credential(entry.key.as_bytes()) { Shown::Length(text.len()) } else { Shown::Text(text) }
}

/// A value for [`std::fmt::Debug`].
pub(super) enum Shown<'a> {
    Text(&'a str),
    Length(usize),
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => std::fmt::Debug::fmt(text, formatter),
            Self::Length(len) => write!(formatter, "({len} bytes, not shown)"),
        }
    }
}
