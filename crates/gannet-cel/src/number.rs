//! Doubles as text, both ways, as Go's `strconv` writes and reads them.

use std::fmt::{self, Write};

/// As `%s` prints a double: the shortest digits that give it back, without an exponent.
pub(crate) fn write_shortest(text: &mut String, value: f64) {
    if !write_special(text, value) {
        text.push_str(&round_tie_to_even(format!("{value}"), value));
    }
}

/// Between two equally short and equally near texts of a number Go takes the even one, and Rust the greater one.
/// `shortest` is Rust's text of that number, with an exponent or without.
pub(crate) fn round_tie_to_even(mut shortest: String, value: f64) -> String {
    let mantissa = shortest.find('e').unwrap_or(shortest.len());
    let last = shortest.bytes().take(mantissa).rposition(|byte| matches!(byte, b'1'..=b'9'));
    if let Some(last) = last
        && let Some(odd @ (b'1' | b'3' | b'5' | b'7' | b'9')) = shortest.as_bytes().get(last).copied()
        && is_tie(significant(&shortest).len(), value)
    {
        let even = char::from(odd - 1);
        shortest.replace_range(last..=last, even.encode_utf8(&mut [0; 4]));
    }
    shortest
}

/// Whether the value lies in the middle between two numbers of that many digits.
fn is_tie(digits: usize, value: f64) -> bool {
    // Fewer digits are never of two texts: floats are spaced more widely than these.
    if digits < 7 {
        return false;
    }
    let longer = significant(&format!("{value:.digits$e}"));
    // No double has more digits than the last one is asked for.
    longer.len() == digits + 1 && longer.ends_with('5') && significant(&format!("{value:.767e}")) == longer
}

/// The digits of a number without zeros at both ends.
fn significant(text: &str) -> String {
    let mantissa = text.split('e').next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// With that many digits after the point, rounded half to even.
pub(crate) fn write_fixed(text: &mut String, value: f64, precision: usize) {
    if !write_special(text, value) {
        push(text, format_args!("{value:.precision$}"));
    }
}

/// One digit before the point, that many after it, and an exponent of at least two digits: `1.500000e+03`.
pub(crate) fn write_scientific(text: &mut String, value: f64, precision: usize) {
    if !write_special(text, value) {
        write_with_exponent(text, &format!("{value:.precision$e}"));
    }
}

/// `NaN` and the infinities, by their names in CEL.
fn write_special(text: &mut String, value: f64) -> bool {
    let name = if value.is_nan() {
        "NaN"
    } else if value == f64::INFINITY {
        "Infinity"
    } else if value == f64::NEG_INFINITY {
        "-Infinity"
    } else {
        return false;
    };
    text.push_str(name);
    true
}

/// From Rust's `1.5e3` to Go's `1.5e+03`.
fn write_with_exponent(text: &mut String, scientific: &str) {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    push(text, format_args!("{digits}e{sign}{exponent:0>2}"));
}

/// Writing to a string does not fail.
pub(crate) fn push(text: &mut String, arguments: fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

/// What `strconv.ParseFloat` reads; nothing for what it refuses, also for what is beyond the greatest double.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    let magnitude = if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        f64::INFINITY
    } else if text.eq_ignore_ascii_case("nan") {
        f64::NAN
    } else {
        let finite = match unsigned.get(..2) {
            Some("0x" | "0X") => parse_hexadecimal(unsigned.get(2..)?)?,
            _ => parse_decimal(unsigned)?,
        };
        if finite.is_infinite() {
            return None;
        }
        finite
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn parse_decimal(unsigned: &str) -> Option<f64> {
    let number = without_underscores(unsigned, false)?;
    // `inf` and `nan` are names that the standard library's parser would read too.
    if !number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    if number.starts_with(['+', '-']) { None } else { number.parse().ok() }
}

/// `1.8p-2`: hexadecimal digits, and an exponent of two, which must be there.
fn parse_hexadecimal(unsigned: &str) -> Option<f64> {
    let number = without_underscores(unsigned, true)?;
    let (digits, exponent) = number.split_once(['p', 'P'])?;
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    if before.is_empty() && after.is_empty() {
        return None;
    }
    let unsigned_exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned_exponent.is_empty() || !unsigned_exponent.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = unsigned_exponent.parse::<i64>().unwrap_or(i64::MAX).min(1_000_000_000);
    let mut exponent = if exponent.starts_with('-') { -magnitude } else { magnitude };
    exponent -= 4 * i64::try_from(after.len()).ok()?;
    let mut mantissa = 0u64;
    for digit in before.chars().chain(after.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            // The lowest bit stands for whatever lies below: it decides only what would be a tie.
            mantissa |= u64::from(digit != 0);
            exponent += 4;
        }
    }
    Some(scale(mantissa, exponent))
}

/// `mantissa * 2^exponent`, rounded once, half to even.
fn scale(mantissa: u64, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift;
    // The exponent of the highest bit.
    let exponent = exponent - i64::from(shift) + 63;
    if exponent > 1023 {
        return f64::INFINITY;
    }
    // 53 bits stay, fewer of a subnormal number.
    let dropped = 11 + (-1022 - exponent).max(0);
    if dropped > 64 {
        return 0.0;
    }
    let wide = u128::from(mantissa);
    let half = 1u128 << (dropped - 1);
    let rest = wide & ((half << 1) - 1);
    let mut kept = (wide >> dropped) as u64;
    if rest > half || rest == half && kept & 1 == 1 {
        kept += 1;
    }
    // Adding, not combining: a carry out of the mantissa belongs into the exponent.
    let biased = if exponent < -1022 { 0 } else { (exponent + 1022).cast_unsigned() };
    f64::from_bits((biased << 52) + kept)
}

/// Without the underscores between digits; nothing if one stands elsewhere.
fn without_underscores(number: &str, prefixed: bool) -> Option<String> {
    let is_digit = |byte: &u8| if prefixed { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let bytes = number.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_') {
        let follows = if at == 0 { prefixed } else { bytes.get(at - 1).is_some_and(is_digit) };
        if !follows || !bytes.get(at + 1).is_some_and(is_digit) {
            return None;
        }
    }
    Some(number.replace('_', ""))
}

#[cfg(test)]
mod tests;
