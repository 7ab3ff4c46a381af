//! `grpc-timeout`: up to eight digits and a unit.

use std::fmt;
use std::time::Duration;

/// The most that eight digits express.
const MOST: u128 = 99_999_999;

/// A `grpc-timeout` that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTimeout {
    value: String,
}

impl fmt::Display for InvalidTimeout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is not one to eight digits and one of the units H, M, S, m, u, n", self.value)
    }
}

impl std::error::Error for InvalidTimeout {}

/// Reads a time-out.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(gannet_core::wire::timeout::parse(b"1500m"), Ok(Duration::from_millis(1500)));
/// ```
///
/// # Errors
///
/// If it is not one to eight digits and a unit.
pub fn parse(value: &[u8]) -> Result<Duration, InvalidTimeout> {
    let refuse =
        || InvalidTimeout { value: String::from_utf8_lossy(value.get(..32).unwrap_or(value)).into_owned() };
    let (unit, digits) = value.split_last().ok_or_else(refuse)?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(refuse());
    }
    let number = digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Ok(Duration::from_secs(number * 3600)),
        b'M' => Ok(Duration::from_secs(number * 60)),
        b'S' => Ok(Duration::from_secs(number)),
        b'm' => Ok(Duration::from_millis(number)),
        b'u' => Ok(Duration::from_micros(number)),
        b'n' => Ok(Duration::from_nanos(number)),
        _ => Err(refuse()),
    }
}

/// A time-out in the form of the wire, without an allocation.
#[derive(Debug, Clone, Copy)]
pub struct Formatted {
    digits: [u8; 9],
    len: u8,
}

impl Formatted {
    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Writes a time-out in the finest unit that has room for it, rounded up: a deadline is never told shorter than it is.
///
/// ```
/// use std::time::Duration;
///
/// let formatted = gannet_core::wire::timeout::format(Duration::from_secs(2));
/// assert_eq!(formatted.as_bytes(), b"2000000u");
/// ```
pub fn format(timeout: Duration) -> Formatted {
    const UNITS: [(u128, u8); 6] = [
        (1, b'n'),
        (1_000, b'u'),
        (1_000_000, b'm'),
        (1_000_000_000, b'S'),
        (60_000_000_000, b'M'),
        (3_600_000_000_000, b'H'),
    ];
    let nanos = timeout.as_nanos();
    let fits = UNITS
        .into_iter()
        .map(|(size, unit)| (nanos.div_ceil(size), unit))
        .find(|(number, _)| *number <= MOST);
    let (mut number, unit) = fits.unwrap_or((MOST, b'H'));
    let mut reversed = [0; 8];
    let mut count = 0;
    loop {
        reversed[count] = b'0' + (number % 10) as u8;
        count += 1;
        number /= 10;
        if number == 0 || count == reversed.len() {
            break;
        }
    }
    let mut digits = [0; 9];
    for (place, digit) in digits.iter_mut().zip(reversed[..count].iter().rev()) {
        *place = *digit;
    }
    digits[count] = unit;
    Formatted { digits, len: count as u8 + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_timeout_is_refused() {
        for value in [&b""[..], b"S", b"1", b"123456789S", b"-1S", b"1.5S", b"1s", b" 1S", b"1S "] {
            assert!(parse(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn the_longest_is_cut_off() {
        assert_eq!(format(Duration::MAX).as_bytes(), b"99999999H");
        assert_eq!(format(Duration::ZERO).as_bytes(), b"0n");
    }

    proptest! {
        #[test]
        fn a_formatted_timeout_is_never_shorter_and_hardly_longer(nanos in 0..10_000_000_000_000_000_u64) {
            let timeout = Duration::from_nanos(nanos);
            let parsed = parse(format(timeout).as_bytes()).unwrap();
            prop_assert!(parsed >= timeout);
            prop_assert!(parsed <= timeout + timeout / 100_000 + Duration::from_nanos(1));
        }
    }
}
