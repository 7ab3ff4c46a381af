//! How Go writes numbers and strings: `%v` of floats, `strconv.Quote`.
//!
//! The texts of go-proto-validators are Go's, limits and patterns at build time as well as values at run time.

use std::fmt::{self, Display, Formatter, LowerExp, Write as _};
use std::sync::LazyLock;

use crate::number;
use crate::re2::Pattern;

/// A float as Go's `%v` writes it: the shortest digits that read back as the same, with an exponent below 0.0001 and from 1e+06 on.
///
/// ```
/// use gannet_cel::go::Float;
///
/// assert_eq!(Float(1e21).to_string(), "1e+21");
/// assert_eq!(Float(0.35_f32).to_string(), "0.35");
/// assert_eq!(Float(f64::INFINITY).to_string(), "+Inf");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Float<F>(pub F);

/// From this exponent on, `%v` writes one.
const LARGE: i32 = 6;
/// Below this exponent, `%v` writes one.
const SMALL: i32 = -4;

impl Display for Float<f64> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write_float(formatter, self.0, self.0)
    }
}

impl Display for Float<f32> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write_float(formatter, self.0.into(), self.0)
    }
}

/// `shortest` gives the digits: those of an `f32` are fewer than those of the same value as `f64`.
fn write_float(formatter: &mut Formatter<'_>, value: f64, shortest: impl LowerExp) -> fmt::Result {
    if value.is_nan() {
        return formatter.write_str("NaN");
    }
    if value.is_infinite() {
        return formatter.write_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
    let scientific = number::round_tie_to_even(format!("{shortest:e}"), value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(SMALL..LARGE).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(formatter, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(|digit| *digit != '.').collect();
    formatter.write_str(sign)?;
    let Ok(before) = usize::try_from(exponent) else {
        let zeros = usize::try_from(exponent.unsigned_abs()).unwrap_or_default() - 1;
        return write!(formatter, "0.{}{digits}", "0".repeat(zeros));
    };
    let before = before + 1;
    match digits.split_at_checked(before) {
        None | Some((_, "")) => write!(formatter, "{digits:0<before$}"),
        Some((whole, fraction)) => write!(formatter, "{whole}.{fraction}"),
    }
}

/// A string as Go's `strconv.Quote` writes it.
///
/// ```
/// assert_eq!(gannet_cel::go::quote("^[\"\\d]\t\u{a0}$"), r#""^[\"\\d]\t\u00a0$""#);
/// ```
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        // Writing to a string does not fail.
        let _ = write_quoted(&mut out, character);
    }
    out.push('"');
    out
}

fn write_quoted(out: &mut String, character: char) -> fmt::Result {
    match character {
        '"' | '\\' => write!(out, "\\{character}"),
        '\x07' => out.write_str("\\a"),
        '\x08' => out.write_str("\\b"),
        '\x0c' => out.write_str("\\f"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\x0b' => out.write_str("\\v"),
        _ if is_print(character) => out.write_char(character),
        '\0'..='\x1f' | '\x7f' => write!(out, "\\x{:02x}", u32::from(character)),
        '\u{80}'..='\u{ffff}' => write!(out, "\\u{:04x}", u32::from(character)),
        _ => write!(out, "\\U{:08x}", u32::from(character)),
    }
}

/// `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of spaces that of ASCII.
fn is_print(character: char) -> bool {
    static PRINTED: LazyLock<Option<Pattern>> =
        LazyLock::new(|| Pattern::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$").ok());
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    PRINTED.as_ref().is_some_and(|pattern| pattern.is_match(character.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_by_go() {
        // Printed by Go's fmt.
        let printed = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.35, "0.35"),
            (-1.5, "-1.5"),
            (1e5, "100000"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (1e20, "1e+20"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (0.000_123_45, "0.00012345"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in printed {
            assert_eq!(Float(value).to_string(), text, "{value:e}");
        }
        assert_eq!(Float(16_777_216_f32).to_string(), "1.6777216e+07");
        assert_eq!(Float(0.1_f32).to_string(), "0.1");
    }

    #[test]
    fn strings_are_quoted_as_by_go() {
        assert_eq!(quote("a\"b\\c'"), r#""a\"b\\c'""#);
        assert_eq!(quote("\x07\x08\x0c\n\r\t\x0b\0\x1f\x7f"), r#""\a\b\f\n\r\t\v\x00\x1f\x7f""#);
        assert_eq!(
            quote("é日\u{80}\u{ad}\u{2028}\u{feff}\u{e000}"),
            r#""é日\u0080\u00ad\u2028\ufeff\ue000""#
        );
        assert_eq!(quote("😀\u{e0001}\u{10ffff}"), r#""😀\U000e0001\U0010ffff""#);
    }
}
