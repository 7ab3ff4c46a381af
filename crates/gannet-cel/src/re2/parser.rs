//! Reads patterns of RE2, as Go's `regexp/syntax` reads them with the flags of `regexp.Compile`, into the intermediate
//! representation of `regex-syntax`. Escapes and classes are read in `characters`.
//!
//! Nothing here goes by the syntax of the crate `regex`: what a pattern means is decided character by character and class
//! by class, and what is handed on has no flags any more.

use regex_syntax::hir::{Class, ClassUnicode, Hir, Look, Repetition};

use super::characters::{self, Escaped};
use super::error::{Error, Fault};
use super::limits::{Count, Measure, RangeEnds};
use super::unicode;

/// What a pattern means.
pub(super) struct Meaning {
    pub(super) hir: Hir,
    /// Levels of nesting.
    pub(super) height: u32,
}

pub(super) fn parse(pattern: &str) -> Result<Meaning, Error> {
    let mut parser = Parser {
        pattern,
        position: 0,
        flags: Flags::default(),
        group: Group::default(),
        outer: Vec::new(),
        range_ends: RangeEnds::default(),
    };
    parser.read()?;
    let whole = parser.close_branches()?;
    // Only now, as Go does: what is too large is said before what is missing.
    if !parser.outer.is_empty() {
        return Err(Error::new(Fault::MissingParenthesis, pattern));
    }
    Ok(Meaning { height: whole.measure.height(), hir: whole.hir })
}

/// What `(?imsU)` sets.
// They are four letters, each of which is set or not.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// `i`: letters stand for both cases.
    fold: bool,
    /// `m`: `^` and `$` match at lines.
    lines: bool,
    /// `s`: `.` matches a newline too.
    dot_newline: bool,
    /// `U`: `x*` and `x*?` swap their meaning.
    lazy: bool,
}

struct Parser<'p> {
    pattern: &'p str,
    /// How far it is read, in bytes.
    position: usize,
    flags: Flags,
    group: Group,
    /// The groups around it, outermost first.
    outer: Vec<Group>,
    range_ends: RangeEnds,
}

/// A group that is being read, or the whole pattern.
#[derive(Default)]
struct Group {
    /// What stands before the last `|`.
    branches: Vec<Part>,
    /// What stands behind it.
    parts: Vec<Part>,
    /// The flags that hold again after the group.
    flags: Flags,
    captures: bool,
}

struct Part {
    hir: Hir,
    measure: Measure,
}

impl<'p> Parser<'p> {
    fn read(&mut self) -> Result<(), Error> {
        // Where the repetition begins that was read just before.
        let mut repetition = None;
        while let Some(next) = self.rest().chars().next() {
            let before = repetition.take();
            match next {
                '*' | '+' | '?' => {
                    let (min, max) = match next {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    repetition = Some(self.position);
                    self.repeat(Count { min, max, braces: false }, 1, before)?;
                }
                '{' => match braces(self.rest()) {
                    Some(Braces { count, length }) => {
                        repetition = Some(self.position);
                        let Some(count) = count else {
                            return Err(self.fault(Fault::RepetitionCount, length));
                        };
                        self.repeat(count, length, before)?;
                    }
                    None => self.literal(next)?,
                },
                '(' => self.open_group()?,
                ')' => self.close_group()?,
                '|' => {
                    self.position += 1;
                    self.close_branch()?;
                }
                '[' => {
                    let (set, length) = characters::bracketed(self.rest(), self.flags.fold)?;
                    self.position += length;
                    self.class(set)?;
                }
                '\\' => self.escape()?,
                '^' => self.look(if self.flags.lines { Look::StartLF } else { Look::Start }, 1),
                '$' => self.look(if self.flags.lines { Look::EndLF } else { Look::End }, 1),
                '.' => {
                    self.position += 1;
                    let newline = unicode::range('\n'.into(), '\n'.into(), false);
                    let without = if self.flags.dot_newline { ClassUnicode::empty() } else { newline };
                    self.class(unicode::adjusted(without, false, true))?;
                }
                other => self.literal(other)?,
            }
        }
        Ok(())
    }

    /// What is not yet read.
    fn rest(&self) -> &'p str {
        &self.pattern[self.position..]
    }

    /// A fault in the next so many bytes.
    fn fault(&self, fault: Fault, length: usize) -> Error {
        Error::new(fault, &self.rest()[..length])
    }

    /// A limit that the pattern exceeds.
    fn limit(&self, fault: Fault) -> Error {
        Error::new(fault, self.pattern)
    }

    fn escape(&mut self) -> Result<(), Error> {
        let rest = self.rest();
        let look = match rest.as_bytes().get(1) {
            Some(b'A') => Look::Start,
            Some(b'z') => Look::End,
            Some(b'b') => Look::WordAscii,
            Some(b'B') => Look::WordAsciiNegate,
            Some(b'Q') => return self.quotation(),
            _ => {
                let (escaped, length) = characters::escaped(rest, self.flags.fold)?;
                self.position += length;
                return match escaped {
                    Escaped::Class(set) => self.class(set),
                    Escaped::Character(character) => self.character(character),
                };
            }
        };
        self.look(look, 2);
        Ok(())
    }

    /// `\Q…\E`, or `\Q…` to the end.
    fn quotation(&mut self) -> Result<(), Error> {
        let quoted = &self.rest()[2..];
        let (text, length) = match quoted.split_once(r"\E") {
            Some((text, _)) => (text, text.len() + 4),
            None => (quoted, quoted.len() + 2),
        };
        for character in text.chars() {
            self.character(character.into())?;
        }
        self.position += length;
        Ok(())
    }

    fn look(&mut self, look: Look, length: usize) {
        self.position += length;
        self.group.parts.push(Part { hir: Hir::look(look), measure: Measure::LOOK });
    }

    /// A character that stands for itself.
    fn literal(&mut self, character: char) -> Result<(), Error> {
        self.position += character.len_utf8();
        self.character(character.into())
    }

    fn character(&mut self, character: u32) -> Result<(), Error> {
        let fold = self.flags.fold;
        let set = unicode::range(character, character, fold);
        self.range_ends.add(1).map_err(|fault| self.limit(fault))?;
        let hir = Hir::class(Class::Unicode(set));
        self.group.parts.push(Part { hir, measure: Measure::character(fold) });
        Ok(())
    }

    fn class(&mut self, set: ClassUnicode) -> Result<(), Error> {
        self.range_ends.add(set.ranges().len()).map_err(|fault| self.limit(fault))?;
        let measure = Measure::class(&set);
        self.group.parts.push(Part { hir: Hir::class(Class::Unicode(set)), measure });
        Ok(())
    }

    /// A repetition whose sign is so many bytes long, perhaps with a `?` behind it.
    fn repeat(&mut self, count: Count, length: usize, before: Option<usize>) -> Result<(), Error> {
        let start = self.position;
        self.position += length;
        let mut greedy = !self.flags.lazy;
        if self.rest().starts_with('?') {
            self.position += 1;
            greedy = !greedy;
        }
        let error = |fault, from: usize, to: usize| Error::new(fault, &self.pattern[from..to]);
        if let Some(before) = before {
            return Err(error(Fault::RepetitionOperator, before, self.position));
        }
        let Some(Part { hir, measure }) = self.group.parts.pop() else {
            return Err(error(Fault::MissingArgument, start, self.position));
        };
        let measure = measure.repeated(count).map_err(|fault| match fault {
            Fault::RepetitionCount => error(fault, start, self.position),
            _ => self.limit(fault),
        })?;
        let Count { min, max, .. } = count;
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(hir) });
        self.group.parts.push(Part { hir, measure });
        Ok(())
    }

    /// What a `(` begins: a group, or a change of flags.
    fn open_group(&mut self) -> Result<(), Error> {
        let (opening, length) = opening(self.rest(), self.flags)?;
        self.position += length;
        let captures = match opening {
            Opening::Flags(flags) => {
                self.flags = flags;
                return Ok(());
            }
            Opening::Group { captures, .. } => captures,
        };
        let group = Group { flags: self.flags, captures, ..Group::default() };
        self.outer.push(std::mem::replace(&mut self.group, group));
        if let Opening::Group { flags, .. } = opening {
            self.flags = flags;
        }
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Error> {
        let Part { hir, mut measure } = self.close_branches()?;
        let Some(outer) = self.outer.pop() else {
            return Err(Error::new(Fault::UnexpectedParenthesis, self.pattern));
        };
        self.position += 1;
        let Group { flags, captures, .. } = std::mem::replace(&mut self.group, outer);
        self.flags = flags;
        if captures {
            measure = measure.captured().map_err(|fault| self.limit(fault))?;
        }
        self.group.parts.push(Part { hir, measure });
        Ok(())
    }

    /// The parts since the last `|`, or since the beginning, are a branch.
    fn close_branch(&mut self) -> Result<(), Error> {
        let parts = std::mem::take(&mut self.group.parts);
        let measure = Measure::concatenated(parts.iter().map(|part| part.measure));
        let measure = measure.map_err(|fault| self.limit(fault))?;
        let hir = Hir::concat(parts.into_iter().map(|part| part.hir).collect());
        self.group.branches.push(Part { hir, measure });
        Ok(())
    }

    /// What the group is, all branches together.
    fn close_branches(&mut self) -> Result<Part, Error> {
        self.close_branch()?;
        let branches = std::mem::take(&mut self.group.branches);
        let measure = Measure::alternated(branches.iter().map(|branch| branch.measure));
        let measure = measure.map_err(|fault| self.limit(fault))?;
        let hir = Hir::alternation(branches.into_iter().map(|branch| branch.hir).collect());
        Ok(Part { hir, measure })
    }
}

struct Braces {
    /// `None` if it is out of range.
    count: Option<Count>,
    length: usize,
}

/// `{2}`, `{2,}` or `{2,5}`; whatever else begins with a brace is literal.
fn braces(text: &str) -> Option<Braces> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let (min, max) = match inside.split_once(',') {
        None => (number(inside)?, Some(number(inside)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    let valid = min <= MAX_COUNT && max.is_none_or(|max| min <= max && max <= MAX_COUNT);
    let count = valid.then_some(Count { min, max, braces: true });
    Some(Braces { count, length: inside.len() + 2 })
}

/// What a single repetition may ask for.
const MAX_COUNT: u32 = 1000;

/// Digits without leading zeros. One that does not fit is as good as any other above [`MAX_COUNT`].
fn number(digits: &str) -> Option<u32> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    (valid && !leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
}

enum Opening {
    /// `(?i)`: from here to the end of the group around it.
    Flags(Flags),
    /// `(`, `(?i:`, `(?<name>`: a group, and the flags inside of it.
    Group { captures: bool, flags: Flags },
}

/// What a text beginning with `(` opens, and its length.
fn opening(text: &str, flags: Flags) -> Result<(Opening, usize), Error> {
    let Some(inside) = text.strip_prefix("(?") else {
        return Ok((Opening::Group { captures: true, flags }, 1));
    };
    let name = inside.strip_prefix("P<").or_else(|| inside.strip_prefix('<')).filter(|name| !name.is_empty());
    if let Some(name) = name {
        let Some((name, _)) = name.split_once('>') else {
            return Err(Error::new(Fault::NamedCapture, text));
        };
        let length = text.len() - inside.len() + inside.find('>').map_or(0, |end| end + 1);
        let valid = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        if name.is_empty() || !name.bytes().all(valid) {
            return Err(Error::new(Fault::NamedCapture, &text[..length]));
        }
        return Ok((Opening::Group { captures: true, flags }, length));
    }
    changed_flags(text, inside, flags)
}

/// `(?ims-U)` or `(?ims-U:`.
fn changed_flags(text: &str, inside: &str, mut flags: Flags) -> Result<(Opening, usize), Error> {
    let mut on = true;
    // A `-` must take away something.
    let mut complete = true;
    for (index, letter) in inside.char_indices() {
        let length = text.len() - inside.len() + index + letter.len_utf8();
        match letter {
            'i' => flags.fold = on,
            'm' => flags.lines = on,
            's' => flags.dot_newline = on,
            'U' => flags.lazy = on,
            '-' if on => {
                on = false;
                complete = false;
                continue;
            }
            ':' if complete => return Ok((Opening::Group { captures: false, flags }, length)),
            ')' if complete => return Ok((Opening::Flags(flags), length)),
            _ => return Err(Error::new(Fault::PerlSyntax, &text[..length])),
        }
        complete = true;
    }
    Err(Error::new(Fault::PerlSyntax, text))
}
