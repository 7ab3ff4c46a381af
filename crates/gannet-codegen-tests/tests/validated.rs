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
    ($message:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let buffa = {
            use buffa_tree::validated::expressions::*;
            broken(&$message { $($field: $value.into(),)* ..Default::default() })
        };
        let prost = {
            use prost::validated::expressions::*;
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
    assert_eq!(nan, ["runtime error: integer overflow"]);
    let level = broken_in_both!(Numbers { a: 4, b: 0i64, c: 5u32, d: 1.0f32, e: "0", level: 5 });
    assert_eq!(level, ["level"]);
}

#[test]
fn strings_are_taken_apart() {
    assert_eq!(broken_in_both!(Texts { a: "a,b" }), NONE);
    assert_eq!(broken_in_both!(Texts { a: "A, b" }), ["case", "parts"]);
    assert_eq!(broken_in_both!(Texts { a: "axe" }), ["found"]);
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
