//! From received bytes to a message, within limits.

use buffa::{DEFAULT_ELEMENT_MEMORY_LIMIT, DecodeError, DecodeOptions, Message, MessageName};
use bytes::Bytes;
use gannet_core::Status;

/// How much more memory than wire the elements of repeated fields and maps may take.
///
/// Real messages stay far below; an attack with empty elements reaches 128 and more.
const ELEMENT_MEMORY_PER_BYTE: usize = 16;

pub(crate) fn decode<M: Message + MessageName>(mut bytes: Bytes) -> Result<M, Status> {
    let memory = bytes.len().saturating_mul(ELEMENT_MEMORY_PER_BYTE).max(DEFAULT_ELEMENT_MEMORY_LIMIT);
    // A `bytes` field becomes a slice because the buffer to decode from is a `Bytes`.
    DecodeOptions::new()
        .with_element_memory_limit(memory)
        .decode(&mut bytes)
        .map_err(|error| refuse(M::FULL_NAME, error))
}

#[cold]
fn refuse(name: &str, error: DecodeError) -> Status {
    let message = format!("the message {name} cannot be decoded: {error}");
    let status = match error {
        DecodeError::ElementMemoryLimitExceeded | DecodeError::UnknownFieldLimitExceeded => {
            Status::resource_exhausted(message)
        }
        _ => Status::internal(message),
    };
    status.with_source(error)
}
