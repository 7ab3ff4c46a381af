//! Where a codec writes one message: at the end of the connection's own write buffer.
//!
//! The transport lends the tail of its buffer, the codec appends to it, the transport takes it back: a small message is
//! written once, to where the socket reads it from. Large pieces that are in memory anyway go along by reference.
//! Not here: the header in front of the message ([`crate::wire::framing`]).

use bytes::{BufMut, Bytes, BytesMut};

/// Pieces of at least this many bytes are kept by reference ([`EncodeBuffer::put_segment`]); smaller ones are copied,
/// which is cheaper than another entry in a vectored write. In bytes: 4 KiB.
pub const SEGMENT_MIN: usize = 4096;

/// Takes the bytes of one message.
///
/// It is 48 bytes large, on 64-bit systems, and allocates nothing of its own for a message without large pieces.
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use gannet_core::EncodeBuffer;
///
/// // A message behind what the connection has in its buffer already.
/// let mut buffer = EncodeBuffer::from_tail(BytesMut::from("before "));
/// buffer.put_slice(b"message");
/// assert_eq!(buffer.len(), 7);
/// let encoded = buffer.finish();
/// assert_eq!(encoded.tail, "before message");
/// assert_eq!(encoded.start, 7);
/// assert!(encoded.segments.is_empty());
///
/// // A large piece is not copied.
/// let picture = Bytes::from(vec![7; 100_000]);
/// let mut buffer = EncodeBuffer::from_tail(BytesMut::from("before "));
/// buffer.put_slice(b"title");
/// buffer.put_segment(picture.clone());
/// let encoded = buffer.finish();
/// assert_eq!(encoded.tail, "before ");
/// assert_eq!(encoded.segments[0], "title");
/// assert_eq!(encoded.segments[1].as_ptr(), picture.as_ptr());
/// ```
#[derive(Debug, Default)]
pub struct EncodeBuffer {
    /// What was lent, then what of the message is not in `pieces`.
    tail: BytesMut,
    /// The length of what was lent.
    start: usize,
    pieces: Option<Box<Pieces>>,
}

/// What of a message was cut off, because a large segment follows.
#[derive(Debug, Default)]
struct Pieces {
    list: Vec<Bytes>,
    len: usize,
}

impl Pieces {
    fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        self.list.push(piece);
    }
}

/// An encoded message; see [`EncodeBuffer::finish`].
#[derive(Debug)]
pub struct Encoded {
    /// The buffer that was lent; with the message behind it if that is in one piece.
    pub tail: BytesMut,
    /// Where the message starts in `tail`: the length of what was lent.
    pub start: usize,
    /// The pieces of the whole message, in order; empty if it is in `tail`.
    pub segments: Vec<Bytes>,
}

impl EncodeBuffer {
    /// A buffer of its own.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer whose message begins at the end of `tail`.
    #[inline]
    pub fn from_tail(tail: BytesMut) -> Self {
        Self { start: tail.len(), tail, pieces: None }
    }

    /// Makes room for this many bytes, for a codec that knows the size of its message.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        self.tail.reserve(additional);
    }

    /// Appends bytes.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends one byte.
    #[inline]
    pub fn put_u8(&mut self, byte: u8) {
        self.tail.put_u8(byte);
    }

    /// Appends bytes that are shared: by reference if there are at least [`SEGMENT_MIN`] of them, else as a copy.
    #[inline]
    pub fn put_segment(&mut self, segment: Bytes) {
        if segment.len() < SEGMENT_MIN {
            self.put_slice(&segment);
        } else {
            self.push_segment(segment);
        }
    }

    #[cold]
    fn push_segment(&mut self, segment: Bytes) {
        let piece = cut(&mut self.tail, self.start);
        let pieces = self.pieces.get_or_insert_default();
        pieces.list.reserve(2);
        if !piece.is_empty() {
            pieces.push(piece);
        }
        pieces.push(segment);
    }

    /// The buffer itself, for writers that append to one. Only append: what stands in it already belongs to others.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// How many bytes the message has so far.
    #[inline]
    pub fn len(&self) -> usize {
        let cut_off = self.pieces.as_ref().map_or(0, |pieces| pieces.len);
        cut_off + self.tail.len().saturating_sub(self.start)
    }

    /// Whether the message has no bytes so far.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives back what was lent, with the message behind it or beside it.
    #[inline]
    pub fn finish(self) -> Encoded {
        let Self { tail, start, pieces } = self;
        match pieces {
            None => Encoded { tail, start, segments: Vec::new() },
            Some(pieces) => finish_pieces(tail, start, *pieces),
        }
    }
}

#[cold]
fn finish_pieces(mut tail: BytesMut, start: usize, mut pieces: Pieces) -> Encoded {
    let last = cut(&mut tail, start);
    if !last.is_empty() {
        pieces.list.push(last);
    }
    Encoded { tail, start, segments: pieces.list }
}

/// Takes what was written since the last segment out of the tail.
fn cut(tail: &mut BytesMut, start: usize) -> Bytes {
    let written = tail.get(start..).unwrap_or_default();
    if written.len() >= SEGMENT_MIN {
        return tail.split_off(start).freeze();
    }
    // Usually the tags and lengths between two segments: with a copy, the lent buffer keeps its room.
    let piece = Bytes::copy_from_slice(written);
    tail.truncate(start);
    piece
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn large(byte: u8) -> Bytes {
        Bytes::from(vec![byte; SEGMENT_MIN])
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn is_48_bytes_large() {
        assert_eq!(size_of::<EncodeBuffer>(), 48);
    }

    #[test]
    fn a_small_segment_is_copied_into_the_tail() {
        let mut buffer = EncodeBuffer::from_tail(BytesMut::from("lent"));
        buffer.put_u8(b'a');
        buffer.put_segment(Bytes::from(vec![b'b'; SEGMENT_MIN - 1]));
        assert_eq!(buffer.len(), SEGMENT_MIN);
        let encoded = buffer.finish();
        assert!(encoded.segments.is_empty());
        assert_eq!((encoded.start, encoded.tail.len()), (4, 4 + SEGMENT_MIN));
    }

    #[test]
    fn a_large_segment_is_kept_by_reference_and_the_lent_buffer_keeps_its_room() {
        let mut lent = BytesMut::with_capacity(1000);
        lent.put_slice(b"lent");
        let place = lent.as_ptr();
        let segment = large(7);
        let mut buffer = EncodeBuffer::from_tail(lent);
        buffer.put_slice(b"head");
        buffer.put_segment(segment.clone());
        buffer.put_slice(b"end");
        assert_eq!(buffer.len(), 4 + SEGMENT_MIN + 3);
        let encoded = buffer.finish();
        assert_eq!(encoded.segments, [&b"head"[..], &segment, b"end"]);
        assert_eq!(encoded.segments[1].as_ptr(), segment.as_ptr());
        assert_eq!((&encoded.tail[..], encoded.tail.as_ptr()), (&b"lent"[..], place));
        assert!(encoded.tail.capacity() >= 1000);
    }

    #[test]
    fn a_message_that_is_one_segment_is_that_segment() {
        let segment = large(1);
        let mut buffer = EncodeBuffer::new();
        buffer.put_segment(segment.clone());
        let encoded = buffer.finish();
        assert_eq!(encoded.segments, [segment]);
        assert!(encoded.tail.is_empty());
    }

    #[test]
    fn much_that_was_written_before_a_segment_is_not_copied() {
        let mut buffer = EncodeBuffer::from_tail(BytesMut::from("lent"));
        buffer.put_slice(&large(2));
        let place = buffer.bytes_mut()[4..].as_ptr();
        buffer.put_segment(large(3));
        let encoded = buffer.finish();
        assert_eq!(encoded.segments[0].as_ptr(), place);
        assert_eq!(encoded.tail, "lent");
    }

    proptest! {
        #[test]
        fn the_message_is_what_was_written_in_order(
            lent: Vec<u8>,
            writes in prop::collection::vec((any::<u8>(), 0..2 * SEGMENT_MIN, any::<bool>()), 0..8),
        ) {
            let mut buffer = EncodeBuffer::from_tail(BytesMut::from(&lent[..]));
            let mut expected = Vec::new();
            for (byte, len, shared) in writes {
                let bytes = vec![byte; len];
                expected.extend_from_slice(&bytes);
                if shared {
                    buffer.put_segment(Bytes::from(bytes));
                } else {
                    buffer.put_slice(&bytes);
                }
                prop_assert_eq!(buffer.len(), expected.len());
            }
            let encoded = buffer.finish();
            prop_assert_eq!(encoded.start, lent.len());
            prop_assert_eq!(&encoded.tail[..encoded.start], &lent[..]);
            let behind = &encoded.tail[encoded.start..];
            if encoded.segments.is_empty() {
                prop_assert_eq!(behind, &expected[..]);
            } else {
                prop_assert!(behind.is_empty());
                prop_assert_eq!(encoded.segments.concat(), expected);
            }
        }
    }
}
