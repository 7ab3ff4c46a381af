//! Reads what stands for one character in a pattern of RE2: escapes, and classes in brackets.

use regex_syntax::hir::ClassUnicode;

use super::error::{Error, Fault};
use super::unicode::{self, add_range};

/// What an escape stands for.
pub(super) enum Escaped {
    Class(ClassUnicode),
    /// A code point, perhaps a surrogate.
    Character(u32),
}

/// What a text beginning with a backslash stands for, and the length of that.
pub(super) fn escaped(text: &str, fold: bool) -> Result<(Escaped, usize), Error> {
    if let Some((set, length)) = named_class(text, fold)? {
        return Ok((Escaped::Class(set), length));
    }
    let (character, length) = escaped_character(text)?;
    Ok((Escaped::Character(character), length))
}

/// `\d`, `\pL`, `\p{Greek}` and the like, if the text begins with one.
fn named_class(text: &str, fold: bool) -> Result<Option<(ClassUnicode, usize)>, Error> {
    let &[b'\\', letter, ..] = text.as_bytes() else {
        return Ok(None);
    };
    if matches!(letter, b'p' | b'P') {
        return property(text, letter == b'P', fold).map(Some);
    }
    let set = unicode::perl(letter.to_ascii_lowercase());
    Ok(set.map(|set| (unicode::adjusted(set, fold, letter.is_ascii_uppercase()), 2)))
}

/// `\pL`, `\p{Greek}`, `\P{^Greek}`.
fn property(text: &str, mut negated: bool, fold: bool) -> Result<(ClassUnicode, usize), Error> {
    let (name, length) = if text[2..].starts_with('{') {
        let Some(end) = text.find('}') else {
            return Err(Error::new(Fault::CharacterRange, text));
        };
        (&text[3..end], end + 1)
    } else {
        let length = text[2..].chars().next().map_or(2, |letter| 2 + letter.len_utf8());
        (&text[2..length], length)
    };
    let (name, circumflex) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    negated ^= circumflex;
    match unicode::property(name) {
        Some(set) => Ok((unicode::adjusted(set, fold, negated), length)),
        None => Err(Error::new(Fault::CharacterRange, &text[..length])),
    }
}

/// The code point that a text beginning with a backslash stands for, and the length of that.
fn escaped_character(text: &str) -> Result<(u32, usize), Error> {
    let mut reader = Reader { text, position: 1 };
    let Some(letter) = reader.next() else {
        return Err(Error::new(Fault::TrailingBackslash, ""));
    };
    let character = match letter {
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        'x' => reader.hexadecimal(),
        // `\1` alone would refer back to a group.
        '1'..='7' if !reader.peek().is_some_and(|next| next.is_digit(8)) => None,
        '0'..='7' => Some(reader.octal(letter)),
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(other.into()),
        _ => None,
    };
    match character {
        Some(character) => Ok((character, reader.position)),
        None => Err(Error::new(Fault::Escape, &text[..reader.position])),
    }
}

/// Goes through a text, character by character.
struct Reader<'t> {
    text: &'t str,
    position: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.position..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    /// At most three digits, the first of which is read.
    fn octal(&mut self, first: char) -> u32 {
        let mut value = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|next| next.to_digit(8)) else { break };
            self.position += 1;
            value = value * 8 + digit;
        }
        value
    }

    /// `41` or `{41}`. What was read until a fault was seen belongs to the fault.
    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.next()?;
        if first != '{' {
            // Both are read before either is looked at.
            let second = self.next();
            return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
        }
        let mut value = None;
        loop {
            match self.next()? {
                '}' => return value,
                digit => {
                    let digits = value.unwrap_or(0) * 16 + digit.to_digit(16)?;
                    if digits > u32::from(char::MAX) {
                        return None;
                    }
                    value = Some(digits);
                }
            }
        }
    }
}

/// The class that a text beginning with a bracket describes, and its length.
pub(super) fn bracketed(text: &str, fold: bool) -> Result<(ClassUnicode, usize), Error> {
    let mut set = ClassUnicode::empty();
    let negated = text[1..].starts_with('^');
    let start = if negated { 2 } else { 1 };
    let mut position = start;
    // A `]` that comes first stands for itself.
    while position == start || !text[position..].starts_with(']') {
        let rest = &text[position..];
        if let Some((class, length)) = posix_class(rest, fold)? {
            set.union(&class);
            position += length;
        } else if let Some((class, length)) = named_class(rest, fold)? {
            set.union(&class);
            position += length;
        } else {
            let (from, mut length) = member(rest, text)?;
            let mut to = from;
            // In `[a-]` the hyphen stands for itself.
            if rest[length..].strip_prefix('-').is_some_and(|end| !end.is_empty() && !end.starts_with(']')) {
                let (end, end_length) = member(&rest[length + 1..], text)?;
                length += 1 + end_length;
                to = end;
            }
            if to < from {
                return Err(Error::new(Fault::CharacterRange, &rest[..length]));
            }
            if fold {
                set.union(&unicode::range(from, to, true));
            } else {
                add_range(&mut set, from, to);
            }
            position += length;
        }
    }
    Ok((unicode::adjusted(set, false, negated), position + 1))
}

/// `[:alpha:]` or `[:^alpha:]`, if the text begins with one.
fn posix_class(text: &str, fold: bool) -> Result<Option<(ClassUnicode, usize)>, Error> {
    let Some((name, _)) = text.strip_prefix("[:").and_then(|inside| inside.split_once(":]")) else {
        return Ok(None);
    };
    let length = name.len() + 4;
    let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    match unicode::posix(name) {
        Some(set) => Ok(Some((unicode::adjusted(set, fold, negated), length))),
        None => Err(Error::new(Fault::CharacterRange, &text[..length])),
    }
}

/// One character of a class, and its length.
fn member(text: &str, class: &str) -> Result<(u32, usize), Error> {
    match text.chars().next() {
        None => Err(Error::new(Fault::MissingBracket, class)),
        Some('\\') => escaped_character(text),
        Some(literal) => Ok((literal.into(), literal.len_utf8())),
    }
}
