//! `(validator.field)` and `(validator.oneof)` as they stand in the options: which rules are given, with which values.
//!
//! Not here: whether they make sense (`rules.rs`).

use std::sync::Arc;

use buffa::{Message, MessageName};
use buffa_descriptor::reflect::{DynamicMessage, Value};
use buffa_descriptor::{FieldDescriptor, OneofDescriptor};

use crate::Schema;

/// The names of the extensions, under whichever path the file that defines them is imported.
pub(crate) const FIELD: &str = "validator.field";
const ONEOF: &str = "validator.oneof";

/// The highest number of a rule that the dialect has: `uuid_ver`.
const LAST_RULE: u32 = 18;

/// `validator.FieldValidator`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FieldValidator {
    pub(crate) regex: Option<String>,
    pub(crate) int_gt: Option<i64>,
    pub(crate) int_lt: Option<i64>,
    pub(crate) msg_exists: bool,
    pub(crate) human_error: Option<String>,
    pub(crate) float_gt: Option<f64>,
    pub(crate) float_lt: Option<f64>,
    pub(crate) float_epsilon: Option<f64>,
    pub(crate) float_gte: Option<f64>,
    pub(crate) float_lte: Option<f64>,
    pub(crate) string_not_empty: bool,
    pub(crate) repeated_count_min: Option<i64>,
    pub(crate) repeated_count_max: Option<i64>,
    pub(crate) length_gt: Option<i64>,
    pub(crate) length_lt: Option<i64>,
    pub(crate) length_eq: Option<i64>,
    pub(crate) is_in_enum: bool,
    pub(crate) uuid_ver: Option<i32>,
    /// Rules that a copy of validator.proto adds to those of the original.
    pub(crate) unknown: Vec<String>,
}

/// The rules of a field; `None` if it has none. Fails if the options cannot be read.
pub(crate) fn of_field(
    schema: &Schema,
    field: &FieldDescriptor,
) -> Result<Option<FieldValidator>, Unreadable> {
    let Some(read) = extension(schema, field.options(), FIELD)? else { return Ok(None) };
    let unknown = schema.pool().message(read.message_index()).fields().iter();
    let unknown = unknown
        .filter(|rule| rule.number() > LAST_RULE && read.field_by_number(rule.number()).is_some())
        .map(|rule| rule.name().to_owned());
    Ok(Some(FieldValidator {
        regex: text(&read, 1),
        int_gt: integer(&read, 2),
        int_lt: integer(&read, 3),
        msg_exists: flag(&read, 4),
        // An empty one counts as none.
        human_error: text(&read, 5).filter(|text| !text.is_empty()),
        float_gt: float(&read, 6),
        float_lt: float(&read, 7),
        float_epsilon: float(&read, 8),
        float_gte: float(&read, 9),
        float_lte: float(&read, 10),
        string_not_empty: flag(&read, 11),
        repeated_count_min: integer(&read, 12),
        repeated_count_max: integer(&read, 13),
        length_gt: integer(&read, 14),
        length_lt: integer(&read, 15),
        length_eq: integer(&read, 16),
        is_in_enum: flag(&read, 17),
        uuid_ver: match read.field_by_number(18) {
            Some(Value::I32(version)) => Some(*version),
            _ => None,
        },
        unknown: unknown.collect(),
    }))
}

/// Whether one of a oneof's members must be set.
pub(crate) fn is_oneof_required(schema: &Schema, oneof: &OneofDescriptor) -> Result<bool, Unreadable> {
    Ok(extension(schema, oneof.options(), ONEOF)?.is_some_and(|read| flag(&read, 1)))
}

/// The options of something are no options.
#[derive(Debug)]
pub(crate) struct Unreadable;

fn extension<O: Message + MessageName>(
    schema: &Schema,
    options: Option<&O>,
    name: &str,
) -> Result<Option<DynamicMessage>, Unreadable> {
    let pool = schema.pool();
    let (Some(options), Some(extension)) = (options, pool.extension_by_name(name)) else { return Ok(None) };
    let read = DynamicMessage::from_options(Arc::clone(pool), options).ok_or(Unreadable)?;
    match read.field_by_number(extension.field().number()) {
        Some(Value::Message(message)) => Ok(Some(message.clone())),
        _ => Ok(None),
    }
}

fn text(read: &DynamicMessage, number: u32) -> Option<String> {
    match read.field_by_number(number) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn integer(read: &DynamicMessage, number: u32) -> Option<i64> {
    match read.field_by_number(number) {
        Some(Value::I64(value)) => Some(*value),
        _ => None,
    }
}

fn float(read: &DynamicMessage, number: u32) -> Option<f64> {
    match read.field_by_number(number) {
        Some(Value::F64(value)) => Some(*value),
        _ => None,
    }
}

fn flag(read: &DynamicMessage, number: u32) -> bool {
    matches!(read.field_by_number(number), Some(Value::Bool(true)))
}
