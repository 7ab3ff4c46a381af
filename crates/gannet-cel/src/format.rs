//! Templates: `"…%s…".format([…])`, of which the messages of rules are made.

use std::fmt::Write;

use crate::number::{push, write_fixed, write_scientific, write_shortest};
use crate::{Error, Value};

/// Of `%f` and `%e` without one.
const DEFAULT_PRECISION: usize = 6;
/// The greatest precision that a clause may ask for.
const MAX_PRECISION: usize = 100;

/// `template.format(arguments)`: each clause replaced by its argument.
///
/// | clause | takes | writes |
/// |---|---|---|
/// | `%s` | anything | strings and bytes as they are, lists `[1, 2]`, maps `{a: 1}` by their keys, times, types by name |
/// | `%d` | numbers | digits |
/// | `%f`, `%.3f` | numbers | that many digits after the point, or 6 |
/// | `%e`, `%.3e` | numbers | the same with an exponent |
/// | `%b` | `int`, `uint`, `bool` | binary digits |
/// | `%o` | `int`, `uint` | octal digits |
/// | `%x`, `%X` | `int`, `uint`, `string`, `bytes` | hexadecimal digits |
/// | `%%` | nothing | `%` |
///
/// ```
/// use gannet_cel::{Value, format};
///
/// let list = Value::from_iter([1i64, 2]);
/// assert_eq!(format("must be in list %s", &[list]).unwrap(), "must be in list [1, 2]");
/// ```
///
/// # Errors
/// A clause is unknown, has no argument, or one whose type it does not take; a precision is above 100.
pub fn format(template: &str, arguments: &[Value]) -> Result<String, Error> {
    let mut text = String::with_capacity(template.len() + 16);
    let mut rest = template;
    let mut position = 0;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let argument =
            arguments.get(position).ok_or_else(|| Error::new(format!("index {position} out of range")))?;
        if after.is_empty() {
            return Err(Error::new("unexpected end of string"));
        }
        let (clause, after) = Clause::parse(after)?;
        clause.write(&mut text, argument)?;
        position += 1;
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

enum Clause {
    String,
    Decimal,
    Fixed { precision: usize },
    Scientific { precision: usize },
    Binary,
    Octal,
    Hexadecimal { upper: bool },
}

impl Clause {
    /// What follows the percent sign, and what follows the clause.
    fn parse(text: &str) -> Result<(Self, &str), Error> {
        let fault = |what: String| Error::new(format!("could not parse formatting clause: {what}"));
        let (precision, rest) =
            parse_precision(text).map_err(|what| fault(format!("error while parsing precision: {what}")))?;
        let clause = match rest.bytes().next() {
            Some(b's') => Self::String,
            Some(b'd') => Self::Decimal,
            Some(b'f') => Self::Fixed { precision },
            Some(b'e') => Self::Scientific { precision },
            Some(b'b') => Self::Binary,
            Some(b'o') => Self::Octal,
            Some(b'x') => Self::Hexadecimal { upper: false },
            Some(b'X') => Self::Hexadecimal { upper: true },
            // The reference names the first byte, not the character.
            Some(other) => {
                return Err(fault(format!("unrecognized formatting clause \"{}\"", char::from(other))));
            }
            None => return Err(fault("unexpected end of string".to_owned())),
        };
        Ok((clause, rest.get(1..).unwrap_or_default()))
    }

    fn write(&self, text: &mut String, argument: &Value) -> Result<(), Error> {
        match self {
            Self::String => {
                if let Some(message) = message_in(argument) {
                    return Err(fault(message, STRING_CLAUSE));
                }
                write_value(text, argument);
            }
            Self::Decimal => match argument {
                Value::Int(_) | Value::Uint(_) | Value::Double(_) => write_value(text, argument),
                _ => {
                    return Err(fault(
                        argument,
                        "decimal clause can only be used on ints, uints, and doubles",
                    ));
                }
            },
            Self::Fixed { precision } => {
                let number = as_double(argument).ok_or_else(|| {
                    fault(argument, "fixed-point clause can only be used on ints, uints, and doubles")
                })?;
                write_fixed(text, number, *precision);
            }
            Self::Scientific { precision } => {
                let number = as_double(argument).ok_or_else(|| {
                    fault(argument, "scientific clause can only be used on ints, uints, and doubles")
                })?;
                write_scientific(text, number, *precision);
            }
            Self::Binary => match argument {
                Value::Bool(value) => text.push(if *value { '1' } else { '0' }),
                Value::Int(value) => push(text, format_args!("{}{:b}", sign(*value), value.unsigned_abs())),
                Value::Uint(value) => push(text, format_args!("{value:b}")),
                _ => return Err(fault(argument, "only ints, uints, and bools can be formatted as binary")),
            },
            Self::Octal => match argument {
                Value::Int(value) => push(text, format_args!("{}{:o}", sign(*value), value.unsigned_abs())),
                Value::Uint(value) => push(text, format_args!("{value:o}")),
                _ => return Err(fault(argument, "octal clause can only be used on ints and uints")),
            },
            Self::Hexadecimal { upper } => return write_hexadecimal(text, argument, *upper),
        }
        Ok(())
    }
}

const STRING_CLAUSE: &str = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, \
     durations, and timestamps";

/// A message, or the first one in a list or a map: what has no text.
fn message_in(value: &Value) -> Option<&Value> {
    match value {
        Value::Message(_) => Some(value),
        Value::List(items) => items.iter().find_map(message_in),
        Value::Map(entries) => {
            entries.iter().find_map(|(key, value)| message_in(key).or_else(|| message_in(value)))
        }
        _ => None,
    }
}

/// `.3` before the letter of a clause.
fn parse_precision(text: &str) -> Result<(usize, &str), String> {
    let Some(rest) = text.strip_prefix('.') else {
        return Ok((DEFAULT_PRECISION, text));
    };
    let Some(end) = rest.find(|character: char| !character.is_ascii_digit()) else {
        return Err("could not find end of precision specifier".to_owned());
    };
    let (digits, rest) = rest.split_at(end);
    if digits.is_empty() {
        return Err(
            "error while converting precision to integer: strconv.Atoi: parsing \"\": invalid syntax"
                .to_owned(),
        );
    }
    match digits.parse::<i64>().map(usize::try_from) {
        Ok(Ok(precision)) if precision <= MAX_PRECISION => Ok((precision, rest)),
        Ok(Ok(precision)) => {
            Err(format!("precision {precision} exceeds maximum allowed precision {MAX_PRECISION}"))
        }
        _ => Err(format!(
            "error while converting precision to integer: strconv.Atoi: parsing \"{digits}\": value out of range"
        )),
    }
}

fn as_double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(crate::double::from_int(*value)),
        Value::Uint(value) => Some(crate::double::from_uint(*value)),
        Value::Double(value) => Some(*value),
        _ => None,
    }
}

fn sign(value: i64) -> &'static str {
    if value < 0 { "-" } else { "" }
}

fn write_hexadecimal(text: &mut String, argument: &Value, upper: bool) -> Result<(), Error> {
    let start = text.len();
    match argument {
        Value::Int(value) => push(text, format_args!("{}{:x}", sign(*value), value.unsigned_abs())),
        Value::Uint(value) => push(text, format_args!("{value:x}")),
        Value::String(value) => write_bytes_as_hexadecimal(text, value.as_bytes()),
        Value::Bytes(value) => write_bytes_as_hexadecimal(text, value),
        _ => return Err(fault(argument, "only ints, uints, bytes, and strings can be formatted as hex")),
    }
    if upper && let Some(written) = text.get_mut(start..) {
        written.make_ascii_uppercase();
    }
    Ok(())
}

fn write_bytes_as_hexadecimal(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        push(text, format_args!("{byte:02x}"));
    }
}

#[cold]
fn fault(argument: &Value, rule: &str) -> Error {
    Error::new(format!("error during formatting: {rule}, was given {}", argument.type_name()))
}

/// As `%s` writes it.
pub(crate) fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(crate::string::from_bool(*value)),
        Value::Int(value) => push(text, format_args!("{value}")),
        Value::Uint(value) => push(text, format_args!("{value}")),
        Value::Double(value) => write_shortest(text, *value),
        Value::String(value) | Value::Type(value) => text.push_str(value),
        Value::Bytes(value) => text.push_str(&String::from_utf8_lossy(value)),
        Value::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write_value(text, item);
            }
            text.push(']');
        }
        Value::Map(entries) => write_map(text, entries),
        Value::Timestamp(value) => push(text, format_args!("{value}")),
        Value::Duration(value) => push(text, format_args!("{value}")),
        // A template with a message in it is an error, see `format`; what is printed elsewhere names its type.
        Value::Message(message) => text.push_str(message.type_name()),
    }
}

/// In the order of the keys as they are written.
fn write_map(text: &mut String, entries: &[(Value, Value)]) {
    let mut entries: Vec<(String, &Value)> =
        entries.iter().map(|(key, value)| (key.to_string(), value)).collect();
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    text.push('{');
    for (at, (key, value)) in entries.iter().enumerate() {
        let _ = text.write_str(if at > 0 { ", " } else { "" });
        text.push_str(key);
        text.push_str(": ");
        write_value(text, value);
    }
    text.push('}');
}

#[cfg(test)]
mod tests;
