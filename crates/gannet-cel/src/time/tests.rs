//! Tests of times. What is read, printed and refused was read off cel-go 0.32.

use proptest::prelude::*;

use super::*;
use crate::Error;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn span(text: &str) -> Duration {
    Duration::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn told<T>(result: Result<T, Error>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

#[test]
fn timestamps_are_read_and_printed() {
    let printed = [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        ("2024-02-29T23:59:59.5+23:59", "2024-02-29T00:00:59.5Z"),
        ("1969-12-31T23:59:59.1234567899Z", "1969-12-31T23:59:59.123456789Z"),
        ("2000-01-01T00:00:00.000-00:30", "2000-01-01T00:30:00Z"),
    ];
    for (text, result) in printed {
        assert_eq!(at(text).to_string(), result);
    }
    assert_eq!(
        (at("0001-01-01T00:00:00Z"), at("9999-12-31T23:59:59.999999999Z")),
        (Timestamp::MIN, Timestamp::MAX)
    );
}

#[test]
fn what_is_no_timestamp_is_refused() {
    let unreadable = [
        "",
        "x",
        "2023-01-01",
        "2023-01-01T00:00:00",
        "2023-13-01T00:00:00Z",
        "2023-00-01T00:00:00Z",
        "2023-01-32T00:00:00Z",
        "2023-01-01T24:00:00Z",
        "2023-01-01T00:60:00Z",
        "2023-01-01T00:00:61Z",
        "2023-01-01 00:00:00Z",
        "2023-01-01T00:00:00.Z",
        "2023-01-01T00:00:00+0100",
        "2023-01-01T00:00:00+24:00",
        "2023-01-01T00:00:00Zx",
        " 2023-01-01T00:00:00Z",
        "+023-01-01T00:00:00Z",
        "2023-01-01T00:00:00\u{e9}",
    ];
    for text in unreadable {
        let quoted = crate::go::quote(text);
        assert_eq!(told(Timestamp::parse(text)), Some(format!("invalid RFC 3339 timestamp {quoted}")));
    }
    // Of the form, but not in the calendar or with small letters.
    for text in
        ["2023-02-29T00:00:00Z", "2023-04-31T00:00:00Z", "2023-01-01T00:00:60Z", "2023-01-01t00:00:00z"]
    {
        let message = "type conversion error from 'string' to 'google.protobuf.Timestamp'";
        assert_eq!(told(Timestamp::parse(text)).as_deref(), Some(message), "{text}");
    }
    for text in ["0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
        assert_eq!(told(Timestamp::parse(text)).as_deref(), Some("timestamp overflow"), "{text}");
    }
    assert_eq!(told(Timestamp::from_seconds(253_402_300_800)).as_deref(), Some("timestamp overflow"));
    assert_eq!(Timestamp::from_seconds(0), Ok(Timestamp::default()));
}

#[test]
fn durations_are_read_and_printed() {
    let printed = [
        ("0", "0s"),
        ("-0", "0s"),
        ("1h2m3s4ms5us6ns", "3723.004005006s"),
        ("-1.5h", "-5400s"),
        ("+.5s", "0.5s"),
        ("1.s", "1s"),
        ("1\u{b5}s1\u{3bc}s", "0.000002s"),
        ("0.100000000000000000000h", "360s"),
        ("9223372036854775807ns", "9223372036.854776s"),
        ("-9223372036854775808ns", "-9223372036.854776s"),
        ("0.3333333333333333333h", "1200s"),
        ("1ns", "0.000000001s"),
    ];
    for (text, result) in printed {
        assert_eq!(span(text).to_string(), result, "{text}");
    }
    assert_eq!(span("-1.5s"), Duration { seconds: -1, nanos: -500_000_000 });
}

#[test]
fn what_is_no_duration_is_refused() {
    let unreadable = [
        "",
        "-",
        "1",
        "s",
        ".s",
        "1d",
        "1 s",
        "1s ",
        "1S",
        "--1s",
        "1s-1s",
        "1.5.5s",
        "9223372036854775808ns",
        "1e3s",
        "-9223372036854775809ns",
        "2562048h",
        "99999999999999999999s",
        "9223372036s854775808ns",
        "1\u{b5}",
        "one",
    ];
    for text in unreadable {
        let message = "type conversion error from 'string' to 'google.protobuf.Duration'";
        assert_eq!(told(Duration::parse(text)).as_deref(), Some(message), "{text}");
    }
}

#[test]
fn fields_of_messages_are_normalized() {
    assert_eq!(Timestamp::from_parts(0, -1), Timestamp { seconds: -1, nanos: 999_999_999 });
    assert_eq!(Timestamp::from_parts(0, i32::MAX), Timestamp { seconds: 2, nanos: 147_483_647 });
    assert_eq!(Timestamp::from_parts(i64::MIN, i32::MIN).seconds, i64::MIN);
    assert_eq!(Duration::from_parts(-1, 500_000_000), Duration { seconds: 0, nanos: -500_000_000 });
    assert_eq!(Duration::from_parts(1, 1_000_000_000), Duration { seconds: 2, nanos: 0 });
    assert_eq!(Duration::from_parts(i64::MAX, i32::MAX).seconds, i64::MAX);
    assert_eq!(Duration::from_parts(i64::MIN, i32::MIN).seconds, i64::MIN);
}

#[test]
fn sums_out_of_range_are_errors() {
    assert_eq!(told(Timestamp::MAX.checked_add(span("1ns"))).as_deref(), Some("timestamp overflow"));
    assert_eq!(told(Timestamp::MIN.checked_sub(span("1ns"))).as_deref(), Some("timestamp overflow"));
    assert_eq!(told(Timestamp::MAX.since(Timestamp::MIN)).as_deref(), Some("integer overflow"));
    assert_eq!(told(span("2562047h").checked_add(span("1h"))).as_deref(), Some("integer overflow"));
    assert_eq!(told(span("-2562047h").checked_sub(span("1h"))).as_deref(), Some("integer overflow"));
    assert_eq!(told(Duration::from_nanos(i64::MIN).checked_neg()).as_deref(), Some("integer overflow"));
    // What a peer may send goes further than what is calculated, and no sum overflows on the way.
    let longest = Duration { seconds: i64::MAX, nanos: 999_999_999 };
    assert!(longest.checked_add(longest).is_err());
    assert!(Timestamp { seconds: i64::MAX, nanos: 999_999_999 }.checked_add(longest).is_err());
    assert!(Timestamp { seconds: i64::MIN, nanos: 0 }.checked_sub(longest).is_err());
}

#[test]
fn getters_of_durations_are_rounded_towards_zero() {
    let duration = span("-1h59m59.9995s");
    assert_eq!(
        (duration.hours(), duration.minutes(), duration.whole_seconds(), duration.milliseconds()),
        (-1, -119, -7199, -7_199_999)
    );
    assert_eq!(Duration { seconds: i64::MAX, nanos: 0 }.milliseconds(), i64::MAX);
}

#[test]
fn getters_of_timestamps_are_numbered_as_the_specification_says() {
    let calendar = at("2024-12-31T23:58:57.0069Z").in_utc();
    assert_eq!((calendar.full_year, calendar.month, calendar.date), (2024, 11, 31));
    assert_eq!((calendar.day_of_month, calendar.day_of_year, calendar.day_of_week), (30, 365, 2));
    assert_eq!((calendar.hours, calendar.minutes, calendar.seconds, calendar.milliseconds), (23, 58, 57, 6));
    assert_eq!(at("1970-01-04T00:00:00Z").in_utc().day_of_week, 0);
    assert_eq!(at("1969-12-28T00:00:00Z").in_utc().day_of_week, 0);
}

#[test]
fn zones_are_offsets_or_utc() {
    let timestamp = at("2024-03-01T00:15:00Z");
    let shown = |zone: &str| {
        timestamp.in_zone(zone).map(|calendar| (calendar.date, calendar.hours, calendar.minutes))
    };
    for zone in ["", "UTC", "00:00", "-00:00"] {
        assert_eq!(shown(zone), Ok((1, 0, 15)));
    }
    assert_eq!(shown("02:30"), Ok((1, 2, 45)));
    assert_eq!(shown("+23:59"), Ok((2, 0, 14)));
    assert_eq!(shown("-00:30"), Ok((29, 23, 45)));
    assert_eq!(shown("-09:30"), Ok((29, 14, 45)));
    let told = |zone: &str| told(timestamp.in_zone(zone));
    assert_eq!(told("24:00").as_deref(), Some("timezone offset hours out of range [-23, 23]: 24:00"));
    assert_eq!(told("+01:60").as_deref(), Some("timezone offset minutes out of range [0, 59]: +01:60"));
    assert_eq!(told("x:00").as_deref(), Some("strconv.Atoi: parsing \"x\": invalid syntax"));
    assert_eq!(told("../UTC").as_deref(), Some("time: invalid location name"));
    assert!(told("Nowhere/Land").is_some_and(|told| told.starts_with("unknown time zone Nowhere/Land")));
    // Far from every calendar.
    assert!(Timestamp { seconds: i64::MAX, nanos: 0 }.in_zone("+01:00").is_ok());
}

#[cfg(feature = "time-zones")]
#[test]
fn zones_have_names_with_the_feature() {
    let hours = |text: &str, zone: &str| at(text).in_zone(zone).map(|calendar| calendar.hours);
    assert_eq!(hours("2024-01-01T12:00:00Z", "Europe/Berlin"), Ok(13));
    assert_eq!(hours("2024-07-01T12:00:00Z", "Europe/Berlin"), Ok(14));
    assert_eq!(hours("2024-07-01T12:00:00Z", "US/Central"), Ok(7));
    // The second before clocks change, and the one after, in both directions and both hemispheres.
    assert_eq!(hours("2024-03-31T00:59:59Z", "Europe/Berlin"), Ok(1));
    assert_eq!(hours("2024-03-31T01:00:00Z", "Europe/Berlin"), Ok(3));
    assert_eq!(hours("2024-10-27T00:59:59Z", "Europe/Berlin"), Ok(2));
    assert_eq!(hours("2024-10-27T01:00:00Z", "Europe/Berlin"), Ok(2));
    assert_eq!(hours("2024-10-05T15:59:59Z", "Australia/Sydney"), Ok(1));
    assert_eq!(hours("2024-10-05T16:00:00Z", "Australia/Sydney"), Ok(3));
    // An offset stays what it is over the change.
    assert_eq!(hours("2024-03-31T00:59:59Z", "+01:00"), Ok(1));
    assert_eq!(hours("2024-03-31T01:00:00Z", "+01:00"), Ok(2));
    assert_eq!(
        told(at("2024-07-01T12:00:00Z").in_zone("Europe/Bärlin")).as_deref(),
        Some("unknown time zone Europe/Bärlin")
    );
    assert!(hours("2024-07-01T12:00:00Z", "europe/berlin").is_err());
    assert!(Timestamp { seconds: i64::MAX, nanos: 0 }.in_zone("Europe/Berlin").is_err());
}

#[cfg(not(feature = "time-zones"))]
#[test]
fn without_the_feature_a_name_says_what_it_needs() {
    let told = told(at("2024-01-01T12:00:00Z").in_zone("Europe/Berlin"));
    assert!(told.is_some_and(|told| told.contains("feature `time-zones`")));
}

#[test]
fn the_clock_goes_on() {
    let earlier = Timestamp::now();
    assert!(earlier > at("2020-01-01T00:00:00Z") && Timestamp::now() >= earlier);
}

#[test]
fn every_day_of_all_years_is_the_next_one() {
    let mut days = calendar::days_since_epoch(1, 1, 1);
    for year in 1..=9999 {
        for month in 1..=12 {
            assert_eq!(calendar::days_since_epoch(year, month, 1), days);
            for date in [1, calendar::days_in_month(year, month)] {
                let calendar = Calendar::new((days + date - 1) * 86_400, 0);
                assert_eq!((calendar.full_year, calendar.month + 1, calendar.date), (year, month, date));
            }
            days += calendar::days_in_month(year, month);
        }
    }
    assert_eq!(days * 86_400 - 1, Timestamp::MAX.seconds);
}

prop_compose! {
    fn timestamps()(seconds in Timestamp::MIN.seconds..=Timestamp::MAX.seconds, nanos in 0i32..1_000_000_000)
        -> Timestamp { Timestamp { seconds, nanos } }
}

proptest! {
    #[test]
    fn a_printed_timestamp_is_read_back(timestamp in timestamps()) {
        prop_assert_eq!(Timestamp::parse(&timestamp.to_string()), Ok(timestamp));
    }

    #[test]
    fn a_duration_written_in_nanoseconds_is_read_back(nanos: i64) {
        prop_assert_eq!(Duration::parse(&format!("{nanos}ns")), Ok(Duration::from_nanos(nanos)));
    }

    #[test]
    fn what_is_added_is_what_passed(timestamp in timestamps(), nanos: i64) {
        let duration = Duration::from_nanos(nanos);
        if let Ok(later) = timestamp.checked_add(duration) {
            prop_assert_eq!(later.since(timestamp), Ok(duration));
            prop_assert_eq!(later.checked_sub(duration), Ok(timestamp));
            prop_assert_eq!(later > timestamp, nanos > 0);
        }
    }

    #[test]
    fn order_is_that_of_nanoseconds(seconds: i64, nanos: i32, other_seconds in -3i64..3, other_nanos: i32) {
        let (left, right) = (Duration::from_parts(seconds % 4, nanos), Duration::from_parts(other_seconds, other_nanos));
        prop_assert_eq!(left.cmp(&right), left.total_nanos().cmp(&right.total_nanos()));
    }

    #[test]
    fn no_text_and_no_field_is_too_much(text: String, seconds: i64, nanos: i32) {
        let _ = (Timestamp::parse(&text), Duration::parse(&text));
        let timestamp = Timestamp::from_parts(seconds, nanos);
        let _ = (timestamp.to_string(), timestamp.in_zone(&text), Duration::from_parts(seconds, nanos).to_string());
    }
}
