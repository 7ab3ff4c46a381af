//! Spans of time.

use std::fmt;

use super::NANOS_PER_SECOND;
use crate::{Error, int, number};

/// A span of time: `google.protobuf.Duration`.
///
/// Order and equality hold for normalized ones, as all functions here and [`Duration::from_parts`] make them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds beside them, of the same sign.
    pub nanos: i32,
}

impl Duration {
    /// From the fields of a message, which a peer may have filled with anything: nanoseconds of a second and more, or of
    /// the other sign, are carried over. Beyond the range of the fields it is the nearest duration.
    ///
    /// ```
    /// use gannet_cel::Duration;
    ///
    /// assert_eq!(Duration::from_parts(1, -1), Duration { seconds: 0, nanos: 999_999_999 });
    /// ```
    pub fn from_parts(seconds: i64, nanos: i32) -> Self {
        if nanos.unsigned_abs() < 1_000_000_000
            && (seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0))
        {
            return Self { seconds, nanos };
        }
        Self::saturating(i128::from(seconds) * NANOS_PER_SECOND + i128::from(nanos))
    }

    /// A number of nanoseconds.
    pub fn from_nanos(nanos: i64) -> Self {
        Self::saturating(i128::from(nanos))
    }

    /// `duration(text)`: what Go's `time.ParseDuration` reads, such as `1h2.5s`, `-300ms`, `0`.
    ///
    /// ```
    /// use gannet_cel::Duration;
    ///
    /// assert_eq!(Duration::parse("1h2.5s"), Ok(Duration { seconds: 3602, nanos: 500_000_000 }));
    /// assert!(Duration::parse("1").is_err());
    /// ```
    ///
    /// # Errors
    /// The text is no such duration, or one of 2⁶³ nanoseconds (about 292 years) and more.
    pub fn parse(text: &str) -> Result<Self, Error> {
        read(text)
            .map(Self::from_nanos)
            .ok_or_else(|| Error::new("type conversion error from 'string' to 'google.protobuf.Duration'"))
    }

    /// `left + right`
    ///
    /// # Errors
    /// The sum is 2⁶³ nanoseconds (about 292 years) and more.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        Self::in_range(self.total_nanos() + other.total_nanos())
    }

    /// `left - right`
    ///
    /// # Errors
    /// The difference is 2⁶³ nanoseconds (about 292 years) and more.
    pub fn checked_sub(self, other: Self) -> Result<Self, Error> {
        Self::in_range(self.total_nanos() - other.total_nanos())
    }

    /// `-duration`
    ///
    /// # Errors
    /// The opposite is 2⁶³ nanoseconds (about 292 years) and more.
    pub fn checked_neg(self) -> Result<Self, Error> {
        Self::in_range(-self.total_nanos())
    }

    /// `getHours()`: whole hours, rounded towards zero.
    pub fn hours(self) -> i64 {
        self.seconds / 3600
    }

    /// `getMinutes()`: whole minutes of the whole duration, rounded towards zero.
    pub fn minutes(self) -> i64 {
        self.seconds / 60
    }

    /// `getSeconds()`: whole seconds of the whole duration, rounded towards zero.
    pub fn whole_seconds(self) -> i64 {
        self.seconds
    }

    /// `getMilliseconds()`: whole milliseconds of the whole duration, rounded towards zero; the nearest number if there
    /// are too many.
    pub fn milliseconds(self) -> i64 {
        saturate(self.total_nanos() / 1_000_000)
    }

    pub(crate) fn total_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    /// CEL's durations go as far as 64 bits of nanoseconds do; those of messages may go further.
    pub(super) fn in_range(nanos: i128) -> Result<Self, Error> {
        i64::try_from(nanos).map(Self::from_nanos).map_err(|_| int::overflow())
    }

    fn saturating(nanos: i128) -> Self {
        Self { seconds: saturate(nanos / NANOS_PER_SECOND), nanos: (nanos % NANOS_PER_SECOND) as i32 }
    }
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// As `string(duration)` and `%s` print it: seconds as a double, with `s`.
///
/// ```
/// use gannet_cel::Duration;
///
/// assert_eq!(Duration { seconds: 1, nanos: 500_000_000 }.to_string(), "1.5s");
/// ```
impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reference prints a sum of doubles too; digits that a double cannot hold are not printed.
        #[expect(clippy::cast_precision_loss, reason = "what is printed is a double")]
        let seconds = self.seconds as f64 + f64::from(self.nanos) / 1e9;
        let mut text = String::new();
        number::write_shortest(&mut text, seconds);
        write!(formatter, "{text}s")
    }
}

/// Nanoseconds. Grammar: `[-+]?(0|([0-9]*(\.[0-9]*)?unit)+)`, with a digit in each number.
fn read(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let limit = if text.starts_with('-') { 1 << 63 } else { (1 << 63) - 1 };
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let mut rest = unsigned;
    let mut total = 0u64;
    while !rest.is_empty() {
        let (nanos, after) = read_number_with_unit(rest)?;
        total = total.checked_add(nanos).filter(|total| *total <= 1 << 63)?;
        rest = after;
    }
    if total > limit {
        return None;
    }
    Some(if limit == 1 << 63 { 0i64.wrapping_sub_unsigned(total) } else { total.cast_signed() })
}

fn read_number_with_unit(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end =
        rest.find(|character: char| character == '.' || character.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = nanos_of_unit(unit)?;
    let mut nanos = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.checked_mul(unit)? };
    if !fraction.is_empty() {
        nanos = nanos.checked_add(nanos_of_fraction(fraction, unit))?;
    }
    (nanos <= 1 << 63).then_some((nanos, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

fn nanos_of_unit(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// Digits that 63 bits cannot hold are dropped; the product is one of doubles, rounded down, as Go computes it.
#[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "that is Go's rounding")]
fn nanos_of_fraction(digits: &str, unit: u64) -> u64 {
    let mut fraction = 0u64;
    let mut scale = 1f64;
    for digit in digits.bytes() {
        let Some(next) = fraction
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(u64::from(digit - b'0')))
            .filter(|next| fraction <= (i64::MAX as u64) / 10 && *next <= 1 << 63)
        else {
            break;
        };
        fraction = next;
        scale *= 10.0;
    }
    (fraction as f64 * (unit as f64 / scale)) as u64
}
