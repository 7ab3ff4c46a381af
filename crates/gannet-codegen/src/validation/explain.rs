//! The rules of messages in words, for people who read a contract.

use crate::descriptors::Descriptors;
use crate::error::Error;
use crate::options::Options;

use super::Validation;

/// What the rules of one message demand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageRules {
    /// The message's full name: `helloworld.HelloRequest`.
    pub message: String,
    /// The file that defines it, as imports call it.
    pub file: String,
    /// What is demanded, in the order in which it is checked.
    pub demands: Vec<Demand>,
}

/// One thing that a rule demands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Demand {
    /// The field or oneof that it is about; none if it is about the message as a whole.
    pub field: Option<String>,
    /// The line of the file that the field is on, from 1, where the descriptors have positions.
    pub line: Option<usize>,
    /// What is demanded, without the subject: `must not be empty`.
    pub sentence: String,
}

/// Says in words what the rules of the messages in these files demand: `(buf.validate.field)` and its like, and
/// `(validator.field)`. Messages without rules of their own are left out.
///
/// # Errors
/// As [`generate`](crate::generate): the set is malformed, or rules cannot be carried out.
pub fn explain_rules(set: &[u8], files: &[impl AsRef<str>]) -> Result<Vec<MessageRules>, Error> {
    let descriptors = Descriptors::from_set(set)?;
    let Some(validation) = Validation::new(&descriptors, &Options::default())? else { return Ok(Vec::new()) };
    let validators = validation.validators()?;
    let mut explained = Vec::new();
    let mut errors = Vec::new();
    for file in files.iter().filter_map(|file| descriptors.file(file.as_ref())) {
        let package = file.package.as_deref().unwrap_or_default();
        for name in super::messages(package, &file.message_type) {
            match validators.explain(&name) {
                Err(found) => errors.extend(found),
                Ok(rules) if rules.is_empty() => {}
                Ok(rules) => explained.push(MessageRules {
                    file: file.name.clone().unwrap_or_default(),
                    demands: rules.into_iter().map(|rule| demand(&name, rule)).collect(),
                    message: name,
                }),
            }
        }
    }
    if errors.is_empty() { Ok(explained) } else { Err(super::rule_errors(&errors)) }
}

fn demand(message: &str, rule: gannet_rules::Explained) -> Demand {
    let field = rule.place.element.strip_prefix(message).and_then(|rest| rest.strip_prefix('.'));
    Demand { field: field.map(str::to_owned), line: rule.place.line, sentence: rule.sentence }
}
