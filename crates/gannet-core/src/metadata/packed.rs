//! How metadata lies in memory: all entries one after the other in one buffer, each with its two lengths in front.
//!
//! Most calls have no metadata or a few short entries, so walking them is faster than any table, and one allocation
//! serves them all. Not here: what may be an entry (`rules`).

/// Two bytes for the length of the name, four for that of the value; little-endian.
const LENGTHS: usize = 6;

/// Room for the entries of most calls, taken with the first one; in bytes.
const FIRST_CAPACITY: usize = 256;

/// The longest name, in bytes.
pub(super) const MAX_NAME: usize = u16::MAX as usize;

/// The longest value, in bytes.
pub(super) const MAX_VALUE: usize = u32::MAX as usize;

/// Entries in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed(Vec<u8>);

impl Packed {
    #[inline]
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an entry. The caller has seen to it that name and value are within [`MAX_NAME`] and [`MAX_VALUE`].
    #[inline]
    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
        let needed = LENGTHS + name.len() + value.len();
        if self.0.capacity() == 0 {
            self.0.reserve_exact(needed.max(FIRST_CAPACITY));
        } else {
            self.0.reserve(needed);
        }
        self.0.extend_from_slice(&(name.len() as u16).to_le_bytes());
        self.0.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.0.extend_from_slice(name);
        self.0.extend_from_slice(value);
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    #[inline]
    pub(super) fn iter(&self) -> PackedIter<'_> {
        PackedIter { rest: &self.0 }
    }

    /// Removes the entries with this name, compared without case; `false` if there are none.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let before = self.0.len();
        let (mut offset, mut kept) = (0, 0);
        while let Some((entry_name, value, _)) = self.0.get(offset..).and_then(split) {
            let len = LENGTHS + entry_name.len() + value.len();
            if !entry_name.eq_ignore_ascii_case(name) {
                self.0.copy_within(offset..offset + len, kept);
                kept += len;
            }
            offset += len;
        }
        self.0.truncate(kept);
        kept != before
    }
}

/// The first entry of a buffer, and what is behind it.
#[inline]
fn split(packed: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (lengths, rest) = packed.split_first_chunk::<LENGTHS>()?;
    let [n0, n1, v0, v1, v2, v3] = *lengths;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([n0, n1])))?;
    let (value, rest) = rest.split_at_checked(u32::from_le_bytes([v0, v1, v2, v3]) as usize)?;
    Some((name, value, rest))
}

/// The entries of a [`Packed`], in order.
#[derive(Debug, Clone)]
pub(super) struct PackedIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for PackedIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, value, rest) = split(self.rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_keeps_the_others_in_order() {
        let mut packed = Packed::new();
        for (name, value) in [("a", "1"), ("b", "22"), ("a", ""), ("c", "4444")] {
            packed.push(name.as_bytes(), value.as_bytes());
        }
        assert!(!packed.remove(b"d"));
        assert!(packed.remove(b"A"));
        assert_eq!(packed.iter().collect::<Vec<_>>(), [(&b"b"[..], &b"22"[..]), (b"c", b"4444")]);
        assert!(packed.remove(b"b") && packed.remove(b"c"));
        assert!(packed.is_empty());
    }
}
