//! Request blocks that come again byte for byte, as most of a gRPC client's do: recognized, they need not be decoded.

use crate::hpack::TableState;

/// How many blocks are remembered at most.
pub(super) const PLACES: usize = 4;

/// Longer blocks are not remembered.
const MAX_BLOCK: usize = 256;

/// A block that was decoded before.
#[derive(Debug)]
struct Known {
    block: Box<[u8]>,
    /// The table at that time. Its entries decide what the block means.
    state: TableState,
    content_length: u64,
}

#[derive(Debug, Default)]
struct Place {
    known: Option<Known>,
    /// The hash of the last block that was not known here: one that comes a second time is worth remembering.
    candidate: u64,
}

/// The blocks that are remembered, each at a place that follows from its hash. Takes memory with the first request.
#[derive(Debug, Default)]
pub(super) struct BlockMemo {
    places: Option<Box<[Place; PLACES]>>,
}

/// Where a block belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) place: usize,
    hash: u64,
}

impl BlockMemo {
    /// Where the block belongs, unless it is too long to be remembered.
    #[inline]
    pub(super) fn spot(block: &[u8]) -> Option<Spot> {
        if block.len() > MAX_BLOCK {
            return None;
        }
        let hash = hash(block);
        Some(Spot { place: (hash >> 60) as usize % PLACES, hash })
    }

    /// The content-length of the block, if it is known at its place and still means the same.
    #[inline]
    pub(super) fn recall(&self, spot: Spot, block: &[u8], state: TableState) -> Option<u64> {
        let known = self.places.as_ref()?.get(spot.place)?.known.as_ref()?;
        (*known.block == *block && known.state == state).then_some(known.content_length)
    }

    /// Takes note of a block that was decoded and left the table as it was. True: it is remembered from now on.
    pub(super) fn note(&mut self, spot: Spot, block: &[u8], state: TableState, content_length: u64) -> bool {
        let places = self.places.get_or_insert_default();
        let Some(place) = places.get_mut(spot.place) else { return false };
        if place.candidate != spot.hash {
            place.candidate = spot.hash;
            return false;
        }
        place.known = Some(Known { block: block.into(), state, content_length });
        true
    }
}

/// A fast hash. Blocks are compared in full as well, so a peer that makes collisions harms its own connection alone.
#[inline]
fn hash(block: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, chunk: u64| (hash.rotate_left(23) ^ chunk).wrapping_mul(FACTOR);
    let (chunks, rest) = block.as_chunks::<8>();
    let hash = chunks.iter().fold(block.len() as u64, |hash, chunk| mix(hash, u64::from_le_bytes(*chunk)));
    let mut last = [0; 8];
    if let Some(place) = last.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    mix(hash, u64::from_le_bytes(last))
}
