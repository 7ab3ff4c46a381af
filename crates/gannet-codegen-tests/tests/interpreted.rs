//! Rules that are interpreted, as they cannot be compiled: they say the same of messages of buffa and of prost.

use std::collections::BTreeMap;

use gannet::codegen::prost::Message as _;
use gannet::codegen::prost_types;
use gannet::validate::{Settings, Validate, ValidationError};
use gannet_codegen_tests::interpreted_prost::interpreted::envelopes::{
    Envelope, Parts, Point, Scalars, Section, scalars,
};
use gannet_codegen_tests::{interpreted, interpreted_prost};
use prost_types::value::Kind;
use prost_types::{Any, ListValue, Struct, Value};

/// What is broken, as rule and path, or how the validation failed.
fn broken(result: Result<(), ValidationError>) -> Vec<String> {
    match result {
        Ok(()) => Vec::new(),
        Err(error) if error.violations().is_empty() => vec![error.to_string()],
        Err(error) => error
            .violations()
            .iter()
            .map(|violation| format!("{} {}: {}", violation.rule_id, violation.field, violation.message))
            .collect(),
    }
}

/// What a message of prost and the same of buffa are found to break.
macro_rules! broken_in_both {
    ($type:ident, $message:expr) => {{
        use gannet::codegen::buffa::Message as _;
        let message: interpreted_prost::interpreted::envelopes::$type = $message;
        let encoded = message.encode_to_vec();
        let other = interpreted::interpreted::envelopes::$type::decode_from_slice(&encoded)
            .expect("one library reads what the other wrote");
        let found = broken(message.validate());
        assert_eq!(found, broken(other.validate()), "the libraries disagree");
        found
    }};
}

const NONE: [&str; 0] = [];

fn packed(point: Point) -> Any {
    Any {
        type_url: "type.googleapis.com/interpreted.envelopes.Point".to_owned(),
        value: point.encode_to_vec(),
    }
}

fn unknown() -> Any {
    Any { type_url: "type.googleapis.com/somebody.Elses".to_owned(), value: Vec::new() }
}

fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.to_owned())) }
}

fn number(number: f64) -> Value {
    Value { kind: Some(Kind::NumberValue(number)) }
}

fn list(values: Vec<Value>) -> Value {
    Value { kind: Some(Kind::ListValue(ListValue { values })) }
}

fn object(fields: &[(&str, Value)]) -> Struct {
    let fields: BTreeMap<String, Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Struct { fields }
}

fn envelope(body: Option<Any>, color: Value) -> Envelope {
    Envelope { body, attributes: Some(object(&[("color", color)])), name: "short".to_owned() }
}

#[test]
fn what_an_any_and_a_struct_hold_can_be_asked_for() {
    let near = packed(Point { x: 1, y: 2 });
    let far = packed(Point { x: 50, y: 60 });
    assert_eq!(broken_in_both!(Envelope, envelope(Some(near), text("red"))), NONE);
    assert_eq!(broken_in_both!(Envelope, envelope(None, text("blue"))), NONE);
    assert_eq!(
        broken_in_both!(Envelope, envelope(Some(far), number(1.5))),
        ["envelope.far : a point in the body must not be far", "envelope.color : no color: 1.5"]
    );
    assert_eq!(
        broken_in_both!(Envelope, Envelope { name: "long".repeat(10), ..Envelope::default() }),
        ["envelope.color : no color: none", "envelope.name : \"this.name.size() < 20\" returned false",],
        "compiled rules stand beside interpreted ones, in their order"
    );
}

#[test]
fn an_any_of_a_type_that_the_contract_does_not_know_fails_the_validation() {
    let found = broken_in_both!(Envelope, envelope(Some(unknown()), text("red")));
    assert!(found[0].contains("somebody.Elses"), "{found:?}");
    assert_eq!(found.len(), 1);
}

#[test]
fn lists_and_maps_are_handed_over_whole_and_their_items_one_by_one() {
    let good = Parts {
        parts: vec![packed(Point { x: 1, y: 0 }), packed(Point { x: 0, y: 0 })],
        extras: [("a".to_owned(), number(1.0))].into(),
        items: vec![list(vec![text("first"), number(2.0)])],
        points: [(1, Point { x: 1, y: 2 }), (3, Point { x: 3, y: 6 })].into(),
        wrapped: vec![1, 2],
    };
    assert_eq!(broken_in_both!(Parts, good.clone()), NONE);
    let bad = Parts {
        parts: vec![packed(Point { x: -1, y: 0 })],
        extras: [("zero".to_owned(), number(0.0))].into(),
        items: vec![list(vec![text("first")]), list(vec![text("other")])],
        points: [(1, Point { x: 1, y: 3 })].into(),
        wrapped: vec![1, 3],
    };
    let rules: Vec<String> = broken_in_both!(Parts, bad)
        .iter()
        .filter_map(|broken| broken.split_once(": ").map(|(rule, _)| rule.to_owned()))
        .collect();
    assert_eq!(
        rules,
        [
            "parts.points parts",
            "extras.number extras[\"zero\"]",
            "items.list items[1]",
            "points.made points",
            "wrapped.null wrapped"
        ]
    );
    let short = Parts { items: vec![list(Vec::new())], ..good };
    let failed = broken_in_both!(Parts, short);
    assert!(failed[0].contains("index"), "{failed:?}");
}

#[test]
fn maps_and_unlike_lists_can_be_made_and_predefined_rules_know_their_own_value() {
    let good = Scalars {
        grade: "high".to_owned(),
        count: 2,
        ratio: Some(0.5),
        mark: vec![1].into(),
        choice: Some(scalars::Choice::Value(Value {
            kind: Some(Kind::StructValue(object(&[(
                "deep",
                Value {
                    kind: Some(Kind::StructValue(object(&[(
                        "deeper",
                        list(vec![number(1.0), number(2.0)]),
                    )]))),
                },
            )]))),
        })),
    };
    assert_eq!(broken_in_both!(Scalars, good.clone()), NONE);
    let low = Scalars { grade: "low".to_owned(), ratio: Some(0.7), ..good.clone() };
    assert_eq!(
        broken_in_both!(Scalars, low),
        [
            "string.grade grade: must be graded 2 at least",
            "ratio.known ratio: \"this in {0.5: true, 1.0: true}\" returned false"
        ]
    );
    let missing = broken_in_both!(Scalars, Scalars { count: 3, ..good });
    assert!(missing[0].contains("no such key"), "{missing:?}");
}

/// Sections in one another, the innermost with a text of so many bytes.
fn sections(levels: usize, bytes: usize) -> Section {
    let titled = |words: String, sections: Vec<Section>| Section {
        attributes: Some(object(&[("title", text("a title"))])),
        text: words,
        sections,
    };
    (1..levels).fold(titled("x".repeat(bytes), Vec::new()), |inner, _| titled(String::new(), vec![inner]))
}

#[test]
fn all_interpreted_rules_about_a_message_look_into_it_once() {
    let section = sections(1, 1000);
    let once = Settings::new().interpret_at_most(section.encoded_len());
    assert_eq!(broken(section.validate_with(&once)), NONE, "there are two rules");
    let less = Settings::new().interpret_at_most(section.encoded_len() - 1);
    let failed = section.validate_with(&less).expect_err("there is no room");
    assert!(failed.is_of_contract() && failed.to_string().contains("`interpreted_limit`"), "{failed}");
}

#[test]
fn what_is_nested_cannot_make_interpreted_rules_work_without_bound() {
    assert_eq!(broken_in_both!(Section, sections(20, 1_000_000)), NONE);
    let found = broken_in_both!(Section, sections(80, 1_000_000));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("error evaluating section.title: interpreted rules would look"), "{found:?}");
    let raised = Settings::new().interpret_at_most(usize::MAX);
    assert_eq!(broken(sections(80, 1_000_000).validate_with(&raised)), NONE);
}
