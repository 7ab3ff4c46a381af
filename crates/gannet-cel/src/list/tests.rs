//! Tests of lists.

use proptest::prelude::*;

use super::*;

#[test]
fn long_lists_are_looked_through_like_short_ones() {
    let mut items: Vec<u32> = (0..1000).collect();
    assert!(unique(&items));
    items.push(0);
    assert!(!unique(&items));
}

#[test]
fn the_zeros_are_equal_and_nan_is_not_itself_in_long_lists_too() {
    let mut doubles: Vec<f64> = (1..100).map(f64::from).collect();
    doubles.extend([f64::NAN, f64::NAN, 0.0]);
    assert!(unique_doubles(&doubles));
    doubles.push(-0.0);
    assert!(!unique_doubles(&doubles));
    let mut floats: Vec<f32> = (1u8..100).map(f32::from).collect();
    floats.extend([f32::NAN, f32::NAN, 0.0]);
    assert!(unique_floats(&floats));
    floats.push(-0.0);
    assert!(!unique_floats(&floats));
}

#[test]
fn strings_and_bytes_are_compared_by_what_they_hold() {
    assert!(!unique(&[String::from("a"), String::from("a")]));
    assert!(unique(&[vec![0u8], vec![0, 0], vec![]]));
    assert!(contains(&[1.0, f64::NAN], &1.0));
    assert!(!contains(&[f64::NAN], &f64::NAN));
}

proptest! {
    #[test]
    fn both_ways_agree(items in prop::collection::vec(0u8..40, 0..40)) {
        prop_assert_eq!(unique(&items), unique_pairwise(&items));
        let doubles: Vec<f64> = items.iter().map(|item| f64::from(*item)).collect();
        prop_assert_eq!(unique_doubles(&doubles), unique_pairwise(&items));
    }
}
