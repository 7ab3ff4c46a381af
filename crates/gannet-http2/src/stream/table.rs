//! The table of the open streams: slots that are used again, and the way from an identifier to its slot.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{SendQueue, State};
use crate::StreamKey;

/// No slot.
const NONE: u32 = u32::MAX;

/// The most entries of the direct index; more streams than half of that, or with identifiers far apart, are found by
/// hash.
const MAX_DIRECT: usize = 1 << 12;

/// Whether a stream stands in line to send what it has queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It has nothing to send, or no window for it.
    Off,
    /// It is listed among the ready streams of the connection.
    Waiting,
}

/// A stream in the table.
#[derive(Debug)]
pub(crate) struct Stream {
    /// 0 while the slot is free.
    pub(crate) id: u32,
    /// The next free slot, while this one is free.
    next_free: u32,
    pub(crate) state: State,
    /// A head other than an informational one went out.
    pub(crate) head_sent: bool,
    /// A head other than an informational one came in.
    pub(crate) head_received: bool,
    pub(crate) turn: Turn,
    /// The queue was above the high mark and has not yet fallen below the low mark.
    pub(crate) full: bool,
    /// What the peer lets us send; negative after it has shrunk its initial window.
    pub(crate) send_window: i32,
    /// What we let the peer send.
    pub(crate) receive_window: i32,
    /// Consumed, but not yet told to the peer.
    pub(crate) release_due: u32,
    /// What is left of the announced content-length; [`Stream::NO_LENGTH`] without one.
    pub(crate) content_left: u64,
    pub(crate) queue: Option<Box<SendQueue>>,
}

impl Stream {
    /// Stands for "no content-length".
    pub(crate) const NO_LENGTH: u64 = u64::MAX;

    fn new(id: u32, send_window: i32, receive_window: i32) -> Self {
        Self {
            id,
            next_free: NONE,
            state: State::Open,
            head_sent: false,
            head_received: false,
            turn: Turn::Off,
            full: false,
            send_window,
            receive_window,
            release_due: 0,
            content_left: Self::NO_LENGTH,
            queue: None,
        }
    }
}

/// The open streams of a connection.
///
/// Identifiers come in order and most streams are short, so the open ones mostly lie close together: a direct index on
/// the low bits of the identifier finds them without hashing. A stream that another one pushes out of its place there
/// moves to a hash map.
#[derive(Debug)]
pub(crate) struct StreamTable {
    slots: Vec<Stream>,
    free: u32,
    open: u32,
    /// Slots by the low bits of half the identifier; the slot's stream tells whether it is the one sought.
    direct: Vec<u32>,
    displaced: HashMap<u32, u32, RandomState>,
}

impl StreamTable {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, open: 0, direct: Vec::new(), displaced: HashMap::default() }
    }

    /// How many streams are open.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.open as usize
    }

    #[inline]
    fn place(&self, id: u32) -> usize {
        (id >> 1) as usize & self.direct.len().wrapping_sub(1)
    }

    /// Adds a stream. The identifier must not be 0 nor be in the table.
    pub(crate) fn insert(&mut self, id: u32, send_window: i32, receive_window: i32) -> u32 {
        let stream = Stream::new(id, send_window, receive_window);
        let slot = if let Some(free) = self.slots.get_mut(self.free as usize) {
            let slot = self.free;
            self.free = free.next_free;
            *free = stream;
            slot
        } else {
            self.slots.push(stream);
            self.slots.len() as u32 - 1
        };
        self.open += 1;
        if self.open as usize * 2 > self.direct.len() && self.direct.len() < MAX_DIRECT {
            self.grow_direct();
        } else {
            self.index(id, slot);
        }
        slot
    }

    #[inline]
    fn index(&mut self, id: u32, slot: u32) {
        let place = self.place(id);
        let Some(entry) = self.direct.get_mut(place) else { return };
        let before = std::mem::replace(entry, slot);
        if before != NONE
            && let Some(stream) = self.slots.get(before as usize)
        {
            self.displaced.insert(stream.id, before);
        }
    }

    #[cold]
    fn grow_direct(&mut self) {
        let size = (self.direct.len() * 4).clamp(16, MAX_DIRECT);
        self.direct.clear();
        self.direct.resize(size, NONE);
        self.displaced.clear();
        for slot in 0..self.slots.len() {
            let id = self.slots[slot].id;
            if id != 0 {
                self.index(id, slot as u32);
            }
        }
    }

    /// Finds an open stream by its identifier.
    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<u32> {
        let slot = *self.direct.get(self.place(id))?;
        if self.slots.get(slot as usize).is_some_and(|stream| stream.id == id) {
            return Some(slot);
        }
        if self.displaced.is_empty() {
            return None;
        }
        self.displaced.get(&id).copied()
    }

    /// The stream that a caller names, unless it is gone.
    #[inline]
    pub(crate) fn get(&self, key: StreamKey) -> Option<&Stream> {
        self.slots.get(key.slot as usize).filter(|stream| stream.id == key.id && key.id != 0)
    }

    /// The stream that a caller names, unless it is gone.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: StreamKey) -> Option<&mut Stream> {
        self.slots.get_mut(key.slot as usize).filter(|stream| stream.id == key.id && key.id != 0)
    }

    /// Takes a stream out; gives back its queue.
    #[inline]
    pub(crate) fn remove(&mut self, key: StreamKey) -> Option<Box<SendQueue>> {
        let free = self.free;
        let stream = self.get_mut(key)?;
        let queue = stream.queue.take();
        stream.id = 0;
        stream.next_free = free;
        self.free = key.slot;
        self.open -= 1;
        let place = self.place(key.id);
        match self.direct.get_mut(place) {
            Some(entry) if *entry == key.slot => *entry = NONE,
            _ => {
                self.displaced.remove(&key.id);
            }
        }
        queue
    }

    /// Every open stream, with its key.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (StreamKey, &mut Stream)> {
        self.slots
            .iter_mut()
            .enumerate()
            .filter(|(_, stream)| stream.id != 0)
            .map(|(slot, stream)| (StreamKey { slot: slot as u32, id: stream.id }, stream))
    }

    /// Gives back memory if no stream is open.
    pub(crate) fn shrink(&mut self) {
        if self.open == 0 {
            self.slots = Vec::new();
            self.free = NONE;
            self.direct = Vec::new();
            self.displaced = HashMap::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(table: &mut StreamTable, id: u32) -> StreamKey {
        StreamKey { slot: table.insert(id, 0, 0), id }
    }

    #[test]
    fn a_stream_is_small() {
        assert!(size_of::<Stream>() <= 64, "{}", size_of::<Stream>());
    }

    #[test]
    fn slots_are_used_again_and_ids_guard_them() {
        let mut table = StreamTable::new();
        let first = key(&mut table, 1);
        assert!(table.remove(first).is_none());
        assert!(table.get(first).is_none());
        let second = key(&mut table, 3);
        assert_eq!(first.slot, second.slot);
        assert!(table.get(first).is_none());
        assert_eq!(table.find(3), Some(second.slot));
        assert_eq!(table.find(1), None);
        assert!(table.get(StreamKey { slot: 0, id: 0 }).is_none());
    }

    #[test]
    fn every_open_stream_is_found_whatever_the_spread_of_ids() {
        let mut table = StreamTable::new();
        let mut open = Vec::new();
        let mut seed = 1_u64;
        let mut id = 1;
        for round in 0..50_000_u32 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            id += 2 * (1 + (seed >> 60) as u32);
            open.push(key(&mut table, id));
            let limit = if round < 25_000 { 9_000 } else { 20 };
            while open.len() > limit || (round % 3 == 0 && !open.is_empty()) {
                let victim = open.swap_remove((seed >> 33) as usize % open.len());
                table.remove(victim);
                assert_eq!(table.find(victim.id), None);
                if round % 3 == 0 {
                    break;
                }
            }
            if round % 1_000 == 0 {
                for key in &open {
                    assert_eq!(table.find(key.id), Some(key.slot));
                }
            }
        }
        assert_eq!(table.len(), open.len());
        for key in open {
            assert_eq!(table.find(key.id), Some(key.slot));
            table.remove(key);
        }
        assert!(table.displaced.is_empty());
        assert!(table.direct.iter().all(|slot| *slot == NONE));
    }
}
