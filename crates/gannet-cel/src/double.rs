//! CEL's `double`: IEEE 754, 64 bits. Its arithmetic and its order are Rust's own and have no errors; all orders of `NaN`
//! are false.

use std::cmp::Ordering;

use crate::{Error, number};

/// 2⁶³ and 2⁶⁴: the first doubles above the ranges of `int` and `uint`.
pub(crate) const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
pub(crate) const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// `value.isNan()`
pub fn is_nan(value: f64) -> bool {
    value.is_nan()
}

/// `value.isInf(sign)`: whether it is infinity of that sign; of either one if the sign is 0.
///
/// ```
/// use gannet_cel::double;
///
/// assert!(double::is_inf(f64::NEG_INFINITY, 0));
/// assert!(!double::is_inf(f64::NEG_INFINITY, 1));
/// ```
pub fn is_inf(value: f64, sign: i64) -> bool {
    value.is_infinite() && (sign == 0 || (sign > 0) == (value > 0.0))
}

/// How a double stands to an `int`, which is rounded to a double for it, as cel-go does; nothing for `NaN`, of which no
/// order is true.
///
/// ```
/// use gannet_cel::double;
///
/// assert!(double::compare_int(0.5, 1).is_some_and(|ordering| ordering.is_lt()));
/// assert_eq!(double::compare_int(f64::NAN, 1), None);
/// ```
pub fn compare_int(left: f64, right: i64) -> Option<Ordering> {
    left.partial_cmp(&from_int(right))
}

/// How a double stands to a `uint`, which is rounded to a double for it, as cel-go does; nothing for `NaN`.
pub fn compare_uint(left: f64, right: u64) -> Option<Ordering> {
    left.partial_cmp(&from_uint(right))
}

/// `double(value)` of an `int`: the nearest one.
#[expect(clippy::cast_precision_loss, reason = "that is the conversion")]
pub fn from_int(value: i64) -> f64 {
    value as f64
}

/// `double(value)` of a `uint`: the nearest one.
#[expect(clippy::cast_precision_loss, reason = "that is the conversion")]
pub fn from_uint(value: u64) -> f64 {
    value as f64
}

/// `double(text)`: what Go's `strconv.ParseFloat` reads, among that hexadecimal digits (`0x1p-2`), `inf` and `nan`.
///
/// ```
/// use gannet_cel::double;
///
/// assert_eq!(double::from_string("1e3"), Ok(1000.0));
/// assert_eq!(double::from_string("0x1p-2"), Ok(0.25));
/// assert!(double::from_string("1e400").is_err());
/// ```
///
/// # Errors
/// The text is no number, or a number beyond the greatest double.
pub fn from_string(text: &str) -> Result<f64, Error> {
    number::parse(text).ok_or_else(|| Error::new("type conversion error from 'string' to 'double'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinity_has_a_sign() {
        assert!(is_inf(f64::INFINITY, 7) && is_inf(f64::NEG_INFINITY, -7) && is_inf(f64::INFINITY, 0));
        assert!(!is_inf(f64::INFINITY, -1) && !is_inf(f64::NAN, 0) && !is_inf(f64::MAX, 0));
    }

    #[test]
    fn what_is_no_number_is_told() {
        let told = from_string("one").map_err(|error| error.to_string());
        assert_eq!(told, Err("type conversion error from 'string' to 'double'".to_owned()));
    }
}
