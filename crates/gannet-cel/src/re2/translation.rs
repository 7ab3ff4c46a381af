//! Writes the meaning of a pattern in the syntax of the crate `regex`, without flags and with every class spelled out.

use std::fmt::Write;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look, Repetition};

/// The pattern as `regex` wants it.
pub(super) fn translation(meaning: &Hir) -> String {
    let mut text = String::new();
    write(&mut text, meaning);
    text
}

fn write(text: &mut String, part: &Hir) {
    match part.kind() {
        HirKind::Empty => text.push_str("(?:)"),
        HirKind::Literal(literal) => {
            // Literals are made of characters.
            let literal = String::from_utf8_lossy(&literal.0);
            regex_syntax::escape_into(&literal, text);
        }
        HirKind::Class(Class::Unicode(set)) => write_class(text, set),
        // Only what can never match.
        HirKind::Class(Class::Bytes(_)) => write_class(text, &ClassUnicode::empty()),
        HirKind::Look(look) => text.push_str(written(*look)),
        HirKind::Repetition(repetition) => write_repetition(text, repetition),
        HirKind::Capture(capture) => write_group(text, &capture.sub),
        HirKind::Concat(parts) => {
            for part in parts {
                match part.kind() {
                    HirKind::Alternation(_) => write_group(text, part),
                    _ => write(text, part),
                }
            }
        }
        HirKind::Alternation(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                if index > 0 {
                    text.push('|');
                }
                write(text, branch);
            }
        }
    }
}

fn write_group(text: &mut String, inside: &Hir) {
    text.push_str("(?:");
    write(text, inside);
    text.push(')');
}

fn write_repetition(text: &mut String, repetition: &Repetition) {
    let Repetition { min, max, greedy, ref sub } = *repetition;
    match sub.kind() {
        HirKind::Class(_) => write(text, sub),
        // Longer ones, and whatever ends with an operator of its own.
        _ => write_group(text, sub),
    }
    // Writing to a string does not fail.
    let _ = match (min, max) {
        (0, Some(1)) => write!(text, "?"),
        (0, None) => write!(text, "*"),
        (1, None) => write!(text, "+"),
        (min, None) => write!(text, "{{{min},}}"),
        (min, Some(max)) if min == max => write!(text, "{{{min}}}"),
        (min, Some(max)) => write!(text, "{{{min},{max}}}"),
    };
    if !greedy {
        text.push('?');
    }
}

fn write_class(text: &mut String, set: &ClassUnicode) {
    if set.ranges().is_empty() {
        text.push_str(r"[^\x{0}-\x{10FFFF}]");
        return;
    }
    text.push('[');
    for range in set.ranges() {
        write_member(text, range.start());
        if range.start() != range.end() {
            text.push('-');
            write_member(text, range.end());
        }
    }
    text.push(']');
}

fn write_member(text: &mut String, character: char) {
    if character.is_ascii_alphanumeric() {
        text.push(character);
    } else {
        let _ = write!(text, "\\x{{{:X}}}", u32::from(character));
    }
}

/// Of the many that the representation has, the parser makes only six.
fn written(look: Look) -> &'static str {
    match look {
        Look::Start => r"\A",
        Look::End => r"\z",
        Look::StartLF => "(?m:^)",
        Look::EndLF => "(?m:$)",
        Look::WordAscii => r"(?-u:\b)",
        _ => r"(?-u:\B)",
    }
}
