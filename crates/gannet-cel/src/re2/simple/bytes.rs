//! A set of bytes, as a class of a simple pattern is one.

use std::fmt;
use std::ops::RangeInclusive;

/// Some of the 256 bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) fn insert(&mut self, bytes: RangeInclusive<u8>) {
        for byte in bytes {
            self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
    }

    /// Whether the byte is in it.
    #[inline]
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte / 64) as usize] >> (byte % 64) & 1 == 1
    }

    /// Whether only bytes below 0x80 are in it.
    pub const fn is_ascii(&self) -> bool {
        self.0[2] == 0 && self.0[3] == 0
    }

    /// The bits, least significant first: byte 0 is bit 0 of the first word.
    pub const fn words(&self) -> [u64; 4] {
        self.0
    }

    /// What it consists of: ranges that do not touch, in order.
    ///
    /// ```
    /// use gannet_cel::re2::{Piece, simple};
    ///
    /// let hexadecimal = simple("^[0-9a-f]$").unwrap();
    /// let Piece::Class { bytes, .. } = &hexadecimal.alternatives[0].pieces[0] else { unreachable!() };
    /// assert_eq!(bytes.ranges(), [b'0'..=b'9', b'a'..=b'f']);
    /// ```
    pub fn ranges(&self) -> Vec<RangeInclusive<u8>> {
        let mut ranges: Vec<RangeInclusive<u8>> = Vec::new();
        for byte in (0..=u8::MAX).filter(|&byte| self.contains(byte)) {
            match ranges.last_mut() {
                Some(last) if byte.checked_sub(1) == Some(*last.end()) => *last = *last.start()..=byte,
                _ => ranges.push(byte..=byte),
            }
        }
        ranges
    }

    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(here, there)| here & there == 0)
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.ranges()).finish()
    }
}
