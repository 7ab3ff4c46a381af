//! Messages of descriptors as values of expressions: their fields, one at a time.
//!
//! A message within another one is not copied: its value knows the outermost message and the way to it. Not here: what the
//! well-known types stand for (`well_known.rs`), and when two messages are equal (`equality.rs`).

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use buffa_descriptor::reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value as Stored};
use buffa_descriptor::{EnumValueDescriptor, FieldDescriptor, FieldKind, ScalarType, SingularKind};
use gannet_cel::{Error, Message, Value};

use crate::equality::messages_equal;
use crate::types::Types;
use crate::well_known::{self, WellKnown};

/// Where a message is.
#[derive(Clone)]
pub(crate) enum Place {
    Root(Arc<DynamicMessage>),
    /// In a field of another one.
    Field {
        outer: Arc<Place>,
        number: u32,
    },
    /// In a list or, by the position of its entry, in a map that is a field of another one.
    Item {
        outer: Arc<Place>,
        number: u32,
        position: usize,
    },
}

impl Place {
    pub(crate) fn root(message: DynamicMessage) -> Self {
        Self::Root(Arc::new(message))
    }

    /// The message that is there; a message is not changed any more once it is a value, so that it always is.
    pub(crate) fn message(&self) -> Option<&DynamicMessage> {
        let stored = match self {
            Self::Root(message) => return Some(message),
            Self::Field { outer, number } => outer.message()?.field_by_number(*number)?,
            Self::Item { outer, number, position } => match outer.message()?.field_by_number(*number)? {
                Stored::List(items) => items.get(*position)?,
                Stored::Map(entries) => entries.entries().get(*position).map(|(_, value)| value)?,
                _ => return None,
            },
        };
        match stored {
            Stored::Message(message) => Some(message),
            _ => None,
        }
    }
}

/// A message as a value of an expression.
pub(crate) struct Reflected {
    types: Types,
    place: Arc<Place>,
    type_name: String,
}

impl Reflected {
    /// # Errors
    /// Never for a message that was not changed.
    pub(crate) fn message(&self) -> Result<&DynamicMessage, Error> {
        self.place.message().ok_or_else(|| Error::new("the message is not there any more"))
    }

    fn descriptor<'m>(message: &'m DynamicMessage, name: &str) -> Result<&'m FieldDescriptor, Error> {
        field_named(message, name).ok_or_else(|| Error::new(format!("no such field '{name}'")))
    }
}

/// The field of that name in the contract; its name in JSON does not count.
pub(crate) fn field_named<'m>(message: &'m DynamicMessage, name: &str) -> Option<&'m FieldDescriptor> {
    let descriptor = message.message_descriptor();
    match descriptor.field_by_name(name) {
        Some(field) if field.name() == name => Some(field),
        Some(_) => descriptor.fields().iter().find(|field| field.name() == name),
        None => None,
    }
}

impl Message for Reflected {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn field(&self, name: &str) -> Result<Value, Error> {
        let message = self.message()?;
        let field = Self::descriptor(message, name)?;
        readable(field_value(&self.types, message, field, Some(&self.place)))
    }

    fn has(&self, name: &str) -> Result<bool, Error> {
        let message = self.message()?;
        Ok(message.has(Self::descriptor(message, name)?))
    }

    fn is_equal(&self, other: &dyn Message) -> bool {
        let Some(other) = other.as_any().downcast_ref::<Self>() else { return false };
        match (self.message(), other.message()) {
            (Ok(left), Ok(right)) => messages_equal(&self.types, left, right),
            _ => false,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for Reflected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.message() {
            Some(message) => message.fmt(formatter),
            None => formatter.write_str(&self.type_name),
        }
    }
}

/// What cannot be read, such as an `Any` of an unknown type: an error for whoever looks at it, not for the list it is in.
#[derive(Debug)]
struct Unreadable(Error);

impl Message for Unreadable {
    fn type_name(&self) -> &'static str {
        "google.protobuf.Any"
    }

    fn field(&self, _: &str) -> Result<Value, Error> {
        Err(self.0.clone())
    }

    fn has(&self, _: &str) -> Result<bool, Error> {
        Err(self.0.clone())
    }

    fn is_equal(&self, _: &dyn Message) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(crate) fn unreadable(error: Error) -> Value {
    Value::Message(Arc::new(Unreadable(error)))
}

/// The value, or why it cannot be read.
pub(crate) fn readable(value: Value) -> Result<Value, Error> {
    match fault(&value) {
        Some(error) => Err(error),
        None => Ok(value),
    }
}

/// Why a value cannot be read.
pub(crate) fn fault(value: &Value) -> Option<Error> {
    let Value::Message(message) = value else { return None };
    message.as_any().downcast_ref::<Unreadable>().map(|unreadable| unreadable.0.clone())
}

/// The message at a place as a value.
pub(crate) fn message_value(types: &Types, place: Place) -> Value {
    let Some(message) = place.message() else { return Value::Null };
    let type_name = message.message_descriptor().full_name();
    if let Some(known) = WellKnown::named(type_name) {
        return well_known::value(types, known, message);
    }
    let type_name = type_name.to_owned();
    Value::Message(Arc::new(Reflected { types: types.clone(), place: Arc::new(place), type_name }))
}

/// A field as a value. Without a place for its message, messages in it are copied.
pub(crate) fn field_value(
    types: &Types,
    message: &DynamicMessage,
    field: &FieldDescriptor,
    place: Option<&Arc<Place>>,
) -> Value {
    let number = field.number();
    match message.field_by_number(number) {
        None => default(types, message, field),
        Some(Stored::Message(inner)) => match (WellKnown::of(inner), place) {
            (Some(known), _) => well_known::value(types, known, inner),
            (None, Some(outer)) => message_value(types, Place::Field { outer: Arc::clone(outer), number }),
            (None, None) => types.value(inner),
        },
        Some(Stored::List(items)) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(position, item)| item_value(types, item, place, number, position))
                .collect(),
        ),
        Some(Stored::Map(entries)) => Value::Map(
            entries
                .entries()
                .iter()
                .enumerate()
                .map(|(position, (key, value))| {
                    (key_value(key), item_value(types, value, place, number, position))
                })
                .collect(),
        ),
        Some(scalar) => scalar_value(scalar),
    }
}

fn item_value(
    types: &Types,
    item: &Stored,
    place: Option<&Arc<Place>>,
    number: u32,
    position: usize,
) -> Value {
    match (item, place) {
        (Stored::Message(inner), Some(outer)) => match WellKnown::of(inner) {
            Some(known) => well_known::value(types, known, inner),
            None => message_value(types, Place::Item { outer: Arc::clone(outer), number, position }),
        },
        (Stored::Message(inner), None) => types.value(inner),
        _ => scalar_value(item),
    }
}

/// What is no message and holds none.
pub(crate) fn scalar_value(stored: &Stored) -> Value {
    match stored {
        Stored::Bool(value) => Value::Bool(*value),
        Stored::I32(value) | Stored::EnumNumber(value) => Value::Int(i64::from(*value)),
        Stored::I64(value) => Value::Int(*value),
        Stored::U32(value) => Value::Uint(u64::from(*value)),
        Stored::U64(value) => Value::Uint(*value),
        Stored::F32(value) => Value::Double(f64::from(*value)),
        Stored::F64(value) => Value::Double(*value),
        Stored::String(value) => Value::String(value.clone()),
        Stored::Bytes(value) => Value::Bytes(value.clone()),
        // Lists have no lists for items, nor maps.
        Stored::Message(_) | Stored::List(_) | Stored::Map(_) => Value::Null,
    }
}

pub(crate) fn key_value(key: &MapKey) -> Value {
    match key {
        MapKey::Bool(key) => Value::Bool(*key),
        MapKey::I32(key) => Value::Int(i64::from(*key)),
        MapKey::I64(key) => Value::Int(*key),
        MapKey::U32(key) => Value::Uint(u64::from(*key)),
        MapKey::U64(key) => Value::Uint(*key),
        MapKey::String(key) => Value::String(key.clone()),
    }
}

/// What an absent field is taken for.
fn default(types: &Types, message: &DynamicMessage, field: &FieldDescriptor) -> Value {
    let kind = match field.kind() {
        FieldKind::Singular(kind) => kind,
        FieldKind::List(_) => return Value::List(Vec::new()),
        FieldKind::Map { .. } => return Value::Map(gannet_cel::Map::default()),
    };
    match kind {
        SingularKind::Message(index) => {
            let inner = DynamicMessage::new(Arc::clone(message.pool()), index);
            match WellKnown::of(&inner) {
                Some(WellKnown::Wrapper(_) | WellKnown::Any) => Value::Null,
                Some(known) => well_known::value(types, known, &inner),
                None => message_value(types, Place::root(inner)),
            }
        }
        SingularKind::Enum(index) => {
            let enumeration = message.pool().enumeration(index);
            // The first value of a closed enum need not be 0.
            let first = || enumeration.values().first().map_or(0, EnumValueDescriptor::number);
            let declared = declared_default(message, field)
                .and_then(|name| Some(enumeration.value_by_name(name)?.number()));
            Value::Int(i64::from(declared.unwrap_or_else(first)))
        }
        SingularKind::Scalar(scalar) => declared_default(message, field)
            .and_then(|text| parse_default(scalar, text))
            .unwrap_or_else(|| zero(scalar)),
    }
}

/// The zero value of a scalar type.
pub(crate) fn zero(scalar: ScalarType) -> Value {
    match scalar {
        ScalarType::Bool => Value::Bool(false),
        ScalarType::Double | ScalarType::Float => Value::Double(0.0),
        ScalarType::Uint32 | ScalarType::Uint64 | ScalarType::Fixed32 | ScalarType::Fixed64 => Value::Uint(0),
        ScalarType::String => Value::String(String::new()),
        ScalarType::Bytes => Value::Bytes(Vec::new()),
        _ => Value::Int(0),
    }
}

/// The default that a contract in proto2 gives a field.
fn declared_default<'m>(message: &'m DynamicMessage, field: &FieldDescriptor) -> Option<&'m str> {
    if field.presence() == buffa::editions::FieldPresence::Implicit {
        return None;
    }
    let full_name = message.message_descriptor().full_name();
    let file = message.pool().file_containing_symbol(full_name)?;
    let path = match file.package.as_deref().filter(|package| !package.is_empty()) {
        Some(package) => full_name.strip_prefix(package)?.strip_prefix('.')?,
        None => full_name,
    };
    let mut path = path.split('.');
    let outermost = path.next()?;
    let named = |name: &Option<String>, wanted: &str| name.as_deref() == Some(wanted);
    let mut proto = file.message_type.iter().find(|proto| named(&proto.name, outermost))?;
    for part in path {
        proto = proto.nested_type.iter().find(|proto| named(&proto.name, part))?;
    }
    let field = proto.field.iter().find(|candidate| named(&candidate.name, field.name()))?;
    field.default_value.as_deref()
}

/// A default as descriptors write it.
fn parse_default(scalar: ScalarType, text: &str) -> Option<Value> {
    Some(match zero(scalar) {
        Value::Bool(_) => Value::Bool(text == "true"),
        Value::Double(_) if scalar == ScalarType::Float => {
            Value::Double(f64::from(text.parse::<f32>().ok()?))
        }
        Value::Double(_) => Value::Double(text.parse().ok()?),
        Value::Uint(_) => Value::Uint(text.parse().ok()?),
        Value::Int(_) => Value::Int(text.parse().ok()?),
        Value::Bytes(_) => Value::Bytes(well_known::unescape(text)),
        _ => Value::String(text.to_owned()),
    })
}
