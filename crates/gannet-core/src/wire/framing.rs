//! gRPC's framing of messages in a stream: a flag, a length, the message.
//!
//! A message that lies whole in one payload is a slice of it; one that spans payloads is gathered once, as its bytes
//! arrive: a length alone costs nothing. Not here: HTTP/2's frames, compression.

use bytes::{Buf, Bytes, BytesMut};

use crate::Status;

/// The length of what stands before each message: a flag and four bytes of length.
pub const MESSAGE_HEADER_LEN: usize = 5;

/// What stands before an uncompressed message of this many bytes.
#[inline]
pub const fn message_header(len: u32) -> [u8; MESSAGE_HEADER_LEN] {
    let [a, b, c, d] = len.to_be_bytes();
    [0, a, b, c, d]
}

/// Reads the header at the start of `bytes`: the length of the message, if it may be that long.
#[inline]
fn read_header(header: [u8; MESSAGE_HEADER_LEN], limit: usize) -> Result<usize, Status> {
    let [flag, a, b, c, d] = header;
    if flag != 0 {
        return Err(bad_flag(flag));
    }
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    if len > limit { Err(too_large(len, limit)) } else { Ok(len) }
}

#[cold]
fn bad_flag(flag: u8) -> Status {
    if flag == 1 {
        Status::internal(
            "the peer sent a compressed message, but no compression was agreed on (grpc-encoding)",
        )
    } else {
        Status::internal(format!("the peer sent a message with the flag {flag}; only 0 and 1 are defined"))
    }
}

#[cold]
fn too_large(len: usize, limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "a message of {len} bytes was received, more than max_receive_message_size allows ({limit})"
    ))
}

/// The message of a payload that holds exactly one; `None` if it holds less or more, and a [`Deframer`] has to see to it.
///
/// # Errors
///
/// RESOURCE_EXHAUSTED if the message is over `limit` bytes, INTERNAL if its flag is wrong.
#[inline]
pub fn unary_message(payload: &Bytes, limit: usize) -> Result<Option<Bytes>, Status> {
    let Some(header) = payload.first_chunk::<MESSAGE_HEADER_LEN>() else { return Ok(None) };
    let len = read_header(*header, limit)?;
    Ok((payload.len() == MESSAGE_HEADER_LEN + len).then(|| payload.slice(MESSAGE_HEADER_LEN..)))
}

/// Takes payloads apart into messages.
///
/// ```
/// use bytes::Bytes;
/// use gannet_core::wire::framing::Deframer;
///
/// let mut deframer = Deframer::new(1024);
/// deframer.push(Bytes::from_static(b"\0\0\0\0\x05he"));
/// assert_eq!(deframer.next()?, None);
/// deframer.push(Bytes::from_static(b"llo"));
/// assert_eq!(deframer.next()?.unwrap(), "hello");
/// deframer.finish()?;
/// # Ok::<(), gannet_core::Status>(())
/// ```
#[derive(Debug)]
pub struct Deframer {
    limit: usize,
    /// What was pushed last and is not taken apart yet.
    chunk: Bytes,
    /// The beginning of a message (with its header) that spans payloads.
    gathered: BytesMut,
}

impl Deframer {
    /// A deframer for messages of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, chunk: Bytes::new(), gathered: BytesMut::new() }
    }

    /// Adds a payload. Take the messages out before adding the next, so that none has to be copied.
    pub fn push(&mut self, payload: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = payload;
        } else {
            // The caller did not take the messages out; join the two.
            let mut joined = BytesMut::with_capacity(self.chunk.len() + payload.len());
            joined.extend_from_slice(&self.chunk);
            joined.extend_from_slice(&payload);
            self.chunk = joined.freeze();
        }
    }

    /// The next whole message.
    ///
    /// # Errors
    ///
    /// RESOURCE_EXHAUSTED if a message is over the limit, as soon as its header says so; INTERNAL if a flag is wrong.
    #[allow(clippy::should_implement_trait, reason = "it fails, which `Iterator::next` cannot")]
    pub fn next(&mut self) -> Result<Option<Bytes>, Status> {
        if !self.gathered.is_empty() {
            return self.next_gathered();
        }
        let Some(header) = self.chunk.first_chunk::<MESSAGE_HEADER_LEN>() else {
            self.gather(MESSAGE_HEADER_LEN);
            return Ok(None);
        };
        let len = read_header(*header, self.limit)?;
        if self.chunk.len() - MESSAGE_HEADER_LEN < len {
            self.gather(MESSAGE_HEADER_LEN + len);
            return Ok(None);
        }
        self.chunk.advance(MESSAGE_HEADER_LEN);
        Ok(Some(self.chunk.split_to(len)))
    }

    /// Moves what there is of a message of `len` bytes with header out of the chunk.
    fn gather(&mut self, len: usize) {
        let missing = len - self.gathered.len();
        let piece = self.chunk.split_to(missing.min(self.chunk.len()));
        self.gathered.extend_from_slice(&piece);
        if self.chunk.is_empty() {
            // Lets go of the payload it was a slice of.
            self.chunk = Bytes::new();
        }
    }

    fn next_gathered(&mut self) -> Result<Option<Bytes>, Status> {
        if self.gathered.len() < MESSAGE_HEADER_LEN {
            self.gather(MESSAGE_HEADER_LEN);
        }
        let Some(header) = self.gathered.first_chunk::<MESSAGE_HEADER_LEN>() else { return Ok(None) };
        let len = read_header(*header, self.limit)?;
        self.gather(MESSAGE_HEADER_LEN + len);
        if self.gathered.len() < MESSAGE_HEADER_LEN + len {
            return Ok(None);
        }
        let mut message = std::mem::take(&mut self.gathered);
        message.advance(MESSAGE_HEADER_LEN);
        Ok(Some(message.freeze()))
    }

    /// Bytes that belong to a message that is not whole, or were not asked for.
    pub fn pending(&self) -> usize {
        self.gathered.len() + self.chunk.len()
    }

    /// The stream has ended: is that the end of a message too?
    ///
    /// # Errors
    ///
    /// INTERNAL if the last message was cut short.
    pub fn finish(&self) -> Result<(), Status> {
        match self.pending() {
            0 => Ok(()),
            pending => Err(Status::internal(format!(
                "the stream ended in the middle of a message, {pending} bytes into it"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Code;

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = message_header(message.len() as u32).to_vec();
        bytes.extend_from_slice(message);
        bytes
    }

    #[test]
    fn a_message_whole_in_its_payload_is_not_copied() {
        let payload = Bytes::from(framed(b"hello"));
        let message = unary_message(&payload, 5).unwrap().unwrap();
        assert_eq!(message.as_ptr(), payload[5..].as_ptr());
        let mut deframer = Deframer::new(5);
        deframer.push(payload.clone());
        assert_eq!(deframer.next().unwrap().unwrap().as_ptr(), payload[5..].as_ptr());
    }

    #[test]
    fn a_payload_with_less_or_more_than_one_message_is_no_unary_message() {
        assert_eq!(unary_message(&Bytes::from_static(b"\0\0\0"), 9).unwrap(), None);
        assert_eq!(unary_message(&Bytes::from_static(b"\0\0\0\0\x02a"), 9).unwrap(), None);
        assert_eq!(unary_message(&Bytes::from_static(b"\0\0\0\0\x01ab"), 9).unwrap(), None);
    }

    #[test]
    fn a_message_over_the_limit_is_refused_at_its_header() {
        let mut deframer = Deframer::new(10);
        deframer.push(Bytes::from_static(b"\0\xff\xff\xff\xff"));
        let status = deframer.next().unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("max_receive_message_size"), "{status}");
        assert!(status.message().contains("4294967295") && status.message().contains("10"), "{status}");
    }

    #[test]
    fn flags_that_were_not_agreed_on_are_refused() {
        for flag in [1, 2, 255] {
            let mut deframer = Deframer::new(10);
            deframer.push(Bytes::from(vec![flag, 0, 0, 0, 0]));
            assert_eq!(deframer.next().unwrap_err().code(), Code::Internal);
        }
    }

    #[test]
    fn an_end_inside_a_message_is_an_error() {
        for cut in 1..10 {
            let mut deframer = Deframer::new(10);
            deframer.push(Bytes::from(framed(b"hello")[..cut].to_vec()));
            assert_eq!(deframer.next().unwrap(), None);
            assert_eq!(deframer.finish().unwrap_err().code(), Code::Internal);
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_messages(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cuts in prop::collection::vec(1_usize..20, 1..100),
            eager in any::<bool>(),
        ) {
            let all: Vec<u8> = messages.iter().flat_map(|message| framed(message)).collect();
            let mut deframer = Deframer::new(40);
            let mut out = Vec::new();
            let mut rest = &all[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, behind) = rest.split_at((*cut).min(rest.len()));
                rest = behind;
                deframer.push(Bytes::copy_from_slice(chunk));
                while eager {
                    match deframer.next().unwrap() {
                        Some(message) => out.push(message.to_vec()),
                        None => break,
                    }
                }
            }
            while let Some(message) = deframer.next().unwrap() {
                out.push(message.to_vec());
            }
            deframer.finish().unwrap();
            prop_assert_eq!(out, messages);
        }
    }
}
