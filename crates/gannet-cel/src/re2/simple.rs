//! Patterns that a loop over bytes or a comparison answers exactly, without an engine: `^[a-z0-9-]{1,63}$`, `^v1/`,
//! `^(on|off)?$`.
//!
//! [`simple`] recognizes them. The generator of validators writes what it returns out as Rust; [`Simple::is_match`] says
//! what that Rust must do. Whatever is not certain to be exact is not recognized, and is left to
//! [`Pattern`](super::Pattern).

mod bytes;
mod recognize;

#[cfg(test)]
mod tests;

pub use bytes::ByteSet;

/// A pattern that bytes decide: it matches if one of its alternatives does.
///
/// ```
/// use gannet_cel::re2::simple;
///
/// let label = simple("^[a-z][a-z0-9]{0,30}$").expect("adjacent classes, the last one to the end");
/// assert!(label.is_match(b"eu1"));
/// assert!(!label.is_match(b"1eu"));
/// assert!(simple("^[a-z]*z$").is_none(), "how far the first class reaches takes a search");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simple {
    /// At least one.
    pub alternatives: Vec<Sequence>,
}

/// Pieces that follow each other, each taking as much as it can, none ever giving anything back.
///
/// Where it does not begin at the start of the text ([`from_start`](Self::from_start) is false), the pieces have a fixed
/// length in bytes ([`fixed_length`](Self::fixed_length)): with [`to_end`](Self::to_end) they are the last bytes; without,
/// they stand anywhere, and are one piece: either a literal, or one byte of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The first piece begins where the text begins.
    pub from_start: bool,
    /// What follows each other. With none, anything matches, or the empty text alone if both ends are bound.
    pub pieces: Vec<Piece>,
    /// The last piece ends where the text ends.
    pub to_end: bool,
}

/// A piece of a [`Sequence`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes, which are UTF-8 and never empty.
    Literal(Vec<u8>),
    /// Characters of a class: as many as there are, but no more than `max`; fewer than `min` do not match.
    ///
    /// The class holds ASCII characters only, or all beyond ASCII too: then it has all bytes from 0x80 on, and the bytes
    /// 0x80 to 0xBF, which continue a character, do not count.
    Class {
        /// The bytes that such characters consist of.
        bytes: ByteSet,
        /// Characters at least.
        min: u32,
        /// Characters at most; `None`: without end.
        max: Option<u32>,
    },
}

/// What the pattern comes to, if it is simple.
///
/// A pattern that [`Pattern::new`](super::Pattern::new) refuses is not simple either.
pub fn simple(re2: &str) -> Option<Simple> {
    recognize::simple(&super::parser::parse(re2).ok()?.hir)
}

impl Simple {
    /// Whether a text matches: for UTF-8, exactly what [`Pattern::is_match`](super::Pattern::is_match) says.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.alternatives.iter().any(|sequence| sequence.is_match(text))
    }

    /// The texts that match, if they are but a few literals: `^(on|off)?$`.
    pub fn literals(&self) -> Option<Vec<&[u8]>> {
        self.alternatives.iter().map(Sequence::as_literal).collect()
    }
}

impl Sequence {
    fn is_match(&self, text: &[u8]) -> bool {
        if self.from_start {
            return self.is_match_at_start(text);
        }
        let length = self.fixed_length().unwrap_or(0);
        let Some(last) = text.len().checked_sub(length) else { return false };
        let first = if self.to_end { last } else { 0 };
        (first..=last).any(|start| self.is_match_at_start(&text[start..]))
    }

    fn is_match_at_start(&self, text: &[u8]) -> bool {
        let mut rest = text;
        for piece in &self.pieces {
            match piece.skip(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        !self.to_end || rest.is_empty()
    }

    /// The number of bytes that it takes, if that is always the same.
    pub fn fixed_length(&self) -> Option<usize> {
        self.pieces.iter().map(Piece::fixed_length).sum()
    }

    /// The only text that matches, if there is only one.
    pub fn as_literal(&self) -> Option<&[u8]> {
        match (self.from_start, self.pieces.as_slice(), self.to_end) {
            (true, [], true) => Some(&[]),
            (true, [Piece::Literal(bytes)], true) => Some(bytes),
            _ => None,
        }
    }
}

impl Piece {
    /// What is left behind the piece.
    fn skip<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Self::Literal(bytes) => text.strip_prefix(bytes.as_slice()),
            Self::Class { bytes, min, max } => {
                let mut count = 0;
                let mut length = 0;
                for &byte in text {
                    // A byte that begins a character.
                    let begins = !(0x80..0xC0).contains(&byte);
                    if !bytes.contains(byte) || (begins && Some(count) == *max) {
                        break;
                    }
                    count += u32::from(begins);
                    length += 1;
                }
                (count >= *min).then(|| &text[length..])
            }
        }
    }

    fn fixed_length(&self) -> Option<usize> {
        match self {
            Self::Literal(bytes) => Some(bytes.len()),
            Self::Class { bytes, min, max } if bytes.is_ascii() && *max == Some(*min) => Some(*min as usize),
            Self::Class { .. } => None,
        }
    }
}
