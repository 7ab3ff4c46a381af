//! What a stream has to send and may not yet.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::FieldList;

/// What follows the queued data.
#[derive(Debug, Default)]
pub(crate) enum End {
    /// More may be queued.
    #[default]
    Open,
    /// END_STREAM on the last DATA frame.
    Flag,
    /// Trailers, encoded when it is their turn, since the encoder's table follows the order on the wire.
    Trailers(FieldList),
}

/// Data and end of a stream that wait for windows.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    pub(crate) pieces: VecDeque<Bytes>,
    /// The sum of the pieces.
    pub(crate) bytes: usize,
    pub(crate) end: End,
}

impl SendQueue {
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// Makes the queue as new, keeping its memory unless that is large.
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.pieces.shrink_to(16);
        self.bytes = 0;
        self.end = End::Open;
    }
}
