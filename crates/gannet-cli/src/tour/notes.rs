//! What a chapter says while it goes: what was sent, what came back, what that shows.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use super::Outcome;

/// The notes of one chapter; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    lines: Arc<Mutex<Vec<String>>>,
    skipped: Arc<Mutex<Option<String>>>,
}

impl Notes {
    fn line(&self, label: &str, text: impl Display) {
        let text = format!("    {label:<6}{text}");
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// Something was sent.
    pub(crate) fn sent(&self, text: impl Display) {
        self.line("sent", text);
    }

    /// Something came back.
    pub(crate) fn came(&self, text: impl Display) {
        self.line("came", text);
    }

    /// A server logged something.
    pub(crate) fn logged(&self, text: impl Display) {
        self.line("log", text);
    }

    /// The chapter cannot be shown here, for this reason, which is no fault.
    pub(crate) fn skip(&self, reason: impl Display) {
        *self.skipped.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_string());
    }

    /// Why the chapter could not be shown, if it could not.
    pub(crate) fn skipped(&self) -> Option<String> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something is worth saying.
    pub(crate) fn note(&self, text: impl Display) {
        self.line("", text);
    }

    /// Goes on only if this holds.
    #[allow(clippy::unused_self, reason = "chapters read better with one thing they speak to")]
    pub(crate) fn holds(&self, condition: bool, otherwise: impl Display) -> Outcome {
        if condition { Ok(()) } else { Err(otherwise.to_string().into()) }
    }

    /// Writes all that was noted.
    pub(crate) fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        for line in self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
