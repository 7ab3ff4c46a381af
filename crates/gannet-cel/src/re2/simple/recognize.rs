//! Finds out whether a pattern is simple.
//!
//! It is first multiplied out into alternatives, each a row of anchors and pieces, as long as there are only a few. A row
//! is then kept only if taking as much as possible, piece by piece, must find a match where there is one:
//!
//! - A piece that takes a fixed number of characters has no choice.
//! - Any other must share no byte with those that what follows can begin with. It must reach as far as its class does then:
//!   stopped earlier, it would leave a byte that nothing behind it takes, and the end of the text is not there either.
//! - Where the row need not end with the text, nothing is gained by taking more than the minimum at its end; where it need
//!   not begin with the text, likewise at its beginning. So pieces are cut down to their minimum there first.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::{ByteSet, Piece, Sequence, Simple};

/// Alternatives, and pieces in all of them together: beyond that an engine is no worse.
const MAX_ALTERNATIVES: usize = 16;
const MAX_PIECES: usize = 64;
/// Levels of groups in groups.
const MAX_DEPTH: usize = 16;

pub(super) fn simple(pattern: &Hir) -> Option<Simple> {
    let mut alternatives = Vec::new();
    for row in rows(pattern, MAX_DEPTH)? {
        let sequence = sequence(row)?;
        if !alternatives.contains(&sequence) {
            alternatives.push(sequence);
        }
    }
    let pieces: usize = alternatives.iter().map(|sequence| sequence.pieces.len()).sum();
    (!alternatives.is_empty() && pieces <= MAX_PIECES).then_some(Simple { alternatives })
}

#[derive(Debug, Clone)]
enum Item {
    Start,
    End,
    Piece(Piece),
}

type Row = Vec<Item>;

/// What the pattern comes to, multiplied out.
fn rows(pattern: &Hir, depth: usize) -> Option<Vec<Row>> {
    let depth = depth.checked_sub(1)?;
    match pattern.kind() {
        HirKind::Empty => Some(vec![Row::new()]),
        HirKind::Look(Look::Start) => Some(vec![vec![Item::Start]]),
        HirKind::Look(Look::End) => Some(vec![vec![Item::End]]),
        HirKind::Look(_) => None,
        HirKind::Literal(literal) => Some(vec![vec![Item::Piece(Piece::Literal(literal.0.to_vec()))]]),
        HirKind::Class(class) => Some(vec![vec![piece(byte_set(class)?, 1, Some(1))]]),
        HirKind::Repetition(repetition) => repeated(repetition, depth),
        HirKind::Capture(capture) => rows(&capture.sub, depth),
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![Row::new()], |before, part| product(&before, &rows(part, depth)?))
        }
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(rows(branch, depth)?);
            }
            (all.len() <= MAX_ALTERNATIVES).then_some(all)
        }
    }
}

fn piece(bytes: ByteSet, min: u32, max: Option<u32>) -> Item {
    Item::Piece(Piece::Class { bytes, min, max })
}

/// The bytes of a class of ASCII characters, or of one that has all others too.
fn byte_set(class: &Class) -> Option<ByteSet> {
    let Class::Unicode(class) = class else { return None };
    let mut others = class.clone();
    others.negate();
    let mut bytes = ByteSet::default();
    for range in class.ranges().iter().filter(|range| range.start().is_ascii()) {
        bytes.insert(range.start() as u8..=range.end().min('\x7f') as u8);
    }
    if others.is_ascii() {
        bytes.insert(0x80..=0xFF);
        return Some(bytes);
    }
    (class.is_ascii() && !class.ranges().is_empty()).then_some(bytes)
}

fn repeated(repetition: &Repetition, depth: usize) -> Option<Vec<Row>> {
    let Repetition { min, max, ref sub, .. } = *repetition;
    let class = match sub.kind() {
        HirKind::Class(class) => Some(byte_set(class)?),
        HirKind::Literal(literal) => match *literal.0 {
            [byte] => {
                let mut only = ByteSet::default();
                only.insert(byte..=byte);
                Some(only)
            }
            _ => None,
        },
        _ => None,
    };
    if let Some(bytes) = class {
        return Some(vec![vec![piece(bytes, min, max)]]);
    }
    let max = max.filter(|&max| max as usize <= MAX_PIECES)?;
    let once = rows(sub, depth)?;
    let mut times = vec![Row::new()];
    for _ in 0..min {
        times = product(&times, &once)?;
    }
    let mut all = times.clone();
    for _ in min..max {
        times = product(&times, &once)?;
        all.extend(times.iter().cloned());
        if all.len() > MAX_ALTERNATIVES {
            return None;
        }
    }
    Some(all)
}

/// Each of these, followed by each of those.
fn product(before: &[Row], after: &[Row]) -> Option<Vec<Row>> {
    if before.len() * after.len() > MAX_ALTERNATIVES {
        return None;
    }
    let mut rows = Vec::with_capacity(before.len() * after.len());
    for first in before {
        for second in after {
            if first.len() + second.len() > MAX_PIECES {
                return None;
            }
            rows.push([first.as_slice(), second].concat());
        }
    }
    Some(rows)
}

/// The row as a sequence, if that decides exactly.
fn sequence(row: Row) -> Option<Sequence> {
    let leading = row.iter().take_while(|item| matches!(item, Item::Start)).count();
    let trailing = row.iter().rev().take_while(|item| matches!(item, Item::End)).count();
    let (from_start, to_end) = (leading > 0, trailing > 0);
    let length = row.len();
    let mut pieces = Vec::new();
    for item in row.into_iter().take(length - trailing).skip(leading) {
        // An anchor in between is not what this is about.
        let Item::Piece(piece) = item else { return None };
        join(&mut pieces, piece);
    }
    // The ends that are bound to nothing take the minimum.
    if !to_end {
        while let Some(last) = pieces.pop() {
            if let Some(least) = last.least() {
                pieces.push(least);
                break;
            }
        }
    }
    if !from_start {
        let empty = pieces.iter().take_while(|piece| piece.least().is_none()).count();
        pieces.drain(..empty);
        if let Some(first) = pieces.first_mut() {
            *first = first.least()?;
        }
    }
    pieces.retain(|piece| !matches!(piece, Piece::Class { max: Some(0), .. }));
    let sequence = Sequence { from_start, pieces, to_end };
    is_exact(&sequence).then_some(sequence)
}

/// Adds a piece, as one with the last if they are of the same kind.
fn join(pieces: &mut Vec<Piece>, next: Piece) {
    match (pieces.last_mut(), next) {
        (Some(Piece::Literal(bytes)), Piece::Literal(more)) => bytes.extend(more),
        (
            Some(Piece::Class { bytes, min, max }),
            Piece::Class { bytes: same, min: more_at_least, max: more_at_most },
        ) if *bytes == same => {
            *min += more_at_least;
            *max = max.zip(more_at_most).map(|(max, more)| max + more);
        }
        (_, next) => pieces.push(next),
    }
}

impl Piece {
    /// The least that it takes, if that is something.
    fn least(&self) -> Option<Self> {
        match self {
            Self::Literal(_) => Some(self.clone()),
            Self::Class { min: 0, .. } => None,
            Self::Class { bytes, min, .. } => Some(Self::Class { bytes: *bytes, min: *min, max: Some(*min) }),
        }
    }

    /// The bytes that it can begin with, and whether it can be empty.
    fn beginning(&self) -> (ByteSet, bool) {
        match self {
            Self::Literal(literal) => {
                let mut bytes = ByteSet::default();
                if let Some(&first) = literal.first() {
                    bytes.insert(first..=first);
                }
                (bytes, false)
            }
            Self::Class { bytes, min, .. } => (*bytes, *min == 0),
        }
    }
}

/// Whether each piece, taking what it can, takes what it must.
fn is_exact(sequence: &Sequence) -> bool {
    let Sequence { from_start, ref pieces, to_end } = *sequence;
    let greedy = pieces.iter().enumerate().all(|(index, piece)| match piece {
        Piece::Literal(_) => true,
        Piece::Class { min, max, .. } if *max == Some(*min) => true,
        Piece::Class { bytes, .. } => shares_nothing(bytes, &pieces[index + 1..]),
    });
    let placed = from_start
        || match pieces.as_slice() {
            [] => true,
            _ if to_end => sequence.fixed_length().is_some(),
            [Piece::Literal(_)] => true,
            [Piece::Class { min: 1, max: Some(1), bytes }] => bytes.is_ascii(),
            _ => false,
        };
    greedy && placed
}

/// Whether no byte of the class can be the first of what follows.
fn shares_nothing(bytes: &ByteSet, following: &[Piece]) -> bool {
    for piece in following {
        let (first, maybe_empty) = piece.beginning();
        if !bytes.is_disjoint(&first) {
            return false;
        }
        if !maybe_empty {
            break;
        }
    }
    true
}
