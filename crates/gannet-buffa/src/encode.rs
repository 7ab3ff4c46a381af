//! From a message to the connection's write buffer.

use buffa::{EncodeSink, Message, MessageName, SizeCache};
use bytes::Bytes;
use gannet_core::{EncodeBuffer, SEGMENT_MIN, Status};

pub(crate) fn encode<M: Message + MessageName>(message: &M, buffer: &mut EncodeBuffer) -> Result<(), Status> {
    // On the stack, with room for 16 nested messages; more take an allocation. One kept per thread
    // saves that, but costs each small message half as much again as its encoding.
    let mut sizes = SizeCache::new();
    let size = buffa::checked_encode_size(message.compute_size(&mut sizes))
        .map_err(|_| too_large(M::FULL_NAME))? as usize;
    if size < SEGMENT_MIN {
        // No field can be large enough to be kept by reference, so none need be counted.
        let contiguous = buffer.bytes_mut();
        contiguous.reserve(size);
        message.write_to(&mut sizes, contiguous);
    } else {
        message.write_to(&mut sizes, &mut Segments(buffer));
    }
    Ok(())
}

#[cold]
fn too_large(name: &str) -> Status {
    Status::resource_exhausted(format!(
        "the message {name} is larger than 2 GiB, the most that protobuf allows"
    ))
}

/// Hands large `bytes` fields over by reference.
struct Segments<'a>(&'a mut EncodeBuffer);

impl EncodeSink for Segments<'_> {
    const IS_SEGMENTED: bool = true;

    #[inline]
    fn put_u8(&mut self, value: u8) {
        self.0.put_u8(value);
    }

    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }

    #[inline]
    fn put_u32_le(&mut self, value: u32) {
        self.0.put_slice(&value.to_le_bytes());
    }

    #[inline]
    fn put_u64_le(&mut self, value: u64) {
        self.0.put_slice(&value.to_le_bytes());
    }

    #[inline]
    fn put_shared(&mut self, bytes: Bytes) {
        self.0.put_segment(bytes);
    }
}
