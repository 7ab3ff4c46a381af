//! Why a pattern is refused, in the words of Go's `regexp/syntax`.

use std::fmt;

/// A pattern is not a regular expression of RE2.
///
/// It prints as Go's error does, because the messages of rules are compared with those of programs in Go.
///
/// ```
/// let error = gannet_cel::re2::Pattern::new("^[a-z").unwrap_err();
/// assert_eq!(error.to_string(), "error parsing regexp: missing closing ]: `[a-z`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    fault: Fault,
    expression: String,
}

impl Error {
    pub(super) fn new(fault: Fault, expression: &str) -> Self {
        Self { fault, expression: expression.to_owned() }
    }

    /// What is wrong.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The piece of the pattern that is at fault.
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error parsing regexp: {}: `{}`", self.fault, self.expression)
    }
}

impl std::error::Error for Error {}

/// One table for the faults of patterns and Go's words for them.
macro_rules! faults {
    ($($name:ident = $words:literal, $meaning:literal;)*) => {
        /// What can be wrong with a pattern.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $(#[doc = $meaning] $name,)*
        }

        impl fmt::Display for Fault {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self { $(Self::$name => $words,)* })
            }
        }
    };
}

faults! {
    CharacterRange = "invalid character class range", "A range ends before it begins, or a class has no such name.";
    Escape = "invalid escape sequence", "Nothing is written like this after a backslash.";
    NamedCapture = "invalid named capture", "The name of a group is empty, unfinished or has other characters than `[A-Za-z0-9_]`.";
    PerlSyntax = "invalid or unsupported Perl syntax", "A group opens with `(?` and goes on in a way that RE2 does not know.";
    RepetitionOperator = "invalid nested repetition operator", "One repetition directly after another.";
    RepetitionCount = "invalid repeat count", "More than 1000 repetitions, alone or nested, or fewer at most than at least.";
    MissingBracket = "missing closing ]", "A class in brackets does not end.";
    MissingParenthesis = "missing closing )", "A group does not end.";
    MissingArgument = "missing argument to repetition operator", "A repetition of nothing.";
    TrailingBackslash = "trailing backslash at end of expression", "A backslash is the last character.";
    UnexpectedParenthesis = "unexpected )", "A group ends that did not begin.";
    NestingDepth = "expression nests too deeply", "More than 1000 levels.";
    Large = "expression too large", "The compiled pattern would be too large.";
}
