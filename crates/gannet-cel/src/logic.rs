//! Logic over conditions that may fail, and lists.
//!
//! CEL's `&&` and `||` and the macros made of them are decided by either side: a failure counts only if the other side
//! does not settle the matter (CEL specification, "Logical operators").

use crate::Error;

/// `left && right`.
///
/// ```
/// use gannet_cel::{Error, logic};
///
/// assert_eq!(logic::and(|| Err(Error::new("division by zero")), || Ok(false)), Ok(false));
/// ```
///
/// # Errors
/// One side failed, and the other is not false.
pub fn and(
    left: impl FnOnce() -> Result<bool, Error>,
    right: impl FnOnce() -> Result<bool, Error>,
) -> Result<bool, Error> {
    match left() {
        Ok(false) => Ok(false),
        Ok(true) => right(),
        Err(error) => match right() {
            Ok(false) => Ok(false),
            _ => Err(error),
        },
    }
}

/// `left || right`.
///
/// # Errors
/// One side failed, and the other is not true.
pub fn or(
    left: impl FnOnce() -> Result<bool, Error>,
    right: impl FnOnce() -> Result<bool, Error>,
) -> Result<bool, Error> {
    match left() {
        Ok(true) => Ok(true),
        Ok(false) => right(),
        Err(error) => match right() {
            Ok(true) => Ok(true),
            _ => Err(error),
        },
    }
}

/// Whether the condition holds for all items.
///
/// # Errors
/// It failed for one, and is false for none.
pub fn all<T>(
    items: impl IntoIterator<Item = T>,
    mut condition: impl FnMut(T) -> Result<bool, Error>,
) -> Result<bool, Error> {
    let mut failure = None;
    for item in items {
        match condition(item) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(true), Err)
}

/// Whether the condition holds for an item.
///
/// # Errors
/// It failed for one, and is true for none.
pub fn exists<T>(
    items: impl IntoIterator<Item = T>,
    mut condition: impl FnMut(T) -> Result<bool, Error>,
) -> Result<bool, Error> {
    let mut failure = None;
    for item in items {
        match condition(item) {
            Ok(false) => {}
            Ok(true) => return Ok(true),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(false), Err)
}

/// Whether the condition holds for exactly one item.
///
/// # Errors
/// It failed for one.
pub fn exists_one<T>(
    items: impl IntoIterator<Item = T>,
    mut condition: impl FnMut(T) -> Result<bool, Error>,
) -> Result<bool, Error> {
    let mut count = 0usize;
    for item in items {
        count += usize::from(condition(item)?);
    }
    Ok(count == 1)
}

/// `items[index]`.
///
/// # Errors
/// There is no such item.
pub fn index<T>(items: &[T], index: i64) -> Result<&T, Error> {
    usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index))
        .ok_or_else(|| Error::new(format!("index out of bounds: {index}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing() -> Result<bool, Error> {
        Err(Error::new("division by zero"))
    }

    #[test]
    fn either_side_decides_whatever_becomes_of_the_other() {
        assert_eq!(and(failing, || Ok(false)), Ok(false));
        assert_eq!(and(|| Ok(false), failing), Ok(false));
        assert_eq!(or(failing, || Ok(true)), Ok(true));
        assert_eq!(or(|| Ok(true), failing), Ok(true));
        assert!(and(failing, || Ok(true)).is_err() && and(|| Ok(true), failing).is_err());
        assert!(or(failing, || Ok(false)).is_err() && or(|| Ok(false), failing).is_err());
    }

    #[test]
    fn one_item_decides_whatever_becomes_of_the_others() {
        let condition = |item: i64| if item == 0 { failing() } else { Ok(item > 1) };
        assert_eq!(all([0, 1], condition), Ok(false));
        assert!(all([0, 2], condition).is_err());
        assert_eq!(exists([0, 2], condition), Ok(true));
        assert!(exists([0, 1], condition).is_err());
        assert_eq!(exists_one([1, 2], condition), Ok(true));
        assert_eq!(exists_one([2, 2], condition), Ok(false));
        assert!(exists_one([0, 2], condition).is_err());
    }

    #[test]
    fn an_index_outside_of_a_list_is_an_error() {
        assert_eq!(index(&[7], 0), Ok(&7));
        assert!(index(&[7], 1).is_err() && index(&[7], -1).is_err());
    }
}
