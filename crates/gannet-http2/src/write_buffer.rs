//! The bytes on their way to the socket: one buffer for all streams of a connection.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// Payloads from this size on are kept by reference instead of being copied, in bytes.
pub const SEGMENT_MIN: usize = 4096;

/// The least memory that the tail takes, in bytes.
const TAIL_MIN: usize = 2048;

/// From this many written bytes at the front of the tail on they are cut off, so that a tail that never becomes empty
/// does not grow for ever.
const CUT_WRITTEN: usize = 64 << 10;

/// What goes to the socket: segments that are kept by reference, and behind them a contiguous tail that small frames
/// are appended to.
///
/// It implements [`Buf`], with [`chunks_vectored`](Buf::chunks_vectored) for vectored writes.
///
/// ```
/// use bytes::{Buf, Bytes};
/// use gannet_http2::WriteBuffer;
///
/// let mut out = WriteBuffer::new();
/// out.put_slice(b"head");
/// out.put_segment(Bytes::from(vec![0; 100_000]));   // kept by reference
/// assert_eq!(out.len(), 100_004);
/// assert_eq!(out.chunk(), b"head");
/// ```
#[derive(Debug, Default)]
pub struct WriteBuffer {
    /// Whatever stands before the tail, in order.
    segments: VecDeque<Bytes>,
    segment_bytes: usize,
    tail: BytesMut,
    /// How much of the tail has been written already.
    written: usize,
    /// How many bytes have left the buffer in all its life.
    total_written: u64,
}

impl WriteBuffer {
    /// An empty buffer, without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes that wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.segment_bytes + self.tail.len() - self.written
    }

    /// Whether nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a copy of the bytes.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends the bytes: a reference to them if they are [`SEGMENT_MIN`] or more, else a copy.
    pub fn put_segment(&mut self, bytes: Bytes) {
        if bytes.len() < SEGMENT_MIN {
            self.tail.extend_from_slice(&bytes);
            return;
        }
        self.cut_tail();
        self.segment_bytes += bytes.len();
        self.segments.push_back(bytes);
    }

    /// Makes what the tail holds a segment, so that something can follow it by reference.
    fn cut_tail(&mut self) {
        let mut cut = self.tail.split();
        cut.advance(self.written);
        self.written = 0;
        if !cut.is_empty() {
            self.segment_bytes += cut.len();
            self.segments.push_back(cut.freeze());
        }
    }

    /// Takes memory at once for what usually follows, rather than growing step by step.
    #[inline]
    pub(crate) fn warm(&mut self) {
        if self.tail.capacity() == 0 {
            self.take_memory();
        }
    }

    #[cold]
    #[inline(never)]
    fn take_memory(&mut self) {
        self.tail.reserve(TAIL_MIN);
    }

    /// Lends the tail to an encoder that appends to it; [`restore_tail`](Self::restore_tail) takes it back. Its first
    /// [`tail_len`](Self::tail_len) bytes must stay as they are.
    #[inline]
    pub fn take_tail(&mut self) -> BytesMut {
        self.warm();
        std::mem::take(&mut self.tail)
    }

    /// Takes back the tail that [`take_tail`](Self::take_tail) lent.
    #[inline]
    pub fn restore_tail(&mut self, tail: BytesMut) {
        debug_assert!(tail.len() >= self.written, "the lent tail was cut into");
        self.written = self.written.min(tail.len());
        self.tail = tail;
    }

    /// The length of the tail, including bytes that are written already.
    #[inline]
    pub fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// How many bytes have left the buffer so far.
    #[inline]
    pub(crate) fn total_written(&self) -> u64 {
        self.total_written
    }

    #[inline]
    pub(crate) fn tail_mut(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Gives back the memory if nothing waits; for a connection that has gone idle.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            *self = Self { total_written: self.total_written, ..Self::default() };
        }
    }
}

impl Buf for WriteBuffer {
    #[inline]
    fn remaining(&self) -> usize {
        self.len()
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self.segments.front() {
            Some(segment) => segment,
            None => self.tail.get(self.written..).unwrap_or_default(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = self.tail.get(self.written..).filter(|tail| !tail.is_empty());
        let chunks = self.segments.iter().map(|segment| &segment[..]).chain(tail);
        let mut count = 0;
        for (slice, chunk) in slices.iter_mut().zip(chunks) {
            *slice = IoSlice::new(chunk);
            count += 1;
        }
        count
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.len(), "advanced past the end of the write buffer");
        self.total_written += count as u64;
        while let Some(segment) = self.segments.front_mut() {
            if count < segment.len() {
                segment.advance(count);
                self.segment_bytes -= count;
                return;
            }
            count -= segment.len();
            self.segment_bytes -= segment.len();
            self.segments.pop_front();
        }
        self.written += count;
        if self.written == self.tail.len() {
            self.tail.clear();
            self.written = 0;
        } else if self.written >= CUT_WRITTEN {
            self.tail.advance(self.written);
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything out in steps of at most `step` bytes.
    fn drain(out: &mut WriteBuffer, step: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while out.has_remaining() {
            let count = out.chunk().len().min(step);
            bytes.extend_from_slice(&out.chunk()[..count]);
            out.advance(count);
        }
        bytes
    }

    #[test]
    fn order_is_kept_across_segments_and_tail() {
        for step in [1, 3, 1_000, 100_000] {
            let mut out = WriteBuffer::new();
            out.put_slice(b"one");
            out.advance(1);
            out.put_segment(Bytes::from(vec![b'x'; SEGMENT_MIN]));
            out.put_segment(Bytes::from_static(b"two"));
            out.put_segment(Bytes::from(vec![b'y'; SEGMENT_MIN]));
            out.put_slice(b"three");
            let expected =
                [&b"ne"[..], &[b'x'; SEGMENT_MIN], b"two", &[b'y'; SEGMENT_MIN], b"three"].concat();
            assert_eq!(out.len(), expected.len());
            let mut slices = [IoSlice::new(&[]); 8];
            let count = out.chunks_vectored(&mut slices);
            let together: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
            assert_eq!(together, expected);
            assert_eq!(drain(&mut out, step), expected);
            assert_eq!(out.total_written(), expected.len() as u64 + 1);
        }
    }

    #[test]
    fn a_tail_that_is_never_empty_does_not_grow_for_ever() {
        let mut out = WriteBuffer::new();
        out.put_slice(&[0; 100]);
        for _ in 0..100_000 {
            out.put_slice(&[0; 100]);
            out.advance(100);
        }
        assert_eq!(out.len(), 100);
        assert!(out.tail.capacity() <= 4 * CUT_WRITTEN, "{}", out.tail.capacity());
    }

    #[test]
    fn a_lent_tail_keeps_what_waits() {
        let mut out = WriteBuffer::new();
        out.put_slice(b"before");
        out.advance(2);
        let mut tail = out.take_tail();
        tail.extend_from_slice(b" behind");
        out.restore_tail(tail);
        assert_eq!(drain(&mut out, 4), b"fore behind");
    }

    #[test]
    fn only_an_empty_buffer_gives_its_memory_back() {
        let mut out = WriteBuffer::new();
        out.put_slice(b"x");
        out.shrink();
        assert_eq!(out.len(), 1);
        out.advance(1);
        out.shrink();
        assert_eq!(out.tail.capacity(), 0);
    }
}
