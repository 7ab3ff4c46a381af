//! From a message to the connection's write buffer.

use std::cell::RefCell;

use buffa::{EncodeSink, Message, MessageName, SizeCachePool};
use bytes::Bytes;
use gannet_core::{EncodeBuffer, Status};

/// Messages below this size hold no field that would be sent without a copy.
const SEGMENT_MIN: usize = 4096;

/// How many sizes of nested messages a thread keeps room for (16 KiB).
const SIZES_KEPT: usize = 4096;

thread_local! {
    /// Room for the sizes of nested messages, beyond the 16 that buffa keeps on the stack.
    static SIZES: RefCell<SizeCachePool> = const { RefCell::new(SizeCachePool::sequential(SIZES_KEPT)) };
}

pub(crate) fn encode<M: Message + MessageName>(message: &M, buffer: &mut EncodeBuffer) -> Result<(), Status> {
    // Taken out and put back, not borrowed throughout: a message may be encoded while another is.
    let mut sizes = SIZES.with_borrow_mut(SizeCachePool::acquire);
    let size =
        buffa::checked_encode_size(message.compute_size(&mut sizes)).map_err(|_| too_large(M::FULL_NAME))?;
    let size = size as usize;
    if size < SEGMENT_MIN {
        let contiguous = buffer.bytes_mut();
        contiguous.reserve(size);
        message.write_to(&mut sizes, contiguous);
    } else {
        message.write_to(&mut sizes, &mut Segments(buffer));
    }
    SIZES.with_borrow_mut(|pool| pool.release(sizes));
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
