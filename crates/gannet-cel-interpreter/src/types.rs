//! The message types that expressions know, and messages of them as values.
//!
//! Not here: how a field becomes a value (`message.rs`), and what the well-known types stand for (`well_known.rs`).

use std::fmt;
use std::sync::Arc;

use buffa::{DEFAULT_ELEMENT_MEMORY_LIMIT, DecodeOptions};
use buffa_descriptor::reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value as Stored};
use buffa_descriptor::{DescriptorPool, FieldDescriptor};
use gannet_cel::{Error, Value};

use crate::message::{Place, field_value, key_value, message_value, scalar_value};

/// The message types that expressions can name, make and unpack from an `Any`.
///
/// ```
/// use gannet_cel_interpreter::{Expression, Types, Value, Variables};
///
/// // A set of descriptors comes from `protoc --include_imports --descriptor_set_out`; the empty one knows no types.
/// let types = Types::decode(&[])?;
/// let expression = Expression::parse("{'a': [1, 2.0]}['a'].exists(x, x > 1)", &types)?;
/// assert_eq!(expression.evaluate(&Variables::default())?, Value::Bool(true));
/// # Ok::<(), gannet_cel_interpreter::Error>(())
/// ```
///
/// Cheap to clone: the descriptors are shared.
#[derive(Clone)]
pub struct Types {
    pool: Arc<DescriptorPool>,
}

impl Types {
    /// The types of an encoded `FileDescriptorSet`, which must hold the imports of its files too.
    ///
    /// # Errors
    /// The set cannot be decoded, or a type that it refers to is missing. It is expected to come from the contract, and to
    /// be trusted: its size has no limit.
    pub fn decode(descriptor_set: &[u8]) -> Result<Self, Error> {
        let options =
            DecodeOptions::new().with_element_memory_limit(usize::MAX).with_unknown_field_limit(usize::MAX);
        match DescriptorPool::decode_with_options(descriptor_set, &options) {
            Ok(pool) => Ok(Self::new(Arc::new(pool))),
            Err(error) => Err(Error::new(format!("the descriptors of the contract cannot be read: {error}"))),
        }
    }

    /// The types of a pool of descriptors.
    pub fn new(pool: Arc<DescriptorPool>) -> Self {
        Self { pool }
    }

    /// An encoded message as a value.
    ///
    /// The well-known types become what CEL has for them: `Struct`, `Value` and `ListValue` JSON values, wrappers what they
    /// wrap, `Timestamp` and `Duration` times; an `Any` is unpacked.
    ///
    /// # Errors
    /// No such type is known, or these bytes are no message of it. Messages nested deeper than 100 are refused.
    pub fn message(&self, full_name: &str, encoded: &[u8]) -> Result<Value, Error> {
        Ok(message_value(self, Place::root(self.decode_message(full_name, encoded)?)))
    }

    /// A message as a value, as [`message`](Self::message) has it. It is copied.
    ///
    /// The descriptors of its own pool say what its fields are; what is in an `Any` is looked up in these types.
    pub fn value(&self, message: &DynamicMessage) -> Value {
        message_value(self, Place::root(message.clone()))
    }

    /// A stored value that is no message, list or map; null for those.
    pub fn scalar(value: &Stored) -> Value {
        scalar_value(value)
    }

    /// A map's key as a value.
    pub fn key(key: &MapKey) -> Value {
        key_value(key)
    }

    /// A field of a message as a value, with its default if it is absent. The message itself is not copied.
    ///
    /// The field must be one of the message's type.
    pub fn field(&self, message: &DynamicMessage, field: &FieldDescriptor) -> Value {
        field_value(self, message, field, None)
    }

    /// An encoded message as a value, as [`message`](Self::message) has it, and its field or extension of that number: what
    /// `rules` and `rule` are in a predefined rule.
    ///
    /// # Errors
    /// As [`message`](Self::message), or there is no such field.
    pub fn message_and_field(
        &self,
        full_name: &str,
        encoded: &[u8],
        number: u32,
    ) -> Result<(Value, Value), Error> {
        let message = self.decode_message(full_name, encoded)?;
        let extension;
        let field = if let Some(field) = message.message_descriptor().field(number) {
            field
        } else {
            let mut extensions = self.pool.extensions_of(message.message_index());
            extension = extensions.find(|extension| extension.field().number() == number);
            let Some(extension) = &extension else {
                return Err(Error::new(format!("no such field '{number}' of '{full_name}'")));
            };
            extension.field()
        };
        let field = field.clone();
        let value = self.field(&message, &field);
        Ok((message_value(self, Place::root(message)), value))
    }

    pub(crate) fn pool(&self) -> &Arc<DescriptorPool> {
        &self.pool
    }

    /// A message whose bytes were one before, and have passed the limits of their reader.
    fn decode_message(&self, full_name: &str, encoded: &[u8]) -> Result<DynamicMessage, Error> {
        let options = DecodeOptions::new()
            .with_element_memory_limit(encoded.len().saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY))
            .with_unknown_field_limit(encoded.len().max(UNKNOWN_FIELDS));
        self.decode_within(full_name, encoded, &options)
    }

    /// A message that is packed in an `Any`: nobody has read its bytes yet.
    pub(crate) fn unpack_message(&self, full_name: &str, encoded: &[u8]) -> Result<DynamicMessage, Error> {
        let memory = encoded.len().saturating_mul(PACKED_MEMORY_PER_BYTE).max(DEFAULT_ELEMENT_MEMORY_LIMIT);
        self.decode_within(full_name, encoded, &DecodeOptions::new().with_element_memory_limit(memory))
    }

    fn decode_within(
        &self,
        full_name: &str,
        encoded: &[u8],
        options: &DecodeOptions,
    ) -> Result<DynamicMessage, Error> {
        let index = self
            .pool
            .message_index(full_name)
            .ok_or_else(|| Error::new(format!("unknown type: '{full_name}'")))?;
        DynamicMessage::decode_with_options(Arc::clone(&self.pool), index, encoded, options)
            .map_err(|error| Error::new(format!("{full_name} cannot be decoded: {error}")))
    }
}

/// How much memory the items of a message may take for each byte of it, above [`MEMORY`].
const MEMORY_PER_BYTE: usize = 256;
const MEMORY: usize = 1 << 20;
const UNKNOWN_FIELDS: usize = 1000;
/// The same for what is packed in an `Any`, above the usual limit: as much as messages get that are received.
const PACKED_MEMORY_PER_BYTE: usize = 16;

impl fmt::Debug for Types {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Types").field("messages", &self.pool.messages().len()).finish()
    }
}
