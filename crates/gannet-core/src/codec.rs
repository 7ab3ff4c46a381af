//! Codecs: how messages become bytes and bytes messages.
//!
//! Not here: the codecs themselves (`gannet-buffa`, `gannet-prost`), framing (`wire::framing`).

use bytes::{Bytes, BytesMut};

use crate::Status;

/// A way to encode and decode messages of type `M`, chosen at compile time.
///
/// Codecs are types without values, so that calling one costs nothing.
pub trait Codec<M>: 'static {
    /// Appends the message to the buffer.
    ///
    /// # Errors
    ///
    /// A status, as a rule INTERNAL, if the message cannot be encoded. What was written so far is dropped.
    fn encode(message: &M, buffer: &mut EncodeBuffer) -> Result<(), Status>;

    /// Reads a message; `bytes` is exactly one.
    ///
    /// # Errors
    ///
    /// A status, as a rule INTERNAL, if the bytes are no such message.
    fn decode(bytes: Bytes) -> Result<M, Status>;
}

/// A segment below this is copied: keeping it apart would cost more. 4 KiB.
pub const SEGMENT_MIN: usize = 4096;

/// Where a codec writes one message.
///
/// It is a buffer lent by a connection, or one of its own: small writes go straight to where they leave from, and large
/// [`Bytes`] are kept by reference.
///
/// ```
/// use gannet_core::EncodeBuffer;
///
/// let mut buffer = EncodeBuffer::new();
/// buffer.put_slice(b"hello");
/// assert_eq!(buffer.len(), 5);
/// assert_eq!(buffer.finish().tail, &b"hello"[..]);
/// ```
#[derive(Debug, Default)]
pub struct EncodeBuffer {
    tail: BytesMut,
    start: usize,
    rest: Option<Box<Rest>>,
}

/// What a message with large segments needs besides the tail, which then holds only its end.
#[derive(Debug)]
struct Rest {
    lent: BytesMut,
    lent_len: usize,
    segments: Vec<Bytes>,
    len: usize,
}

/// An encoded message.
#[derive(Debug)]
pub struct Encoded {
    /// The lent buffer; the message stands in it from `start`, if it has no segments.
    pub tail: BytesMut,
    /// Where the message starts in `tail`.
    pub start: usize,
    /// The whole message in pieces, if it has large ones; `tail` then ends where it ended when it was lent.
    pub segments: Vec<Bytes>,
}

impl EncodeBuffer {
    /// A buffer of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer that appends to `tail`.
    #[inline]
    pub fn from_tail(tail: BytesMut) -> Self {
        let start = tail.len();
        Self { tail, start, rest: None }
    }

    /// The bytes of the message so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.tail.len() - self.start + self.rest.as_ref().map_or(0, |rest| rest.len)
    }

    /// Whether nothing was written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends a byte.
    #[inline]
    pub fn put_u8(&mut self, byte: u8) {
        bytes::BufMut::put_u8(&mut self.tail, byte);
    }

    /// Makes room for this many more bytes at once.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        self.tail.reserve(additional);
    }

    /// The buffer itself, for codecs that write contiguously. They may only append.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends a segment: by reference from [`SEGMENT_MIN`] bytes on, else by copy.
    pub fn put_segment(&mut self, segment: Bytes) {
        if segment.len() < SEGMENT_MIN {
            self.put_slice(&segment);
            return;
        }
        let before = self.tail.split_off(self.start);
        if self.rest.is_none() {
            let lent = std::mem::take(&mut self.tail);
            self.rest = Some(Box::new(Rest { lent, lent_len: self.start, segments: Vec::new(), len: 0 }));
            self.start = 0;
        }
        if let Some(rest) = &mut self.rest {
            rest.len += before.len() + segment.len();
            if !before.is_empty() {
                rest.segments.push(before.freeze());
            }
            rest.segments.push(segment);
        }
    }

    /// The encoded message, and the lent buffer back.
    #[inline]
    pub fn finish(self) -> Encoded {
        match self.rest {
            None => Encoded { tail: self.tail, start: self.start, segments: Vec::new() },
            Some(rest) => Self::finish_segments(self.tail, *rest),
        }
    }

    #[cold]
    fn finish_segments(tail: BytesMut, rest: Rest) -> Encoded {
        let Rest { lent, lent_len, mut segments, .. } = rest;
        if !tail.is_empty() {
            segments.push(tail.freeze());
        }
        Encoded { tail: lent, start: lent_len, segments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_writes_go_behind_what_was_lent() {
        let mut buffer = EncodeBuffer::from_tail(BytesMut::from(&b"lent"[..]));
        buffer.put_u8(b'a');
        buffer.put_slice(b"bc");
        buffer.put_segment(Bytes::from_static(b"small"));
        assert_eq!(buffer.len(), 8);
        let encoded = buffer.finish();
        assert_eq!(encoded.start, 4);
        assert_eq!(encoded.tail, &b"lentabcsmall"[..]);
        assert!(encoded.segments.is_empty());
    }

    #[test]
    fn large_segments_are_kept_by_reference() {
        let large = Bytes::from(vec![7; SEGMENT_MIN]);
        let mut buffer = EncodeBuffer::from_tail(BytesMut::from(&b"lent"[..]));
        buffer.put_slice(b"head");
        buffer.put_segment(large.clone());
        buffer.put_segment(large.clone());
        buffer.put_slice(b"end");
        assert_eq!(buffer.len(), 4 + 2 * SEGMENT_MIN + 3);
        let encoded = buffer.finish();
        assert_eq!(encoded.tail, &b"lent"[..]);
        assert_eq!(encoded.segments, [&b"head"[..], &large, &large, b"end"]);
        assert_eq!(encoded.segments[1].as_ptr(), large.as_ptr());
    }
}
