//! Tests of values.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

#[test]
fn numbers_are_equal_across_their_types() {
    assert_eq!(Value::Int(1), Value::Double(1.0));
    assert_eq!(Value::Uint(u64::MAX), Value::Double(18_446_744_073_709_551_616.0));
    assert_ne!(Value::Int(-1), Value::Uint(u64::MAX));
    assert_ne!(Value::Int(1), Value::Bool(true));
    assert_ne!(Value::Int(1), Value::from("1"));
    assert_eq!(Value::Double(0.0), Value::Double(-0.0));
}

#[test]
fn nan_equals_nothing_and_has_no_order() {
    let nan = Value::Double(f64::NAN);
    assert_ne!(nan, nan.clone());
    assert_ne!(Value::List(vec![nan.clone()]), Value::List(vec![nan.clone()]));
    assert_eq!(nan.compare(&Value::Int(1)), Ok(None));
}

#[test]
fn maps_are_equal_whatever_their_order() {
    let entry = |key: Value, value: i64| (key, Value::Int(value));
    let left = Value::Map(vec![entry(Value::from("a"), 1), entry(Value::Int(1), 2)].into());
    let right = Value::Map(vec![entry(Value::Uint(1), 2), entry(Value::from("a"), 1)].into());
    assert_eq!(left, right);
    assert_ne!(left, Value::Map(vec![entry(Value::from("a"), 1)].into()));
    assert_eq!(left.get(&Value::Double(1.0)), Some(&Value::Int(2)));
    assert_eq!(left.get(&Value::from("b")), None);
}

#[test]
fn values_of_other_types_have_no_order() {
    for (left, right) in
        [(Value::Int(1), Value::from("a")), (Value::Null, Value::Null), (Value::Bool(true), Value::Int(1))]
    {
        assert_eq!(
            left.compare(&right).map_err(|error| error.to_string()),
            Err("no such overload".to_owned())
        );
    }
    assert_eq!(Value::Bool(false).compare(&Value::Bool(true)), Ok(Some(Ordering::Less)));
    assert_eq!(Value::Bytes(vec![1]).compare(&Value::Bytes(vec![0, 9])), Ok(Some(Ordering::Greater)));
}

#[test]
fn integers_are_rounded_before_they_are_compared_with_doubles() {
    // As the reference does: 2⁵³ + 1 has no double of its own.
    assert_eq!(Value::Int((1 << 53) + 1), Value::Double(9_007_199_254_740_992.0));
    assert_eq!(Value::Int(i64::MIN).compare(&Value::Double(-1e19)), Ok(Some(Ordering::Greater)));
    assert_eq!(Value::Uint(0).compare(&Value::Double(-0.5)), Ok(Some(Ordering::Greater)));
}

#[test]
fn a_value_is_padded_like_any_text() {
    assert_eq!(format!("[{:>4}]", Value::Int(7)), "[   7]");
}

fn values() -> impl Strategy<Value = Value> {
    let scalars = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3i64..3).prop_map(Value::Int),
        (0u64..3).prop_map(Value::Uint),
        (-3i8..3).prop_map(|number| Value::Double(number.into())),
        "[ab]{0,2}".prop_map(Value::String),
    ];
    scalars.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            ("[abc]", inner).prop_map(|(key, value)| Value::Map(vec![(Value::String(key), value)].into())),
        ]
    })
}

proptest! {
    #[test]
    fn equality_is_reflexive_and_symmetric(left in values(), right in values()) {
        prop_assert_eq!(&left, &left);
        prop_assert_eq!(left == right, right == left);
    }

    #[test]
    fn equal_is_what_is_neither_less_nor_greater(left in values(), right in values()) {
        if let Ok(ordering) = left.compare(&right) {
            prop_assert_eq!(ordering == Some(Ordering::Equal), left == right);
            prop_assert_eq!(right.compare(&left), Ok(ordering.map(Ordering::reverse)));
        }
    }
}
