//! Faults in the dialect of go-proto-validators, `(validator.field)`: one at a time, in the words of the original.

use std::fmt;

/// The first rule that a message breaks.
pub struct Fault(Box<Text>);

struct Text {
    /// The Go names of the fields, from the innermost.
    path: Vec<&'static str>,
    /// What stands behind `invalid field X: `; or, without a path, the whole text.
    text: String,
}

impl Fault {
    /// A fault of a field: `value '…' must …`, or the rule's own words.
    #[cold]
    #[inline(never)]
    pub fn of_field(field: &'static str, text: String) -> Self {
        Self(Box::new(Text { path: vec![field], text }))
    }

    /// The same fault, seen from the message that holds the one at fault in this field.
    #[cold]
    #[inline(never)]
    pub fn within(mut self, field: &'static str) -> Self {
        self.0.path.push(field);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("invalid field ")?;
        for (index, name) in self.0.path.iter().rev().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            write!(formatter, "{dot}{name}")?;
        }
        write!(formatter, ": {}", self.0.text)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
