//! Random messages of any type that has descriptors. The same seed gives the same.

use std::sync::Arc;

use buffa_descriptor::reflect::{DynamicMessage, MapKey, MapValue, ReflectMessageMut as _, Value};
use buffa_descriptor::{DescriptorPool, FieldDescriptor, FieldKind, MessageIndex, ScalarType, SingularKind};

use crate::generate::Random;

/// What an `Any` holds, most of the time.
const PACKED: &[&str] = &[
    "gannet.conformance.cel.Everything.Inner",
    "gannet.conformance.cel.Everything",
    "google.protobuf.Int64Value",
    "google.protobuf.StringValue",
    "google.protobuf.Struct",
    "google.protobuf.Any",
    "google.protobuf.Timestamp",
];

/// A message whose fields are set or not, out of a few values each, so that some are equal.
pub(crate) fn message(
    random: &mut Random,
    pool: &Arc<DescriptorPool>,
    index: MessageIndex,
    depth: u64,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(Arc::clone(pool), index);
    let descriptor = pool.message(index);
    match descriptor.full_name() {
        "google.protobuf.Any" => any(random, &mut message, depth),
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            // Within the bounds of both, so that encoders of JSON take them too.
            let parts = [(0, 0), (1, 500_000_000), (1_700_000_000, 7), (86_400, 0)];
            let (seconds, nanos) = parts[random.below(parts.len() as u64) as usize];
            set(&mut message, 1, Value::I64(seconds));
            set(&mut message, 2, Value::I32(nanos));
        }
        "google.protobuf.Value" => {
            // One of its kinds, which is never none.
            let field = &descriptor.fields()[random.below(if depth == 0 { 4 } else { 6 }) as usize];
            fill(random, pool, &mut message, field, depth);
        }
        _ => {
            for field in descriptor.fields() {
                if random.one_in(3) || is_deep(field) && depth == 0 {
                    continue;
                }
                fill(random, pool, &mut message, field, depth);
            }
        }
    }
    message
}

fn is_deep(field: &FieldDescriptor) -> bool {
    let (FieldKind::Singular(kind) | FieldKind::List(kind) | FieldKind::Map { value: kind, .. }) =
        field.kind();
    matches!(kind, SingularKind::Message(_))
}

fn fill(
    random: &mut Random,
    pool: &Arc<DescriptorPool>,
    message: &mut DynamicMessage,
    field: &FieldDescriptor,
    depth: u64,
) {
    let depth = depth.saturating_sub(1);
    let value = match field.kind() {
        FieldKind::Singular(kind) => item(random, pool, kind, depth),
        FieldKind::List(kind) => {
            Value::List((0..random.below(4)).map(|_| item(random, pool, kind, depth)).collect())
        }
        FieldKind::Map { key, value } => {
            let entries =
                (0..random.below(4)).map(|_| (map_key(random, key), item(random, pool, value, depth)));
            Value::Map(MapValue::from_entries(entries.collect()))
        }
    };
    message.try_set(field, value).expect("the value is of the field's type");
}

fn set(message: &mut DynamicMessage, number: u32, value: Value) {
    let pool = Arc::clone(message.pool());
    let field = pool.message(message.message_index()).field(number).expect("the field is there");
    message.try_set(field, value).expect("the value is of the field's type");
}

fn any(random: &mut Random, any: &mut DynamicMessage, depth: u64) {
    if random.one_in(10) {
        return;
    }
    let pool = Arc::clone(any.pool());
    let name = PACKED[random.below(PACKED.len() as u64) as usize];
    let index = pool.message_index(name).expect("the type is known");
    let packed = message(random, &pool, index, depth.saturating_sub(1));
    let url = if random.one_in(10) {
        "type.googleapis.com/unknown.Type".to_owned()
    } else {
        format!("type.googleapis.com/{name}")
    };
    set(any, 1, Value::String(url));
    set(any, 2, Value::Bytes(packed.encode_to_vec()));
}

fn item(random: &mut Random, pool: &Arc<DescriptorPool>, kind: SingularKind, depth: u64) -> Value {
    match kind {
        SingularKind::Message(index) => Value::Message(message(random, pool, index, depth)),
        SingularKind::Enum(index) => {
            let values = pool.enumeration(index).values();
            Value::EnumNumber(values[random.below(values.len() as u64) as usize].number())
        }
        SingularKind::Scalar(kind) => scalar(random, kind),
    }
}

fn scalar(random: &mut Random, kind: ScalarType) -> Value {
    let whole = [0, 1, 2, -1, 10, i64::MAX, i64::MIN][random.below(7) as usize];
    let real = [0.0, 1.0, 1.5, -2.0, f64::NAN, f64::INFINITY, -0.0][random.below(7) as usize];
    let text = ["", "a", "b", "abc", "é€", "1", "2s"][random.below(7) as usize];
    match kind {
        ScalarType::Double => Value::F64(real),
        ScalarType::Float => Value::F32(real as f32),
        ScalarType::Int64 | ScalarType::Sint64 | ScalarType::Sfixed64 => Value::I64(whole),
        ScalarType::Int32 | ScalarType::Sint32 | ScalarType::Sfixed32 => Value::I32(whole as i32),
        ScalarType::Uint64 | ScalarType::Fixed64 => Value::U64(whole.unsigned_abs()),
        ScalarType::Uint32 | ScalarType::Fixed32 => Value::U32((whole as i32).cast_unsigned()),
        ScalarType::Bool => Value::Bool(random.one_in(2)),
        ScalarType::String => Value::String(text.to_owned()),
        ScalarType::Bytes => {
            Value::Bytes(if random.one_in(4) { vec![0xFF, 0] } else { text.as_bytes().to_vec() })
        }
    }
}

fn map_key(random: &mut Random, kind: ScalarType) -> MapKey {
    match scalar(random, kind) {
        Value::Bool(key) => MapKey::Bool(key),
        Value::I32(key) => MapKey::I32(key),
        Value::I64(key) => MapKey::I64(key),
        Value::U32(key) => MapKey::U32(key),
        Value::U64(key) => MapKey::U64(key),
        Value::String(key) => MapKey::String(key),
        other => unreachable!("{other:?} is no key of a map"),
    }
}
