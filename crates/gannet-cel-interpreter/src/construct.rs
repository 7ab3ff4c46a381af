//! Makes messages out of values: `pkg.Message{field: value}`.
//!
//! What can be a field's value, and the words of what cannot, follow cel-go. Not here: messages as values (`message.rs`).

use std::borrow::Cow;
use std::sync::Arc;

use buffa_descriptor::reflect::{
    DynamicMessage, MapKey, MapValue, ReflectMessage as _, ReflectMessageMut as _, Value as Stored,
};
use buffa_descriptor::{FieldKind, MessageIndex, ScalarType, SingularKind};
use gannet_cel::{Error, Value};

use crate::message::{Place, Reflected, field_named, message_value, readable};
use crate::types::Types;
use crate::well_known::{MAX_DEPTH, WellKnown};

/// # Errors
/// There is no such type or field, or a value is none of its field's type.
pub(crate) fn construct(
    types: &Types,
    type_name: &str,
    fields: &[(&str, Cow<'_, Value>)],
) -> Result<Value, Error> {
    let mut message = DynamicMessage::new_by_name(Arc::clone(types.pool()), type_name)
        .ok_or_else(|| Error::new(format!("unknown type '{type_name}'")))?;
    for (name, value) in fields {
        let stored = {
            let field =
                field_named(&message, name).ok_or_else(|| Error::new(format!("no such field: {name}")))?;
            let maker = Maker { types, depth: MAX_DEPTH };
            maker.field(field.kind(), value)?.map(|stored| (field.number(), stored))
        };
        if let Some((number, stored)) = stored {
            set(&mut message, number, stored)?;
        }
    }
    readable(message_value(types, Place::root(message)))
}

fn set(message: &mut DynamicMessage, number: u32, stored: Stored) -> Result<(), Error> {
    let pool = Arc::clone(message.pool());
    let descriptor = pool.message(message.message_index());
    let field = descriptor.field(number).ok_or_else(|| Error::new(format!("no such field: {number}")))?;
    message
        .try_set(field, stored)
        .map_err(|error| Error::new(format!("field type conversion error: {error}")))
}

#[derive(Clone, Copy)]
struct Maker<'a> {
    types: &'a Types,
    /// How deep JSON values may yet be nested.
    depth: usize,
}

impl Maker<'_> {
    /// What is stored in a field for a value; nothing if it stays absent.
    fn field(self, kind: FieldKind, value: &Value) -> Result<Option<Stored>, Error> {
        match (kind, value) {
            (FieldKind::Singular(kind), _) => self.singular(kind, value),
            (FieldKind::List(kind), Value::List(items)) => {
                let items: Result<Vec<Stored>, Error> =
                    items.iter().map(|item| self.item(kind, item)).collect();
                items.map(|items| Some(Stored::List(items)))
            }
            (FieldKind::Map { key, value: kind }, Value::Map(entries)) => {
                let entries: Result<Vec<(MapKey, Stored)>, Error> = entries
                    .iter()
                    .map(|(entry, value)| Ok((map_key(key, entry)?, self.item(kind, value)?)))
                    .collect();
                entries.map(|entries| Some(Stored::Map(MapValue::from_entries(entries))))
            }
            (FieldKind::List(_), _) => Err(unsupported(value, "list")),
            (FieldKind::Map { .. }, _) => Err(unsupported(value, "map")),
        }
    }

    fn item(self, kind: SingularKind, value: &Value) -> Result<Stored, Error> {
        let stored = self.singular(kind, value)?;
        stored.ok_or_else(|| unsupported(value, "a list's item or a map's value"))
    }

    fn singular(self, kind: SingularKind, value: &Value) -> Result<Option<Stored>, Error> {
        match kind {
            SingularKind::Scalar(kind) => scalar(kind, value).map(Some),
            SingularKind::Enum(_) => match value {
                Value::Int(number) => i32::try_from(*number)
                    .map(|number| Some(Stored::EnumNumber(number)))
                    .map_err(|_| Error::new("integer overflow")),
                Value::Null => Ok(Some(Stored::EnumNumber(0))),
                _ => Err(unsupported(value, "enum")),
            },
            SingularKind::Message(index) => {
                let message = self.message(index, value)?;
                Ok(message.map(Stored::Message))
            }
        }
    }

    fn message(self, index: MessageIndex, value: &Value) -> Result<Option<DynamicMessage>, Error> {
        let pool = self.types.pool();
        let type_name = pool.message(index).full_name();
        let known = WellKnown::named(type_name);
        match (known, value) {
            (Some(WellKnown::Value | WellKnown::Struct | WellKnown::List), _) => {
                self.json(type_name, value).map(Some)
            }
            (Some(WellKnown::Any), _) => self.pack(value).map(Some),
            (_, Value::Null) => Ok(None),
            (Some(WellKnown::Wrapper(kind)), _) => {
                let mut message = DynamicMessage::new(Arc::clone(pool), index);
                set(&mut message, 1, scalar(kind, value)?)?;
                Ok(Some(message))
            }
            (Some(WellKnown::Timestamp), Value::Timestamp(time)) => {
                self.time(type_name, time.seconds, time.nanos).map(Some)
            }
            (Some(WellKnown::Duration), Value::Duration(time)) => {
                self.time(type_name, time.seconds, time.nanos).map(Some)
            }
            (None, Value::Message(message)) if message.type_name() == type_name => {
                reflected(&**message).map(Some)
            }
            _ => Err(unsupported(value, type_name)),
        }
    }

    fn new_message(self, type_name: &str) -> Result<DynamicMessage, Error> {
        DynamicMessage::new_by_name(Arc::clone(self.types.pool()), type_name)
            .ok_or_else(|| Error::new(format!("unknown type '{type_name}'")))
    }

    fn time(self, type_name: &str, seconds: i64, nanos: i32) -> Result<DynamicMessage, Error> {
        let mut message = self.new_message(type_name)?;
        set(&mut message, 1, Stored::I64(seconds))?;
        set(&mut message, 2, Stored::I32(nanos))?;
        Ok(message)
    }

    /// A `Struct`, `ListValue` or `Value`.
    fn json(self, type_name: &str, value: &Value) -> Result<DynamicMessage, Error> {
        const VALUE: &str = "google.protobuf.Value";
        let depth =
            self.depth.checked_sub(1).ok_or_else(|| Error::new("a JSON value is nested too deeply"))?;
        let inner = Self { depth, ..self };
        let mut message = self.new_message(type_name)?;
        let (number, stored) = match (type_name, value) {
            ("google.protobuf.Struct", Value::Map(entries)) => {
                let entries: Result<Vec<(MapKey, Stored)>, Error> = entries
                    .iter()
                    .map(|(key, value)| {
                        Ok((map_key(ScalarType::String, key)?, Stored::Message(inner.json(VALUE, value)?)))
                    })
                    .collect();
                (1, Stored::Map(MapValue::from_entries(entries?)))
            }
            ("google.protobuf.ListValue", Value::List(items)) => {
                let items: Result<Vec<Stored>, Error> =
                    items.iter().map(|item| inner.json(VALUE, item).map(Stored::Message)).collect();
                (1, Stored::List(items?))
            }
            (VALUE, Value::Null) => (1, Stored::EnumNumber(0)),
            (VALUE, Value::Double(number)) => (2, Stored::F64(*number)),
            (VALUE, Value::Int(number)) if number.unsigned_abs() <= MAX_SAFE => {
                (2, Stored::F64(gannet_cel::double::from_int(*number)))
            }
            (VALUE, Value::Uint(number)) if *number <= MAX_SAFE => {
                (2, Stored::F64(gannet_cel::double::from_uint(*number)))
            }
            (VALUE, Value::Int(_) | Value::Uint(_) | Value::String(_) | Value::Timestamp(_)) => {
                (3, Stored::String(value.to_string()))
            }
            (VALUE, Value::Duration(duration)) => {
                (3, Stored::String(gannet_cel::string::from_duration(*duration)))
            }
            (VALUE, Value::Bytes(bytes)) => (3, Stored::String(base64(bytes))),
            (VALUE, Value::Bool(value)) => (4, Stored::Bool(*value)),
            (VALUE, Value::Map(_)) => (5, Stored::Message(inner.json("google.protobuf.Struct", value)?)),
            (VALUE, Value::List(_)) => (6, Stored::Message(inner.json("google.protobuf.ListValue", value)?)),
            _ => return Err(unsupported(value, type_name)),
        };
        set(&mut message, number, stored)?;
        Ok(message)
    }

    /// An `Any` with a value in it; what is no message goes in as the well-known message for it.
    fn pack(self, value: &Value) -> Result<DynamicMessage, Error> {
        let wrapped = |maker: Self, name: &str| {
            let index = maker
                .types
                .pool()
                .message_index(name)
                .ok_or_else(|| Error::new(format!("unknown type '{name}'")))?;
            maker.message(index, value)?.ok_or_else(|| unsupported(value, "google.protobuf.Any"))
        };
        let inner = match value {
            Value::Message(message) => reflected(&**message)?,
            Value::Null => self.json("google.protobuf.Value", value)?,
            Value::Bool(_) => wrapped(self, "google.protobuf.BoolValue")?,
            Value::Int(_) => wrapped(self, "google.protobuf.Int64Value")?,
            Value::Uint(_) => wrapped(self, "google.protobuf.UInt64Value")?,
            Value::Double(_) => wrapped(self, "google.protobuf.DoubleValue")?,
            Value::String(_) => wrapped(self, "google.protobuf.StringValue")?,
            Value::Bytes(_) => wrapped(self, "google.protobuf.BytesValue")?,
            Value::List(_) => wrapped(self, "google.protobuf.ListValue")?,
            Value::Map(_) => wrapped(self, "google.protobuf.Struct")?,
            Value::Timestamp(_) => wrapped(self, "google.protobuf.Timestamp")?,
            Value::Duration(_) => wrapped(self, "google.protobuf.Duration")?,
            Value::Type(_) => return Err(unsupported(value, "google.protobuf.Any")),
        };
        let mut any = self.new_message("google.protobuf.Any")?;
        let url = format!("type.googleapis.com/{}", inner.message_descriptor().full_name());
        let encoded = inner.try_encode_to_vec().map_err(|error| Error::new(error.to_string()))?;
        set(&mut any, 1, Stored::String(url))?;
        set(&mut any, 2, Stored::Bytes(encoded))?;
        Ok(any)
    }
}

/// The greatest whole number that JSON carries without loss.
const MAX_SAFE: u64 = (1 << 53) - 1;

fn reflected(message: &dyn gannet_cel::Message) -> Result<DynamicMessage, Error> {
    match message.as_any().downcast_ref::<Reflected>() {
        Some(reflected) => reflected.message().cloned(),
        None => Err(Error::new(format!("{} is no message of these types", message.type_name()))),
    }
}

fn scalar(kind: ScalarType, value: &Value) -> Result<Stored, Error> {
    let overflow = |_| Error::new("integer overflow");
    let unsigned_overflow = |_| Error::new("unsigned integer overflow");
    Ok(match (kind, value) {
        (ScalarType::Bool, Value::Bool(value)) => Stored::Bool(*value),
        (ScalarType::String, Value::String(text)) => Stored::String(text.clone()),
        (ScalarType::Bytes, Value::Bytes(bytes)) => Stored::Bytes(bytes.clone()),
        (ScalarType::Double, Value::Double(value)) => Stored::F64(*value),
        (ScalarType::Float, Value::Double(value)) => Stored::F32(*value as f32),
        (ScalarType::Int32 | ScalarType::Sint32 | ScalarType::Sfixed32, Value::Int(value)) => {
            Stored::I32(i32::try_from(*value).map_err(overflow)?)
        }
        (ScalarType::Int64 | ScalarType::Sint64 | ScalarType::Sfixed64, Value::Int(value)) => {
            Stored::I64(*value)
        }
        (ScalarType::Uint32 | ScalarType::Fixed32, Value::Uint(value)) => {
            Stored::U32(u32::try_from(*value).map_err(unsigned_overflow)?)
        }
        (ScalarType::Uint64 | ScalarType::Fixed64, Value::Uint(value)) => Stored::U64(*value),
        (kind, value) => return Err(unsupported(value, kind_name(kind))),
    })
}

fn map_key(kind: ScalarType, value: &Value) -> Result<MapKey, Error> {
    Ok(match scalar(kind, value)? {
        Stored::Bool(key) => MapKey::Bool(key),
        Stored::I32(key) => MapKey::I32(key),
        Stored::I64(key) => MapKey::I64(key),
        Stored::U32(key) => MapKey::U32(key),
        Stored::U64(key) => MapKey::U64(key),
        Stored::String(key) => MapKey::String(key),
        _ => return Err(unsupported(value, "a map's key")),
    })
}

fn kind_name(kind: ScalarType) -> &'static str {
    match kind {
        ScalarType::Bool => "bool",
        ScalarType::String => "string",
        ScalarType::Bytes => "bytes",
        ScalarType::Double | ScalarType::Float => "double",
        ScalarType::Uint32 | ScalarType::Uint64 | ScalarType::Fixed32 | ScalarType::Fixed64 => "uint",
        _ => "int",
    }
}

#[cold]
fn unsupported(value: &Value, wanted: &str) -> Error {
    Error::new(format!(
        "field type conversion error: unsupported type conversion from '{}' to '{wanted}'",
        value.type_name()
    ))
}

/// With padding, as JSON has bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at) & 63) as usize;
            text.push(match DIGITS.get(digit) {
                Some(digit) if at <= chunk.len() => char::from(*digit),
                _ => '=',
            });
        }
    }
    text
}
