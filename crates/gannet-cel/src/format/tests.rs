//! Tests of templates. What is written and what is refused was read off cel-go 0.32.

use proptest::prelude::*;

use super::*;
use crate::{Duration, Timestamp};

fn formatted(template: &str, argument: impl Into<Value>) -> String {
    format(template, &[argument.into()]).unwrap_or_else(|error| error.to_string())
}

#[test]
fn all_values_are_written_as_strings() {
    let map = Value::Map(
        vec![(Value::from("b"), Value::Int(1)), (Value::from("a"), Value::from_iter([2i64]))].into(),
    );
    let list = Value::List(vec![
        Value::Int(1),
        Value::Uint(2),
        Value::Double(3.5),
        Value::from("x"),
        Value::Bytes(b"y".to_vec()),
        Value::Bool(true),
        Value::Null,
        map,
        Value::Duration(Duration { seconds: 90, nanos: 0 }),
        Value::Timestamp(Timestamp { seconds: 0, nanos: 0 }),
        Value::Type("int".to_owned()),
        Value::List(Vec::new()),
    ]);
    assert_eq!(
        formatted("%s", list),
        "[1, 2, 3.5, x, y, true, null, {a: [2], b: 1}, 90s, 1970-01-01T00:00:00Z, int, []]"
    );
}

#[test]
fn limits_in_messages_are_written_shortly() {
    assert_eq!(formatted("must be less than %s", 0.1), "must be less than 0.1");
    assert_eq!(formatted("%s", 0.1f32), "0.10000000149011612");
    assert_eq!(formatted("%s", 1e21), "1000000000000000000000");
    assert_eq!(formatted("%s", f64::NEG_INFINITY), "-Infinity");
    assert_eq!(formatted("%s", Duration { seconds: 0, nanos: 500_000_000 }), "0.5s");
    assert_eq!(formatted("%s", Duration { seconds: -1, nanos: -1 }), "-1.000000001s");
    assert_eq!(formatted("%s", Timestamp { seconds: 1, nanos: 20_000_000 }), "1970-01-01T00:00:01.02Z");
    assert_eq!(formatted("%x", &b"\x00\xff"[..]), "00ff");
}

#[test]
fn numbers_are_written_in_all_bases() {
    assert_eq!(formatted("%d", -1i64), "-1");
    assert_eq!(formatted("%d", 1e21), "1000000000000000000000");
    assert_eq!(formatted("%b|", -5i64), "-101|");
    assert_eq!(formatted("%b", true), "1");
    assert_eq!(formatted("%o", i64::MIN), "-1000000000000000000000");
    assert_eq!(formatted("%X", 3054u64), "BEE");
    assert_eq!(formatted("%x", -255i64), "-ff");
    assert_eq!(formatted("%X", "Hello"), "48656C6C6F");
}

#[test]
fn precision_is_that_of_the_clause_or_six() {
    assert_eq!(formatted("%f", 1i64), "1.000000");
    assert_eq!(formatted("%.0f", 2.5), "2");
    assert_eq!(formatted("%.3e", 1234.5), "1.234e+03");
    assert_eq!(formatted("%e", u64::MAX), "1.844674e+19");
    assert_eq!(formatted("%f", f64::NAN), "NaN");
    assert_eq!(formatted("%.100f", 0.5).len(), 102);
}

#[test]
fn what_is_no_clause_is_kept() {
    assert_eq!(format("100%% of %s, ö", &[Value::Int(7), Value::Int(8)]), Ok("100% of 7, ö".to_owned()));
    assert_eq!(format("", &[]), Ok(String::new()));
}

#[test]
fn faults_of_templates_are_told_as_by_the_reference() {
    let told = [
        ("%s %s", "index 1 out of range"),
        ("%", "unexpected end of string"),
        ("%q", "could not parse formatting clause: unrecognized formatting clause \"q\""),
        (
            "%.",
            "could not parse formatting clause: error while parsing precision: could not find end of precision specifier",
        ),
        (
            "%.f",
            "could not parse formatting clause: error while parsing precision: error while converting precision to \
             integer: strconv.Atoi: parsing \"\": invalid syntax",
        ),
        (
            "%.101f",
            "could not parse formatting clause: error while parsing precision: precision 101 exceeds maximum allowed \
             precision 100",
        ),
        (
            "%.99999999999999999999f",
            "could not parse formatting clause: error while parsing precision: error while converting precision to \
             integer: strconv.Atoi: parsing \"99999999999999999999\": value out of range",
        ),
    ];
    for (template, message) in told {
        assert_eq!(formatted(template, 1i64), message);
    }
    assert_eq!(format("%", &[]).map_err(|error| error.to_string()), Err("index 0 out of range".to_owned()));
}

#[test]
fn faults_of_arguments_name_their_type() {
    let told = [
        (
            "%d",
            "decimal clause can only be used on ints, uints, and doubles, was given google.protobuf.Duration",
        ),
        (
            "%f",
            "fixed-point clause can only be used on ints, uints, and doubles, was given google.protobuf.Duration",
        ),
        (
            "%e",
            "scientific clause can only be used on ints, uints, and doubles, was given google.protobuf.Duration",
        ),
        ("%b", "only ints, uints, and bools can be formatted as binary, was given google.protobuf.Duration"),
        ("%o", "octal clause can only be used on ints and uints, was given google.protobuf.Duration"),
        (
            "%X",
            "only ints, uints, bytes, and strings can be formatted as hex, was given google.protobuf.Duration",
        ),
    ];
    for (template, message) in told {
        assert_eq!(formatted(template, Duration::default()), format!("error during formatting: {message}"));
    }
}

proptest! {
    #[test]
    fn any_template_is_written_or_refused(template in "([%.sdfexXob0-9ö]|%s|%.2f){0,12}", number: f64) {
        let _ = format(&template, &[Value::Double(number), Value::from("ö"), Value::Int(-1)]);
    }

    #[test]
    fn text_without_a_percent_sign_is_kept(template in "[^%]*") {
        prop_assert_eq!(format(&template, &[]), Ok(template));
    }
}
