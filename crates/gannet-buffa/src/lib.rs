//! Messages by buffa: the codec, and buffa itself for generated code.
//!
//! Only the way between a message and its bytes; framing, compression and size limits of whole
//! messages are `gannet-core`'s and the transport's.

#![forbid(unsafe_code)]

mod decode;
mod encode;

#[cfg(test)]
mod tests;

pub use buffa;
/// `google/protobuf/descriptor.proto` as Rust: what messages that refer to descriptors need.
pub use buffa_descriptor;
/// The well-known types: `google::protobuf::{Any, Duration, Empty, Timestamp, …}`.
pub use buffa_types;
#[cfg(feature = "json")]
pub use {serde, serde_json};

use buffa::{Message, MessageName};
use bytes::Bytes;
use gannet_core::{Codec, EncodeBuffer, Status};

/// Encodes and decodes messages that buffa generated.
///
/// - Decoding copies strings, but not `bytes` fields: they are slices of what was received. A
///   slice keeps the whole buffer it was read into alive; copy it out to keep it for long.
/// - Encoding copies `bytes` fields of less than 4 KiB; larger ones are sent from where they are.
/// - Messages nest up to 100 deep, and hold up to 1,000,000 unknown fields. The elements of
///   repeated fields and maps may take up to 32 MiB, or 16 times the message's encoded size if
///   that is more; so a peer cannot make a small message occupy a large memory.
///
/// ```
/// use gannet_buffa::Buffa;
/// use gannet_buffa::buffa_types::google::protobuf::Duration;
/// use gannet_core::{Codec, EncodeBuffer};
///
/// # fn main() -> Result<(), gannet_core::Status> {
/// let sent = Duration { seconds: 3, ..Default::default() };
/// let mut buffer = EncodeBuffer::new();
/// Buffa::encode(&sent, &mut buffer)?;
/// let received: Duration = Buffa::decode(buffer.finish().tail.freeze())?;
/// assert_eq!(received, sent);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Buffa;

impl<M: Message + MessageName + std::fmt::Debug> Codec<M> for Buffa {
    fn encode(message: &M, buffer: &mut EncodeBuffer) -> Result<(), Status> {
        encode::encode(message, buffer)
    }

    fn decode(bytes: Bytes) -> Result<M, Status> {
        decode::decode(bytes)
    }

    fn message_name() -> &'static str {
        M::FULL_NAME
    }

    fn debug(message: &M, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(message, formatter)
    }
}
