//! Functions that are called on a value: `text.startsWith('a')`, `time.getHours()`, `items.unique()`.
//!
//! Not here: what they do, which stands with the type of the value.

use super::{Function, bool};
use crate::time::Calendar;
use crate::{Error, Timestamp, Value, bytes, double, format, formats, list, re2, string};

type Outcome = Option<Result<Value, Error>>;

pub(super) static FUNCTIONS: &[Function] = &[
    // protovalidate's own.
    Function::method("isNan", 1, 1, |arguments| match arguments {
        [Value::Double(value)] => bool(double::is_nan(*value)),
        _ => None,
    }),
    Function::method("isInf", 1, 2, |arguments| match arguments {
        [Value::Double(value)] => bool(double::is_inf(*value, 0)),
        [Value::Double(value), Value::Int(sign)] => bool(double::is_inf(*value, *sign)),
        _ => None,
    }),
    Function::method("isEmail", 1, 1, |arguments| test(arguments, formats::is_email)),
    Function::method("isHostname", 1, 1, |arguments| test(arguments, formats::is_hostname)),
    Function::method("isUri", 1, 1, |arguments| test(arguments, formats::is_uri)),
    Function::method("isUriRef", 1, 1, |arguments| test(arguments, formats::is_uri_ref)),
    Function::method("isHostAndPort", 2, 2, |arguments| match arguments {
        [Value::String(text), Value::Bool(required)] => bool(formats::is_host_and_port(text, *required)),
        _ => None,
    }),
    Function::method("isIp", 1, 2, |arguments| match arguments {
        [Value::String(text)] => bool(formats::is_ip(text, 0)),
        [Value::String(text), Value::Int(version)] => bool(formats::is_ip(text, *version)),
        _ => None,
    }),
    Function::method("isIpPrefix", 1, 3, |arguments| match arguments {
        [Value::String(text)] => bool(formats::is_ip_prefix(text, 0, false)),
        [Value::String(text), Value::Int(version)] => bool(formats::is_ip_prefix(text, *version, false)),
        [Value::String(text), Value::Bool(strict)] => bool(formats::is_ip_prefix(text, 0, *strict)),
        [Value::String(text), Value::Int(version), Value::Bool(strict)] => {
            bool(formats::is_ip_prefix(text, *version, *strict))
        }
        _ => None,
    }),
    Function::method("unique", 1, 1, unique),
    // Strings and bytes.
    Function::method("contains", 2, 2, |arguments| search(arguments, string::contains, bytes::contains)),
    Function::method("startsWith", 2, 2, |arguments| {
        search(arguments, string::starts_with, bytes::starts_with)
    }),
    Function::method("endsWith", 2, 2, |arguments| search(arguments, string::ends_with, bytes::ends_with)),
    Function::both("matches", 2, |arguments| match arguments {
        [Value::String(text), Value::String(pattern)] => Some(
            re2::Pattern::of_message(pattern)
                .map(|pattern| Value::Bool(pattern.is_match(text)))
                .map_err(|error| Error::new(error.to_string())),
        ),
        _ => None,
    })
    .of(|_| true),
    Function::method("format", 2, 2, |arguments| match arguments {
        [Value::String(template), Value::List(items)] => Some(format(template, items).map(Value::String)),
        _ => None,
    }),
    Function::method("join", 1, 2, |arguments| match arguments {
        // The first item alone says whether this is a list of strings.
        [Value::List(items), ..] if !matches!(items.first(), None | Some(Value::String(_))) => None,
        [Value::List(items)] => Some(join(items, "")),
        [Value::List(items), Value::String(separator)] => Some(join(items, separator)),
        _ => None,
    }),
    Function::method("charAt", 2, 2, |arguments| match arguments {
        [Value::String(text), Value::Int(index)] => Some(string::char_at(text, *index).map(Value::from)),
        _ => None,
    }),
    Function::method("indexOf", 2, 3, |arguments| match arguments {
        [Value::String(text), Value::String(part)] => int(string::index_of(text, part)),
        [Value::String(text), Value::String(part), Value::Int(from)] => {
            Some(string::index_of_from(text, part, *from).map(Value::Int))
        }
        _ => None,
    }),
    Function::method("lastIndexOf", 2, 3, |arguments| match arguments {
        [Value::String(text), Value::String(part)] => int(string::last_index_of(text, part)),
        [Value::String(text), Value::String(part), Value::Int(from)] => {
            Some(string::last_index_of_from(text, part, *from).map(Value::Int))
        }
        _ => None,
    }),
    Function::method("lowerAscii", 1, 1, |arguments| map(arguments, string::lower_ascii)),
    Function::method("upperAscii", 1, 1, |arguments| map(arguments, string::upper_ascii)),
    Function::operator("strings.quote", 1, |arguments| map(arguments, string::quote)),
    Function::method("reverse", 1, 1, |arguments| map(arguments, string::reverse)),
    Function::method("trim", 1, 1, |arguments| map(arguments, |text| string::trim(text).to_owned())),
    Function::method("replace", 3, 4, |arguments| match arguments {
        [Value::String(text), Value::String(old), Value::String(new)] => {
            Some(Ok(Value::String(string::replace(text, old, new))))
        }
        [Value::String(text), Value::String(old), Value::String(new), Value::Int(limit)] => {
            Some(Ok(Value::String(string::replace_n(text, old, new, *limit))))
        }
        _ => None,
    }),
    Function::method("split", 2, 3, |arguments| match arguments {
        [Value::String(text), Value::String(separator)] => {
            Some(Ok(string::split(text, separator).into_iter().collect()))
        }
        [Value::String(text), Value::String(separator), Value::Int(limit)] => {
            Some(Ok(string::split_n(text, separator, *limit).into_iter().collect()))
        }
        _ => None,
    }),
    Function::method("substring", 2, 3, |arguments| match arguments {
        [Value::String(text), Value::Int(start)] => Some(string::substring(text, *start).map(Value::from)),
        [Value::String(text), Value::Int(start), Value::Int(end)] => {
            Some(string::substring_range(text, *start, *end).map(Value::from))
        }
        _ => None,
    }),
    // Times.
    Function::method("getFullYear", 1, 2, |arguments| calendar(arguments, |time| time.full_year)),
    Function::method("getMonth", 1, 2, |arguments| calendar(arguments, |time| time.month)),
    Function::method("getDate", 1, 2, |arguments| calendar(arguments, |time| time.date)),
    Function::method("getDayOfMonth", 1, 2, |arguments| calendar(arguments, |time| time.day_of_month)),
    Function::method("getDayOfWeek", 1, 2, |arguments| calendar(arguments, |time| time.day_of_week)),
    Function::method("getDayOfYear", 1, 2, |arguments| calendar(arguments, |time| time.day_of_year)),
    Function::method("getHours", 1, 2, |arguments| match arguments {
        [Value::Duration(duration)] => int(duration.hours()),
        _ => calendar(arguments, |time| time.hours),
    }),
    Function::method("getMinutes", 1, 2, |arguments| match arguments {
        [Value::Duration(duration)] => int(duration.minutes()),
        _ => calendar(arguments, |time| time.minutes),
    }),
    Function::method("getSeconds", 1, 2, |arguments| match arguments {
        [Value::Duration(duration)] => int(duration.whole_seconds()),
        _ => calendar(arguments, |time| time.seconds),
    }),
    Function::method("getMilliseconds", 1, 2, |arguments| match arguments {
        [Value::Duration(duration)] => int(duration.milliseconds()),
        _ => calendar(arguments, |time| time.milliseconds),
    }),
];

#[allow(clippy::unnecessary_wraps, reason = "the table's functions may fail, or have no meaning")]
fn int(value: i64) -> Outcome {
    Some(Ok(Value::Int(value)))
}

fn test(arguments: &[&Value], is_one: fn(&str) -> bool) -> Outcome {
    match arguments {
        [Value::String(text)] => bool(is_one(text)),
        _ => None,
    }
}

fn map(arguments: &[&Value], map: fn(&str) -> String) -> Outcome {
    match arguments {
        [Value::String(text)] => Some(Ok(Value::String(map(text)))),
        _ => None,
    }
}

fn search(
    arguments: &[&Value],
    in_text: fn(&str, &str) -> bool,
    in_bytes: fn(&[u8], &[u8]) -> bool,
) -> Outcome {
    match arguments {
        [Value::String(text), Value::String(part)] => bool(in_text(text, part)),
        [Value::Bytes(bytes), Value::Bytes(part)] => bool(in_bytes(bytes, part)),
        _ => None,
    }
}

fn calendar(arguments: &[&Value], part: fn(&Calendar) -> i64) -> Outcome {
    let zoned = |time: &Timestamp, zone: &str| time.in_zone(zone).map(|time| Value::Int(part(&time)));
    match arguments {
        [Value::Timestamp(time)] => int(part(&time.in_utc())),
        [Value::Timestamp(time), Value::String(zone)] => Some(zoned(time, zone)),
        _ => None,
    }
}

fn join(items: &[Value], separator: &str) -> Result<Value, Error> {
    let texts: Result<Vec<&str>, Error> = items
        .iter()
        .map(|item| match item {
            Value::String(text) => Ok(text.as_str()),
            other => Err(Error::new(format!("join: invalid input: {other}"))),
        })
        .collect();
    Ok(Value::String(string::join(&texts?, separator)))
}

/// Whether no two items are equal; those of different types never are.
fn unique(arguments: &[&Value]) -> Outcome {
    let [Value::List(items)] = arguments else { return None };
    let (mut bools, mut ints, mut uints, mut doubles) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut strings, mut bytes) = (Vec::new(), Vec::new());
    for item in items {
        if let (Some(Value::Bytes(_)), false) = (items.first(), matches!(item, Value::Bytes(_))) {
            return Some(Err(Error::new(format!("expected bytes, got {item}"))));
        }
        match item {
            Value::Bool(value) => bools.push(*value),
            Value::Int(value) => ints.push(*value),
            Value::Uint(value) => uints.push(*value),
            Value::Double(value) => doubles.push(*value),
            Value::String(text) => strings.push(text),
            Value::Bytes(value) => bytes.push(value),
            _ => return None,
        }
    }
    bool(
        list::unique(&bools)
            && list::unique(&ints)
            && list::unique(&uints)
            && list::unique_doubles(&doubles)
            && list::unique(&strings)
            && list::unique(&bytes),
    )
}
