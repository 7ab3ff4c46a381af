//! Runs cases: decodes each as the message it is, validates it, and answers with what came of it.
//!
//! Here by generated validators; without them in `dynamic.rs`.

use std::error::Error;
use std::io::{Read, Write};

use gannet::codegen::buffa::{self, Message as _};
use gannet::codegen::buffa_types::google::protobuf::Any;
use gannet::codegen::validate::{self, Validate};

use crate::buf::validate::__buffa::oneof::field_path_element::Subscript;
use crate::buf::validate::conformance::harness::__buffa::oneof::test_result::Result as Outcome;
use crate::buf::validate::conformance::harness::{
    TestConformanceRequest, TestConformanceResponse, TestResult,
};
use crate::buf::validate::{FieldPath, FieldPathElement, Violation, Violations};

/// The name of a message, and what decodes and validates it.
type Message = (&'static str, fn(&[u8]) -> Outcome);

/// Cases that are no messages of the suite's own contracts.
const WELL_KNOWN: [Message; 1] = [("google.protobuf.Any", decode::<Any>)];

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// Answers one request of the runner's.
pub(crate) fn run(
    outcome: fn(&Any) -> Outcome,
    mut input: impl Read,
    mut output: impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut request = Vec::new();
    input.read_to_end(&mut request)?;
    let request = TestConformanceRequest::decode_from_slice(&request)?;
    let results = request.cases.iter().map(|(name, case)| (name.clone(), result(outcome(case))));
    let response = TestConformanceResponse { results: results.collect() };
    output.write_all(&response.encode_to_vec())?;
    output.flush()?;
    Ok(())
}

fn result(outcome: Outcome) -> TestResult {
    TestResult { result: Some(outcome) }
}

/// Validates by the generated validator.
pub(crate) fn generated(case: &Any) -> Outcome {
    let name = message_name(case);
    if let Some((_, error)) = REFUSED.iter().find(|(message, _)| *message == name) {
        return Outcome::CompilationError((*error).to_owned());
    }
    match MESSAGES.iter().chain(&WELL_KNOWN).find(|(message, _)| *message == name) {
        Some((_, run)) => run(&case.value),
        None => Outcome::UnexpectedError(format!("the program has no message {name}")),
    }
}

/// The full name of the message that is a case.
pub(crate) fn message_name(case: &Any) -> &str {
    case.type_url.rsplit_once('/').map_or(case.type_url.as_str(), |(_, name)| name)
}

/// For a message whose contract has no rules: the compiler finds no `Validate` for it.
fn decode<M: buffa::Message>(bytes: &[u8]) -> Outcome {
    match M::decode_from_slice(bytes) {
        Ok(_) => Outcome::Success(true),
        Err(error) => undecodable(&error),
    }
}

fn validate<M: buffa::Message + Validate>(bytes: &[u8]) -> Outcome {
    match M::decode_from_slice(bytes) {
        Ok(message) => message.validate().map_or_else(|error| broken(&error), |()| Outcome::Success(true)),
        Err(error) => undecodable(&error),
    }
}

pub(crate) fn undecodable(error: &buffa::DecodeError) -> Outcome {
    Outcome::UnexpectedError(format!("the message cannot be decoded: {error}"))
}

pub(crate) fn broken(error: &validate::ValidationError) -> Outcome {
    if let Some(error) = error.evaluation_error() {
        return Outcome::RuntimeError(error.to_string());
    }
    let violations = error.violations().iter().map(violation).collect();
    Outcome::ValidationError(Box::new(Violations { violations }))
}

fn violation(violation: &validate::Violation) -> Violation {
    Violation {
        field: path(&violation.field).into(),
        rule: path(&violation.rule).into(),
        rule_id: Some(violation.rule_id.to_string()),
        message: Some(violation.message.to_string()),
        for_key: violation.for_key.then_some(true),
    }
}

fn path(path: &validate::FieldPath) -> Option<FieldPath> {
    let elements: Vec<_> = path.elements.iter().map(element).collect();
    (!elements.is_empty()).then_some(FieldPath { elements })
}

fn element(element: &validate::PathElement) -> FieldPathElement {
    let field_type = buffa::Enumeration::from_i32;
    FieldPathElement {
        field_number: (element.number != 0).then_some(element.number),
        field_name: Some(element.name.to_string()),
        field_type: field_type(element.field_type),
        key_type: field_type(element.key_type),
        value_type: field_type(element.value_type),
        subscript: element.subscript.as_ref().map(subscript),
    }
}

fn subscript(subscript: &validate::Subscript) -> Subscript {
    match subscript {
        validate::Subscript::Index(index) => Subscript::Index(*index),
        validate::Subscript::Bool(key) => Subscript::BoolKey(*key),
        validate::Subscript::Int(key) => Subscript::IntKey(*key),
        validate::Subscript::Uint(key) => Subscript::UintKey(*key),
        validate::Subscript::String(key) => Subscript::StringKey(key.to_string()),
    }
}
