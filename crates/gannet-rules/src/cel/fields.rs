//! Writes what expressions ask of fields: their values, absent ones included, and whether they are set.

use buffa_descriptor::{
    EnumValueDescriptor, FieldDescriptor, FieldKind, MessageIndex, ScalarType, SingularKind,
};
use gannet_cel::Value;
use proc_macro2::TokenStream;
use quote::quote;

use super::constant::{scalar, zero};
use super::tree::Node;
use super::types::Type;
use super::write::{Code, Form, Writer};
use crate::Schema;
use crate::access::Presence;

impl Writer<'_> {
    pub(super) fn field(&mut self, base: &Node, message: MessageIndex, number: u32) -> Result<Code, String> {
        let descriptor = self.schema.pool().message(message);
        let field = descriptor.field(number).ok_or("a field is missing")?;
        let base = self.write(base)?;
        match base.form {
            Form::Message => {
                self.field_of(&base.tokens, message, field).map(|code| code.fallible(base.is_fallible))
            }
            Form::OptionalMessage => {
                let inner = self.field_of(&quote!(message), message, field)?;
                let (opt, value) = (base.tokens, inner.tokens);
                let tokens = match inner.form {
                    Form::OptionalMessage | Form::Nullable | Form::StoredMap(..) => {
                        quote!((#opt).and_then(|message| #value))
                    }
                    Form::StoredList(..) => quote!((#opt).map_or(&[][..], |message| #value)),
                    _ => {
                        let default = self.default_of(message, field)?;
                        quote!((#opt).map_or(#default, |message| #value))
                    }
                };
                Ok(Code { tokens, form: inner.form, is_fallible: base.is_fallible })
            }
            _ => Err("a field of something that is no message".to_owned()),
        }
    }

    /// A field of the message that `base` refers to.
    fn field_of(
        &self,
        base: &TokenStream,
        message: MessageIndex,
        field: &FieldDescriptor,
    ) -> Result<Code, String> {
        let descriptor = self.schema.pool().message(message);
        let place = || self.access.place(base, field.name());
        match field.kind() {
            FieldKind::List(kind) => {
                let place = place();
                Ok(Code::new(quote!(&#place[..]), Form::StoredList(kind, field.enum_type())))
            }
            FieldKind::Map { key, value } => {
                let place = place();
                let tokens = quote!(::core::option::Option::Some(&#place));
                Ok(Code::new(tokens, Form::StoredMap(key, value, field.enum_type())))
            }
            FieldKind::Singular(kind) => match Presence::of(descriptor, field) {
                Presence::Always => {
                    let value = self.access.always(base, field, kind);
                    Ok(self.widened(kind, &value))
                }
                Presence::Optional | Presence::Oneof => {
                    let stored = self.access.optional(base, descriptor, field).ok_or_else(|| {
                        format!("the oneof of `{}` cannot be named from here", field.name())
                    })?;
                    self.maybe(message, field, kind, &stored)
                }
            },
        }
    }

    /// The value of a field that may be absent.
    fn maybe(
        &self,
        message: MessageIndex,
        field: &FieldDescriptor,
        kind: SingularKind,
        stored: &TokenStream,
    ) -> Result<Code, String> {
        let pool = self.schema.pool();
        let value = self.stored(kind, field.enum_type(), &quote!(stored));
        let inner = &value.tokens;
        Ok(match Type::of_kind(kind, pool) {
            Type::Message(_) | Type::Dyn => Code::new(stored.clone(), Form::OptionalMessage),
            Type::Wrapper(_) => Code::new(quote!((#stored).and_then(|stored| #inner)), Form::Nullable),
            _ => {
                let default = self.default_of(message, field)?;
                Code::new(quote!((#stored).map_or(#default, |stored| #inner)), value.form)
            }
        })
    }

    /// What an absent field is taken for.
    fn default_of(&self, message: MessageIndex, field: &FieldDescriptor) -> Result<TokenStream, String> {
        let pool = self.schema.pool();
        let FieldKind::Singular(kind) = field.kind() else {
            return Ok(quote!(::core::default::Default::default()));
        };
        let cel = self.cel();
        match Type::of_kind(kind, pool) {
            Type::Timestamp => return Ok(quote!(#cel::Timestamp { seconds: 0, nanos: 0 })),
            Type::Duration => return Ok(quote!(#cel::Duration { seconds: 0, nanos: 0 })),
            _ => {}
        }
        let name = pool.message(message).full_name();
        let declared = self
            .schema
            .message_proto(name)
            .and_then(|proto| proto.field.iter().find(|proto| proto.name.as_deref() == Some(field.name())))
            .and_then(|proto| proto.default_value.clone());
        let value = declared.and_then(|text| declared_default(kind, &text, self.schema));
        let value = value.unwrap_or_else(|| match kind {
            // The first value of a closed enum need not be 0.
            SingularKind::Enum(index) => {
                let first = pool.enumeration(index).values().first().map_or(0, EnumValueDescriptor::number);
                scalar(&buffa_descriptor::reflect::Value::EnumNumber(first))
            }
            _ => zero(kind, pool),
        });
        self.constant(&value).map(|code| code.tokens)
    }

    pub(super) fn has(&mut self, base: &Node, message: MessageIndex, number: u32) -> Result<Code, String> {
        let descriptor = self.schema.pool().message(message);
        let field = descriptor.field(number).ok_or("a field is missing")?;
        let base = self.write(base)?;
        let test = |base: &TokenStream| self.is_set(base, message, field);
        let tokens = match base.form {
            Form::Message => test(&base.tokens)?,
            Form::OptionalMessage => {
                let (opt, inner) = (&base.tokens, test(&quote!(message))?);
                quote!((#opt).is_some_and(|message| #inner))
            }
            _ => return Err("has() of something that is no message".to_owned()),
        };
        Ok(Code::scalar(tokens).fallible(base.is_fallible))
    }

    /// Whether a field of the message that `base` refers to is set: there, or, without presence, not its default.
    pub(crate) fn is_set(
        &self,
        base: &TokenStream,
        message: MessageIndex,
        field: &FieldDescriptor,
    ) -> Result<TokenStream, String> {
        let descriptor = self.schema.pool().message(message);
        let place = self.access.place(base, field.name());
        match field.kind() {
            FieldKind::List(_) | FieldKind::Map { .. } => Ok(quote!(!#place.is_empty())),
            FieldKind::Singular(kind) => match Presence::of(descriptor, field) {
                Presence::Always if field.presence() == buffa::editions::FieldPresence::LegacyRequired => {
                    Ok(quote!(true))
                }
                Presence::Always => {
                    let value = self.access.always(base, field, kind);
                    Ok(is_not_zero(kind, &value))
                }
                _ => self
                    .access
                    .is_present(base, descriptor, field)
                    .ok_or_else(|| format!("the oneof of `{}` cannot be named from here", field.name())),
            },
        }
    }
}

/// Whether a scalar in a field's own type is not zero or empty.
pub(crate) fn is_not_zero(kind: SingularKind, value: &TokenStream) -> TokenStream {
    match kind {
        SingularKind::Scalar(ScalarType::String | ScalarType::Bytes) => quote!(!(#value).is_empty()),
        SingularKind::Scalar(ScalarType::Bool) => quote!(#value),
        // A negative zero is written by whoever encodes it: it is not the default.
        SingularKind::Scalar(ScalarType::Double | ScalarType::Float) => quote!((#value).to_bits() != 0),
        SingularKind::Scalar(_) | SingularKind::Enum(_) => quote!(#value != 0),
        SingularKind::Message(_) => quote!(true),
    }
}

/// A default value as descriptors write it down.
fn declared_default(kind: SingularKind, text: &str, schema: &Schema) -> Option<Value> {
    Some(match kind {
        SingularKind::Enum(index) => {
            let values = schema.pool().enumeration(index).values();
            Value::Int(i64::from(values.iter().find(|value| value.name() == text)?.number()))
        }
        SingularKind::Message(_) => return None,
        SingularKind::Scalar(ScalarType::String) => Value::String(text.to_owned()),
        SingularKind::Scalar(ScalarType::Bytes) => Value::Bytes(unescaped(text)),
        SingularKind::Scalar(ScalarType::Bool) => Value::Bool(text == "true"),
        SingularKind::Scalar(ScalarType::Double) => Value::Double(text.parse().ok()?),
        SingularKind::Scalar(ScalarType::Float) => Value::Double(f64::from(text.parse::<f32>().ok()?)),
        SingularKind::Scalar(_) => match Type::of_kind(kind, schema.pool()) {
            Type::Uint => Value::Uint(text.parse().ok()?),
            _ => Value::Int(text.parse().ok()?),
        },
    })
}

/// Bytes as descriptors escape them: C's octal and letter escapes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(next) = bytes.peek().copied().filter(|next| (b'0'..=b'7').contains(next)) else {
                        break;
                    };
                    bytes.next();
                    value = value * 8 + u32::from(next - b'0');
                }
                out.push((value & 0xff) as u8);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}
