//! Points in time.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Calendar, Duration, NANOS_PER_SECOND, calendar, zone};
use crate::{Error, go};

/// A point in time: `google.protobuf.Timestamp`.
///
/// Order and equality hold for normalized ones, as all functions here and [`Timestamp::from_parts`] make them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds from there on, 0 to 999 999 999.
    pub nanos: i32,
}

impl Timestamp {
    /// 0001-01-01T00:00:00Z, the first one that CEL has.
    pub const MIN: Self = Self { seconds: -62_135_596_800, nanos: 0 };
    /// 9999-12-31T23:59:59.999999999Z, the last one that CEL has.
    pub const MAX: Self = Self { seconds: 253_402_300_799, nanos: 999_999_999 };

    /// The time by the system's clock.
    pub fn now() -> Self {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Self::from_parts(
                since.as_secs().try_into().unwrap_or(i64::MAX),
                since.subsec_nanos().cast_signed(),
            ),
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).map_or(i64::MIN, |seconds| -seconds);
                Self::from_parts(seconds, -before.subsec_nanos().cast_signed())
            }
        }
    }

    /// From the fields of a message, which a peer may have filled with anything: nanoseconds below zero, or of a second
    /// and more, are carried over. Beyond the range of the fields it is the nearest point in time.
    ///
    /// ```
    /// use gannet_cel::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_parts(1, -1), Timestamp { seconds: 0, nanos: 999_999_999 });
    /// ```
    pub fn from_parts(seconds: i64, nanos: i32) -> Self {
        if (0..1_000_000_000).contains(&nanos) {
            return Self { seconds, nanos };
        }
        let carried = i64::from(nanos.div_euclid(1_000_000_000));
        Self { seconds: seconds.saturating_add(carried), nanos: nanos.rem_euclid(1_000_000_000) }
    }

    /// `timestamp(seconds)`
    ///
    /// # Errors
    /// The time is outside of the years 1 to 9999.
    pub fn from_seconds(seconds: i64) -> Result<Self, Error> {
        Self { seconds, nanos: 0 }.in_range()
    }

    /// `timestamp(text)`: RFC 3339, section 5.6, with capital letters; fractions of a nanosecond are dropped.
    ///
    /// ```
    /// use gannet_cel::Timestamp;
    ///
    /// let timestamp = Timestamp::parse("1972-01-01T10:00:20.021-05:00").unwrap();
    /// assert_eq!(timestamp.to_string(), "1972-01-01T15:00:20.021Z");
    /// assert!(Timestamp::parse("1972-02-30T00:00:00Z").is_err());
    /// ```
    ///
    /// # Errors
    /// The text is no such time, a day or a second that does not exist, or outside of the years 1 to 9999.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match read(text) {
            Some(timestamp) => timestamp.in_range(),
            None if has_form(text) => {
                Err(Error::new("type conversion error from 'string' to 'google.protobuf.Timestamp'"))
            }
            None => Err(Error::new(format!("invalid RFC 3339 timestamp {}", go::quote(text)))),
        }
    }

    /// `timestamp + duration`
    ///
    /// # Errors
    /// The time is outside of the years 1 to 9999.
    pub fn checked_add(self, duration: Duration) -> Result<Self, Error> {
        Self::from_total_nanos(self.total_nanos() + duration.total_nanos())
    }

    /// `timestamp - duration`
    ///
    /// # Errors
    /// The time is outside of the years 1 to 9999.
    pub fn checked_sub(self, duration: Duration) -> Result<Self, Error> {
        Self::from_total_nanos(self.total_nanos() - duration.total_nanos())
    }

    /// `timestamp - earlier`: the time that passed since another point in time.
    ///
    /// # Errors
    /// It is 2⁶³ nanoseconds (about 292 years) and more.
    pub fn since(self, earlier: Self) -> Result<Duration, Error> {
        Duration::in_range(self.total_nanos() - earlier.total_nanos())
    }

    /// What a calendar and a clock show then in UTC: what `getHours()` and the like are taken from.
    ///
    /// ```
    /// use gannet_cel::Timestamp;
    ///
    /// assert_eq!(Timestamp::parse("2024-02-29T13:00:00Z").unwrap().in_utc().day_of_year, 59);
    /// ```
    pub fn in_utc(self) -> Calendar {
        Calendar::new(self.seconds, self.nanos)
    }

    /// What a calendar and a clock show then in a time zone: `UTC`, an offset such as `+02:00` or, with the feature
    /// `time-zones`, a name of the IANA's database such as `Europe/Berlin`.
    ///
    /// ```
    /// use gannet_cel::Timestamp;
    ///
    /// let timestamp = Timestamp::parse("2024-02-29T23:00:00Z").unwrap();
    /// assert_eq!(timestamp.in_zone("+02:00").unwrap().hours, 1);
    /// ```
    ///
    /// # Errors
    /// There is no such zone.
    pub fn in_zone(self, zone: &str) -> Result<Calendar, Error> {
        let offset = zone::offset_seconds(zone, self)?;
        Ok(Calendar::new(self.seconds.saturating_add(offset), self.nanos))
    }

    fn total_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    fn from_total_nanos(nanos: i128) -> Result<Self, Error> {
        let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).map_err(|_| overflow())?;
        Self { seconds, nanos: nanos.rem_euclid(NANOS_PER_SECOND) as i32 }.in_range()
    }

    fn in_range(self) -> Result<Self, Error> {
        if (Self::MIN..=Self::MAX).contains(&self) { Ok(self) } else { Err(overflow()) }
    }
}

#[cold]
fn overflow() -> Error {
    Error::new("timestamp overflow")
}

/// As `string(timestamp)` and `%s` print it: RFC 3339 in UTC, with as many digits of the second as there are.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calendar { full_year, month, date, hours, minutes, seconds, .. } = self.in_utc();
        let month = month + 1;
        write!(formatter, "{full_year:04}-{month:02}-{date:02}T{hours:02}:{minutes:02}:{seconds:02}")?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(formatter, ".{}", digits.trim_end_matches('0'))?;
        }
        formatter.write_str("Z")
    }
}

/// `2006-01-02T15:04:05Z` is the shortest form; a fraction of the second and an offset may follow.
fn read(text: &str) -> Option<Timestamp> {
    if !text.is_ascii() || text.contains(['t', 'z']) {
        return None;
    }
    let parts = Parts::of(text)?;
    if parts.second > 59 || parts.day > calendar::days_in_month(parts.year, parts.month) {
        return None;
    }
    let days = calendar::days_since_epoch(parts.year, parts.month, parts.day);
    let seconds = days * 86_400 + parts.hour * 3600 + parts.minute * 60 + parts.second - parts.offset;
    Some(Timestamp { seconds, nanos: parts.nanos })
}

/// Whether the text has RFC 3339's form, letters of either case and any day and second in it.
fn has_form(text: &str) -> bool {
    Parts::of(text).is_some()
}

/// The numbers of a text of RFC 3339's form.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i32,
    /// Seconds east of UTC.
    offset: i64,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (date_and_time, rest) = bytes.split_at_checked(19)?;
        for (at, separators) in [(4, "-"), (7, "-"), (10, "Tt"), (13, ":"), (16, ":")] {
            if !separators.as_bytes().contains(date_and_time.get(at)?) {
                return None;
            }
        }
        let within = |at: usize, length: usize, range: std::ops::RangeInclusive<i64>| {
            number(date_and_time.get(at..at + length)?).filter(|number| range.contains(number))
        };
        let (nanos, rest) = read_fraction(rest)?;
        Some(Self {
            year: within(0, 4, 0..=9999)?,
            month: within(5, 2, 1..=12)?,
            day: within(8, 2, 1..=31)?,
            hour: within(11, 2, 0..=23)?,
            minute: within(14, 2, 0..=59)?,
            second: within(17, 2, 0..=60)?,
            nanos,
            offset: read_offset(rest)?,
        })
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

fn read_fraction(rest: &[u8]) -> Option<(i32, &[u8])> {
    let Some((b'.', rest)) = rest.split_first() else {
        return Some((0, rest));
    };
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = rest.split_at(end);
    let mut nanos = 0;
    for at in 0..9 {
        nanos = nanos * 10 + digits.get(at).map_or(0, |digit| i32::from(digit - b'0'));
    }
    if digits.is_empty() { None } else { Some((nanos, rest)) }
}

fn read_offset(rest: &[u8]) -> Option<i64> {
    let sign = match rest {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let &[_, _, _, b':', _, _] = rest else {
        return None;
    };
    let hours = number(rest.get(1..3)?).filter(|hours| *hours < 24)?;
    let minutes = number(rest.get(4..6)?).filter(|minutes| *minutes < 60)?;
    Some(sign * (hours * 3600 + minutes * 60))
}
