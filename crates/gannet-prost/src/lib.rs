//! Messages by prost: the codec, and prost itself for generated code.
//!
//! For code that already has prost's messages. Only the way between a message and its bytes;
//! framing, compression and size limits of whole messages are `gannet-core`'s and the
//! transport's.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

pub use prost;
/// The well-known types: `prost_types::{Any, Duration, Timestamp, …}`; `Empty` is `()`.
pub use prost_types;

use bytes::Bytes;
use gannet_core::{Codec, EncodeBuffer, Status};
use prost::Message;

/// The largest message that protobuf allows, in bytes.
const MAX_MESSAGE_SIZE: usize = 0x7fff_ffff;

/// Encodes and decodes messages that prost generated.
///
/// - Decoding copies strings, but not `bytes` fields of type `Bytes`: they are slices of what was
///   received. A slice keeps the whole buffer it was read into alive; copy it out to keep it for
///   long.
/// - Encoding copies all fields, large ones too.
/// - Messages nest up to 100 deep. prost sets no limit to the memory that decoded elements take:
///   a message of empty elements can occupy some 100 times its encoded size, so mind the limit
///   `max_receive_message_size`.
///
/// ```
/// use gannet_core::{Codec, EncodeBuffer};
/// use gannet_prost::Prost;
/// use gannet_prost::prost_types::Duration;
///
/// # fn main() -> Result<(), gannet_core::Status> {
/// let sent = Duration { seconds: 3, nanos: 0 };
/// let mut buffer = EncodeBuffer::new();
/// Prost::encode(&sent, &mut buffer)?;
/// let received: Duration = Prost::decode(buffer.finish().tail.freeze())?;
/// assert_eq!(received, sent);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Prost;

impl<M: Message + Default + std::fmt::Debug + 'static> Codec<M> for Prost {
    fn encode(message: &M, buffer: &mut EncodeBuffer) -> Result<(), Status> {
        let size = message.encoded_len();
        if size > MAX_MESSAGE_SIZE {
            return Err(too_large(std::any::type_name::<M>()));
        }
        let contiguous = buffer.bytes_mut();
        contiguous.reserve(size);
        // `encode` would compute the length once more, to check for room that grows by itself.
        message.encode_raw(contiguous);
        Ok(())
    }

    fn decode(bytes: Bytes) -> Result<M, Status> {
        M::decode(bytes).map_err(|error| refuse(std::any::type_name::<M>(), error))
    }

    fn debug(message: &M, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(message, formatter)
    }
}

#[cold]
fn too_large(name: &str) -> Status {
    Status::resource_exhausted(format!(
        "the message {name} is larger than 2 GiB, the most that protobuf allows"
    ))
}

#[cold]
fn refuse(name: &str, error: prost::DecodeError) -> Status {
    let text = error.to_string();
    let cause = text.strip_prefix("failed to decode Protobuf message: ").unwrap_or(&text);
    Status::internal(format!("the message {name} cannot be decoded: {cause}")).with_source(error)
}
