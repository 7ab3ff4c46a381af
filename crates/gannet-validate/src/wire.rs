//! Violations as bytes: the messages `buf.validate.Violations` and `google.rpc.Status` in protobuf's format.
//!
//! Written by hand: these are five small messages that do not change, and a message library for them would come with every
//! program that validates, whichever library its own messages are of. Not here: what of them fits into a status
//! (`status.rs`).

use std::borrow::Cow;

use crate::violation::{FieldPath, PathElement, Subscript, Violation};

/// The type of the detail that holds violations.
pub(crate) const TYPE_URL: &str = "type.googleapis.com/buf.validate.Violations";

const FULL_NAME: &str = "buf.validate.Violations";

/// Appends the field `violations` of a `Violations`, with one of them.
pub(crate) fn put_violation(violation: &Violation, out: &mut Vec<u8>) {
    put_message(1, out, |out| {
        put_text(2, &violation.rule_id, out);
        put_text(3, &violation.message, out);
        if violation.for_key {
            put_varint_field(4, 1, out);
        }
        put_path(5, &violation.field, out);
        put_path(6, &violation.rule, out);
    });
}

fn put_path(number: u32, path: &FieldPath, out: &mut Vec<u8>) {
    if path.elements.is_empty() {
        return;
    }
    put_message(number, out, |out| {
        for element in path.elements.iter() {
            put_message(1, out, |out| put_element(element, out));
        }
    });
}

fn put_element(element: &PathElement, out: &mut Vec<u8>) {
    put_number(1, element.number, out);
    put_text(2, &element.name, out);
    put_number(3, element.field_type, out);
    put_number(4, element.key_type, out);
    put_number(5, element.value_type, out);
    // Members of a oneof: present also with the value that is otherwise left out.
    match &element.subscript {
        None => {}
        Some(Subscript::Index(index)) => put_varint_field(6, *index, out),
        Some(Subscript::Bool(key)) => put_varint_field(7, u64::from(*key), out),
        Some(Subscript::Int(key)) => put_varint_field(8, key.cast_unsigned(), out),
        Some(Subscript::Uint(key)) => put_varint_field(9, *key, out),
        Some(Subscript::String(key)) => put_bytes(10, key.as_bytes(), out),
    }
}

/// A `google.rpc.Status` whose one detail is this `Violations`.
pub(crate) fn rpc_status(code: u32, message: &str, violations: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + violations.len() + 80);
    put_varint_field(1, u64::from(code), &mut out);
    put_text(2, message, &mut out);
    put_message(3, &mut out, |out| {
        put_text(1, TYPE_URL, out);
        put_bytes(2, violations, out);
    });
    out
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_varint_field(number: u32, value: u64, out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3, out);
    put_varint(value, out);
}

fn put_number(number: u32, value: i32, out: &mut Vec<u8>) {
    if value != 0 {
        // Negative numbers are extended to 64 bits.
        put_varint_field(number, i64::from(value).cast_unsigned(), out);
    }
}

fn put_bytes(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | 2, out);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn put_text(number: u32, text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        put_bytes(number, text.as_bytes(), out);
    }
}

/// Written in place: the length is put before the content when that is there. One of a single byte, as most are, has its
/// place already.
fn put_message(number: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    put_varint(u64::from(number) << 3 | 2, out);
    let place = out.len();
    out.push(0);
    fill(out);
    let length = out.len() - place - 1;
    if let (0..0x80, Some(byte)) = (length, out.get_mut(place)) {
        *byte = length as u8;
        return;
    }
    let end = out.len();
    put_varint(length as u64, out);
    // The length is at the end now; its first bytes go into the place, and what is behind them moves up.
    let width = out.len() - end;
    if let Some(rest) = out.get_mut(place..) {
        rest.rotate_right(width);
    }
    out.remove(place + width);
}

/// The violations in a serialized `google.rpc.Status`; `None` if there are none or it is none.
pub(crate) fn violations_in(status: &[u8]) -> Option<Vec<Violation>> {
    for (number, value) in Fields(status) {
        if number == 3
            && let (url, Some(message)) = any(value?.bytes()?)?
            && url.rsplit('/').next() == Some(FULL_NAME)
        {
            return violations(message);
        }
    }
    None
}

fn any(bytes: &[u8]) -> Option<(&str, Option<&[u8]>)> {
    let (mut url, mut message) = ("", None);
    for (number, value) in Fields(bytes) {
        match (number, value?) {
            (1, value) => url = value.text()?,
            (2, value) => message = Some(value.bytes()?),
            _ => {}
        }
    }
    Some((url, message))
}

/// A serialized `Violations`; `None` if it is none.
pub(crate) fn violations(bytes: &[u8]) -> Option<Vec<Violation>> {
    let mut violations = Vec::new();
    for (number, value) in Fields(bytes) {
        let value = value?;
        if number == 1 {
            violations.push(violation(value.bytes()?)?);
        }
    }
    Some(violations)
}

fn violation(bytes: &[u8]) -> Option<Violation> {
    let (mut field, mut rule) = (Vec::new(), Vec::new());
    let mut violation = Violation {
        field: FieldPath::default(),
        rule: FieldPath::default(),
        rule_id: Cow::Borrowed(""),
        message: Cow::Borrowed(""),
        for_key: false,
    };
    for (number, value) in Fields(bytes) {
        match (number, value?) {
            (2, value) => violation.rule_id = Cow::Owned(value.text()?.to_owned()),
            (3, value) => violation.message = Cow::Owned(value.text()?.to_owned()),
            (4, value) => violation.for_key = value.varint()? != 0,
            (5, value) => add_path(value.bytes()?, &mut field)?,
            (6, value) => add_path(value.bytes()?, &mut rule)?,
            _ => {}
        }
    }
    violation.field = field.into();
    violation.rule = rule.into();
    Some(violation)
}

/// A path that comes in parts is the parts one after the other, as protobuf has it.
fn add_path(bytes: &[u8], path: &mut Vec<PathElement>) -> Option<()> {
    for (number, value) in Fields(bytes) {
        let value = value?;
        if number == 1 {
            path.push(element(value.bytes()?)?);
        }
    }
    Some(())
}

fn element(bytes: &[u8]) -> Option<PathElement> {
    let mut element = PathElement::new(0, "", 0);
    for (number, value) in Fields(bytes) {
        match (number, value?) {
            (1, value) => element.number = value.varint()? as i32,
            (2, value) => element.name = Cow::Owned(value.text()?.to_owned()),
            (3, value) => element.field_type = value.varint()? as i32,
            (4, value) => element.key_type = value.varint()? as i32,
            (5, value) => element.value_type = value.varint()? as i32,
            (6, value) => element.subscript = Some(Subscript::Index(value.varint()?)),
            (7, value) => element.subscript = Some(Subscript::Bool(value.varint()? != 0)),
            (8, value) => element.subscript = Some(Subscript::Int(value.varint()?.cast_signed())),
            (9, value) => element.subscript = Some(Subscript::Uint(value.varint()?)),
            (10, value) => {
                element.subscript = Some(Subscript::String(Cow::Owned(value.text()?.to_owned())));
            }
            _ => {}
        }
    }
    Some(element)
}

/// The value of a field.
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Of a field that is none of ours.
    Fixed,
}

impl<'a> Value<'a> {
    fn varint(self) -> Option<u64> {
        if let Self::Varint(value) = self { Some(value) } else { None }
    }

    fn bytes(self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// The fields of a message, in the order of its bytes; `None` for a value ends them: the bytes are no message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            // Groups, which none of these messages has ever had.
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Option<Value<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        Some(if let Some((number, value)) = self.field() {
            (number, Some(value))
        } else {
            self.0 = &[];
            (0, None)
        })
    }
}
