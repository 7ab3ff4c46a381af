//! The functions that have one meaning per number and types of arguments, and what carries each out at run time.
//!
//! Not here: operators and functions that are overloaded over kinds of types (`overload.rs`).

use super::types::Type;

/// The type of a parameter or a result, in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Double,
    /// As a result, an owned one.
    String,
    /// A result that is part of an argument.
    Text,
    Strings,
    Timestamp,
    Duration,
}

impl Kind {
    pub(crate) fn of(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Double => Type::Double,
            Self::String | Self::Text => Type::String,
            Self::Strings => Type::list(Type::String),
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
        }
    }
}

/// A function of the library, called on its first argument: `text.trim()`.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name in expressions.
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Kind],
    pub(crate) result: Kind,
    /// What carries it out, with the arguments called a, b, c and so on, and the crate `gannet_cel` called cel. Strings
    /// are given as slices.
    pub(crate) code: &'static str,
    /// Whether its code holds a `?`.
    pub(crate) is_fallible: bool,
}

use Kind::{Bool, Double, Duration, Int, String, Strings, Text, Timestamp};

const fn method(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    code: &'static str,
) -> Function {
    Function { name, parameters, result, code, is_fallible: false }
}

const fn fallible(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    code: &'static str,
) -> Function {
    Function { name, parameters, result, code, is_fallible: true }
}

/// All of them.
pub(crate) static FUNCTIONS: &[Function] = &[
    // protovalidate's own.
    method("isNan", &[Double], Bool, "cel::double::is_nan(a)"),
    method("isInf", &[Double], Bool, "cel::double::is_inf(a, 0)"),
    method("isInf", &[Double, Int], Bool, "cel::double::is_inf(a, b)"),
    method("isEmail", &[String], Bool, "cel::formats::is_email(a)"),
    method("isHostname", &[String], Bool, "cel::formats::is_hostname(a)"),
    method("isHostAndPort", &[String, Bool], Bool, "cel::formats::is_host_and_port(a, b)"),
    method("isIp", &[String], Bool, "cel::formats::is_ip(a, 0)"),
    method("isIp", &[String, Int], Bool, "cel::formats::is_ip(a, b)"),
    method("isIpPrefix", &[String], Bool, "cel::formats::is_ip_prefix(a, 0, false)"),
    method("isIpPrefix", &[String, Int], Bool, "cel::formats::is_ip_prefix(a, b, false)"),
    method("isIpPrefix", &[String, Bool], Bool, "cel::formats::is_ip_prefix(a, 0, b)"),
    method("isIpPrefix", &[String, Int, Bool], Bool, "cel::formats::is_ip_prefix(a, b, c)"),
    method("isUri", &[String], Bool, "cel::formats::is_uri(a)"),
    method("isUriRef", &[String], Bool, "cel::formats::is_uri_ref(a)"),
    // Strings.
    fallible("charAt", &[String, Int], Text, "cel::string::char_at(a, b)?"),
    method("indexOf", &[String, String], Int, "cel::string::index_of(a, b)"),
    fallible("indexOf", &[String, String, Int], Int, "cel::string::index_of_from(a, b, c)?"),
    method("lastIndexOf", &[String, String], Int, "cel::string::last_index_of(a, b)"),
    fallible("lastIndexOf", &[String, String, Int], Int, "cel::string::last_index_of_from(a, b, c)?"),
    method("lowerAscii", &[String], String, "cel::string::lower_ascii(a)"),
    method("upperAscii", &[String], String, "cel::string::upper_ascii(a)"),
    method("strings.quote", &[String], String, "cel::string::quote(a)"),
    method("replace", &[String, String, String], String, "cel::string::replace(a, b, c)"),
    method("replace", &[String, String, String, Int], String, "cel::string::replace_n(a, b, c, d)"),
    method("split", &[String, String], Strings, "cel::string::split(a, b)"),
    method("split", &[String, String, Int], Strings, "cel::string::split_n(a, b, c)"),
    fallible("substring", &[String, Int], Text, "cel::string::substring(a, b)?"),
    fallible("substring", &[String, Int, Int], Text, "cel::string::substring_range(a, b, c)?"),
    method("trim", &[String], Text, "cel::string::trim(a)"),
    method("reverse", &[String], String, "cel::string::reverse(a)"),
    // Times.
    method("getFullYear", &[Timestamp], Int, "a.in_utc().full_year"),
    fallible("getFullYear", &[Timestamp, String], Int, "a.in_zone(b)?.full_year"),
    method("getMonth", &[Timestamp], Int, "a.in_utc().month"),
    fallible("getMonth", &[Timestamp, String], Int, "a.in_zone(b)?.month"),
    method("getDate", &[Timestamp], Int, "a.in_utc().date"),
    fallible("getDate", &[Timestamp, String], Int, "a.in_zone(b)?.date"),
    method("getDayOfMonth", &[Timestamp], Int, "a.in_utc().day_of_month"),
    fallible("getDayOfMonth", &[Timestamp, String], Int, "a.in_zone(b)?.day_of_month"),
    method("getDayOfWeek", &[Timestamp], Int, "a.in_utc().day_of_week"),
    fallible("getDayOfWeek", &[Timestamp, String], Int, "a.in_zone(b)?.day_of_week"),
    method("getDayOfYear", &[Timestamp], Int, "a.in_utc().day_of_year"),
    fallible("getDayOfYear", &[Timestamp, String], Int, "a.in_zone(b)?.day_of_year"),
    method("getHours", &[Timestamp], Int, "a.in_utc().hours"),
    fallible("getHours", &[Timestamp, String], Int, "a.in_zone(b)?.hours"),
    method("getMinutes", &[Timestamp], Int, "a.in_utc().minutes"),
    fallible("getMinutes", &[Timestamp, String], Int, "a.in_zone(b)?.minutes"),
    method("getSeconds", &[Timestamp], Int, "a.in_utc().seconds"),
    fallible("getSeconds", &[Timestamp, String], Int, "a.in_zone(b)?.seconds"),
    method("getMilliseconds", &[Timestamp], Int, "a.in_utc().milliseconds"),
    fallible("getMilliseconds", &[Timestamp, String], Int, "a.in_zone(b)?.milliseconds"),
    method("getHours", &[Duration], Int, "a.hours()"),
    method("getMinutes", &[Duration], Int, "a.minutes()"),
    method("getSeconds", &[Duration], Int, "a.whole_seconds()"),
    method("getMilliseconds", &[Duration], Int, "a.milliseconds()"),
];
