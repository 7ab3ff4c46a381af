//! Validates cases by their descriptors alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use buffa_descriptor::reflect::DynamicMessage;
use gannet::codegen::buffa_types::google::protobuf::Any;
use gannet_validate_dynamic::{Error, Schema, Validator};

use crate::buf::validate::conformance::harness::__buffa::oneof::test_result::Result as Outcome;
use crate::cases::{broken, message_name, undecodable};

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/all.binpb"));

/// A validator for each type of message, or what is wrong with its rules.
type Validators = BTreeMap<String, Arc<Result<Validator, Error>>>;

/// Validates a case.
pub(crate) fn outcome(case: &Any) -> Outcome {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    static VALIDATORS: Mutex<Validators> = Mutex::new(BTreeMap::new());
    let schema = match SCHEMA.get() {
        Some(schema) => schema,
        None => match Schema::decode(DESCRIPTORS) {
            Ok(schema) => SCHEMA.get_or_init(|| schema),
            Err(error) => return Outcome::UnexpectedError(error.to_string()),
        },
    };
    let name = message_name(case);
    let Some(index) = schema.pool().message_index(name) else {
        return Outcome::UnexpectedError(format!("the contracts have no message {name}"));
    };
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
        let made = validators.entry(name.to_owned());
        Arc::clone(made.or_insert_with(|| Arc::new(Validator::of_message(schema, name))))
    };
    let validator = match &*validator {
        Ok(validator) => validator,
        Err(error) => return Outcome::CompilationError(error.to_string()),
    };
    match DynamicMessage::decode(Arc::clone(schema.pool()), index, &case.value) {
        Ok(message) => {
            let verdict = validator.validate(&message);
            verdict.map_or_else(|error| broken(&error), |()| Outcome::Success(true))
        }
        Err(error) => undecodable(&error),
    }
}
