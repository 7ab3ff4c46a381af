//! What comes of errors on the wire, and what is read of what peers send.

use std::borrow::Cow;
use std::error::Error;

use gannet_core::wire::{base64, percent};

use super::*;
use crate::{FieldPath, PathElement, Report, Rule, Settings, Stop, Subscript, cel, legacy};

static FIELD: [PathElement; 2] = [PathElement::new(1, "items", 11), PathElement::new(3, "näme", 9)];
static PATH: [PathElement; 2] = [PathElement::new(14, "string", 11), PathElement::new(2, "min_len", 4)];
static RULE: Rule =
    Rule { field: &FIELD, path: &PATH, id: "string.min_len", message: "must be at least 3 characters" };

static SHORTER: legacy::Rule = legacy::Rule::must("Name", "be shorter");

/// Breaks a rule so many times, each with this text.
struct Bad(usize, String);

impl Validate for Bad {
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        (0..self.0).try_for_each(|_| report.add_text(&RULE, self.1.clone()))
    }
}

fn error(count: usize, text: &str) -> ValidationError {
    Bad(count, text.to_owned()).validate().unwrap_err()
}

/// The bytes that a status takes as header fields, as RFC 9113 §6.5.2 counts them.
fn field_bytes(status: &Status) -> usize {
    let fields = [
        (":status", "200".to_owned()),
        ("content-type", "application/grpc".to_owned()),
        ("grpc-status", "13".to_owned()),
        ("grpc-message", percent::encode(status.message()).into_owned()),
        ("grpc-status-details-bin", base64::encode(status.details())),
    ];
    fields.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
}

#[test]
fn violations_are_invalid_argument_with_details_and_the_error_as_its_source() {
    let status = Status::from(error(2, "too short"));
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "validation errors:\n - items.näme: too short\n - items.näme: too short");
    let source = status.source().unwrap().downcast_ref::<ValidationError>().unwrap();
    assert_eq!(Violations::from_status(&status).unwrap().as_ref(), source.violations());
}

#[test]
fn a_fault_of_the_older_dialect_has_its_text_and_no_details() {
    static RULE: legacy::Rule = legacy::Rule::must("Name", "not be so");
    let fault = legacy::Fault::of_value(&RULE, "100%");
    let status = Status::from(ValidationError::from(fault));
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "invalid field Name: value '100%' must not be so");
    assert!(status.details().is_empty());
}

struct Broken(bool);

impl Validate for Broken {
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        if self.0 {
            report.fail("word.pieces", &cel::Error::new("division by zero"))
        } else {
            report.fail_unbuilt("no such rule")
        }
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_internal() {
    for (broken, text) in [
        (true, "runtime error: error evaluating word.pieces: division by zero"),
        (false, "compilation error: no such rule"),
    ] {
        let status = Status::from(Broken(broken).validate().unwrap_err());
        assert_eq!((status.code(), status.message()), (Code::Internal, text));
        assert!(status.details().is_empty());
    }
}

#[test]
fn whatever_is_wrong_clients_can_receive_it() {
    let texts = ["x".to_owned(), "é%\n".repeat(20), "long ".repeat(300), "ö".repeat(20_000)];
    for text in &texts {
        for count in [1, 2, 30, 100] {
            let status = Status::from(error(count, text));
            assert!(field_bytes(&status) <= 7 * 1024, "{count} of {}: {}", text.len(), field_bytes(&status));
            let told = Violations::from_status(&status).unwrap_or_default();
            if told.len() < count && !told.is_empty() {
                let left_out = format!("\n - ({} more: ", count - told.len());
                assert!(status.message().contains(&left_out), "{status}");
            }
            assert_eq!(told.is_empty(), text.len() > 10_000);
        }
        let fault = legacy::Fault::of_value(&SHORTER, text.as_str());
        let status = Status::from(ValidationError::from(fault));
        assert!(field_bytes(&status) <= 7 * 1024, "{}", field_bytes(&status));
        assert!(status.message().starts_with("invalid field Name: value '"), "{status}");
        assert!(status.message().ends_with("' must be shorter"), "{status}");
    }
}

struct Map;

impl Validate for Map {
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        report.add_at(&RULE, Subscript::String("k".repeat(1 << 20).into()), None, false)?;
        report.add(&RULE)
    }
}

#[test]
fn a_path_of_long_keys_is_left_out_and_others_are_told() {
    let status = Status::from(Map.validate().unwrap_err());
    assert!(field_bytes(&status) <= 7 * 1024);
    assert_eq!(Violations::from_status(&status).unwrap().len(), 1);
    assert!(status.message().ends_with("\n - (1 more: there is no room for them in a status)"), "{status}");
}

#[test]
fn all_that_a_violation_holds_comes_back() {
    let subscripts = [
        None,
        Some(Subscript::Index(0)),
        Some(Subscript::Index(u64::MAX)),
        Some(Subscript::Bool(false)),
        Some(Subscript::Int(-1)),
        Some(Subscript::Uint(7)),
        Some(Subscript::String(Cow::Borrowed(""))),
        Some(Subscript::String(Cow::Borrowed("a \"b\" ö"))),
    ];
    let violations = subscripts.map(|subscript| {
        let mut element = PathElement::new(300, "labels", 11).of_map(9, 5);
        element.subscript = subscript;
        Violation {
            field: vec![PathElement::new(0, "choice", 0), element].into(),
            rule: vec![PathElement::indexed(23, "cel", 11, 0)].into(),
            rule_id: Cow::Borrowed("a.b"),
            message: Cow::Borrowed(""),
            for_key: true,
        }
    });
    let violations = Violations::from(violations.to_vec());
    assert_eq!(Violations::decode(&violations.encode()).unwrap(), violations);
    let empty = Violations::from(vec![Violation {
        field: FieldPath::default(),
        rule: FieldPath::default(),
        rule_id: Cow::Borrowed(""),
        message: Cow::Borrowed(""),
        for_key: false,
    }]);
    assert_eq!(empty.encode(), [0x0a, 0]);
    assert_eq!(Violations::decode(&empty.encode()).unwrap(), empty);
}

#[test]
fn what_a_peer_sends_as_details_is_read_or_refused_but_never_trusted() {
    let status = Status::from(error(3, "bad"));
    let whole = status.details().to_vec();
    for length in 0..whole.len() {
        let cut = Status::invalid_argument("").with_details(whole[..length].to_vec());
        let _ = Violations::from_status(&cut);
        let mut changed = whole.clone();
        for byte in [0, 0x7f, 0x80, 0xff] {
            changed[length] = byte;
            let _ = Violations::from_status(&Status::invalid_argument("").with_details(changed.clone()));
        }
    }
    assert!(Violations::decode(b"\x0a\x7f").is_none());
    assert!(Violations::decode(b"\x0b\x0c").is_none(), "a group");
    // Fields that nobody knows are passed over.
    assert_eq!(Violations::decode(b"\x50\x01\x5d\0\0\0\0\x61\0\0\0\0\0\0\0\0\x6a\x01x").unwrap().len(), 0);
}

#[test]
fn other_details_are_no_violations() {
    let mut other = wire::rpc_status(3, "no", &[]);
    let at = other.len() - 3;
    assert_eq!(Violations::from_status(&Status::not_found("").with_details(other.clone())).unwrap().len(), 0);
    other[at - 1] = b'x';
    assert!(Violations::from_status(&Status::not_found("").with_details(other)).is_none());
}

#[test]
fn a_method_that_was_described_with_other_messages_says_so() {
    let status = check_of::<Bad>().run(&"text", &Settings::new()).unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("Bad"), "{status}");
}
