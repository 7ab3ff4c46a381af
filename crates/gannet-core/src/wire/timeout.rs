//! The value of `grpc-timeout`: at most eight digits and a unit (PROTOCOL-HTTP2.md, "Timeout").

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

const MAX_DIGITS: usize = 8;

/// The largest number of eight digits.
const MAX_NUMBER: u128 = 99_999_999;

/// The units from fine to coarse: their letters, and how many nanoseconds they have.
const UNITS: [(u8, u128); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60 * 1_000_000_000),
    (b'H', 3_600 * 1_000_000_000),
];

/// The time that a `grpc-timeout` value stands for.
///
/// Zero is let pass, though gRPC asks for a positive number: it is a deadline that has passed.
///
/// # Errors
///
/// If the value is not one to eight digits and one of the units `n`, `u`, `m`, `S`, `M`, `H`.
///
/// ```
/// use std::time::Duration;
/// use gannet_core::wire::timeout::parse;
///
/// assert_eq!(parse(b"250m"), Ok(Duration::from_millis(250)));
/// assert_eq!(parse(b"1H"), Ok(Duration::from_secs(3600)));
/// assert!(parse(b"250").is_err());
/// ```
#[inline]
pub fn parse(value: &[u8]) -> Result<Duration, InvalidTimeout> {
    let Some((&unit, digits)) = value.split_last() else { return Err(InvalidTimeout::Empty) };
    if digits.is_empty() {
        return Err(InvalidTimeout::NoNumber);
    }
    if digits.len() > MAX_DIGITS {
        return Err(InvalidTimeout::TooLong);
    }
    let mut number = 0_u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return Err(InvalidTimeout::NotANumber);
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    // Eight digits of hours are 3.6e11 seconds: nothing here can overflow.
    match unit {
        b'n' => Ok(Duration::from_nanos(number)),
        b'u' => Ok(Duration::from_micros(number)),
        b'm' => Ok(Duration::from_millis(number)),
        b'S' => Ok(Duration::from_secs(number)),
        b'M' => Ok(Duration::from_secs(number * 60)),
        b'H' => Ok(Duration::from_secs(number * 3_600)),
        _ => Err(InvalidTimeout::UnknownUnit),
    }
}

/// A duration as `grpc-timeout` has it: in the finest unit that does with eight digits, rounded up, so that the peer
/// never gives up first.
///
/// Zero becomes `1n`, for gRPC asks for a positive number, and more than 99 999 999 hours become that many.
///
/// ```
/// use std::time::Duration;
/// use gannet_core::wire::timeout::format;
///
/// assert_eq!(&*format(Duration::from_secs(1)), "1000000u");
/// assert_eq!(&*format(Duration::from_nanos(100_000_001)), "100001u");
/// ```
pub fn format(timeout: Duration) -> TimeoutText {
    let nanos = timeout.as_nanos().max(1);
    let exact = UNITS.into_iter().map(|(unit, length)| (nanos.div_ceil(length), unit));
    let (number, unit) =
        exact.into_iter().find(|(number, _)| *number <= MAX_NUMBER).unwrap_or((MAX_NUMBER, b'H'));
    TimeoutText::new(number as u32, unit)
}

/// The value of a `grpc-timeout` field, held in place; dereferences to `str`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimeoutText {
    bytes: [u8; MAX_DIGITS + 1],
    /// Where the digits start; they end at the end, with the unit.
    start: u8,
}

impl TimeoutText {
    fn new(mut number: u32, unit: u8) -> Self {
        let mut bytes = [unit; MAX_DIGITS + 1];
        let mut start = MAX_DIGITS;
        for place in bytes.iter_mut().take(MAX_DIGITS).rev() {
            *place = b'0' + (number % 10) as u8;
            start -= 1;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        Self { bytes, start: start as u8 }
    }

    /// The value as bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(usize::from(self.start)..).unwrap_or_default()
    }
}

impl Deref for TimeoutText {
    type Target = str;

    fn deref(&self) -> &str {
        // Digits and a letter are UTF-8.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Display for TimeoutText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self)
    }
}

impl fmt::Debug for TimeoutText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

/// What is wrong with a `grpc-timeout` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTimeout {
    /// It is empty.
    Empty,
    /// It has a unit only.
    NoNumber,
    /// It has more than eight digits.
    TooLong,
    /// What stands before the unit is not a number.
    NotANumber,
    /// Its last letter is no unit.
    UnknownUnit,
}

impl fmt::Display for InvalidTimeout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "it is empty",
            Self::NoNumber => "there is no number before the unit",
            Self::TooLong => "it has more than eight digits",
            Self::NotANumber => "what stands before the unit is not a number",
            Self::UnknownUnit => "it does not end with one of the units n, u, m, S, M, H",
        })
    }
}

impl std::error::Error for InvalidTimeout {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_units_are_read() {
        let cases = [
            ("7n", Duration::from_nanos(7)),
            ("7u", Duration::from_micros(7)),
            ("7m", Duration::from_millis(7)),
            ("7S", Duration::from_secs(7)),
            ("7M", Duration::from_secs(7 * 60)),
            ("7H", Duration::from_secs(7 * 3_600)),
            ("99999999H", Duration::from_secs(99_999_999 * 3_600)),
            ("0S", Duration::ZERO),
        ];
        for (value, duration) in cases {
            assert_eq!(parse(value.as_bytes()), Ok(duration), "{value}");
        }
    }

    #[test]
    fn what_is_no_timeout_is_refused_with_its_reason() {
        let cases = [
            ("", InvalidTimeout::Empty),
            ("S", InvalidTimeout::NoNumber),
            ("123456789n", InvalidTimeout::TooLong),
            ("-1S", InvalidTimeout::NotANumber),
            ("+1S", InvalidTimeout::NotANumber),
            ("1.5S", InvalidTimeout::NotANumber),
            ("1 S", InvalidTimeout::NotANumber),
            ("15", InvalidTimeout::UnknownUnit),
            ("15s", InvalidTimeout::UnknownUnit),
        ];
        for (value, error) in cases {
            assert_eq!(parse(value.as_bytes()), Err(error), "{value}");
        }
    }

    #[test]
    fn the_finest_unit_that_fits_is_chosen() {
        let cases = [
            (Duration::ZERO, "1n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_millis(100), "100000u"),
            (Duration::from_secs(99), "99000000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(99_999_999), "99999999S"),
            (Duration::from_secs(100_000_000), "1666667M"),
            (Duration::from_secs(99_999_999 * 3_600), "99999999H"),
            (Duration::MAX, "99999999H"),
        ];
        for (duration, value) in cases {
            assert_eq!(&*format(duration), value);
        }
    }

    proptest! {
        #[test]
        fn a_formatted_timeout_is_never_shorter_and_hardly_longer(
            seconds in 0..360_000_000_000_u64,
            coarser in 0..12_u32,
            nanos in 0..1_000_000_000_u32,
        ) {
            let timeout = Duration::new(seconds / 10_u64.pow(coarser), nanos);
            let text = format(timeout);
            let read = parse(text.as_bytes()).unwrap();
            prop_assert!(text.len() <= 9);
            prop_assert!(read >= timeout);
            // A coarser unit is taken for more than eight digits only, so the coarser number has at least 100 000 (ms of
            // µs), or 1 666 666 (minutes of seconds).
            prop_assert!(read.saturating_sub(timeout) <= timeout / 100_000 + Duration::from_nanos(1));
        }

        #[test]
        fn any_input_is_read_or_refused(value: Vec<u8>) {
            let _ = parse(&value);
        }
    }
}
