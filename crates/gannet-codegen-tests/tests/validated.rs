//! What validators say of messages, the same with messages of buffa and of prost: expressions in every shape, and names
//! that Rust keeps for itself.

#![allow(clippy::needless_update, reason = "some messages are made with all of their fields")]

use gannet::validate::Validate;
use gannet_codegen_tests::{buffa_tree, prost};

/// The rules that a message breaks, by their ids; how its evaluation failed, if it did.
fn broken(message: &impl Validate) -> Vec<String> {
    match message.validate() {
        Ok(()) => Vec::new(),
        Err(error) if error.violations().is_empty() => vec![error.to_string()],
        Err(error) => error.violations().iter().map(|violation| violation.rule_id.to_string()).collect(),
    }
}

/// Makes the same message with both libraries, and gives what both say of it.
macro_rules! broken_in_both {
    ($message:ident $fields:tt) => { broken_in_both!(expressions::$message $fields) };
    ($package:ident::$message:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let buffa = {
            use buffa_tree::validated::$package::*;
            broken(&$message { $($field: $value.into(),)* ..Default::default() })
        };
        let prost = {
            use prost::validated::$package::*;
            broken(&$message { $($field: $value.into(),)* ..Default::default() })
        };
        assert_eq!(buffa, prost, "the libraries disagree");
        buffa
    }};
}

const NONE: [&str; 0] = [];

#[test]
fn what_is_absent_counts_as_its_default() {
    assert_eq!(broken_in_both!(Absent {}), NONE);
    let deep = buffa_tree::validated::expressions::Inner {
        inner: buffa_tree::validated::expressions::Inner {
            number: 3,
            maybe: Some(String::new()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let absent = buffa_tree::validated::expressions::Absent { inner: deep.into() };
    assert_eq!(
        broken(&absent),
        [
            "this.inner.inner.number == 0 && this.inner.inner.text == ''",
            "!has(this.inner.inner.maybe) && !has(this.inner.inner.word)"
        ]
    );
}

#[test]
fn numbers_are_compared_across_types_and_fail_where_cel_does() {
    let valid = broken_in_both!(Numbers { a: 1, b: 2i64, c: 5u32, d: 2.0f32, e: "2x" });
    assert_eq!(valid, NONE);
    assert_eq!(broken_in_both!(Numbers { a: 60, b: 60i64, c: 61u32, d: 60.0f32, e: "60" }), ["sum"]);
    assert_eq!(broken_in_both!(Numbers { a: 6, b: 2i64, c: 6u32, d: 2.0f32, e: "2" }), ["mixed"]);
    let decided = broken_in_both!(Numbers { a: -1, b: 1i64, c: 1u32, d: 1.0f32, e: "1" });
    assert_eq!(decided, ["negative"], "uint(-1) fails, but what is false is false");
    let nan = broken_in_both!(Numbers { a: 1, b: 0i64, c: 2u32, d: f32::NAN, e: "0" });
    assert_eq!(nan, ["runtime error: error evaluating negative: integer overflow"]);
    let level = broken_in_both!(Numbers { a: 4, b: 0i64, c: 5u32, d: 1.0f32, e: "0", level: 5 });
    assert_eq!(level, ["level"]);
}

#[test]
fn strings_are_taken_apart() {
    assert_eq!(broken_in_both!(Texts { a: "a,b" }), NONE);
    assert_eq!(broken_in_both!(Texts { a: "A, b" }), ["case", "parts"]);
    assert_eq!(broken_in_both!(Texts { a: "axe" }), ["found"]);
    assert_eq!(broken_in_both!(Texts { a: "q\\" }), ["quoted"], "a backslash is doubled");
    assert_eq!(broken_in_both!(Texts { a: "abc", pattern: "^b" }), ["matched"]);
    assert_eq!(broken_in_both!(Texts { a: "abc", pattern: "b(" }).len(), 1);
    assert_eq!(broken_in_both!(Texts { a: "a", pattern: "b?" }), NONE);
    assert_eq!(broken_in_both!(Texts { a: "a", data: vec![2u8] }), ["bytes"]);
    let bad = buffa_tree::validated::expressions::Texts { a: "bad".into(), ..Default::default() };
    let error = bad.validate().expect_err("the rule says so");
    assert_eq!(error.violations()[0].message, "it is bad, of 3 characters");
}

#[test]
fn macros_go_through_lists_and_maps() {
    assert_eq!(broken_in_both!(Collections {}), NONE);
    assert_eq!(broken_in_both!(Collections { numbers: vec![1, 2] }), NONE);
    assert_eq!(broken_in_both!(Collections { numbers: vec![1, 1] }), ["one"]);
    assert_eq!(broken_in_both!(Collections { numbers: vec![13, 1] }), ["first", "absorbed"]);
    assert_eq!(broken_in_both!(Collections { numbers: vec![1, 9] }), ["in"]);
    assert_eq!(broken_in_both!(Collections { numbers: vec![1, 6, 7, 8] }), ["filtered"]);
    let of_buffa = |key: &str, count: i32| buffa_tree::validated::expressions::Collections {
        counts: [(key.to_owned(), count)].into_iter().collect(),
        ..Default::default()
    };
    let of_prost = |key: &str, count: i32| prost::validated::expressions::Collections {
        counts: [(key.to_owned(), count)].into_iter().collect(),
        ..Default::default()
    };
    for (key, count, expected) in [("a", 5, &NONE[..]), ("a", 0, &["key"]), ("z", 1, &["in"])] {
        assert_eq!(broken(&of_buffa(key, count)), expected);
        assert_eq!(broken(&of_prost(key, count)), expected);
    }
}

#[test]
fn a_failure_counts_only_if_the_other_side_does_not_decide() {
    // 10 / (numbers[0] - 1) fails for 1; the last part of the condition makes good for it.
    assert_eq!(broken_in_both!(Collections { numbers: vec![1] }), NONE);
}

#[test]
fn the_variable_of_an_inner_macro_hides_that_of_the_outer() {
    use buffa_tree::validated::expressions::{Collections, Inner};
    let with = |number: i64| Collections {
        inners: vec![Inner { numbers: vec![number], ..Default::default() }],
        ..Default::default()
    };
    assert_eq!(broken(&with(7)), NONE);
    assert_eq!(broken(&with(8)), ["shadow"]);
    assert_eq!(broken(&with(-7)), ["nested", "shadow"]);
}

#[test]
fn times_are_ordered_and_printed() {
    use buffa_tree::validated::expressions::Times;
    use gannet::well_known::{Duration, Timestamp};
    let at = |seconds: i64| Timestamp { seconds, ..Default::default() };
    let times = |start, end, took| Times {
        start: at(start).into(),
        end: at(end).into(),
        took: Duration { seconds: took, ..Default::default() }.into(),
    };
    assert_eq!(broken(&times(1_000, 2_000, 5)), NONE);
    assert_eq!(broken(&times(2_000, 1_000, 5)), ["order"]);
    assert_eq!(broken(&times(40_000_000_000, 40_000_000_001, 5)), ["year", "past"]);
    assert_eq!(broken(&times(-5, 5, 7)), ["fixed", "printed"]);
    assert_eq!(broken(&times(1, 5, 60)), ["length"]);
}

#[test]
fn wrappers_are_null_or_their_value() {
    use buffa_tree::validated::expressions::Wrappers;
    use gannet::well_known::{Int32Value, Int64Value, StringValue};
    use prost::validated::expressions::Wrappers as OfProst;

    let wrappers = |a: i64, b: &str| Wrappers {
        a: Int64Value { value: a, ..Default::default() }.into(),
        b: StringValue { value: b.into(), ..Default::default() }.into(),
        ..Default::default()
    };
    assert_eq!(broken(&Wrappers::default()), NONE);
    assert_eq!(broken(&wrappers(7, "7")), NONE);
    assert_eq!(broken(&wrappers(0, "7")), ["null", "pair"]);
    assert_eq!(broken(&wrappers(5, "five")), ["pair", "equal"]);
    let list = Wrappers { list: vec![Int32Value { value: 1, ..Default::default() }], ..Default::default() };
    assert_eq!(broken(&list), ["int32.gt"]);

    let of_prost = |a: i64, b: &str| OfProst { a: Some(a), b: Some(b.into()), ..Default::default() };
    assert_eq!(broken(&of_prost(7, "7")), NONE);
    assert_eq!(broken(&of_prost(5, "five")), ["pair", "equal"]);
    assert_eq!(broken(&OfProst { list: vec![1], ..Default::default() }), ["int32.gt"]);
}

#[test]
fn words_of_rust_are_names_like_any_other() {
    let expression = "this.type != this.self && this.`in`.all(match, match != 'fn')";
    assert_eq!(broken_in_both!(Words { r#type: "a" }), NONE);
    assert_eq!(broken_in_both!(Words {}), [expression, "string.min_len"]);
    assert_eq!(broken_in_both!(Words { r#type: "a", r#in: vec!["fn".to_owned()] }), [expression]);
}

#[test]
fn one_of_some_fields_must_be_set_and_no_more_than_one() {
    assert_eq!(broken_in_both!(Oneofs {}), ["message.oneof"]);
    assert_eq!(broken_in_both!(Oneofs { a: "abc" }), NONE);
    assert_eq!(broken_in_both!(Oneofs { a: "ab" }), ["string.len"]);
    assert_eq!(broken_in_both!(Oneofs { a: "abc", d: 1.0 }), ["message.oneof"]);
    assert_eq!(broken_in_both!(Oneofs { b: vec![1] }), ["repeated.min_items"]);
    assert_eq!(broken_in_both!(Oneofs { c: Some(false) }), ["bool.const"]);
}

#[test]
fn paths_lead_to_items_and_keys() {
    use buffa_tree::validated::expressions::Wrappers;
    use gannet::well_known::{Int32Value, StringValue};
    let message = Wrappers {
        list: vec![Int32Value { value: 3, ..Default::default() }, Int32Value::default()],
        map: [("k\"".to_owned(), StringValue::default())].into_iter().collect(),
        ..Default::default()
    };
    let error = message.validate().expect_err("two rules are broken");
    assert_eq!(
        error.to_string(),
        "validation errors:\n - list[1]: must be greater than 2\n - map[\"k\\\"\"]: must be at least 2 characters"
    );
}

#[test]
fn no_bytes_have_no_prefix_and_a_zero_byte_is_one_like_any_other() {
    let frame = |head: &[u8], body: &[u8], tail: &[u8]| {
        broken_in_both!(edges::Frame { head: head.to_vec(), body: body.to_vec(), tail: tail.to_vec() })
    };
    assert_eq!(frame(b"\xCA\xFE\0", b"f\0or", b"\0end"), NONE);
    assert_eq!(frame(b"\xCA\xFE", b"or\0", b"an end"), NONE);
    assert_eq!(frame(b"\xCA\0\xFE", b"o\0r", b"end\0"), ["bytes.prefix", "bytes.contains", "bytes.suffix"]);
    let error = buffa_tree::validated::edges::Frame::default().validate().expect_err("all three are empty");
    let told: Vec<_> = error.violations().iter().map(|violation| violation.message.as_ref()).collect();
    assert_eq!(told, ["does not have prefix cafe", "does not contain 6f72", "does not have suffix 656e64"]);
}

#[test]
fn the_dot_at_the_end_of_a_host_name_does_not_count_as_one_of_its_characters() {
    let name = |length: usize| format!("{}z", "abc.".repeat(64).get(..length - 1).unwrap_or_default());
    let host = |name: &str| broken_in_both!(edges::Host { by_rule: name, by_expression: name });
    let (longest, too_long) = (name(253), name(254));
    assert_eq!((longest.len(), too_long.len()), (253, 254));
    assert_eq!(host(&longest), NONE);
    assert_eq!(host(&format!("{longest}.")), NONE);
    assert_eq!(host(&too_long), ["string.hostname", "host"]);
    assert_eq!(host(&format!("{longest}..")), ["string.hostname", "host"]);
}

#[test]
fn a_time_is_asked_for_what_the_clocks_of_a_place_show() {
    use buffa_tree::validated::edges::Opening as OfBuffa;
    use gannet::well_known::Timestamp;
    use prost::validated::edges::Opening as OfProst;

    let opening = |at: i64, there: i64, zone: &str| {
        let of_buffa = OfBuffa {
            at: Timestamp { seconds: at, ..Default::default() }.into(),
            there: Timestamp { seconds: there, ..Default::default() }.into(),
            zone: zone.into(),
        };
        let mut of_prost = OfProst { zone: zone.into(), ..Default::default() };
        of_prost.at.get_or_insert_default().seconds = at;
        of_prost.there.get_or_insert_default().seconds = there;
        let said = broken(&of_buffa);
        assert_eq!(said, broken(&of_prost), "the libraries disagree");
        said
    };
    // 2024-03-31, when clocks go from 2 to 3 in Berlin: 07:30 UTC is 09:30 there, and was 08:30 the day before.
    let (before, changed) = (1_711_783_800, 1_711_870_200);
    assert_eq!(opening(changed, 0, ""), ["kathmandu"], "in 1970 it was 5:30 there");
    assert_eq!(opening(changed, changed, ""), ["kathmandu"], "it is 13:15 there");
    let quarter = changed + 1_800;
    assert_eq!(opening(changed, quarter, ""), NONE);
    assert_eq!(opening(before, quarter, ""), ["berlin"]);
    // It is Sunday at 07:30 in UTC, and still Saturday in Honolulu.
    assert_eq!(opening(changed, quarter, "UTC"), NONE);
    assert_eq!(opening(changed, quarter, "+16:29"), NONE);
    assert_eq!(opening(changed, quarter, "+16:30"), ["zone"]);
    assert_eq!(opening(changed, quarter, "Pacific/Honolulu"), ["zone"]);
    assert_eq!(
        opening(changed, quarter, "Nowhere/Land"),
        ["runtime error: error evaluating zone: unknown time zone Nowhere/Land"]
    );
}
