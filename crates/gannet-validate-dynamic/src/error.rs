//! What is wrong with the rules of a contract.

use std::fmt;

/// Rules that cannot be carried out, or descriptors that cannot be read.
///
/// Its text has a paragraph for each fault: the file, the line, the field and the rule, what is wrong, and how to mend it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    faults: Vec<gannet_rules::Error>,
}

impl Error {
    /// The faults, in the order of the contract; at least one.
    pub fn faults(&self) -> &[gannet_rules::Error] {
        &self.faults
    }
}

impl From<Vec<gannet_rules::Error>> for Error {
    fn from(faults: Vec<gannet_rules::Error>) -> Self {
        Self { faults }
    }
}

impl From<gannet_rules::Error> for Error {
    fn from(fault: gannet_rules::Error) -> Self {
        Self { faults: vec![fault] }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(formatter, "{separator}{fault}")?;
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
