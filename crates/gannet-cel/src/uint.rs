//! CEL's `uint`: 64 bits, unsigned; what leaves its range is an error, never a wrapped number.

use std::cmp::Ordering;

use crate::Error;
use crate::double::{self, TWO_TO_64};
use crate::int::{division_by_zero, modulus_by_zero};

/// `left + right`
///
/// # Errors
/// The sum is out of range.
pub fn add(left: u64, right: u64) -> Result<u64, Error> {
    left.checked_add(right).ok_or_else(overflow)
}

/// `left - right`
///
/// ```
/// use gannet_cel::uint;
///
/// assert_eq!(uint::sub(1, 2).unwrap_err().to_string(), "unsigned integer overflow");
/// ```
///
/// # Errors
/// The right side is the greater one.
pub fn sub(left: u64, right: u64) -> Result<u64, Error> {
    left.checked_sub(right).ok_or_else(overflow)
}

/// `left * right`
///
/// # Errors
/// The product is out of range.
pub fn mul(left: u64, right: u64) -> Result<u64, Error> {
    left.checked_mul(right).ok_or_else(overflow)
}

/// `left / right`, rounded down.
///
/// # Errors
/// The divisor is zero.
pub fn div(left: u64, right: u64) -> Result<u64, Error> {
    left.checked_div(right).ok_or_else(division_by_zero)
}

/// `left % right`
///
/// # Errors
/// The divisor is zero.
pub fn rem(left: u64, right: u64) -> Result<u64, Error> {
    left.checked_rem(right).ok_or_else(modulus_by_zero)
}

/// `uint(value)` of an `int`.
///
/// # Errors
/// The value is negative.
pub fn from_int(value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| overflow())
}

/// `uint(value)` of a `double`, rounded down.
///
/// # Errors
/// The value is `NaN`, negative, or 2⁶⁴ and more.
#[expect(clippy::cast_sign_loss, reason = "the range is checked")]
pub fn from_double(value: f64) -> Result<u64, Error> {
    if (0.0..TWO_TO_64).contains(&value) { Ok(value as u64) } else { Err(overflow()) }
}

/// `uint(text)`: decimal digits, without a sign.
///
/// # Errors
/// The text is no such number, or the number is out of range.
pub fn from_string(text: &str) -> Result<u64, Error> {
    let number = if text.starts_with('+') { None } else { text.parse().ok() };
    number.ok_or_else(|| Error::new("type conversion error from 'string' to 'uint'"))
}

/// How a `uint` stands to an `int`.
pub fn compare_int(left: u64, right: i64) -> Ordering {
    i128::from(left).cmp(&i128::from(right))
}

/// How a `uint` stands to a `double`, for which it is rounded to one, as cel-go does; nothing for `NaN`.
pub fn compare_double(left: u64, right: f64) -> Option<Ordering> {
    double::compare_uint(right, left).map(Ordering::reverse)
}

#[cold]
fn overflow() -> Error {
    Error::new("unsigned integer overflow")
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
            add(u64::MAX, 1),
            sub(0, 1),
            mul(1 << 63, 2),
            from_int(-1),
            from_double(-0.5),
            from_double(18_446_744_073_709_551_616.0),
            from_double(f64::NAN),
        ];
        for result in faults {
            assert_eq!(fault(result).as_deref(), Some("unsigned integer overflow"));
        }
        assert_eq!((from_double(-0.0), from_double(1.9)), (Ok(0), Ok(1)));
        assert_eq!(fault(div(1, 0)).as_deref(), Some("division by zero"));
        assert_eq!(fault(rem(1, 0)).as_deref(), Some("modulus by zero"));
    }

    #[test]
    fn a_number_has_no_sign() {
        assert_eq!(from_string("18446744073709551615"), Ok(u64::MAX));
        for text in ["", "+1", "-0", "18446744073709551616"] {
            let told = fault(from_string(text));
            assert_eq!(told.as_deref(), Some("type conversion error from 'string' to 'uint'"), "{text:?}");
        }
    }

    #[test]
    fn signs_are_looked_at_before_bits() {
        assert_eq!(compare_int(u64::MAX, -1), Ordering::Greater);
        assert_eq!(compare_double(0, f64::NAN), None);
    }
}
