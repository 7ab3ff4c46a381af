//! Evaluates operators on constants, at build time.
//!
//! What is not evaluated here is left to run time; so only what standard rules and common expressions fold needs to be here.

use std::cmp::Ordering;

use gannet_cel::{Error, Value};

use super::tree::Operator;

/// The value of an operator on constants; `None` if it is left to run time.
pub(super) fn evaluate(operator: Operator, operands: &[&Value]) -> Option<Result<Value, Error>> {
    let bool = |value: bool| Some(Ok(Value::Bool(value)));
    match (operator, operands) {
        (Operator::Equal, [left, right]) => bool(equal(left, right)),
        (Operator::Less, [left, right]) => bool(compare(left, right)? == Order::Is(Ordering::Less)),
        (Operator::Greater, [left, right]) => bool(compare(left, right)? == Order::Is(Ordering::Greater)),
        (Operator::LessOrEqual, [left, right]) => {
            bool(matches!(compare(left, right)?, Order::Is(order) if order.is_le()))
        }
        (Operator::GreaterOrEqual, [left, right]) => {
            bool(matches!(compare(left, right)?, Order::Is(order) if order.is_ge()))
        }
        (Operator::In, [item, Value::List(items)]) => bool(items.iter().any(|other| equal(item, other))),
        (Operator::In, [item, Value::Map(entries)]) => bool(entries.iter().any(|(key, _)| equal(item, key))),
        (Operator::Size, [operand]) => size(operand),
        (Operator::Format, [Value::String(template), Value::List(items)]) => {
            Some(gannet_cel::format(template, items).map(Value::String))
        }
        (Operator::Index, [Value::List(items), Value::Int(index)]) => {
            Some(gannet_cel::logic::index(items, *index).cloned())
        }
        (Operator::Contains, [Value::String(text), Value::String(part)]) => bool(text.contains(&**part)),
        (Operator::StartsWith, [Value::String(text), Value::String(part)]) => bool(text.starts_with(&**part)),
        (Operator::EndsWith, [Value::String(text), Value::String(part)]) => bool(text.ends_with(&**part)),
        (
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo
            | Operator::Negate,
            _,
        ) => arithmetic(operator, operands),
        _ => convert(operator, operands),
    }
}

fn size(operand: &Value) -> Option<Result<Value, Error>> {
    let size = match operand {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return None,
    };
    Some(Ok(Value::Int(i64::try_from(size).ok()?)))
}

fn arithmetic(operator: Operator, operands: &[&Value]) -> Option<Result<Value, Error>> {
    let overflow = |value: Option<Value>| Some(value.ok_or_else(|| Error::new("return error for overflow")));
    Some(Ok(match (operator, operands) {
        (Operator::Negate, [Value::Int(n)]) => return overflow(n.checked_neg().map(Value::Int)),
        (Operator::Negate, [Value::Double(n)]) => Value::Double(-n),
        (Operator::Add, [Value::String(left), Value::String(right)]) => {
            Value::String(format!("{left}{right}"))
        }
        (Operator::Add, [Value::Bytes(left), Value::Bytes(right)]) => {
            Value::Bytes([left.as_slice(), right].concat())
        }
        (Operator::Add, [Value::List(left), Value::List(right)]) => {
            Value::List([left.as_slice(), right].concat())
        }
        (Operator::Add, [Value::Double(left), Value::Double(right)]) => Value::Double(left + right),
        (Operator::Subtract, [Value::Double(left), Value::Double(right)]) => Value::Double(left - right),
        (Operator::Multiply, [Value::Double(left), Value::Double(right)]) => Value::Double(left * right),
        (Operator::Divide, [Value::Double(left), Value::Double(right)]) => Value::Double(left / right),
        (Operator::Divide | Operator::Modulo, [_, Value::Int(0) | Value::Uint(0)]) => {
            let text = if operator == Operator::Divide { "division by zero" } else { "modulus by zero" };
            return Some(Err(Error::new(text)));
        }
        (operator, [Value::Int(left), Value::Int(right)]) => {
            return overflow(
                match operator {
                    Operator::Add => left.checked_add(*right),
                    Operator::Subtract => left.checked_sub(*right),
                    Operator::Multiply => left.checked_mul(*right),
                    Operator::Divide => left.checked_div(*right),
                    _ => left.checked_rem(*right),
                }
                .map(Value::Int),
            );
        }
        (operator, [Value::Uint(left), Value::Uint(right)]) => {
            return overflow(
                match operator {
                    Operator::Add => left.checked_add(*right),
                    Operator::Subtract => left.checked_sub(*right),
                    Operator::Multiply => left.checked_mul(*right),
                    Operator::Divide => left.checked_div(*right),
                    _ => left.checked_rem(*right),
                }
                .map(Value::Uint),
            );
        }
        _ => return None,
    }))
}

fn convert(operator: Operator, operands: &[&Value]) -> Option<Result<Value, Error>> {
    let [operand] = operands else { return None };
    Some(Ok(match (operator, operand) {
        (Operator::ToInt, Value::Int(_))
        | (Operator::ToUint, Value::Uint(_))
        | (Operator::ToDouble, Value::Double(_))
        | (Operator::ToText, Value::String(_))
        | (Operator::ToBytes, Value::Bytes(_))
        | (Operator::ToBool, Value::Bool(_))
        | (Operator::ToTimestamp, Value::Timestamp(_))
        | (Operator::ToDuration, Value::Duration(_)) => (*operand).clone(),
        (Operator::ToInt, Value::Uint(n)) => {
            return Some(i64::try_from(*n).map(Value::Int).map_err(|_| Error::new("integer overflow")));
        }
        (Operator::ToUint, Value::Int(n)) => {
            return Some(
                u64::try_from(*n).map(Value::Uint).map_err(|_| Error::new("unsigned integer overflow")),
            );
        }
        (Operator::ToDouble, Value::Int(n)) => Value::Double(gannet_cel::double::from_int(*n)),
        (Operator::ToDouble, Value::Uint(n)) => Value::Double(gannet_cel::double::from_uint(*n)),
        (Operator::ToBytes, Value::String(text)) => Value::Bytes(text.clone().into_bytes()),
        (Operator::ToDuration, Value::String(text)) => {
            return Some(gannet_cel::Duration::parse(text).map(Value::Duration));
        }
        (Operator::ToTimestamp, Value::String(text)) => {
            return Some(gannet_cel::Timestamp::parse(text).map(Value::Timestamp));
        }
        _ => return None,
    }))
}

/// CEL's equality: numbers are equal across types, NaN to nothing.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        _ => match compare(left, right) {
            Some(order) => order == Order::Is(Ordering::Equal),
            None => left == right,
        },
    }
}

/// How two values stand to each other.
#[derive(PartialEq, Eq)]
enum Order {
    Is(Ordering),
    /// One of them is NaN.
    None,
}

/// The order of two values; `None` if values of these types have none.
fn compare(left: &Value, right: &Value) -> Option<Order> {
    let order = match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bytes(left), Value::Bytes(right)) => left.cmp(right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.cmp(right),
        (Value::Duration(left), Value::Duration(right)) => left.cmp(right),
        _ => match (whole(left), whole(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => return Some(real(left)?.partial_cmp(&real(right)?).map_or(Order::None, Order::Is)),
        },
    };
    Some(Order::Is(order))
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::Uint(n) => Some(i128::from(*n)),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Double(n) => Some(*n),
        Value::Int(n) => Some(gannet_cel::double::from_int(*n)),
        Value::Uint(n) => Some(gannet_cel::double::from_uint(*n)),
        _ => None,
    }
}
