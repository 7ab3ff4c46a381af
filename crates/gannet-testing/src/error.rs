//! Why a script could not go on, with what the other side did until then.

use std::fmt;
use std::io;
use std::time::Duration;

/// A step of a script failed.
///
/// It says what the step was, why it failed, and which frames had arrived: a failing test needs no packet capture.
#[derive(Debug)]
pub struct ScriptError(Box<Inner>);

struct Inner {
    step: String,
    kind: ScriptErrorKind,
    seen: Vec<String>,
}

/// Why a step of a script failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScriptErrorKind {
    /// It did not come to its end within the time limit.
    TimedOut(Duration),
    /// The other side closed the connection.
    Closed,
    /// The connection broke.
    Io(io::Error),
    /// What the other side sent is no HTTP/2.
    Malformed(String),
    /// The other side did something else, which rules out what was expected.
    Unexpected(String),
}

impl ScriptError {
    pub(crate) fn new(step: impl Into<String>, kind: ScriptErrorKind, seen: Vec<String>) -> Self {
        Self(Box::new(Inner { step: step.into(), kind, seen }))
    }

    /// Why the step failed.
    pub fn kind(&self) -> &ScriptErrorKind {
        &self.0.kind
    }
}

impl fmt::Display for ScriptErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(limit) => write!(formatter, "nothing came of it within {limit:?}"),
            Self::Closed => formatter.write_str("the other side closed the connection"),
            Self::Io(error) => write!(formatter, "the connection broke: {error}"),
            Self::Malformed(what) => write!(formatter, "the other side sent malformed HTTP/2: {what}"),
            Self::Unexpected(what) => write!(formatter, "instead, {what}"),
        }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { step, kind, seen } = &*self.0;
        write!(formatter, "{step}: {kind}; frames received: ")?;
        if seen.is_empty() {
            return formatter.write_str("none");
        }
        for frame in seen {
            write!(formatter, "\n  {frame}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, kind, seen } = self;
        formatter.debug_struct("Inner").field("step", step).field("kind", kind).field("seen", seen).finish()
    }
}

impl std::error::Error for ScriptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ScriptErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
