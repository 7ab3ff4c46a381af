//! Values of messages: as expressions see them, as subscripts, and whether they are zero.

use std::borrow::Cow;

use buffa::editions::FieldPresence;
use buffa_descriptor::reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value as Reflected, ValueRef};
use buffa_descriptor::{DescriptorPool, EnumValueDescriptor, SingularKind};
use gannet_cel::{Error, Value};
use gannet_cel_interpreter::Types;
use gannet_validate::{Report, Subscript};

/// The value of a field, or its default.
pub(crate) fn always(message: &DynamicMessage, number: u32) -> Option<Cow<'_, Reflected>> {
    if let Some(stored) = message.field_by_number(number) {
        return Some(Cow::Borrowed(stored));
    }
    // The descriptor must be the message's own, not a copy.
    let field = message.message_descriptor().field(number)?;
    Some(Cow::Owned(message.get(field).to_owned()))
}

/// A value as an expression sees it.
///
/// # Errors
/// There is [no room](Report::look_into) for a message in it.
pub(crate) fn seen(types: &Types, value: &Reflected, report: &Report) -> Result<Value, Error> {
    Ok(match value {
        Reflected::Message(message) => seen_message(types, message, report)?,
        Reflected::List(items) => {
            Value::List(items.iter().map(|item| seen(types, item, report)).collect::<Result<_, _>>()?)
        }
        Reflected::Map(map) => {
            let entries = map.iter().map(|(key, value)| Ok((Types::key(key), seen(types, value, report)?)));
            Value::Map(entries.collect::<Result<_, Error>>()?)
        }
        scalar => Types::scalar(scalar),
    })
}

/// A message as an expression sees it. It is copied.
///
/// # Errors
/// There is [no room](Report::look_into) for it.
pub(crate) fn seen_message(types: &Types, message: &DynamicMessage, report: &Report) -> Result<Value, Error> {
    report.look_into(message.encoded_len())?;
    Ok(types.value(message))
}

/// A map's key as a path has it.
pub(crate) fn subscript(key: &MapKey) -> Subscript {
    match key {
        MapKey::Bool(key) => Subscript::Bool(*key),
        MapKey::I32(key) => Subscript::Int(i64::from(*key)),
        MapKey::I64(key) => Subscript::Int(*key),
        MapKey::U32(key) => Subscript::Uint(u64::from(*key)),
        MapKey::U64(key) => Subscript::Uint(*key),
        MapKey::String(key) => Subscript::String(Cow::Owned(key.clone())),
    }
}

/// Whether a map's key is its type's zero value.
pub(crate) fn is_zero_key(key: &MapKey) -> bool {
    match key {
        MapKey::Bool(key) => !key,
        MapKey::I32(key) => *key == 0,
        MapKey::I64(key) => *key == 0,
        MapKey::U32(key) => *key == 0,
        MapKey::U64(key) => *key == 0,
        MapKey::String(key) => key.is_empty(),
    }
}

/// Whether a field's value is its type's zero value, which is not encoded where there is no presence. A negative zero is.
pub(crate) fn is_zero(value: &Reflected) -> bool {
    match value {
        Reflected::Bool(value) => !value,
        Reflected::I32(value) | Reflected::EnumNumber(value) => *value == 0,
        Reflected::I64(value) => *value == 0,
        Reflected::U32(value) => *value == 0,
        Reflected::U64(value) => *value == 0,
        Reflected::F32(value) => value.to_bits() == 0,
        Reflected::F64(value) => value.to_bits() == 0,
        Reflected::String(value) => value.is_empty(),
        Reflected::Bytes(value) => value.is_empty(),
        Reflected::Message(_) => false,
        Reflected::List(items) => items.is_empty(),
        Reflected::Map(map) => map.is_empty(),
    }
}

/// Whether an item is what an item of its type is by default. Here both zeros are one, and an enum's is its first value.
pub(crate) fn is_zero_item(value: &Reflected, kind: SingularKind, pool: &DescriptorPool) -> bool {
    match (value, kind) {
        (Reflected::F32(value), _) => *value == 0.0,
        (Reflected::F64(value), _) => *value == 0.0,
        (Reflected::EnumNumber(value), SingularKind::Enum(index)) => {
            let first = pool.enumeration(index).values().first();
            *value == first.map_or(0, EnumValueDescriptor::number)
        }
        (Reflected::Message(message), _) => is_empty(message),
        _ => is_zero(value),
    }
}

/// Whether a message holds nothing.
fn is_empty(message: &DynamicMessage) -> bool {
    let mut is_empty = true;
    message.for_each_set(&mut |field, value| {
        // What proto2 calls `required` is always there.
        let is_default = field.presence() == FieldPresence::LegacyRequired && is_default(&value);
        is_empty &= is_default;
    });
    is_empty
}

fn is_default(value: &ValueRef<'_>) -> bool {
    match value {
        ValueRef::Message(_) => false,
        other => is_zero(&other.to_owned()),
    }
}
