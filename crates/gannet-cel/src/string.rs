//! CEL's `string`: its functions, and those of cel-go's string extension. Positions and sizes count code points.

use crate::{Duration, Error, Timestamp, go};

/// `size(text)`: how many code points.
pub fn size(text: &str) -> i64 {
    to_int(text.chars().count())
}

/// `text.startsWith(prefix)`
pub fn starts_with(text: &str, prefix: &str) -> bool {
    text.starts_with(prefix)
}

/// `text.endsWith(suffix)`
pub fn ends_with(text: &str, suffix: &str) -> bool {
    text.ends_with(suffix)
}

/// `text.contains(part)`
pub fn contains(text: &str, part: &str) -> bool {
    text.contains(part)
}

/// `left + right`
pub fn concat(left: &str, right: &str) -> String {
    [left, right].concat()
}

/// `text.charAt(index)`: a string of one character; the empty one at the end of the text.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::char_at("größe", 2), Ok("ö"));
/// assert_eq!(string::char_at("größe", 5), Ok(""));
/// assert_eq!(string::char_at("größe", 6).unwrap_err().to_string(), "index out of range: 6");
/// ```
///
/// # Errors
/// The index is negative, or beyond the end.
pub fn char_at(text: &str, index: i64) -> Result<&str, Error> {
    let start = position(text, index).ok_or_else(|| out_of_range(index))?;
    let rest = text.get(start..).unwrap_or_default();
    Ok(rest.get(..rest.chars().next().map_or(0, char::len_utf8)).unwrap_or_default())
}

/// `text.indexOf(part)`: where the part is first found, or −1.
pub fn index_of(text: &str, part: &str) -> i64 {
    text.find(part).map_or(-1, |at| index_at(text, at))
}

/// `text.indexOf(part, from)`: where the part is first found at that index or later, or −1.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::index_of_from("hello mellow", "ello", 2), Ok(7));
/// assert_eq!(string::index_of_from("hello mellow", "ello", 20), Ok(-1));
/// ```
///
/// # Errors
/// The index is negative.
pub fn index_of_from(text: &str, part: &str, from: i64) -> Result<i64, Error> {
    if from < 0 {
        return Err(out_of_range(from));
    }
    let Some(start) = position(text, from) else {
        // The empty part is found everywhere, also at the end.
        return Ok(if part.is_empty() { size(text) } else { -1 });
    };
    let found = text.get(start..).and_then(|rest| rest.find(part));
    Ok(found.map_or(-1, |at| index_at(text, start + at)))
}

/// `text.lastIndexOf(part)`: where the part is last found, or −1.
pub fn last_index_of(text: &str, part: &str) -> i64 {
    text.rfind(part).map_or(-1, |at| index_at(text, at))
}

/// `text.lastIndexOf(part, from)`: where the part is last found at that index or before, or −1.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::last_index_of_from("hello mellow", "ello", 6), Ok(1));
/// assert_eq!(string::last_index_of_from("hello mellow", "ello", 20), Ok(-1));
/// ```
///
/// # Errors
/// The index is negative.
pub fn last_index_of_from(text: &str, part: &str, from: i64) -> Result<i64, Error> {
    if from < 0 {
        return Err(out_of_range(from));
    }
    let start = position(text, from);
    if part.is_empty() {
        return Ok(if start.is_some() { from } else { size(text) });
    }
    let Some(start) = start.filter(|start| *start < text.len()) else {
        return Ok(-1);
    };
    // What begins at that index may end after it; it ends where a character does.
    let end = (start + part.len()).min(text.len());
    let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let found = text.get(..end).and_then(|before| before.rfind(part));
    Ok(found.map_or(-1, |at| index_at(text, at)))
}

/// `text.lowerAscii()`
pub fn lower_ascii(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// `text.upperAscii()`
pub fn upper_ascii(text: &str) -> String {
    text.to_ascii_uppercase()
}

/// `text.replace(old, new)`: an empty `old` is found before each character and at the end.
pub fn replace(text: &str, old: &str, new: &str) -> String {
    text.replace(old, new)
}

/// `text.replace(old, new, limit)`: the first ones only; all of them if the limit is negative.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::replace_n("hello hello", "he", "we", 1), "wello hello");
/// ```
pub fn replace_n(text: &str, old: &str, new: &str, limit: i64) -> String {
    match usize::try_from(limit) {
        Ok(limit) => text.replacen(old, new, limit),
        Err(_) => text.replace(old, new),
    }
}

/// `text.split(separator)`: by an empty separator into characters.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::split("a,b,", ","), ["a", "b", ""]);
/// assert_eq!(string::split("öl", ""), ["ö", "l"]);
/// ```
pub fn split<'text>(text: &'text str, separator: &str) -> Vec<&'text str> {
    split_n(text, separator, -1)
}

/// `text.split(separator, limit)`: into at most that many parts, the last of which is the rest; any number of them if the
/// limit is negative.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::split_n("a,b,c", ",", 2), ["a", "b,c"]);
/// assert!(string::split_n("a,b,c", ",", 0).is_empty());
/// ```
pub fn split_n<'text>(text: &'text str, separator: &str, limit: i64) -> Vec<&'text str> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        Vec::new()
    } else if separator.is_empty() {
        split_into_characters(text, limit)
    } else {
        text.splitn(limit, separator).collect()
    }
}

fn split_into_characters(text: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if parts.len() + 1 == limit {
            parts.push(rest);
            break;
        }
        let (character, after) = rest.split_at(first.len_utf8());
        parts.push(character);
        rest = after;
    }
    parts
}

/// `items.join()` and `items.join(separator)`
pub fn join<T: AsRef<str>>(items: &[T], separator: &str) -> String {
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(item.as_ref());
    }
    text
}

/// `text.substring(start)`
///
/// # Errors
/// The index is negative, or beyond the end.
pub fn substring(text: &str, start: i64) -> Result<&str, Error> {
    let from = position(text, start).ok_or_else(|| out_of_range(start))?;
    Ok(text.get(from..).unwrap_or_default())
}

/// `text.substring(start, end)`: up to the character before the end.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::substring_range("größe", 1, 4), Ok("röß"));
/// ```
///
/// # Errors
/// An index is negative or beyond the end, or the first is greater than the second.
pub fn substring_range(text: &str, start: i64, end: i64) -> Result<&str, Error> {
    if start > end {
        return Err(Error::new(format!("invalid substring range. start: {start}, end: {end}")));
    }
    let from = position(text, start).ok_or_else(|| out_of_range(start))?;
    let to = position(text, end).ok_or_else(|| out_of_range(end))?;
    Ok(text.get(from..to).unwrap_or_default())
}

/// `text.trim()`: without Unicode's white space at both ends.
pub fn trim(text: &str) -> &str {
    text.trim()
}

/// `text.reverse()`
pub fn reverse(text: &str) -> String {
    text.chars().rev().collect()
}

/// `strings.quote(text)`: in double quotes, with CEL's escapes for these, backslashes and control characters that have one.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::quote("a \"b\"\n"), r#""a \"b\"\n""#);
/// ```
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match escape(character) {
            Some(escape) => quoted.extend(['\\', escape]),
            None => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(character: char) -> Option<char> {
    Some(match character {
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        '\\' => '\\',
        '"' => '"',
        _ => return None,
    })
}

/// `string(value)` of a `bool`.
pub fn from_bool(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// `string(value)` of an `int`.
pub fn from_int(value: i64) -> String {
    value.to_string()
}

/// `string(value)` of a `uint`.
pub fn from_uint(value: u64) -> String {
    value.to_string()
}

/// `string(value)` of a `double`: the shortest digits that give it back, with an exponent if that is
/// below −4 or above 5, as Go's `%g` prints it.
///
/// ```
/// use gannet_cel::string;
///
/// assert_eq!(string::from_double(1e6), "1e+06");
/// assert_eq!(string::from_double(0.1), "0.1");
/// ```
pub fn from_double(value: f64) -> String {
    go::Float(value).to_string()
}

/// `string(value)` of `bytes`.
///
/// # Errors
/// The bytes are not UTF-8.
pub fn from_bytes(value: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(value).map_err(|_| Error::new("invalid UTF-8 in bytes, cannot convert to string"))
}

/// `string(value)` of a timestamp: RFC 3339 in UTC.
pub fn from_timestamp(value: Timestamp) -> String {
    value.to_string()
}

/// `string(value)` of a duration: seconds with `s`.
pub fn from_duration(value: Duration) -> String {
    value.to_string()
}

/// Where the character of that index begins in the text; its length for the index after the last one.
fn position(text: &str, index: i64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

/// The index of the character that begins there.
fn index_at(text: &str, at: usize) -> i64 {
    text.get(..at).map_or(-1, size)
}

fn to_int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cold]
fn out_of_range(index: i64) -> Error {
    Error::new(format!("index out of range: {index}"))
}

#[cfg(test)]
mod tests;
