//! How Go prints values of messages that nobody generated: numbers and names, and messages in protobuf's text form.

use std::borrow::Cow;

use buffa::editions::FieldPresence;
use buffa_descriptor::reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value as Reflected};
use buffa_descriptor::{DescriptorPool, EnumValueDescriptor, FieldDescriptor, FieldKind, SingularKind};
use gannet_rules::access::{Presence, oneof};
use gannet_validate::legacy::{MessageText, Value};

use crate::value;

/// A value to be printed.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pool: &'a DescriptorPool,
    kind: SingularKind,
    value: Cow<'a, Reflected>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(pool: &'a DescriptorPool, kind: SingularKind, value: &'a Reflected) -> Self {
        Self { pool, kind, value: Cow::Borrowed(value) }
    }

    /// The name of an enum's value, if it has one; of several, the first.
    fn name(&self, number: i32) -> Option<&'a str> {
        let SingularKind::Enum(index) = self.kind else { return None };
        let values = self.pool.enumeration(index).values();
        values.iter().find(|value| value.number() == number).map(EnumValueDescriptor::name)
    }

    /// Hands the value over in the form in which it is printed.
    fn with<R>(&self, take: impl FnOnce(&dyn Value) -> R) -> R {
        match &*self.value {
            Reflected::Bool(value) => take(value),
            Reflected::I32(value) => take(value),
            Reflected::I64(value) => take(value),
            Reflected::U32(value) => take(value),
            Reflected::U64(value) => take(value),
            Reflected::F32(value) => take(value),
            Reflected::F64(value) => take(value),
            Reflected::String(value) => take(&value.as_str()),
            Reflected::Bytes(value) => take(&value.as_slice()),
            Reflected::EnumNumber(number) => take(&Name { number: *number, name: self.name(*number) }),
            Reflected::Message(message) => take(&text(self.pool, message)),
            // No value is a list or a map in itself.
            Reflected::List(_) | Reflected::Map(_) => take(&""),
        }
    }
}

impl Value for Shown<'_> {
    fn write(&self, out: &mut String) {
        self.with(|value| value.write(out));
    }

    fn write_text(&self, out: &mut String) {
        self.with(|value| value.write_text(out));
    }

    fn is_zero(&self) -> bool {
        self.with(|value| value.is_zero())
    }
}

/// A value of an enum.
struct Name<'a> {
    number: i32,
    name: Option<&'a str>,
}

impl Value for Name<'_> {
    fn write(&self, out: &mut String) {
        match self.name {
            Some(name) => out.push_str(name),
            None => self.number.write(out),
        }
    }

    fn is_zero(&self) -> bool {
        self.number == 0
    }
}

/// A map's key to be printed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a>(pub(super) &'a MapKey);

impl Key<'_> {
    fn with<R>(&self, take: impl FnOnce(&dyn Value) -> R) -> R {
        match self.0 {
            MapKey::Bool(key) => take(key),
            MapKey::I32(key) => take(key),
            MapKey::I64(key) => take(key),
            MapKey::U32(key) => take(key),
            MapKey::U64(key) => take(key),
            MapKey::String(key) => take(&key.as_str()),
        }
    }
}

impl Value for Key<'_> {
    fn write(&self, out: &mut String) {
        self.with(|key| key.write(out));
    }

    fn write_text(&self, out: &mut String) {
        self.with(|key| key.write_text(out));
    }

    fn is_zero(&self) -> bool {
        self.with(|value| value.is_zero())
    }
}

/// A message in protobuf's text form.
fn text(pool: &DescriptorPool, message: &DynamicMessage) -> MessageText {
    let descriptor = message.message_descriptor();
    let mut text = MessageText::new();
    let mut oneofs = Vec::new();
    for field in descriptor.fields() {
        let Some(name) = oneof(descriptor, field) else {
            add(pool, message, field, &mut text);
            continue;
        };
        // The members stand where the first of them is declared.
        if !oneofs.contains(&name) {
            oneofs.push(name);
            for member in descriptor.fields().iter().filter(|member| oneof(descriptor, member) == Some(name))
            {
                add(pool, message, member, &mut text);
            }
        }
    }
    text
}

fn add(pool: &DescriptorPool, message: &DynamicMessage, field: &FieldDescriptor, text: &mut MessageText) {
    let stored = message.field_by_number(field.number());
    match (field.kind(), stored) {
        (FieldKind::Map { value: kind, .. }, Some(Reflected::Map(map))) => {
            let entries = map.iter().map(|(key, value)| (Key(key), Shown::new(pool, kind, value)));
            text.map(field.name(), entries);
        }
        (FieldKind::List(kind), Some(Reflected::List(items))) => {
            for item in items {
                text.field(field.name(), &Shown::new(pool, kind, item));
            }
        }
        (FieldKind::Singular(kind), stored) => {
            let is_always = Presence::of(message.message_descriptor(), field) == Presence::Always;
            if stored.is_none() && !is_always {
                return;
            }
            let Some(value) = value::always(message, field.number()) else { return };
            let shown = Shown { pool, kind, value };
            if is_always && field.presence() == FieldPresence::Implicit {
                text.field_unless_zero(field.name(), &shown);
            } else {
                text.field(field.name(), &shown);
            }
        }
        (FieldKind::List(_) | FieldKind::Map { .. }, _) => {}
    }
}
