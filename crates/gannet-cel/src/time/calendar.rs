//! The Gregorian calendar: from seconds to dates and back.

const SECONDS_PER_DAY: i64 = 86_400;
/// In 400 years.
const DAYS_PER_CYCLE: i64 = 146_097;
/// From the first of March of the year 0, with which a cycle begins here, to 1970-01-01.
const DAYS_BEFORE_EPOCH: i64 = 719_468;
/// In a year that begins in March: the days before each of its months.
const DAYS_BEFORE_MONTH: [i64; 12] = [0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337];

/// What a calendar and a clock show, numbered as CEL's getters number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calendar {
    /// `getFullYear()`
    pub full_year: i64,
    /// `getMonth()`: 0 is January.
    pub month: i64,
    /// `getDayOfYear()`: 0 is the first of January.
    pub day_of_year: i64,
    /// `getDayOfMonth()`: the first day is 0.
    pub day_of_month: i64,
    /// `getDate()`: the first day is 1.
    pub date: i64,
    /// `getDayOfWeek()`: 0 is Sunday.
    pub day_of_week: i64,
    /// `getHours()`: 0 to 23.
    pub hours: i64,
    /// `getMinutes()`: 0 to 59.
    pub minutes: i64,
    /// `getSeconds()`: 0 to 59.
    pub seconds: i64,
    /// `getMilliseconds()`: 0 to 999.
    pub milliseconds: i64,
}

impl Calendar {
    /// That many seconds after 1970 began there.
    pub(super) fn new(seconds: i64, nanos: i32) -> Self {
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (full_year, month, date) = date(days);
        Self {
            full_year,
            month: month - 1,
            day_of_year: days - days_since_epoch(full_year, 1, 1),
            day_of_month: date - 1,
            date,
            // 1970 began on a Thursday.
            day_of_week: (days + 4).rem_euclid(7),
            hours: second_of_day / 3600,
            minutes: second_of_day / 60 % 60,
            seconds: second_of_day % 60,
            milliseconds: i64::from(nanos / 1_000_000),
        }
    }
}

/// The year, the month from 1 and the day from 1 of a day counted from 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_BEFORE_EPOCH;
    let cycle = days.div_euclid(DAYS_PER_CYCLE);
    let day_of_cycle = days.rem_euclid(DAYS_PER_CYCLE);
    // The last year of a cycle has its leap day at the end, the last of a century (but of the fourth) has none.
    let century = (day_of_cycle / 36_524).min(3);
    let day_of_century = day_of_cycle - century * 36_524;
    let quadrennium = day_of_century / 1461;
    let day_of_quadrennium = day_of_century % 1461;
    let year_of_quadrennium = (day_of_quadrennium / 365).min(3);
    let day_of_year = day_of_quadrennium - year_of_quadrennium * 365;
    let year = cycle * 400 + century * 100 + quadrennium * 4 + year_of_quadrennium;
    let (months, before) = (0..)
        .zip(DAYS_BEFORE_MONTH)
        .take_while(|(_, before)| *before <= day_of_year)
        .last()
        .unwrap_or((0, 0));
    let day = day_of_year - before + 1;
    // March is the first of the twelve; the last two belong to the next year.
    if months < 10 { (year, months + 3, day) } else { (year + 1, months - 9, day) }
}

/// From 1970-01-01 to a date with the month from 1 and the day from 1.
pub(super) fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before =
        usize::try_from(month).ok().and_then(|month| DAYS_BEFORE_MONTH.get(month)).copied().unwrap_or(0);
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + before + day - 1 - DAYS_BEFORE_EPOCH
}

/// The month is counted from 1.
pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
