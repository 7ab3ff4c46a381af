//! What a violation of a `buf.validate` rule says: which field, which rule, why.
//!
//! Not here: collecting them (`report.rs`) and sending them (`status.rs`).

use std::borrow::Cow;
use std::fmt;

/// The type of a field, by the numbers of `google.protobuf.FieldDescriptorProto.Type`.
pub type FieldType = i32;

/// One step of a [`FieldPath`].
///
/// `buf.validate.FieldPathElement`.
#[derive(Debug, Clone, PartialEq)]
pub struct PathElement {
    /// The number of the field; 0 where the step is a oneof.
    pub number: i32,
    /// The name of the field or oneof in the proto, extensions in brackets.
    pub name: Cow<'static, str>,
    /// The type of the field; 0 where the step is a oneof.
    pub field_type: FieldType,
    /// The type of the map's keys; 0 where the field is no map.
    pub key_type: FieldType,
    /// The type of the map's values; 0 where the field is no map.
    pub value_type: FieldType,
    /// Which item of a list or map.
    pub subscript: Option<Subscript>,
}

impl PathElement {
    /// A step that stands in generated code.
    pub const fn new(number: i32, name: &'static str, field_type: FieldType) -> Self {
        Self { number, name: Cow::Borrowed(name), field_type, key_type: 0, value_type: 0, subscript: None }
    }

    /// The same step into a map.
    pub const fn of_map(mut self, key_type: FieldType, value_type: FieldType) -> Self {
        self.key_type = key_type;
        self.value_type = value_type;
        self
    }

    /// A step to an item of a list that stands in generated code, such as the second of `cel`.
    pub const fn indexed(number: i32, name: &'static str, field_type: FieldType, index: u64) -> Self {
        Self {
            number,
            name: Cow::Borrowed(name),
            field_type,
            key_type: 0,
            value_type: 0,
            subscript: Some(Subscript::Index(index)),
        }
    }
}

/// Which item of a list or a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscript {
    /// The index in a list, from 0.
    Index(u64),
    /// A map's key.
    Bool(bool),
    /// A map's key, of a signed type.
    Int(i64),
    /// A map's key, of an unsigned type.
    Uint(u64),
    /// A map's key.
    String(Cow<'static, str>),
}

/// From a message to a field in it, or to a rule in `buf.validate.FieldRules`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldPath {
    /// The steps, from the outermost. Those that stand in generated code are borrowed from there.
    pub elements: Cow<'static, [PathElement]>,
}

impl From<Vec<PathElement>> for FieldPath {
    fn from(elements: Vec<PathElement>) -> Self {
        Self { elements: Cow::Owned(elements) }
    }
}

impl FieldPath {
    /// As it is displayed; into a string that is much cheaper than through the formatter.
    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        for (index, element) in self.elements.iter().enumerate() {
            if index > 0 {
                out.write_str(".")?;
            }
            out.write_str(&element.name)?;
            match &element.subscript {
                None => Ok(()),
                Some(Subscript::Index(index)) => write!(out, "[{index}]"),
                Some(Subscript::Bool(key)) => write!(out, "[{key}]"),
                Some(Subscript::Int(key)) => write!(out, "[{key}]"),
                Some(Subscript::Uint(key)) => write!(out, "[{key}]"),
                Some(Subscript::String(key)) => write!(out, "[{key:?}]"),
            }?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldPath {
    /// As in `items[2].labels["a b"].name`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter)
    }
}

/// A rule, as it stands in the static tables of generated code.
#[derive(Debug)]
pub struct Rule {
    /// From the message to the field that the rule is about; empty for rules of the message.
    pub field: &'static [PathElement],
    /// From `buf.validate.FieldRules` to the rule; empty for rules of the message and where the standard has none.
    pub path: &'static [PathElement],
    /// What identifies the rule, such as `string.min_len`.
    pub id: &'static str,
    /// What is demanded; empty where the rule itself says it when it is evaluated.
    pub message: &'static str,
}

/// One rule that a message does not meet.
///
/// `buf.validate.Violation`.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// From the validated message to the field at fault; empty if it is the message itself.
    pub field: FieldPath,
    /// From `buf.validate.FieldRules` to the rule; empty if the standard gives it none.
    pub rule: FieldPath,
    /// What identifies the rule, such as `string.min_len`.
    pub rule_id: Cow<'static, str>,
    /// What is demanded, in words.
    pub message: Cow<'static, str>,
    /// Whether it is about a map's key rather than its value.
    pub for_key: bool,
}

impl Violation {
    /// The bytes that are not the contract's but the message's: keys of maps, and what a rule says of a value.
    pub(crate) fn variable_length(&self) -> usize {
        let length = |element: &PathElement| match &element.subscript {
            Some(Subscript::String(key)) => key.len(),
            _ => 0,
        };
        self.field.elements.iter().map(length).sum::<usize>() + self.message.len()
    }
}

impl Violation {
    /// As it is displayed.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if !self.field.elements.is_empty() {
            self.field.write(out)?;
            out.write_str(": ")?;
        }
        if self.message.is_empty() { write!(out, "[{}]", self.rule_id) } else { out.write_str(&self.message) }
    }
}

impl fmt::Display for Violation {
    /// As in `name: must be at least 3 characters`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter)
    }
}
