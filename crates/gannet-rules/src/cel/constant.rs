//! Constants out of messages that are known at build time: the values of rules.

use std::sync::Arc;

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _, Value as Reflected};
use buffa_descriptor::{DescriptorPool, FieldDescriptor, FieldKind, SingularKind};
use gannet_cel::{Duration, Timestamp, Value};

use super::tree::{Expr, Node};
use super::types::Type;

/// A field of a message that is known at build time.
pub(crate) fn constant(message: &DynamicMessage, field: &FieldDescriptor) -> Node {
    let pool = message.pool();
    let ty = Type::of_field(field, pool);
    let stored = message.field_by_number(field.number()).cloned();
    let kind = match field.kind() {
        FieldKind::Singular(kind) | FieldKind::List(kind) => kind,
        FieldKind::Map { value, .. } => value,
    };
    match (field.kind(), stored) {
        (FieldKind::Singular(SingularKind::Message(_)), Some(Reflected::Message(inner))) => {
            let value = well_known(&inner);
            Node::new(value.map_or_else(|| Expr::Message(Box::new(inner)), Expr::Constant), ty)
        }
        (FieldKind::Singular(SingularKind::Message(index)), _) => {
            let inner = DynamicMessage::new(Arc::clone(pool), index);
            let value = well_known(&inner);
            Node::new(value.map_or_else(|| Expr::Message(Box::new(inner)), Expr::Constant), ty)
        }
        (_, Some(stored)) => Node::constant(scalar(&stored), ty),
        (FieldKind::List(_), None) => Node::constant(Value::List(Vec::new()), ty),
        (FieldKind::Map { .. }, None) => Node::constant(Value::Map(gannet_cel::Map::default()), ty),
        (FieldKind::Singular(_), None) => Node::constant(zero(kind, pool), ty),
    }
}

/// A reflected value as an expression sees it.
pub(crate) fn scalar(value: &Reflected) -> Value {
    match value {
        Reflected::Bool(value) => Value::Bool(*value),
        Reflected::I32(value) | Reflected::EnumNumber(value) => Value::Int(i64::from(*value)),
        Reflected::I64(value) => Value::Int(*value),
        Reflected::U32(value) => Value::Uint(u64::from(*value)),
        Reflected::U64(value) => Value::Uint(*value),
        Reflected::F32(value) => Value::Double(f64::from(*value)),
        Reflected::F64(value) => Value::Double(*value),
        Reflected::String(value) => Value::String(value.clone()),
        Reflected::Bytes(value) => Value::Bytes(value.clone()),
        Reflected::Message(message) => well_known(message).unwrap_or(Value::Null),
        Reflected::List(items) => Value::List(items.iter().map(scalar).collect()),
        Reflected::Map(map) => Value::Map(
            map.iter()
                .map(|(key, value)| {
                    let key = match key {
                        buffa_descriptor::reflect::MapKey::Bool(key) => Value::Bool(*key),
                        buffa_descriptor::reflect::MapKey::I32(key) => Value::Int(i64::from(*key)),
                        buffa_descriptor::reflect::MapKey::I64(key) => Value::Int(*key),
                        buffa_descriptor::reflect::MapKey::U32(key) => Value::Uint(u64::from(*key)),
                        buffa_descriptor::reflect::MapKey::U64(key) => Value::Uint(*key),
                        buffa_descriptor::reflect::MapKey::String(key) => Value::String(key.clone()),
                    };
                    (key, scalar(value))
                })
                .collect(),
        ),
    }
}

/// The zero value of a kind.
pub(crate) fn zero(kind: SingularKind, pool: &DescriptorPool) -> Value {
    match Type::of_kind(kind, pool).unwrapped() {
        Type::Bool => Value::Bool(false),
        Type::Int => Value::Int(0),
        Type::Uint => Value::Uint(0),
        Type::Double => Value::Double(0.0),
        Type::String => Value::String(String::new()),
        Type::Bytes => Value::Bytes(Vec::new()),
        _ => Value::Null,
    }
}

/// A timestamp, a duration or a wrapper as the value that it stands for.
fn well_known(message: &DynamicMessage) -> Option<Value> {
    let number = |field: u32| match message.field_by_number(field) {
        Some(Reflected::I64(value)) => *value,
        Some(Reflected::I32(value)) => i64::from(*value),
        _ => 0,
    };
    let nanos = || i32::try_from(number(2)).unwrap_or_default();
    match message.message_descriptor().full_name() {
        "google.protobuf.Timestamp" => Some(Value::Timestamp(Timestamp::from_parts(number(1), nanos()))),
        "google.protobuf.Duration" => Some(Value::Duration(Duration::from_parts(number(1), nanos()))),
        name if name.starts_with("google.protobuf.") && name.ends_with("Value") => {
            message.field_by_number(1).map(scalar)
        }
        _ => None,
    }
}
