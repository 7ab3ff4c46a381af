//! The well-known types of Protocol Buffers, and what they are to expressions.
//!
//! Not here: how they are made (`construct.rs`).

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _, Value as Stored};
use gannet_cel::{Duration, Error, Timestamp, Value};

use crate::message::{Place, message_value, scalar_value, unreadable, zero};
use crate::types::Types;
use buffa_descriptor::ScalarType;

/// A well-known type that is not a message to expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WellKnown {
    Any,
    Duration,
    List,
    Struct,
    Timestamp,
    Value,
    Wrapper(ScalarType),
}

impl WellKnown {
    pub(crate) fn named(full_name: &str) -> Option<Self> {
        Some(match full_name.strip_prefix("google.protobuf.")? {
            "Any" => Self::Any,
            "Duration" => Self::Duration,
            "ListValue" => Self::List,
            "Struct" => Self::Struct,
            "Timestamp" => Self::Timestamp,
            "Value" => Self::Value,
            "BoolValue" => Self::Wrapper(ScalarType::Bool),
            "BytesValue" => Self::Wrapper(ScalarType::Bytes),
            "DoubleValue" => Self::Wrapper(ScalarType::Double),
            "FloatValue" => Self::Wrapper(ScalarType::Float),
            "Int32Value" => Self::Wrapper(ScalarType::Int32),
            "Int64Value" => Self::Wrapper(ScalarType::Int64),
            "StringValue" => Self::Wrapper(ScalarType::String),
            "UInt32Value" => Self::Wrapper(ScalarType::Uint32),
            "UInt64Value" => Self::Wrapper(ScalarType::Uint64),
            _ => return None,
        })
    }

    pub(crate) fn of(message: &DynamicMessage) -> Option<Self> {
        Self::named(message.message_descriptor().full_name())
    }
}

/// How deep JSON values, and an `Any` in an `Any`, may be nested: as deep as messages may.
pub(crate) const MAX_DEPTH: usize = 100;

/// A well-known message as a value.
pub(crate) fn value(types: &Types, known: WellKnown, message: &DynamicMessage) -> Value {
    match known {
        WellKnown::Timestamp => {
            let (seconds, nanos) = time_parts(message);
            Value::Timestamp(Timestamp::from_parts(seconds, nanos))
        }
        WellKnown::Duration => {
            let (seconds, nanos) = time_parts(message);
            Value::Duration(Duration::from_parts(seconds, nanos))
        }
        WellKnown::Wrapper(scalar) => message.field_by_number(1).map_or_else(|| zero(scalar), scalar_value),
        WellKnown::Any => unpack(types, message).unwrap_or_else(unreadable),
        WellKnown::Struct | WellKnown::List | WellKnown::Value => {
            json(known, message, MAX_DEPTH).unwrap_or_else(unreadable)
        }
    }
}

fn time_parts(message: &DynamicMessage) -> (i64, i32) {
    let seconds = match message.field_by_number(1) {
        Some(Stored::I64(seconds)) => *seconds,
        _ => 0,
    };
    let nanos = match message.field_by_number(2) {
        Some(Stored::I32(nanos)) => *nanos,
        _ => 0,
    };
    (seconds, nanos)
}

fn json(known: WellKnown, message: &DynamicMessage, depth: usize) -> Result<Value, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::new("a JSON value is nested too deeply"))?;
    let inner = |stored: &Stored| match stored {
        Stored::Message(inner) => match WellKnown::of(inner) {
            Some(known @ (WellKnown::Struct | WellKnown::List | WellKnown::Value)) => {
                json(known, inner, depth)
            }
            _ => Ok(Value::Null),
        },
        _ => Ok(Value::Null),
    };
    match known {
        WellKnown::Struct => {
            let Some(Stored::Map(fields)) = message.field_by_number(1) else {
                return Ok(Value::Map(gannet_cel::Map::default()));
            };
            let entries: Result<gannet_cel::Map, Error> = fields
                .iter()
                .map(|(key, value)| Ok((crate::message::key_value(key), inner(value)?)))
                .collect();
            Ok(Value::Map(entries?))
        }
        WellKnown::List => {
            let Some(Stored::List(items)) = message.field_by_number(1) else {
                return Ok(Value::List(Vec::new()));
            };
            let items: Result<Vec<Value>, Error> = items.iter().map(inner).collect();
            Ok(Value::List(items?))
        }
        _ => {
            // One of the oneof: null_value 1, number_value 2, string_value 3, bool_value 4, struct_value 5, list_value 6.
            let mut kinds = (2..=6).filter_map(|number| message.field_by_number(number));
            match kinds.next() {
                None => Ok(Value::Null),
                Some(stored @ Stored::Message(_)) => inner(stored),
                Some(scalar) => Ok(scalar_value(scalar)),
            }
        }
    }
}

/// The URL of an `Any`'s type, and its bytes.
pub(crate) fn any_parts(message: &DynamicMessage) -> (&str, &[u8]) {
    let url = match message.field_by_number(1) {
        Some(Stored::String(url)) => url.as_str(),
        _ => "",
    };
    let bytes = match message.field_by_number(2) {
        Some(Stored::Bytes(bytes)) => bytes.as_slice(),
        _ => &[],
    };
    (url, bytes)
}

/// The message in an `Any`.
pub(crate) fn unpack_once(types: &Types, message: &DynamicMessage) -> Result<DynamicMessage, Error> {
    let (url, bytes) = any_parts(message);
    if url.is_empty() {
        return Err(Error::new("conversion error: a google.protobuf.Any names no type"));
    }
    let full_name = url.rsplit_once('/').map_or(url, |(_, name)| name);
    types.unpack_message(full_name, bytes)
}

fn unpack(types: &Types, message: &DynamicMessage) -> Result<Value, Error> {
    let mut inner = unpack_once(types, message)?;
    for _ in 0..MAX_DEPTH {
        if WellKnown::of(&inner) != Some(WellKnown::Any) {
            return Ok(message_value(types, Place::root(inner)));
        }
        inner = unpack_once(types, &inner)?;
    }
    Err(Error::new("one google.protobuf.Any is packed in another too often"))
}

/// The bytes of a default in a descriptor, where those that are no ASCII are escaped as in C.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some(escape) = rest.next() else { break };
        let (mut value, radix, digits) = match escape {
            b'0'..=b'7' => (u32::from(escape - b'0'), 8, 2),
            b'x' | b'X' => (0, 16, 2),
            b'n' => (10, 0, 0),
            b'r' => (13, 0, 0),
            b't' => (9, 0, 0),
            b'a' => (7, 0, 0),
            b'b' => (8, 0, 0),
            b'f' => (12, 0, 0),
            b'v' => (11, 0, 0),
            other => (u32::from(other), 0, 0),
        };
        for _ in 0..digits {
            let Some(digit) = rest.peek().and_then(|byte| char::from(*byte).to_digit(radix)) else { break };
            value = value * radix + digit;
            rest.next();
        }
        bytes.push((value & 0xFF) as u8);
    }
    bytes
}
