//! The operators of numbers, texts, lists and times.
//!
//! Not here: what an operator of one type does, which stands with the type (`int`, `uint`, `time`).

use crate::{Error, Value, bytes, int, string, uint};

type Outcome = Option<Result<Value, Error>>;

pub(super) fn add(arguments: &[&Value]) -> Outcome {
    Some(match arguments {
        [Value::Int(left), Value::Int(right)] => int::add(*left, *right).map(Value::Int),
        [Value::Uint(left), Value::Uint(right)] => uint::add(*left, *right).map(Value::Uint),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left + right)),
        [Value::String(left), Value::String(right)] => Ok(Value::String(string::concat(left, right))),
        [Value::Bytes(left), Value::Bytes(right)] => Ok(Value::Bytes(bytes::concat(left, right))),
        [Value::List(left), Value::List(right)] => Ok(Value::List([left.as_slice(), right].concat())),
        [Value::Duration(left), Value::Duration(right)] => left.checked_add(*right).map(Value::Duration),
        [Value::Timestamp(time), Value::Duration(duration)]
        | [Value::Duration(duration), Value::Timestamp(time)] => {
            time.checked_add(*duration).map(Value::Timestamp)
        }
        _ => return None,
    })
}

pub(super) fn subtract(arguments: &[&Value]) -> Outcome {
    Some(match arguments {
        [Value::Int(left), Value::Int(right)] => int::sub(*left, *right).map(Value::Int),
        [Value::Uint(left), Value::Uint(right)] => uint::sub(*left, *right).map(Value::Uint),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left - right)),
        [Value::Duration(left), Value::Duration(right)] => left.checked_sub(*right).map(Value::Duration),
        [Value::Timestamp(time), Value::Duration(duration)] => {
            time.checked_sub(*duration).map(Value::Timestamp)
        }
        [Value::Timestamp(left), Value::Timestamp(right)] => left.since(*right).map(Value::Duration),
        _ => return None,
    })
}

pub(super) fn multiply(arguments: &[&Value]) -> Outcome {
    Some(match arguments {
        [Value::Int(left), Value::Int(right)] => int::mul(*left, *right).map(Value::Int),
        [Value::Uint(left), Value::Uint(right)] => uint::mul(*left, *right).map(Value::Uint),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left * right)),
        _ => return None,
    })
}

pub(super) fn divide(arguments: &[&Value]) -> Outcome {
    Some(match arguments {
        [Value::Int(left), Value::Int(right)] => int::div(*left, *right).map(Value::Int),
        [Value::Uint(left), Value::Uint(right)] => uint::div(*left, *right).map(Value::Uint),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left / right)),
        _ => return None,
    })
}

pub(super) fn remainder(arguments: &[&Value]) -> Outcome {
    Some(match arguments {
        [Value::Int(left), Value::Int(right)] => int::rem(*left, *right).map(Value::Int),
        [Value::Uint(left), Value::Uint(right)] => uint::rem(*left, *right).map(Value::Uint),
        _ => return None,
    })
}

pub(super) fn negate(arguments: &[&Value]) -> Outcome {
    Some(match arguments {
        [Value::Int(value)] => int::neg(*value).map(Value::Int),
        [Value::Double(value)] => Ok(Value::Double(-value)),
        [Value::Duration(value)] => value.checked_neg().map(Value::Duration),
        _ => return None,
    })
}

/// Whether there is a `+` for it.
pub(super) fn has_sum(value: &Value) -> bool {
    has_difference(value) || matches!(value, Value::String(_) | Value::Bytes(_) | Value::List(_))
}

/// Whether there is a `-` for it and another value.
pub(super) fn has_difference(value: &Value) -> bool {
    is_number(value) || matches!(value, Value::Duration(_) | Value::Timestamp(_))
}

pub(super) fn is_number(value: &Value) -> bool {
    is_whole(value) || matches!(value, Value::Double(_))
}

pub(super) fn is_whole(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_))
}

/// Whether there is a `-` for it alone.
pub(super) fn has_negation(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Double(_) | Value::Duration(_))
}
