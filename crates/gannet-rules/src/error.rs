//! Faults of rules: which file, line and field, which rule, and how to mend it.

use std::fmt;

/// Where in the sources something stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file's name, as imports have it.
    pub file: String,
    /// The line, from 1, where the descriptors have positions.
    pub line: Option<usize>,
    /// The full name of the message, field or oneof.
    pub element: String,
}

impl fmt::Display for Place {
    /// As in `user.proto:7: acme.User.name`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            formatter.write_str(&self.file)?;
            if let Some(line) = self.line {
                write!(formatter, ":{line}")?;
            }
            formatter.write_str(": ")?;
        }
        formatter.write_str(&self.element)
    }
}

/// A rule that cannot be carried out.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Fault>);

#[derive(Clone, PartialEq, Eq)]
struct Fault {
    place: Place,
    rule: Option<String>,
    message: String,
    help: Option<String>,
}

impl Error {
    /// A fault of what stands at `place`.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self(Box::new(Fault { place, rule: None, message: message.into(), help: None }))
    }

    /// The same, of this rule, such as `string.min_len`.
    pub fn of_rule(mut self, rule: impl Into<String>) -> Self {
        self.0.rule = Some(rule.into());
        self
    }

    /// The same, with how to mend it.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// How to mend it, where something can be said.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// What is wrong and where, without the advice.
    pub fn message(&self) -> String {
        let Fault { place, rule, message, .. } = &*self.0;
        match rule {
            Some(rule) => format!("{place}: the rule {rule}: {message}"),
            None if place.element.is_empty() => message.clone(),
            None => format!("{place}: {message}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message())?;
        if let Some(help) = &self.0.help {
            write!(formatter, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}
