//! Conversions between types: `int(x)`, `string(x)`, `duration(x)`.
//!
//! Not here: how a conversion is done, which stands with the type that comes of it.

use super::{Function, single};
use crate::{Duration, Error, Timestamp, Value, boolean, double, int, string, uint};

type Outcome = Option<Result<Value, Error>>;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::operator("int", 1, |arguments| single(arguments, to_int)),
    Function::operator("uint", 1, |arguments| single(arguments, to_uint)),
    Function::operator("double", 1, |arguments| single(arguments, to_double)),
    Function::operator("string", 1, |arguments| single(arguments, to_string)),
    Function::operator("bytes", 1, |arguments| single(arguments, to_bytes)),
    Function::operator("bool", 1, |arguments| single(arguments, to_bool)),
    Function::operator("timestamp", 1, |arguments| single(arguments, to_timestamp)),
    Function::operator("duration", 1, |arguments| single(arguments, to_duration)),
];

fn to_int(value: &Value) -> Outcome {
    Some(
        match value {
            Value::Int(value) => Ok(*value),
            Value::Uint(value) => int::from_uint(*value),
            Value::Double(value) => int::from_double(*value),
            Value::String(text) => int::from_string(text),
            Value::Timestamp(time) => Ok(int::from_timestamp(*time)),
            Value::Duration(duration) => int::from_duration(*duration),
            _ => return None,
        }
        .map(Value::Int),
    )
}

fn to_uint(value: &Value) -> Outcome {
    Some(
        match value {
            Value::Int(value) => uint::from_int(*value),
            Value::Uint(value) => Ok(*value),
            Value::Double(value) => uint::from_double(*value),
            Value::String(text) => uint::from_string(text),
            _ => return None,
        }
        .map(Value::Uint),
    )
}

fn to_double(value: &Value) -> Outcome {
    Some(
        match value {
            Value::Int(value) => Ok(double::from_int(*value)),
            Value::Uint(value) => Ok(double::from_uint(*value)),
            Value::Double(value) => Ok(*value),
            Value::String(text) => double::from_string(text),
            _ => return None,
        }
        .map(Value::Double),
    )
}

fn to_string(value: &Value) -> Outcome {
    Some(Ok(Value::String(match value {
        Value::Bool(value) => string::from_bool(*value).to_owned(),
        Value::Int(value) => string::from_int(*value),
        Value::Uint(value) => string::from_uint(*value),
        Value::Double(value) => string::from_double(*value),
        Value::String(text) => text.clone(),
        Value::Bytes(bytes) => return Some(string::from_bytes(bytes).map(Value::from)),
        Value::Timestamp(time) => string::from_timestamp(*time),
        Value::Duration(duration) => string::from_duration(*duration),
        _ => return None,
    })))
}

fn to_bytes(value: &Value) -> Outcome {
    match value {
        Value::Bytes(_) => Some(Ok(value.clone())),
        Value::String(text) => Some(Ok(Value::Bytes(text.clone().into_bytes()))),
        _ => None,
    }
}

fn to_bool(value: &Value) -> Outcome {
    match value {
        Value::Bool(_) => Some(Ok(value.clone())),
        Value::String(text) => Some(boolean::from_string(text).map(Value::Bool)),
        _ => None,
    }
}

fn to_timestamp(value: &Value) -> Outcome {
    match value {
        Value::Timestamp(_) => Some(Ok(value.clone())),
        Value::Int(seconds) => Some(Timestamp::from_seconds(*seconds).map(Value::Timestamp)),
        Value::String(text) => Some(Timestamp::parse(text).map(Value::Timestamp)),
        _ => None,
    }
}

fn to_duration(value: &Value) -> Outcome {
    match value {
        Value::Duration(_) => Some(Ok(value.clone())),
        Value::Int(nanos) => Some(Ok(Value::Duration(Duration::from_nanos(*nanos)))),
        Value::String(text) => Some(Duration::parse(text).map(Value::Duration)),
        _ => None,
    }
}
