//! The messages as their descriptors have them, validated without generated code.

use std::sync::{Arc, OnceLock};

use buffa_descriptor::reflect::DynamicMessage;
use gannet_validate_dynamic::Validator;

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

pub(crate) fn verdict(name: &str, bytes: &[u8]) -> Option<String> {
    static VALIDATOR: OnceLock<Result<Validator, String>> = OnceLock::new();
    let validator =
        VALIDATOR.get_or_init(|| Validator::decode(DESCRIPTORS).map_err(|error| error.to_string()));
    let validator = match validator {
        Ok(validator) => validator,
        Err(error) => return Some(error.clone()),
    };
    let pool = validator.pool();
    let index = pool.message_index(name)?;
    Some(match DynamicMessage::decode(Arc::clone(pool), index, bytes) {
        Ok(message) => {
            validator.validate(&message).err().map_or_else(|| "OK".to_owned(), |error| error.to_string())
        }
        Err(error) => error.to_string(),
    })
}
