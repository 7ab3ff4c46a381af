//! CEL's `int`: 64 bits, signed; what leaves its range is an error, never a wrapped number.

use std::cmp::Ordering;

use crate::double::{self, TWO_TO_63};
use crate::{Duration, Error, Timestamp};

/// `left + right`
///
/// ```
/// use gannet_cel::int;
///
/// assert_eq!(int::add(1, 2), Ok(3));
/// assert_eq!(int::add(i64::MAX, 1).unwrap_err().to_string(), "integer overflow");
/// ```
///
/// # Errors
/// The sum is out of range.
pub fn add(left: i64, right: i64) -> Result<i64, Error> {
    left.checked_add(right).ok_or_else(overflow)
}

/// `left - right`
///
/// # Errors
/// The difference is out of range.
pub fn sub(left: i64, right: i64) -> Result<i64, Error> {
    left.checked_sub(right).ok_or_else(overflow)
}

/// `left * right`
///
/// # Errors
/// The product is out of range.
pub fn mul(left: i64, right: i64) -> Result<i64, Error> {
    left.checked_mul(right).ok_or_else(overflow)
}

/// `left / right`, rounded towards zero.
///
/// # Errors
/// The divisor is zero, or the quotient is out of range.
pub fn div(left: i64, right: i64) -> Result<i64, Error> {
    if right == 0 { Err(division_by_zero()) } else { left.checked_div(right).ok_or_else(overflow) }
}

/// `left % right`, of the sign of the left side.
///
/// # Errors
/// The divisor is zero, or the quotient is out of range.
pub fn rem(left: i64, right: i64) -> Result<i64, Error> {
    if right == 0 { Err(modulus_by_zero()) } else { left.checked_rem(right).ok_or_else(overflow) }
}

/// `-value`
///
/// # Errors
/// The value is the least `int`, which has no opposite.
pub fn neg(value: i64) -> Result<i64, Error> {
    value.checked_neg().ok_or_else(overflow)
}

/// `int(value)` of a `uint`.
///
/// # Errors
/// The value is above the greatest `int`.
pub fn from_uint(value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| overflow())
}

/// `int(value)` of a `double`, rounded towards zero.
///
/// ```
/// use gannet_cel::int;
///
/// assert_eq!(int::from_double(-2.9), Ok(-2));
/// assert!(int::from_double(f64::NAN).is_err());
/// ```
///
/// # Errors
/// The value is `NaN`, or not strictly between −2⁶³ and 2⁶³.
pub fn from_double(value: f64) -> Result<i64, Error> {
    if value > -TWO_TO_63 && value < TWO_TO_63 { Ok(value as i64) } else { Err(overflow()) }
}

/// `int(text)`: decimal digits, with a sign or without.
///
/// # Errors
/// The text is no such number, or the number is out of range.
pub fn from_string(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| Error::new("type conversion error from 'string' to 'int'"))
}

/// `int(timestamp)`: whole seconds since 1970-01-01T00:00:00Z.
pub fn from_timestamp(value: Timestamp) -> i64 {
    value.seconds
}

/// `int(duration)`: nanoseconds.
///
/// # Errors
/// More than 2⁶³ nanoseconds: about 292 years.
pub fn from_duration(value: Duration) -> Result<i64, Error> {
    i64::try_from(value.total_nanos()).map_err(|_| overflow())
}

/// How an `int` stands to a `uint`.
pub fn compare_uint(left: i64, right: u64) -> Ordering {
    i128::from(left).cmp(&i128::from(right))
}

/// How an `int` stands to a `double`, for which it is rounded to one, as cel-go does; nothing for `NaN`.
pub fn compare_double(left: i64, right: f64) -> Option<Ordering> {
    double::compare_int(right, left).map(Ordering::reverse)
}

#[cold]
pub(crate) fn overflow() -> Error {
    Error::new("integer overflow")
}

#[cold]
pub(crate) fn division_by_zero() -> Error {
    Error::new("division by zero")
}

#[cold]
pub(crate) fn modulus_by_zero() -> Error {
    Error::new("modulus by zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault<T>(result: Result<T, Error>) -> Option<String> {
        result.err().map(|error| error.to_string())
    }

    #[test]
    fn what_leaves_the_range_is_an_error() {
        let faults = [
            add(i64::MAX, 1),
            sub(i64::MIN, 1),
            mul(i64::MIN, -1),
            div(i64::MIN, -1),
            rem(i64::MIN, -1),
            neg(i64::MIN),
            from_uint(1 << 63),
            from_double(9.3e18),
            from_double(-9_223_372_036_854_775_808.0),
            from_double(f64::NAN),
            from_duration(Duration { seconds: i64::MAX, nanos: 0 }),
        ];
        for result in faults {
            assert_eq!(fault(result).as_deref(), Some("integer overflow"));
        }
        assert_eq!(from_double(9_223_372_036_854_774_784.0), Ok(9_223_372_036_854_774_784));
        assert_eq!((add(i64::MAX, -1), neg(i64::MAX)), (Ok(i64::MAX - 1), Ok(-i64::MAX)));
    }

    #[test]
    fn division_goes_towards_zero() {
        assert_eq!((div(-7, 2), rem(-7, 2), rem(7, -2)), (Ok(-3), Ok(-1), Ok(1)));
        assert_eq!(fault(div(1, 0)).as_deref(), Some("division by zero"));
        assert_eq!(fault(rem(1, 0)).as_deref(), Some("modulus by zero"));
    }

    #[test]
    fn only_decimal_digits_are_a_number() {
        assert_eq!((from_string("-9223372036854775808"), from_string("+07")), (Ok(i64::MIN), Ok(7)));
        for text in ["", "-", "1_0", "0x1", "1.0", " 1", "9223372036854775808"] {
            let told = fault(from_string(text));
            assert_eq!(told.as_deref(), Some("type conversion error from 'string' to 'int'"), "{text:?}");
        }
    }

    #[test]
    fn times_become_seconds_and_durations_nanoseconds() {
        assert_eq!(from_timestamp(Timestamp { seconds: -1, nanos: 5 }), -1);
        assert_eq!(from_duration(Duration { seconds: -1, nanos: -5 }), Ok(-1_000_000_005));
    }
}
