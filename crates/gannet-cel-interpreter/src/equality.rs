//! When two messages are equal.
//!
//! As the CEL specification has it ("Equality"): same type, the same fields set, `NaN` equals nothing, and what is packed in
//! an `Any` is compared as a message. Not here: the equality of other values (`gannet_cel::Value`).

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _, Value as Stored};

use crate::types::Types;
use crate::well_known::{MAX_DEPTH, WellKnown, any_parts, unpack_once};

pub(crate) fn messages_equal(types: &Types, left: &DynamicMessage, right: &DynamicMessage) -> bool {
    Comparison { types, packed: MAX_DEPTH }.messages(left, right)
}

struct Comparison<'a> {
    types: &'a Types,
    /// How many messages may yet be unpacked, one within another.
    packed: usize,
}

impl Comparison<'_> {
    fn messages(&self, left: &DynamicMessage, right: &DynamicMessage) -> bool {
        if left.message_descriptor().full_name() != right.message_descriptor().full_name() {
            return false;
        }
        if WellKnown::of(left) == Some(WellKnown::Any) {
            return self.packed(left, right);
        }
        let descriptor = left.message_descriptor();
        let fields_equal = descriptor.fields().iter().all(|field| {
            let Some(other) = right.message_descriptor().field(field.number()) else { return false };
            match (left.has(field), right.has(other)) {
                (false, false) => true,
                (true, true) => {
                    match (left.field_by_number(field.number()), right.field_by_number(field.number())) {
                        (Some(left), Some(right)) => self.values(left, right),
                        _ => false,
                    }
                }
                _ => false,
            }
        });
        fields_equal && left.unknown_fields() == right.unknown_fields()
    }

    fn packed(&self, left: &DynamicMessage, right: &DynamicMessage) -> bool {
        let ((url, bytes), (other_url, other_bytes)) = (any_parts(left), any_parts(right));
        if url != other_url {
            return false;
        }
        if bytes == other_bytes {
            return true;
        }
        let Some(packed) = self.packed.checked_sub(1) else { return false };
        match (unpack_once(self.types, left), unpack_once(self.types, right)) {
            (Ok(left), Ok(right)) => Comparison { types: self.types, packed }.messages(&left, &right),
            _ => false,
        }
    }

    fn values(&self, left: &Stored, right: &Stored) -> bool {
        match (left, right) {
            (Stored::Message(left), Stored::Message(right)) => self.messages(left, right),
            (Stored::List(left), Stored::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| self.values(left, right))
            }
            (Stored::Map(left), Stored::Map(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .all(|(key, value)| right.get(key).is_some_and(|other| self.values(value, other)))
            }
            _ => left == right,
        }
    }
}
