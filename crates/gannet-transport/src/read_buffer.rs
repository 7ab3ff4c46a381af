//! Read buffers, taken when bytes arrive and given back when a connection has nothing more to read.
//!
//! An idle connection holds none: each thread keeps a few for whichever connection is next. Not here: the write side,
//! whose buffer the HTTP/2 engine shrinks (`gannet_http2::WriteBuffer::shrink`).

use std::cell::RefCell;

use bytes::BytesMut;

/// The size of a read buffer: several full frames, 64 KiB.
const SIZE: usize = 64 * 1024;

/// With less space than this left, room is made before the next read: a full frame of the default size.
const LEAST_SPACE: usize = 16 * 1024 + 9;

/// Buffers that a thread keeps.
const KEPT: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// Gives `input` room for the next read.
pub(crate) fn lend(input: &mut BytesMut) {
    if input.capacity() == 0 {
        *input =
            SPARE.with(|spare| spare.borrow_mut().pop()).unwrap_or_else(|| BytesMut::with_capacity(SIZE));
    } else if input.capacity() - input.len() < LEAST_SPACE {
        input.reserve(SIZE);
    }
}

/// Takes an empty buffer back if no payload still refers to it; a buffer that holds part of a frame stays.
pub(crate) fn give_back(input: &mut BytesMut) {
    if !input.is_empty() {
        return;
    }
    let mut buffer = std::mem::take(input);
    if buffer.try_reclaim(SIZE) {
        SPARE.with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(buffer);
            }
        });
    }
}
