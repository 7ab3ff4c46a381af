//! How messages become bytes and bytes messages.
//!
//! Not here: any particular format; see `gannet-buffa` and `gannet-prost`.

use std::fmt;

use bytes::Bytes;

use crate::{EncodeBuffer, Status};

/// A message format, for messages of type `M`.
///
/// Implemented by types without values, so that a method's format is known when the program is compiled.
///
/// ```
/// use bytes::Bytes;
/// use gannet_core::{Codec, EncodeBuffer, Status};
///
/// /// Messages that are UTF-8 text.
/// struct Text;
///
/// impl Codec<String> for Text {
///     fn encode(message: &String, buffer: &mut EncodeBuffer) -> Result<(), Status> {
///         buffer.put_slice(message.as_bytes());
///         Ok(())
///     }
///
///     fn decode(bytes: Bytes) -> Result<String, Status> {
///         String::from_utf8(bytes.into()).map_err(|_| Status::internal("the message is not UTF-8"))
///     }
/// }
///
/// let mut buffer = EncodeBuffer::new();
/// Text::encode(&"hello".to_owned(), &mut buffer)?;
/// assert_eq!(Text::decode(buffer.finish().tail.freeze())?, "hello");
/// # Ok::<(), Status>(())
/// ```
pub trait Codec<M>: 'static {
    /// Appends `message` to `buffer`.
    ///
    /// # Errors
    ///
    /// INTERNAL if the message cannot be encoded. What was appended is dropped then.
    fn encode(message: &M, buffer: &mut EncodeBuffer) -> Result<(), Status>;

    /// Reads a message from exactly these bytes, slices of which it may keep.
    ///
    /// # Errors
    ///
    /// INTERNAL if the bytes are no such message (grpc/doc/statuscodes.md).
    fn decode(bytes: Bytes) -> Result<M, Status>;

    /// The full name of the messages in their contract, such as `helloworld.HelloRequest`. By default, the name of the
    /// Rust type.
    fn message_name() -> &'static str {
        std::any::type_name::<M>()
    }

    /// Writes a message for people to read. By default, its name alone.
    ///
    /// # Errors
    ///
    /// The formatter's.
    fn debug(message: &M, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = message;
        formatter.write_str(Self::message_name())
    }
}
