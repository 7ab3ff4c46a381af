//! The functions that are compared: an expression for cel-go, and what generated code calls for it.

use std::cmp::Ordering;

use gannet_cel::{Duration, Error, Timestamp, Value, boolean, double, format, formats, int, string, uint};

use crate::generate::{self, Random};
use crate::{Arguments, Verdict};

/// Functions of the same arguments.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) arguments: fn(&mut Random) -> Arguments,
    pub(crate) functions: &'static [Function],
    /// Whether a difference is one that the documentation of `gannet_cel::formats` names.
    pub(crate) deviates: Option<fn(&Arguments, &Verdict, &Verdict) -> bool>,
}

pub(crate) struct Function {
    pub(crate) expression: &'static str,
    pub(crate) ours: fn(&Arguments) -> Result<String, Error>,
}

macro_rules! functions {
    ($($expression:literal => |$arguments:ident| $ours:expr),* $(,)?) => {
        &[$(Function {
            expression: $expression,
            ours: |$arguments| Ok(($ours).to_string()),
        }),*]
    };
}

pub(crate) const GROUPS: &[Group] = &[
    Group {
        name: "formats of hosts and addresses of e-mail",
        arguments: |random| {
            if random_side(random) { generate::host(random) } else { generate::email(random) }
        },
        functions: functions! {
            "a.isEmail()" => |of| formats::is_email(&of.a),
            "a.isHostname()" => |of| formats::is_hostname(&of.a),
            "a.isHostAndPort(true)" => |of| formats::is_host_and_port(&of.a, true),
            "a.isHostAndPort(false)" => |of| formats::is_host_and_port(&of.a, false),
        },
        deviates: Some(is_slip_with_addresses),
    },
    Group {
        name: "addresses of IP",
        arguments: generate::ip,
        functions: functions! {
            "a.isIp()" => |of| formats::is_ip(&of.a, 0),
            "a.isIp(n)" => |of| formats::is_ip(&of.a, of.n),
        },
        deviates: Some(is_slip_with_addresses),
    },
    Group {
        name: "prefixes of IP",
        arguments: generate::ip_prefix,
        functions: functions! {
            "a.isIpPrefix()" => |of| formats::is_ip_prefix(&of.a, 0, false),
            "a.isIpPrefix(true)" => |of| formats::is_ip_prefix(&of.a, 0, true),
            "a.isIpPrefix(n)" => |of| formats::is_ip_prefix(&of.a, of.n, false),
            "a.isIpPrefix(n, true)" => |of| formats::is_ip_prefix(&of.a, of.n, true),
        },
        deviates: Some(is_slip_with_addresses),
    },
    Group {
        name: "URIs",
        arguments: generate::uri,
        functions: functions! {
            "a.isUri()" => |of| formats::is_uri(&of.a),
            "a.isUriRef()" => |of| formats::is_uri_ref(&of.a),
        },
        deviates: Some(is_slip_with_uris),
    },
    Group {
        name: "conversions of numbers",
        arguments: generate::number,
        functions: functions! {
            "int(a)" => |of| int::from_string(&of.a)?,
            "uint(a)" => |of| uint::from_string(&of.a)?,
            "bool(a)" => |of| boolean::from_string(&of.a)?,
            "string(double(a))" => |of| string::from_double(double::from_string(&of.a)?),
            "int(double(a))" => |of| int::from_double(double::from_string(&of.a)?)?,
            "uint(double(a))" => |of| uint::from_double(double::from_string(&of.a)?)?,
            "'%s %d'.format([double(a), double(a)])" => |of| templates("%s %d", &of.a)?,
            "'%f %.0f'.format([double(a), double(a)])" => |of| templates("%f %.0f", &of.a)?,
            "'%e %.30f'.format([double(a), double(a)])" => |of| templates("%e %.30f", &of.a)?,
        },
        deviates: None,
    },
    Group {
        name: "arithmetic and order of numbers",
        arguments: generate::numbers,
        functions: functions! {
            "int(a) + int(b)" => |of| int::add(int::from_string(&of.a)?, int::from_string(&of.b)?)?,
            "int(a) - int(b)" => |of| int::sub(int::from_string(&of.a)?, int::from_string(&of.b)?)?,
            "int(a) * int(b)" => |of| int::mul(int::from_string(&of.a)?, int::from_string(&of.b)?)?,
            "int(a) / int(b)" => |of| int::div(int::from_string(&of.a)?, int::from_string(&of.b)?)?,
            "int(a) % int(b)" => |of| int::rem(int::from_string(&of.a)?, int::from_string(&of.b)?)?,
            "-int(a)" => |of| int::neg(int::from_string(&of.a)?)?,
            "uint(a) + uint(b)" => |of| uint::add(uint::from_string(&of.a)?, uint::from_string(&of.b)?)?,
            "uint(a) - uint(b)" => |of| uint::sub(uint::from_string(&of.a)?, uint::from_string(&of.b)?)?,
            "uint(a) * uint(b)" => |of| uint::mul(uint::from_string(&of.a)?, uint::from_string(&of.b)?)?,
            "uint(a) / uint(b)" => |of| uint::div(uint::from_string(&of.a)?, uint::from_string(&of.b)?)?,
            "uint(a) % uint(b)" => |of| uint::rem(uint::from_string(&of.a)?, uint::from_string(&of.b)?)?,
            "uint(int(a))" => |of| uint::from_int(int::from_string(&of.a)?)?,
            "int(uint(a))" => |of| int::from_uint(uint::from_string(&of.a)?)?,
            "int(a) < double(b)" => |of|
                int::compare_double(int::from_string(&of.a)?, double::from_string(&of.b)?).is_some_and(Ordering::is_lt),
            "uint(a) >= double(b)" => |of|
                uint::compare_double(uint::from_string(&of.a)?, double::from_string(&of.b)?).is_some_and(Ordering::is_ge),
            "int(a) <= uint(b)" => |of|
                int::compare_uint(int::from_string(&of.a)?, uint::from_string(&of.b)?).is_le(),
            "dyn(int(a)) == double(b)" => |of|
                Value::Int(int::from_string(&of.a)?) == Value::Double(double::from_string(&of.b)?),
            "dyn(uint(a)) == int(b)" => |of|
                Value::Uint(uint::from_string(&of.a)?) == Value::Int(int::from_string(&of.b)?),
        },
        deviates: None,
    },
    Group {
        name: "durations",
        arguments: generate::duration,
        functions: functions! {
            "string(duration(a))" => |of| Duration::parse(&of.a)?,
            "int(duration(a))" => |of| int::from_duration(Duration::parse(&of.a)?)?,
            "duration(a).getHours()" => |of| Duration::parse(&of.a)?.hours(),
            "duration(a).getMinutes()" => |of| Duration::parse(&of.a)?.minutes(),
            "duration(a).getSeconds()" => |of| Duration::parse(&of.a)?.whole_seconds(),
            "duration(a).getMilliseconds()" => |of| Duration::parse(&of.a)?.milliseconds(),
        },
        // The reference takes them from a double, which may round up what it counts.
        deviates: Some(|_, ours, theirs| differ_by_one(ours, theirs)),
    },
    Group {
        name: "timestamps",
        arguments: generate::timestamp,
        functions: functions! {
            "'%s'.format([timestamp(a)])" => |of| Timestamp::parse(&of.a)?,
            "int(timestamp(a))" => |of| int::from_timestamp(Timestamp::parse(&of.a)?),
            "timestamp(a).getFullYear()" => |of| Timestamp::parse(&of.a)?.in_utc().full_year,
            "timestamp(a).getMonth()" => |of| Timestamp::parse(&of.a)?.in_utc().month,
            "timestamp(a).getDate()" => |of| Timestamp::parse(&of.a)?.in_utc().date,
            "timestamp(a).getDayOfMonth(b)" => |of| Timestamp::parse(&of.a)?.in_zone(&of.b)?.day_of_month,
            "timestamp(a).getDayOfWeek(b)" => |of| Timestamp::parse(&of.a)?.in_zone(&of.b)?.day_of_week,
            "timestamp(a).getDayOfYear(b)" => |of| Timestamp::parse(&of.a)?.in_zone(&of.b)?.day_of_year,
            "timestamp(a).getHours(b)" => |of| Timestamp::parse(&of.a)?.in_zone(&of.b)?.hours,
            "timestamp(a).getMinutes(b)" => |of| Timestamp::parse(&of.a)?.in_zone(&of.b)?.minutes,
            "timestamp(a).getSeconds(b)" => |of| Timestamp::parse(&of.a)?.in_zone(&of.b)?.seconds,
            "timestamp(a).getMilliseconds()" => |of| Timestamp::parse(&of.a)?.in_utc().milliseconds,
        },
        deviates: None,
    },
    Group {
        name: "timestamps with durations",
        arguments: generate::timestamp_and_duration,
        functions: functions! {
            "'%s'.format([timestamp(a) + duration(b)])" => |of|
                Timestamp::parse(&of.a)?.checked_add(Duration::parse(&of.b)?)?,
            "'%s'.format([timestamp(a) - duration(b)])" => |of|
                Timestamp::parse(&of.a)?.checked_sub(Duration::parse(&of.b)?)?,
        },
        deviates: None,
    },
    Group {
        name: "spans between times",
        arguments: |random| {
            if random_side(random) { generate::timestamps(random) } else { generate::durations(random) }
        },
        functions: functions! {
            "int(timestamp(a) - timestamp(b))" => |of|
                int::from_duration(Timestamp::parse(&of.a)?.since(Timestamp::parse(&of.b)?)?)?,
            "timestamp(a) < timestamp(b)" => |of| Timestamp::parse(&of.a)? < Timestamp::parse(&of.b)?,
            "int(duration(a) + duration(b))" => |of|
                int::from_duration(Duration::parse(&of.a)?.checked_add(Duration::parse(&of.b)?)?)?,
            "int(duration(a) - duration(b))" => |of|
                int::from_duration(Duration::parse(&of.a)?.checked_sub(Duration::parse(&of.b)?)?)?,
            "duration(a) <= duration(b)" => |of| Duration::parse(&of.a)? <= Duration::parse(&of.b)?,
        },
        deviates: None,
    },
    Group {
        name: "strings",
        arguments: generate::strings,
        functions: functions! {
            "a.size()" => |of| string::size(&of.a),
            "a.trim()" => |of| string::trim(&of.a),
            "a.reverse()" => |of| string::reverse(&of.a),
            "strings.quote(a)" => |of| string::quote(&of.a),
            "a.lowerAscii()" => |of| string::lower_ascii(&of.a),
            "a.upperAscii()" => |of| string::upper_ascii(&of.a),
        },
        deviates: None,
    },
    Group {
        name: "parts of strings",
        arguments: generate::positions,
        functions: functions! {
            "a.indexOf(b)" => |of| string::index_of(&of.a, &of.b),
            "a.indexOf(b, n)" => |of| string::index_of_from(&of.a, &of.b, of.n)?,
            "a.lastIndexOf(b)" => |of| string::last_index_of(&of.a, &of.b),
            "a.lastIndexOf(b, n)" => |of| string::last_index_of_from(&of.a, &of.b, of.n)?,
            "a.replace(b, '<>')" => |of| string::replace(&of.a, &of.b, "<>"),
            "a.replace(b, '<>', n)" => |of| string::replace_n(&of.a, &of.b, "<>", of.n),
            "a.split(b).join('|')" => |of| string::join(&string::split(&of.a, &of.b), "|"),
            "a.split(b, n).join('|')" => |of| string::join(&string::split_n(&of.a, &of.b, of.n), "|"),
            "a.charAt(n)" => |of| string::char_at(&of.a, of.n)?,
            "a.substring(n)" => |of| string::substring(&of.a, of.n)?,
            "a.substring(n, m)" => |of| string::substring_range(&of.a, of.n, of.m)?,
        },
        deviates: None,
    },
    Group {
        name: "templates",
        arguments: generate::template,
        functions: functions! {
            "a.format([n, 2u, 1.5])" => |of| format(&of.a, &[Value::Int(of.n), Value::Uint(2), Value::Double(1.5)])?,
            "a.format(['x', b'yz', true])" => |of|
                format(&of.a, &[Value::from("x"), Value::Bytes(b"yz".to_vec()), Value::Bool(true)])?,
            "a.format([-255, 3054u, 'Hello'])" => |of|
                format(&of.a, &[Value::Int(-255), Value::Uint(3054), Value::from("Hello")])?,
            "a.format([null, duration('1.5s'), type(1)])" => |of| format(
                &of.a,
                &[Value::Null, Value::Duration(Duration::from_nanos(1_500_000_000)), Value::Type("int".to_owned())]
            )?,
            "a.format([[1.0, 'a'], {'b': [1], 'a': 2u}, timestamp(0)])" => |of| format(
                &of.a,
                &[
                    Value::List(vec![Value::Double(1.0), Value::from("a")]),
                    Value::Map(vec![
                        (Value::from("b"), Value::List(vec![Value::Int(1)])),
                        (Value::from("a"), Value::Uint(2)),
                    ].into()),
                    Value::Timestamp(Timestamp::default()),
                ]
            )?,
        },
        deviates: None,
    },
];

fn random_side(random: &mut Random) -> bool {
    random.one_in(2)
}

fn templates(template: &str, number: &str) -> Result<String, Error> {
    let number = Value::Double(double::from_string(number)?);
    format(template, &[number.clone(), number])
}

fn differ_by_one(ours: &Verdict, theirs: &Verdict) -> bool {
    let number = |verdict: &Verdict| verdict.as_ref().ok().and_then(|text| text.parse::<i64>().ok());
    number(ours).zip(number(theirs)).is_some_and(|(ours, theirs)| ours.abs_diff(theirs) == 1)
}

fn says(verdict: &Verdict, text: &str) -> bool {
    verdict.as_deref() == Ok(text)
}

/// The reference takes an address with one colon at its end for valid before a zone or a slash, does not count groups before
/// a dotted quad, and has no zone after one.
fn is_slip_with_addresses(arguments: &Arguments, ours: &Verdict, theirs: &Verdict) -> bool {
    let text = &arguments.a;
    let (dangles, is_dotted) =
        (text.contains(":%") || text.contains(":/"), text.contains("::") && text.contains('.'));
    if says(ours, "true") {
        return says(theirs, "false") && text.contains('.') && text.contains('%');
    }
    says(ours, "false") && says(theirs, "true") && (dangles || is_dotted)
}

/// The reference takes what follows the first `?` or `#` of an invalid URI for a reference, refuses a dotted quad in an IPv6
/// address, and a capital V.
fn is_slip_with_uris(arguments: &Arguments, ours: &Verdict, theirs: &Verdict) -> bool {
    let text = &arguments.a;
    if says(ours, "true") {
        return says(theirs, "false") && text.contains('[') && text.contains('.');
    }
    let rest_is_reference = |mark| text.split_once(mark).is_some_and(|(_, rest)| formats::is_uri_ref(rest));
    says(theirs, "true") && (rest_is_reference('#') || rest_is_reference('?'))
}
