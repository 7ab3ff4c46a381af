//! The dynamic table (RFC 7541 §2.3.2): first in, first out, bounded by size.
//!
//! Decoder and encoder both use it, each with its own remark on an entry. Names and values of all entries lie one
//! behind the other in one buffer, so an insertion allocates nothing once the buffer has grown to its size.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

use super::ENTRY_OVERHEAD;

/// Below this many octets of evicted entries the buffer is not tidied.
const TIDY_MIN: usize = 256;

/// A table whose entries carry a remark `R`.
pub(super) struct DynamicTable<R> {
    /// The newest first.
    entries: VecDeque<Entry<R>>,
    /// Name and value of each entry, the oldest first; in front of it, those of evicted entries until they are tidied
    /// away.
    octets: Vec<u8>,
    /// How many octets were tidied away so far, modulo 2^32.
    tidied: u32,
    /// By the RFC's measure (§4.1).
    size: usize,
    max_size: usize,
    /// How many entries were inserted so far.
    inserted: u64,
}

struct Entry<R> {
    /// Where the name starts, counted from the first octet ever stored, modulo 2^32; the value follows the name.
    start: u32,
    name_len: u32,
    value_len: u32,
    remark: R,
}

/// An entry as its readers see it.
pub(super) struct View<'a, R> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) remark: &'a R,
}

/// Where the name of a new entry comes from.
#[derive(Clone, Copy)]
pub(super) enum NameSource<'a> {
    /// These octets.
    Octets(&'a [u8]),
    /// The entry at this place (0: the newest), which the insertion may evict (RFC 7541 §4.4).
    Entry(usize),
}

impl<R> DynamicTable<R> {
    pub(super) fn new(max_size: usize) -> Self {
        Self { entries: VecDeque::new(), octets: Vec::new(), tidied: 0, size: 0, max_size, inserted: 0 }
    }

    pub(super) fn max_size(&self) -> usize {
        self.max_size
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many entries were ever inserted: the number of the next one.
    pub(super) fn inserted(&self) -> u64 {
        self.inserted
    }

    /// The place of the entry that was inserted as number `number`, if it is still there.
    pub(super) fn place_of(&self, number: u64) -> Option<usize> {
        let place = usize::try_from(self.inserted.checked_sub(number)?.checked_sub(1)?).ok()?;
        (place < self.entries.len()).then_some(place)
    }

    /// The entry at `place`; the newest is at 0.
    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<View<'_, R>> {
        let entry = self.entries.get(place)?;
        let start = entry.start.wrapping_sub(self.tidied) as usize;
        let name_len = entry.name_len as usize;
        let field = self.octets.get(start..start + name_len + entry.value_len as usize)?;
        let (name, value) = field.split_at_checked(name_len)?;
        Some(View { name, value, remark: &entry.remark })
    }

    /// Evicts down to `max_size` (RFC 7541 §4.3), calling `evicted` with number and remark of each that goes.
    pub(super) fn set_max_size(&mut self, max_size: usize, evicted: impl FnMut(u64, &R)) {
        self.max_size = max_size;
        self.evict_to(max_size, evicted);
        self.tidy();
    }

    /// Inserts an entry (RFC 7541 §4.4). One that is larger than the whole table empties it and is not stored.
    pub(super) fn insert(
        &mut self,
        name: NameSource<'_>,
        value: &[u8],
        remark: R,
        evicted: impl FnMut(u64, &R),
    ) {
        let name_range = match name {
            NameSource::Octets(_) => None,
            NameSource::Entry(place) => self.name_range(place),
        };
        let name_len = match name {
            NameSource::Octets(name) => name.len(),
            NameSource::Entry(_) => name_range.as_ref().map_or(0, Range::len),
        };
        let size = entry_size(name_len, value.len());
        self.evict_to(self.max_size.saturating_sub(size), evicted);
        if size <= self.max_size {
            let start = self.tidied.wrapping_add(self.octets.len() as u32);
            match name {
                NameSource::Octets(name) => self.octets.extend_from_slice(name),
                // Evicted or not, the octets are there until the table is tidied.
                NameSource::Entry(_) => self.octets.extend_from_within(name_range.unwrap_or_default()),
            }
            self.octets.extend_from_slice(value);
            self.size += size;
            self.inserted += 1;
            let (name_len, value_len) = (name_len as u32, value.len() as u32);
            self.entries.push_front(Entry { start, name_len, value_len, remark });
        }
        self.tidy();
    }

    /// Evicts everything, as the insertion of too large an entry does.
    pub(super) fn clear(&mut self) {
        self.evict_to(0, |_, _| ());
        self.tidy();
    }

    fn name_range(&self, place: usize) -> Option<Range<usize>> {
        let entry = self.entries.get(place)?;
        let start = entry.start.wrapping_sub(self.tidied) as usize;
        Some(start..start + entry.name_len as usize)
    }

    fn evict_to(&mut self, size: usize, mut evicted: impl FnMut(u64, &R)) {
        while self.size > size
            && let Some(entry) = self.entries.pop_back()
        {
            self.size -= entry_size(entry.name_len as usize, entry.value_len as usize);
            evicted(self.inserted - 1 - self.entries.len() as u64, &entry.remark);
        }
    }

    /// Drops the octets of evicted entries once they are more than those of the others, so that each octet is moved at
    /// most once for each that was stored.
    fn tidy(&mut self) {
        let first = match self.entries.back() {
            Some(oldest) => oldest.start.wrapping_sub(self.tidied) as usize,
            None => self.octets.len(),
        };
        if first >= TIDY_MIN && first * 2 >= self.octets.len() {
            self.octets.drain(..first);
            self.tidied = self.tidied.wrapping_add(first as u32);
        }
    }
}

/// The size of an entry or a field of a header list in bytes (RFC 7541 §4.1, RFC 9113 §6.5.2).
///
/// Cannot overflow, not even with 32 bits: both lengths come from one block or table, and decoding adds three fifths.
#[inline]
pub(super) fn entry_size(name_len: usize, value_len: usize) -> usize {
    name_len + value_len + ENTRY_OVERHEAD
}

/// Says how full the table is; fields may be secrets and are not shown.
impl<R> fmt::Debug for DynamicTable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicTable")
            .field("entries", &self.entries.len())
            .field("size", &self.size)
            .field("max_size", &self.max_size)
            .field("inserted", &self.inserted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(table: &DynamicTable<u32>) -> Vec<(&[u8], &[u8], u32)> {
        (0..table.entries.len())
            .map(|place| table.get(place).unwrap())
            .map(|at| (at.name, at.value, *at.remark))
            .collect()
    }

    #[test]
    fn the_oldest_goes_first_and_the_newest_is_at_0() {
        let mut table = DynamicTable::new(3 * 34);
        let mut evicted = Vec::new();
        for remark in 0..5 {
            let digit = [b'0' + remark as u8];
            table.insert(NameSource::Octets(b"n"), &digit, remark, |number, remark| {
                evicted.push((number, *remark));
            });
        }
        assert_eq!(contents(&table), [(&b"n"[..], &b"4"[..], 4), (b"n", b"3", 3), (b"n", b"2", 2)]);
        assert_eq!(evicted, [(0, 0), (1, 1)]);
        assert_eq!(table.place_of(4), Some(0));
        assert_eq!(table.place_of(2), Some(2));
        assert_eq!(table.place_of(1), None);
        assert_eq!(table.place_of(5), None);
    }

    #[test]
    fn a_name_may_come_from_the_entry_that_is_evicted_for_it() {
        let mut table = DynamicTable::new(40);
        table.insert(NameSource::Octets(b"name"), b"1", 1, |_, _| ());
        table.insert(NameSource::Entry(0), b"22", 2, |_, _| ());
        assert_eq!(contents(&table), [(&b"name"[..], &b"22"[..], 2)]);
    }

    #[test]
    fn an_entry_larger_than_the_table_empties_it() {
        let mut table = DynamicTable::new(40);
        table.insert(NameSource::Octets(b"n"), b"1", 1, |_, _| ());
        table.insert(NameSource::Octets(b"n"), b"12345678", 2, |_, _| ());
        assert_eq!(contents(&table), []);
        assert_eq!(table.size, 0);
        table.insert(NameSource::Octets(b"n"), b"1234567", 3, |_, _| ());
        assert_eq!(contents(&table), [(&b"n"[..], &b"1234567"[..], 3)]);
    }

    #[test]
    fn the_buffer_stays_within_twice_the_table_while_entries_come_and_go() {
        let mut table = DynamicTable::new(4096);
        let value = vec![b'v'; 700];
        for round in 0..10_000_u32 {
            table.insert(
                NameSource::Octets(&round.to_be_bytes()),
                &value[..round as usize % 700],
                round,
                |_, _| (),
            );
            assert!(table.octets.len() <= 2 * 4096 + TIDY_MIN);
            assert_eq!(table.get(0).unwrap().name, round.to_be_bytes());
            let oldest = table.get(table.entries.len() - 1).unwrap();
            assert_eq!(oldest.name, oldest.remark.to_be_bytes());
        }
        assert!(table.tidied > 4096);
    }

    #[test]
    fn a_smaller_maximum_evicts_at_once() {
        let mut table = DynamicTable::new(4096);
        for remark in 0..10 {
            table.insert(NameSource::Octets(b"n"), b"v", remark, |_, _| ());
        }
        table.set_max_size(2 * 34 + 1, |_, _| ());
        assert_eq!(contents(&table), [(&b"n"[..], &b"v"[..], 9), (b"n", b"v", 8)]);
        table.set_max_size(0, |_, _| ());
        table.insert(NameSource::Octets(b""), b"", 0, |_, _| ());
        assert_eq!(table.entries.len(), 0);
    }
}
