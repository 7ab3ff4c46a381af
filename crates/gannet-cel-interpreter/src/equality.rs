//! When two messages are equal.
//!
//! As the CEL specification has it ("Equality"): same type, the same fields set, `NaN` equals nothing, and what is packed in
//! an `Any` is compared as a message. Not here: the equality of other values (`gannet_cel::Value`).

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _, Value as Stored};

use crate::types::Types;
use crate::well_known::{MAX_DEPTH, WellKnown, any_parts, unpack_once};

pub(crate) fn messages_equal(types: &Types, left: &DynamicMessage, right: &DynamicMessage) -> bool {
    Comparison { types, depth: MAX_DEPTH + 1, packed: MAX_PACKED }.messages(left, right)
}

/// How many messages are unpacked, one within another; they are in memory at the same time. Deeper ones are equal if their
/// bytes are.
const MAX_PACKED: usize = 8;

#[derive(Clone, Copy)]
struct Comparison<'a> {
    types: &'a Types,
    /// How many messages there may yet be, one within another, packed or not; the stack must hold them all.
    depth: usize,
    packed: usize,
}

impl Comparison<'_> {
    fn messages(&self, left: &DynamicMessage, right: &DynamicMessage) -> bool {
        if left.message_descriptor().full_name() != right.message_descriptor().full_name() {
            return false;
        }
        let Some(depth) = self.depth.checked_sub(1) else { return false };
        let within = Self { depth, ..*self };
        if WellKnown::of(left) == Some(WellKnown::Any) {
            return within.packed(left, right);
        }
        let set = numbers_of_set(left);
        let fields_equal = set == numbers_of_set(right)
            && set.into_iter().all(|number| {
                match (left.field_by_number(number), right.field_by_number(number)) {
                    (Some(left), Some(right)) => within.values(left, right),
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
            (Ok(left), Ok(right)) => Self { packed, ..*self }.messages(&left, &right),
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

/// The fields that are set, and the extensions, by their numbers.
fn numbers_of_set(message: &DynamicMessage) -> Vec<u32> {
    let mut numbers = Vec::new();
    message.for_each_set(&mut |field, _| numbers.push(field.number()));
    numbers.sort_unstable();
    numbers
}
