//! Rules in words.

use crate::Place;

/// What a rule demands, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The message, field or oneof that it is about.
    pub place: Place,
    /// A sentence whose subject is that, without the subject: `must not be empty`.
    pub sentence: String,
}
