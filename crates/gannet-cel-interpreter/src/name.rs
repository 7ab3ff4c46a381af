//! Names in expressions that are no variables: values of enums, and types.

use gannet_cel::{Error, Value};

use crate::types::Types;

/// # Errors
/// Nothing has that name.
pub(crate) fn resolve(name: &str, types: &Types) -> Result<Value, Error> {
    let type_named = || Value::Type(name.to_owned());
    match name {
        "bool"
        | "int"
        | "uint"
        | "double"
        | "string"
        | "bytes"
        | "list"
        | "map"
        | "null_type"
        | "type"
        | "google.protobuf.Timestamp"
        | "google.protobuf.Duration" => return Ok(type_named()),
        _ => {}
    }
    if let Some((scope, value)) = name.rsplit_once('.')
        && let Some(enumeration) = types.pool().enum_by_name(scope)
        && let Some(value) = enumeration.value_by_name(value)
    {
        return Ok(Value::Int(i64::from(value.number())));
    }
    match types.pool().message_index(name) {
        Some(_) => Ok(type_named()),
        None => Err(Error::new(format!("undeclared reference to '{name}'"))),
    }
}
