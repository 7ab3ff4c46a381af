//! CEL's `list`, of whatever type its items have in Rust.

use std::collections::HashSet;
use std::hash::Hash;

/// Below this many items each one is compared with those before it: faster than a table, and nothing is allocated.
const COMPARED_PAIRWISE: usize = 16;

/// `size(items)`
pub fn size<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// `items.unique()`: whether no two items are equal, in time that grows with the number of items.
///
/// ```
/// use gannet_cel::list;
///
/// assert!(list::unique(&["a", "b"]));
/// assert!(!list::unique(&[1, 2, 1]));
/// ```
pub fn unique<T: Eq + Hash>(items: &[T]) -> bool {
    if items.len() <= COMPARED_PAIRWISE {
        return unique_pairwise(items);
    }
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| seen.insert(item))
}

/// `items.unique()` of doubles: `NaN` equals nothing, and the two zeros are equal.
///
/// ```
/// use gannet_cel::list;
///
/// assert!(list::unique_doubles(&[f64::NAN, f64::NAN]));
/// assert!(!list::unique_doubles(&[0.0, -0.0]));
/// ```
pub fn unique_doubles(items: &[f64]) -> bool {
    if items.len() <= COMPARED_PAIRWISE {
        return unique_pairwise(items);
    }
    let mut seen = HashSet::with_capacity(items.len());
    // Adding zero makes one zero of the two.
    items.iter().all(|item| item.is_nan() || seen.insert((item + 0.0).to_bits()))
}

/// `items.unique()` of the doubles that a field of type `float` holds.
pub fn unique_floats(items: &[f32]) -> bool {
    if items.len() <= COMPARED_PAIRWISE {
        return unique_pairwise(items);
    }
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| item.is_nan() || seen.insert((item + 0.0).to_bits()))
}

fn unique_pairwise<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().all(|(at, item)| items.iter().take(at).all(|earlier| earlier != item))
}

/// `item in items`
///
/// ```
/// use gannet_cel::list;
///
/// assert!(list::contains(&[String::from("a")], "a"));
/// ```
pub fn contains<T, U>(items: &[T], item: &U) -> bool
where
    T: PartialEq<U>,
    U: ?Sized,
{
    items.iter().any(|candidate| candidate == item)
}

#[cfg(test)]
mod tests;
