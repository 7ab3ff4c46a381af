//! Patterns as rules write them: RE2's syntax, with RE2's meaning.
//!
//! RE2 and the crate `regex` look alike and differ: `\d`, `\s`, `\w` and `\b` mean ASCII in RE2, `\Q…\E` and octal escapes
//! exist, set operations such as `[a&&b]` do not, errors read differently. So a pattern is read here as Go's
//! `regexp/syntax` (Go 1.26) reads it, which is what protovalidate's reference runs on, refused in the same words, and
//! handed to the engines of `regex-automata` class by class. The conformance suite `re2` compares both with Go's own
//! `regexp`, pattern by pattern and text by text.
//!
//! # Where it differs from Go
//!
//! - Unicode's version: the names of categories and scripts are those of Unicode 15.0, as in Go 1.26, while what they hold
//!   and how case folds is that of Unicode 16.0. So characters that 15.0 did not have yet are letters, members of a script
//!   and so on here. Of those that it had, ƛ and ɤ fold with their new capitals, ΐ and ΰ (U+0390, U+03B0) with U+1FD3 and
//!   U+1FE3, U+FB05 with U+FB06, and U+1171E is `Mc` instead of `Mn`. Apart from the version, Go lacks U+0345 in
//!   `(?i)\p{LC}`.
//! - Go 1.25 and 1.26 refuse the names of scripts of several words, such as `\p{Old_Italic}`, which RE2 and earlier
//!   versions of Go know. They are known here.
//! - A surrogate, as in `\x{D800}`, is never found here, since no text has one. In Go it is found where U+FFFD stands, if
//!   the pattern begins with literals up to there.
//! - The limits of size (some 3.3 million instructions) and nesting (1000 levels) are applied to the pattern as it is
//!   written. Go applies them after it has factored out what branches have in common, and does not apply them to some
//!   patterns of thousands of characters. Besides, an automaton may take [`MEMORY_LIMIT`] here, since characters are
//!   taken byte by byte: `\pL{1000}` passes, hundreds of such do not.

mod characters;
mod error;
mod limits;
mod parser;
pub mod scan;
mod simple;
mod translation;
mod unicode;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::Hir;

use parser::Meaning;

pub use error::{Error, Fault};
pub use simple::{ByteSet, Piece, Sequence, Simple, simple};

/// Bytes that the automaton of one pattern may take; one that needs more is refused as too large.
pub const MEMORY_LIMIT: usize = 256 << 20;

/// The same for a pattern that a message brings along.
pub const MESSAGE_MEMORY_LIMIT: usize = 4 << 20;

/// A pattern of RE2, ready to be searched for in time linear in the length of the text.
///
/// ```
/// use gannet_cel::re2::Pattern;
///
/// let port = Pattern::new(r"^\d{1,5}$")?;
/// assert!(port.is_match("50051"));
/// assert!(!port.is_match("\u{663}"), "an Arabic digit is no \\d in RE2");
/// # Ok::<(), gannet_cel::re2::Error>(())
/// ```
#[derive(Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Reads and compiles it.
    ///
    /// # Errors
    ///
    /// What Go's `regexp.Compile` says of it; see [the module](self) for where the two differ.
    pub fn new(re2: &str) -> Result<Self, Error> {
        Self::within(re2, MEMORY_LIMIT)
    }

    /// The same for a pattern that is not part of the contract, but of a message: it may take [`MESSAGE_MEMORY_LIMIT`].
    ///
    /// ```
    /// use gannet_cel::re2::Pattern;
    ///
    /// assert!(Pattern::of_message(r"^\d{1,5}$").is_ok());
    /// let error = Pattern::of_message(r"\pL{1000}").unwrap_err();
    /// assert_eq!(error.to_string(), r"error parsing regexp: expression too large: `\pL{1000}`");
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_message(re2: &str) -> Result<Self, Error> {
        Self::within(re2, MESSAGE_MEMORY_LIMIT)
    }

    fn within(re2: &str, memory: usize) -> Result<Self, Error> {
        let Meaning { hir, height } = parser::parse(re2)?;
        match compiled(&hir, height, memory) {
            Some(regex) => Ok(Self { source: re2.to_owned(), regex }),
            None => Err(Error::new(Fault::Large, re2)),
        }
    }

    /// Whether the text has a match anywhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Whether the bytes have a match anywhere. Each byte that is not part of UTF-8 counts as one U+FFFD, as in Go.
    pub fn is_match_bytes(&self, bytes: &[u8]) -> bool {
        self.is_match(&decoded(bytes))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Pattern").field(&self.source).finish()
    }
}

/// `None` if it needs too much memory.
fn compiled(hir: &Hir, height: u32, memory: usize) -> Option<Regex> {
    let config =
        Config::new().nfa_size_limit(Some(memory)).which_captures(WhichCaptures::Implicit).utf8_empty(true);
    let compile = || Regex::builder().configure(config).build_from_hir(hir).ok();
    if height <= SHALLOW {
        return compile();
    }
    // The engines' compiler recurses into each level; the stack of the caller may be small.
    std::thread::scope(|scope| {
        let deep = std::thread::Builder::new().stack_size(DEEP_STACK);
        deep.spawn_scoped(scope, compile).ok()?.join().ok()?
    })
}

/// Levels of nesting that any thread's stack has room for.
const SHALLOW: u32 = 50;
/// Bytes of stack, more than enough for 1000 levels.
const DEEP_STACK: usize = 64 << 20;

fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

/// The same pattern in the syntax of the crate `regex`, for those who want to see or to use it there.
///
/// It is for `regex::bytes`, which knows `(?-u:\B)`; a pattern without `\B` will do for text, too. Groups capture nothing.
///
/// ```
/// let translated = gannet_cel::re2::translate(r"^\Q[x]\E\d+$")?;
/// assert!(regex::Regex::new(&translated)?.is_match("[x]7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`Pattern::new`] that need no automaton to be seen.
pub fn translate(re2: &str) -> Result<String, Error> {
    parser::parse(re2).map(|meaning| translation::translation(&meaning.hir))
}
