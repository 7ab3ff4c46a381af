//! The types of expressions, and those of fields as expressions see them.

use std::fmt;

use buffa_descriptor::{DescriptorPool, FieldDescriptor, FieldKind, MessageIndex, ScalarType, SingularKind};

/// The static type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Null,
    Timestamp,
    Duration,
    /// Types themselves, as in `type(1) == int`.
    Meta,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Message(MessageIndex),
    /// A wrapper of google/protobuf/wrappers.proto: a scalar, or null.
    Wrapper(Box<Type>),
    /// Not known before the expression is evaluated.
    Dyn,
}

impl Type {
    pub(crate) fn list(item: Type) -> Self {
        Self::List(Box::new(item))
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// A wrapper's scalar; any other type itself.
    pub(crate) fn unwrapped(&self) -> &Type {
        match self {
            Self::Wrapper(scalar) => scalar,
            other => other,
        }
    }

    /// Whether values of the two can be compared for equality, or stand in one list.
    pub(crate) fn unifies(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::List(one), Self::List(other)) => one.unifies(other),
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.unifies(other_key) && value.unifies(other_value)
            }
            (Self::Wrapper(scalar), other) | (other, Self::Wrapper(scalar)) => {
                *other == Self::Null || other.unwrapped() == &**scalar
            }
            (Self::Null, Self::Message(_) | Self::Timestamp | Self::Duration)
            | (Self::Message(_) | Self::Timestamp | Self::Duration, Self::Null) => true,
            (one, other) => one == other,
        }
    }

    /// The type's name, as `type(x)` gives it and messages print it.
    pub(crate) fn name(&self, pool: &DescriptorPool) -> String {
        match self {
            Self::List(item) => format!("list({})", item.name(pool)),
            Self::Map(key, value) => format!("map({}, {})", key.name(pool), value.name(pool)),
            Self::Message(index) => pool.message(*index).full_name().to_owned(),
            Self::Wrapper(scalar) => format!("wrapper({})", scalar.name(pool)),
            other => other.to_string(),
        }
    }

    /// That of values of this kind.
    pub(crate) fn of_kind(kind: SingularKind, pool: &DescriptorPool) -> Self {
        match kind {
            SingularKind::Scalar(scalar) => Self::of_scalar(scalar),
            SingularKind::Enum(_) => Self::Int,
            SingularKind::Message(index) => Self::of_message(index, pool),
        }
    }

    fn of_message(index: MessageIndex, pool: &DescriptorPool) -> Self {
        let wrapper = |scalar: Type| Self::Wrapper(Box::new(scalar));
        match pool.message(index).full_name() {
            "google.protobuf.Timestamp" => Self::Timestamp,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.BoolValue" => wrapper(Self::Bool),
            "google.protobuf.Int32Value" | "google.protobuf.Int64Value" => wrapper(Self::Int),
            "google.protobuf.UInt32Value" | "google.protobuf.UInt64Value" => wrapper(Self::Uint),
            "google.protobuf.FloatValue" | "google.protobuf.DoubleValue" => wrapper(Self::Double),
            "google.protobuf.StringValue" => wrapper(Self::String),
            "google.protobuf.BytesValue" => wrapper(Self::Bytes),
            "google.protobuf.Any"
            | "google.protobuf.Value"
            | "google.protobuf.Struct"
            | "google.protobuf.ListValue" => Self::Dyn,
            _ => Self::Message(index),
        }
    }

    fn of_scalar(scalar: ScalarType) -> Self {
        match scalar {
            ScalarType::Double | ScalarType::Float => Self::Double,
            ScalarType::Int64
            | ScalarType::Int32
            | ScalarType::Sfixed32
            | ScalarType::Sfixed64
            | ScalarType::Sint32
            | ScalarType::Sint64 => Self::Int,
            ScalarType::Uint64 | ScalarType::Fixed64 | ScalarType::Fixed32 | ScalarType::Uint32 => Self::Uint,
            ScalarType::Bool => Self::Bool,
            ScalarType::String => Self::String,
            ScalarType::Bytes => Self::Bytes,
        }
    }

    /// That of a field.
    pub(crate) fn of_field(field: &FieldDescriptor, pool: &DescriptorPool) -> Self {
        match field.kind() {
            FieldKind::Singular(kind) => Self::of_kind(kind, pool),
            FieldKind::List(kind) => Self::list(Self::of_kind(kind, pool)),
            FieldKind::Map { key, value } => {
                Self::Map(Box::new(Self::of_scalar(key)), Box::new(Self::of_kind(value, pool)))
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Null => "null_type",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::Duration => "google.protobuf.Duration",
            Self::Meta => "type",
            Self::List(_) => "list",
            Self::Map(..) => "map",
            Self::Message(_) => "message",
            Self::Wrapper(_) => "wrapper",
            Self::Dyn => "dyn",
        })
    }
}
