//! Time zones by offset or name.

use super::Timestamp;
use crate::{Error, go};

/// Seconds east of UTC at that time.
pub(super) fn offset_seconds(zone: &str, at: Timestamp) -> Result<i64, Error> {
    match zone.split_once(':') {
        Some((hours, minutes)) => fixed_offset(zone, hours, minutes),
        None if zone.is_empty() || zone == "UTC" => Ok(0),
        None => named_offset(zone, at),
    }
}

/// `02:00`, `+02:00`, `-09:30`
fn fixed_offset(zone: &str, hours: &str, minutes: &str) -> Result<i64, Error> {
    let number = |text: &str| {
        text.parse::<i64>()
            .map_err(|_| Error::new(format!("strconv.Atoi: parsing {}: invalid syntax", go::quote(text))))
    };
    let (whole_hours, minutes) = (number(hours)?, number(minutes)?);
    if !(-23..=23).contains(&whole_hours) {
        return Err(Error::new(format!("timezone offset hours out of range [-23, 23]: {zone}")));
    }
    if !(0..=59).contains(&minutes) {
        return Err(Error::new(format!("timezone offset minutes out of range [0, 59]: {zone}")));
    }
    let minutes = if hours.starts_with('-') { -minutes } else { minutes };
    Ok(whole_hours * 3600 + minutes * 60)
}

/// Of the IANA's database.
fn named_offset(zone: &str, at: Timestamp) -> Result<i64, Error> {
    if zone.contains("..") || zone.starts_with(['/', '\\']) {
        return Err(Error::new("time: invalid location name"));
    }
    look_up(zone, at)
}

#[cfg(feature = "time-zones")]
fn look_up(zone: &str, at: Timestamp) -> Result<i64, Error> {
    let offset = jiff::tz::TimeZone::get(zone).ok().and_then(|found| {
        // The names have one spelling; jiff finds them in any case.
        let at = jiff::Timestamp::from_second(at.seconds).ok().filter(|_| found.iana_name() == Some(zone))?;
        Some(i64::from(found.to_offset(at).seconds()))
    });
    offset.ok_or_else(|| Error::new(format!("unknown time zone {zone}")))
}

#[cfg(not(feature = "time-zones"))]
fn look_up(zone: &str, _: Timestamp) -> Result<i64, Error> {
    Err(Error::new(format!("unknown time zone {zone}: names of zones need Gannet's feature `time-zones`")))
}
