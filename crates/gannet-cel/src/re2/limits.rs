//! How large and how deep a pattern may be, measured as Go measures it.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::error::Fault;
use super::unicode;

/// More instructions than this, and Go refuses the pattern.
const MAX_SIZE: u64 = (128 << 20) / 40;
/// Levels of nesting.
const MAX_HEIGHT: u32 = 1000;
/// Copies of one thing that counted repetitions ask for, nested ones multiplied.
const MAX_COPIES: u32 = 1000;
/// Ends of ranges, over all classes of a pattern.
const MAX_RANGE_ENDS: usize = (128 << 20) / 4;

/// What counts for the limits, of one part of a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    kind: Kind,
    /// Instructions of the program that Go would make of it.
    size: u64,
    /// Levels of nesting.
    height: u32,
    /// The largest product of nested counts.
    copies: u32,
}

/// What makes a difference when parts are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    /// Characters in a row, in one case or in any: several of them are one.
    Literal {
        fold: bool,
    },
    /// A set of characters.
    Class,
    Concatenation,
    Alternation,
    Other,
}

/// How often something is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) min: u32,
    /// `None`: without end.
    pub(super) max: Option<u32>,
    /// Written in braces.
    pub(super) braces: bool,
}

impl Measure {
    pub(super) const EMPTY: Self = Self::one(Kind::Empty);
    /// An anchor or the like.
    pub(super) const LOOK: Self = Self::one(Kind::Other);
    const CLASS: Self = Self::one(Kind::Class);

    const fn one(kind: Kind) -> Self {
        Self { kind, size: 1, height: 1, copies: 1 }
    }

    /// A set of characters; one of a single character, in one case or in both, counts as that character.
    pub(super) fn class(set: &ClassUnicode) -> Self {
        let characters: usize = set.ranges().iter().map(ClassUnicodeRange::len).sum();
        let Some(first) = set.ranges().first().map(|range| u32::from(range.start())) else {
            return Self::CLASS;
        };
        match characters {
            1 => Self::character(false),
            2 if *set == unicode::range(first, first, true) => Self::character(true),
            _ => Self::CLASS,
        }
    }

    /// A literal character.
    pub(super) const fn character(fold: bool) -> Self {
        Self::one(Kind::Literal { fold })
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    fn single_character(&self) -> bool {
        match self.kind {
            Kind::Literal { .. } => self.size == 1,
            Kind::Class => true,
            _ => false,
        }
    }

    pub(super) fn captured(self) -> Result<Self, Fault> {
        Self { kind: Kind::Other, size: self.size + 2, height: self.height + 1, ..self }.checked()
    }

    pub(super) fn repeated(self, count: Count) -> Result<Self, Fault> {
        let Count { min, max, braces } = count;
        let size = match (min, max) {
            (0, None) => self.size + 2,
            (_, None) => u64::from(min) * self.size + 1,
            (_, Some(max)) => u64::from(max) * self.size + u64::from(max.saturating_sub(min)),
        };
        let copies = match max.unwrap_or(min) {
            _ if !braces => self.copies,
            // Never there, however often it says it is.
            0 if max.is_some() => 1,
            0 => self.copies,
            // At most 1000 times at most 1000.
            times => times * self.copies,
        };
        let repeated =
            Self { kind: Kind::Other, size: size.max(1), height: self.height + 1, copies }.checked()?;
        let counted = braces && (min >= 2 || max.is_some_and(|max| max >= 2));
        if counted && copies > MAX_COPIES {
            return Err(Fault::RepetitionCount);
        }
        Ok(repeated)
    }

    /// One after the other.
    pub(super) fn concatenated(parts: impl Iterator<Item = Self>) -> Result<Self, Fault> {
        Self::joined(parts, Kind::Concatenation)
    }

    /// One or the other.
    pub(super) fn alternated(parts: impl Iterator<Item = Self> + Clone) -> Result<Self, Fault> {
        if parts.clone().count() > 1 && parts.clone().all(|part| part.single_character()) {
            return Ok(Self::CLASS);
        }
        Self::joined(parts, Kind::Alternation)
    }

    fn joined(parts: impl Iterator<Item = Self>, kind: Kind) -> Result<Self, Fault> {
        let mut joined: Option<Self> = None;
        for part in parts {
            joined = Some(match joined {
                None => part,
                Some(before) => before.with(&part, kind),
            });
        }
        joined.unwrap_or(Self::EMPTY).checked()
    }

    fn with(self, next: &Self, kind: Kind) -> Self {
        let bar = u64::from(kind == Kind::Alternation);
        let size = self.size + next.size + bar;
        let copies = self.copies.max(next.copies);
        let run = kind == Kind::Concatenation
            && self.kind == next.kind
            && matches!(self.kind, Kind::Literal { .. });
        if run {
            return Self { size, ..self };
        }
        // What is of the same kind is one level with the whole.
        let level = |part: &Self| if part.kind == kind { part.height } else { part.height + 1 };
        Self { kind, size, height: level(&self).max(level(next)), copies }
    }

    fn checked(self) -> Result<Self, Fault> {
        if self.size > MAX_SIZE {
            return Err(Fault::Large);
        }
        if self.height > MAX_HEIGHT {
            return Err(Fault::NestingDepth);
        }
        Ok(self)
    }
}

/// How many ends of ranges the classes of a pattern have so far.
#[derive(Debug, Default)]
pub(super) struct RangeEnds(usize);

impl RangeEnds {
    pub(super) fn add(&mut self, ranges: usize) -> Result<(), Fault> {
        self.0 += 2 * ranges;
        if self.0 > MAX_RANGE_ENDS { Err(Fault::Large) } else { Ok(()) }
    }
}
