//! Validators made of contracts: which they refuse, and which messages they take.
//!
//! What they say of messages is compared with generated validators elsewhere: crates/gannet-codegen-tests, conformance.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use buffa_descriptor::reflect::DynamicMessage;
use gannet_validate::Settings;
use gannet_validate_dynamic::{Schema, Validator};

const CONTRACT: &str = "syntax = \"proto3\"; package a; import \"buf/validate/validate.proto\";
message User {
  string name = 1 [(buf.validate.field).string.min_len = 3];
  User friend = 2;
}
message Wrong {
  string name = 1 [(buf.validate.field).int32.gt = 3];
}
message Free { string name = 1; }
";

fn schema() -> Schema {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.proto");
    std::fs::write(&file, CONTRACT).unwrap();
    let config = gannet_build::Config::new().file(file);
    Schema::decode(&config.descriptors().unwrap()).unwrap()
}

fn message(schema: &Schema, name: &str, bytes: &[u8]) -> DynamicMessage {
    let index = schema.pool().message_index(name).unwrap();
    DynamicMessage::decode(Arc::clone(schema.pool()), index, bytes).unwrap()
}

#[test]
fn a_mistake_in_a_rule_has_its_place_and_what_to_do() {
    let error = Validator::new(&schema()).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.faults().len(), 1, "{text}");
    assert!(text.starts_with("a.proto:7: a.Wrong.name: rules of type `int32` stand on a field"), "{text}");
    let unknown = Validator::of_message(&schema(), "a.Nobody").unwrap_err();
    assert_eq!(unknown.to_string(), "a.Nobody: the contract has no such message");
}

#[test]
fn rules_of_other_messages_may_be_wrong() {
    let schema = schema();
    let validator = Validator::of_message(&schema, "a.User").unwrap();
    assert!(validator.has_rules("a.User") && !validator.has_rules("a.Free"));
    assert!(Validator::of_message(&schema, "a.Wrong").is_err());
}

#[test]
fn violations_of_what_a_message_holds_have_the_whole_path() {
    let schema = schema();
    let validator = Validator::of_message(&schema, "a.User").unwrap();
    assert!(validator.validate(&message(&schema, "a.User", b"\x0a\x04lisi")).is_ok());
    let broken = message(&schema, "a.User", b"\x0a\x02li\x12\x02\x12\x00");
    let error = validator.validate(&broken).unwrap_err();
    let fields: Vec<String> =
        error.violations().iter().map(|violation| violation.field.to_string()).collect();
    assert_eq!(fields, ["name", "friend.name", "friend.friend.name"]);
    let first = validator.validate_with(&broken, &Settings::new().fail_fast()).unwrap_err();
    assert_eq!(first.violations().len(), 1);
}

#[test]
fn a_message_of_descriptors_read_elsewhere_is_taken() {
    let validator = Validator::of_message(&schema(), "a.User").unwrap();
    let elsewhere = message(&schema(), "a.User", b"\x0a\x02li");
    let error = validator.validate(&elsewhere).unwrap_err();
    assert_eq!(error.to_string(), "validation error: name: must be at least 3 characters");
}
