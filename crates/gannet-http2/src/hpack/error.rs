//! What can be wrong with a header block: each error says what and where.
//!
//! Only errors of the compression itself are here: they leave the two dynamic tables apart, so RFC 9113 §4.3
//! makes each of them a connection error of type COMPRESSION_ERROR. Malformed names and values are not: those
//! are told by [`NameKind`](super::NameKind) and [`Field::value_valid`](super::Field::value_valid).

use std::fmt;

/// A header block that does not follow RFC 7541. The decoder must not be used again after one.
///
/// `offset` is where the faulty representation, integer or string starts, in bytes from the start of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HpackError {
    /// The block ends inside a representation.
    Truncated {
        /// Where the cut-off part starts.
        offset: usize,
    },
    /// An integer takes more octets or is greater than any real block needs (RFC 7541 §5.1).
    IntegerOverflow {
        /// Where the integer starts.
        offset: usize,
    },
    /// The index is 0 or lies behind the end of the dynamic table (RFC 7541 §2.3.3, §6.1).
    InvalidIndex {
        /// Where the representation starts.
        offset: usize,
        /// The index as sent.
        index: usize,
    },
    /// A dynamic table size update asks for more than SETTINGS_HEADER_TABLE_SIZE allows (RFC 7541 §6.3).
    SizeUpdateTooLarge {
        /// Where the update starts.
        offset: usize,
        /// The size the peer wants, in bytes.
        size: usize,
        /// The size it was allowed, in bytes.
        max: usize,
    },
    /// A dynamic table size update behind the first field of a block (RFC 7541 §4.2).
    SizeUpdateMisplaced {
        /// Where the update starts.
        offset: usize,
    },
    /// The peer acknowledged a smaller table and then did not signal the change (RFC 7541 §4.2).
    SizeUpdateMissing {
        /// Where the update should have been.
        offset: usize,
        /// The size that the peer acknowledged, in bytes.
        max: usize,
    },
    /// A Huffman-coded string contains the EOS symbol (RFC 7541 §5.2).
    HuffmanEos {
        /// Where the string's octets start.
        offset: usize,
    },
    /// A Huffman-coded string ends inside a code, or its padding is longer than 7 bits or not all ones
    /// (RFC 7541 §5.2).
    HuffmanPadding {
        /// Where the string's octets start.
        offset: usize,
    },
}

impl fmt::Display for HpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { offset } => {
                write!(f, "the header block ends inside the representation at byte {offset}")
            }
            Self::IntegerOverflow { offset } => {
                write!(f, "the integer at byte {offset} of the header block is too large (RFC 7541 §5.1)")
            }
            Self::InvalidIndex { offset, index } => write!(
                f,
                "the field at byte {offset} of the header block refers to index {index}, which no table holds \
                 (RFC 7541 §2.3.3)"
            ),
            Self::SizeUpdateTooLarge { offset, size, max } => write!(
                f,
                "the dynamic table size update at byte {offset} of the header block asks for {size} bytes, \
                 SETTINGS_HEADER_TABLE_SIZE allows {max} (RFC 7541 §6.3)"
            ),
            Self::SizeUpdateMisplaced { offset } => write!(
                f,
                "the dynamic table size update at byte {offset} does not stand at the start of the header block \
                 (RFC 7541 §4.2)"
            ),
            Self::SizeUpdateMissing { offset, max } => write!(
                f,
                "the dynamic table had to shrink to {max} bytes, but at byte {offset} the header block goes on \
                 without a size update (RFC 7541 §4.2)"
            ),
            Self::HuffmanEos { offset } => write!(
                f,
                "the Huffman-coded string at byte {offset} of the header block contains EOS (RFC 7541 §5.2)"
            ),
            Self::HuffmanPadding { offset } => write!(
                f,
                "the Huffman-coded string at byte {offset} of the header block ends inside a code or is padded \
                 wrongly (RFC 7541 §5.2)"
            ),
        }
    }
}

impl std::error::Error for HpackError {}
