//! Values whose type is not known at build time.
//!
//! Generated validators work on Rust's own types; a [`Value`] is made where a template is filled in, at build time, and by
//! the interpreter of expressions that could not be compiled.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::{Duration, Error, Map, Message, Timestamp, double, format, int, uint};

/// A value of an expression.
///
/// Equality is CEL's: numbers are equal across their types, `NaN` equals nothing, maps are equal whatever the order of
/// their entries, and values of other types differ without an error (CEL specification, "Equality"). Messages are equal
/// as [`Message::is_equal`] says.
///
/// ```
/// use gannet_cel::Value;
///
/// assert_eq!(Value::Int(1), Value::Uint(1));
/// assert_eq!(Value::List(vec![Value::Int(1)]), Value::List(vec![Value::Double(1.0)]));
/// assert_ne!(Value::Double(f64::NAN), Value::Double(f64::NAN));
/// assert_eq!(Value::List(vec![Value::Int(1), Value::from("a")]).to_string(), "[1, a]");
/// ```
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `double`
    Double(f64),
    /// `string`
    String(String),
    /// `bytes`
    Bytes(Vec<u8>),
    /// `list`
    List(Vec<Value>),
    /// `map`, in the order of its entries.
    Map(Map),
    /// `google.protobuf.Timestamp`
    Timestamp(Timestamp),
    /// `google.protobuf.Duration`
    Duration(Duration),
    /// A type, by its name.
    Type(String),
    /// A message that is none of the types above.
    Message(Arc<dyn Message>),
}

impl Value {
    /// What `type(value)` prints: the name of its type.
    ///
    /// ```
    /// use gannet_cel::Value;
    ///
    /// assert_eq!(Value::Uint(1).type_name(), "uint");
    /// assert_eq!(Value::Null.type_name(), "null_type");
    /// ```
    pub fn type_name(&self) -> &str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Message(message) => message.type_name(),
        }
    }

    /// How this value stands to another: what `<`, `<=`, `>` and `>=` are made of.
    ///
    /// ```
    /// use gannet_cel::Value;
    /// use std::cmp::Ordering;
    ///
    /// assert_eq!(Value::Int(-1).compare(&Value::Uint(1)), Ok(Some(Ordering::Less)));
    /// assert_eq!(Value::Int(-1).compare(&Value::Double(f64::NAN)), Ok(None));
    /// assert!(Value::Int(1).compare(&Value::Bool(true)).is_err());
    /// ```
    ///
    /// # Errors
    /// Values of their types have no order.
    pub fn compare(&self, other: &Self) -> Result<Option<Ordering>, Error> {
        Ok(match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            (Self::Bytes(left), Self::Bytes(right)) => Some(left.cmp(right)),
            (Self::Timestamp(left), Self::Timestamp(right)) => Some(left.cmp(right)),
            (Self::Duration(left), Self::Duration(right)) => Some(left.cmp(right)),
            _ if self.is_number() && other.is_number() => self.compare_numbers(other),
            _ => return Err(Error::new("no such overload")),
        })
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_) | Self::Double(_))
    }

    /// Nothing if one is `NaN`, or no number.
    fn compare_numbers(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Uint(right)) => Some(int::compare_uint(*left, *right)),
            (Self::Int(left), Self::Double(right)) => int::compare_double(*left, *right),
            (Self::Uint(left), Self::Int(right)) => Some(uint::compare_int(*left, *right)),
            (Self::Uint(left), Self::Uint(right)) => Some(left.cmp(right)),
            (Self::Uint(left), Self::Double(right)) => uint::compare_double(*left, *right),
            (Self::Double(left), Self::Int(right)) => double::compare_int(*left, *right),
            (Self::Double(left), Self::Uint(right)) => double::compare_uint(*left, *right),
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(right),
            _ => None,
        }
    }

    /// The value of a key of a map; a number is found by an equal one of another type.
    pub fn get(&self, key: &Self) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::String(left), Self::String(right)) | (Self::Type(left), Self::Type(right)) => {
                left == right
            }
            (Self::Bytes(left), Self::Bytes(right)) => left == right,
            (Self::List(left), Self::List(right)) => left == right,
            (Self::Map(left), Self::Map(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(key, value)| right.get(key).is_some_and(|found| found == value))
            }
            (Self::Timestamp(left), Self::Timestamp(right)) => left == right,
            (Self::Duration(left), Self::Duration(right)) => left == right,
            (Self::Message(left), Self::Message(right)) => left.is_equal(&**right),
            _ => self.compare_numbers(other) == Some(Ordering::Equal),
        }
    }
}

/// As the clause `%s` of [`format()`](crate::format()) writes it: strings without quotes, lists as `[1, 2]`.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        format::write_value(&mut text, self);
        formatter.pad(&text)
    }
}

macro_rules! from {
    ($($type:ty => $value:ident => $variant:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $variant
            }
        }
    )*};
}

from! {
    bool => value => Self::Bool(value);
    i32 => value => Self::Int(value.into());
    i64 => value => Self::Int(value);
    u32 => value => Self::Uint(value.into());
    u64 => value => Self::Uint(value);
    f32 => value => Self::Double(value.into());
    f64 => value => Self::Double(value);
    &str => value => Self::String(value.to_owned());
    &String => value => Self::String(value.clone());
    String => value => Self::String(value);
    &[u8] => value => Self::Bytes(value.to_vec());
    Timestamp => value => Self::Timestamp(value);
    Duration => value => Self::Duration(value);
    Arc<dyn Message> => value => Self::Message(value);
}

/// A list.
impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests;
