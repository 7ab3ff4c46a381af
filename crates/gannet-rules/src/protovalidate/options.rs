//! Reads the options of `buf.validate` out of descriptors.
//!
//! They are read through the descriptors of validate.proto that the user's files import, so that rules which an
//! application defines itself, as extensions, are there as well.

use std::sync::Arc;

use buffa::{Message, MessageName};
use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _, Value};
use buffa_descriptor::{FieldDescriptor, MessageDescriptor, OneofDescriptor};

use crate::{Error, Place, Schema};

/// A rule in CEL: `buf.validate.Rule`.
#[derive(Debug, Clone, Default)]
pub(crate) struct CelRule {
    pub(crate) id: String,
    pub(crate) message: String,
    pub(crate) expression: String,
    /// The field that it stands in, `cel` or `cel_expression`, by name and number, and its place in there.
    pub(crate) list: (&'static str, u32),
    pub(crate) index: u64,
}

impl CelRule {
    /// What a violation says where the expression gives no text itself.
    pub(crate) fn text(&self) -> String {
        if self.message.is_empty() {
            format!("{:?} returned false", self.expression)
        } else {
            self.message.clone()
        }
    }
}

/// `buf.validate.Ignore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignore {
    Unspecified,
    IfZeroValue,
    Always,
}

/// `buf.validate.FieldRules`, of a field or of the items, keys or values of one.
#[derive(Debug, Clone)]
pub(crate) struct FieldRules(pub(crate) Option<DynamicMessage>);

/// `buf.validate.MessageOneofRule`.
#[derive(Debug, Clone)]
pub(crate) struct MessageOneof {
    pub(crate) fields: Vec<String>,
    pub(crate) is_required: bool,
}

impl MessageOneof {
    /// The fields, of the message that the rule stands in.
    ///
    /// # Errors
    /// There are none, or not these, or one is named twice.
    pub(crate) fn descriptors<'m>(
        &self,
        message: &'m MessageDescriptor,
    ) -> Result<Vec<&'m FieldDescriptor>, String> {
        if self.fields.is_empty() {
            return Err("at least one field must be specified in a oneof rule".to_owned());
        }
        let mut found: Vec<&FieldDescriptor> = Vec::new();
        for name in &self.fields {
            if found.iter().any(|field| field.name() == name) {
                return Err(format!("the field `{name}` is named twice"));
            }
            let field = message.field_by_name(name);
            found.push(field.ok_or_else(|| format!("the message has no field `{name}`"))?);
        }
        Ok(found)
    }
}

/// `buf.validate.MessageRules`.
#[derive(Debug, Clone, Default)]
pub(crate) struct MessageRules {
    pub(crate) cel: Vec<CelRule>,
    pub(crate) oneofs: Vec<MessageOneof>,
}

/// An extension of an options message, if the files know it and it is set.
fn extension<O: Message + MessageName>(
    schema: &Schema,
    options: Option<&O>,
    name: &str,
    place: impl FnOnce() -> Place,
) -> Result<Option<DynamicMessage>, Error> {
    let pool = schema.pool();
    let (Some(options), Some(extension)) = (options, pool.extension_by_name(name)) else { return Ok(None) };
    let Some(read) = DynamicMessage::from_options(Arc::clone(pool), options) else {
        return Err(Error::new(place(), "its options cannot be read"));
    };
    match read.field_by_number(extension.field().number()) {
        Some(Value::Message(message)) => Ok(Some(message.clone())),
        _ => Ok(None),
    }
}

/// The rules of a message.
pub(crate) fn of_message(schema: &Schema, message: &MessageDescriptor) -> Result<MessageRules, Error> {
    let place = || schema.place_of_message(message.full_name());
    let Some(rules) = extension(schema, message.options(), "buf.validate.message", place)? else {
        return Ok(MessageRules::default());
    };
    let oneofs = list(&rules, "oneof")
        .iter()
        .filter_map(|oneof| match oneof {
            Value::Message(oneof) => Some(MessageOneof {
                fields: list(oneof, "fields").iter().filter_map(as_text).collect(),
                is_required: flag(oneof, "required"),
            }),
            _ => None,
        })
        .collect();
    Ok(MessageRules { cel: cel_rules(&rules, 5, 3), oneofs })
}

/// The rules of a field.
pub(crate) fn of_field(
    schema: &Schema,
    message: &MessageDescriptor,
    field: &FieldDescriptor,
) -> Result<FieldRules, Error> {
    let place = || schema.place_of_field(message.full_name(), field.name());
    extension(schema, field.options(), "buf.validate.field", place).map(FieldRules)
}

/// Whether one of a oneof's fields must be set.
pub(crate) fn is_oneof_required(
    schema: &Schema,
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
) -> Result<bool, Error> {
    let place = || schema.place_of_oneof(message.full_name(), oneof.name());
    let rules = extension(schema, oneof.options(), "buf.validate.oneof", place)?;
    Ok(rules.is_some_and(|rules| flag(&rules, "required")))
}

/// The expressions that carry out a rule: what `buf.validate.predefined` says of the rule's field.
pub(crate) fn predefined(
    schema: &Schema,
    rule: &FieldDescriptor,
    place: &Place,
) -> Result<Vec<CelRule>, Error> {
    let rules = extension(schema, rule.options(), "buf.validate.predefined", || place.clone())?;
    Ok(rules.map(|rules| cel_rules(&rules, 0, 1)).unwrap_or_default())
}

impl FieldRules {
    pub(crate) fn is_required(&self) -> bool {
        self.0.as_ref().is_some_and(|rules| flag(rules, "required"))
    }

    pub(crate) fn ignore(&self) -> Ignore {
        match self.0.as_ref().and_then(|rules| value(rules, "ignore")) {
            Some(Value::EnumNumber(1)) => Ignore::IfZeroValue,
            Some(Value::EnumNumber(3)) => Ignore::Always,
            _ => Ignore::Unspecified,
        }
    }

    pub(crate) fn cel(&self) -> Vec<CelRule> {
        self.0.as_ref().map(|rules| cel_rules(rules, 29, 23)).unwrap_or_default()
    }

    /// The member of the oneof `type` that is set: `string`, `repeated` and so on.
    pub(crate) fn typed(&self) -> Option<(FieldDescriptor, DynamicMessage)> {
        let rules = self.0.as_ref()?;
        let descriptor = rules.message_descriptor();
        let oneof = descriptor.oneofs().iter().find(|oneof| oneof.name() == "type")?;
        let field = rules.which_oneof(oneof)?;
        match rules.field_by_number(field.number()) {
            Some(Value::Message(typed)) => Some((field.clone(), typed.clone())),
            _ => None,
        }
    }
}

/// The rules of items, keys or values that stand in a typed rule.
pub(crate) fn inner(typed: &DynamicMessage, name: &str) -> FieldRules {
    match value(typed, name) {
        Some(Value::Message(rules)) => FieldRules(Some(rules.clone())),
        _ => FieldRules(None),
    }
}

/// The rules that are set, in the order of their numbers, and the full names of those that are extensions.
pub(crate) fn set_rules(schema: &Schema, rules: &DynamicMessage) -> Vec<(FieldDescriptor, Option<String>)> {
    let descriptor: &MessageDescriptor = rules.message_descriptor();
    let own = descriptor.fields().iter().map(|field| (field.clone(), None));
    let pool = schema.pool();
    let extensions = pool
        .message_index(descriptor.full_name())
        .into_iter()
        .flat_map(|index| pool.extensions_of(index))
        .map(|extension| (extension.field().clone(), Some(extension.full_name().to_owned())));
    let mut set: Vec<(FieldDescriptor, Option<String>)> =
        own.chain(extensions).filter(|(field, _)| rules.field_by_number(field.number()).is_some()).collect();
    set.sort_by_key(|(field, _)| field.number());
    set
}

fn cel_rules(rules: &DynamicMessage, expressions: u32, numbered: u32) -> Vec<CelRule> {
    let bare = list(rules, "cel_expression");
    let bare = (0..).zip(bare.iter().filter_map(as_text)).map(|(index, expression)| CelRule {
        id: expression.clone(),
        message: String::new(),
        expression,
        list: ("cel_expression", expressions),
        index,
    });
    let whole = list(rules, "cel");
    let whole = (0..).zip(&whole).filter_map(|(index, rule)| match rule {
        Value::Message(rule) => Some(CelRule {
            id: text(rule, "id"),
            message: text(rule, "message"),
            expression: text(rule, "expression"),
            list: ("cel", numbered),
            index,
        }),
        _ => None,
    });
    bare.chain(whole).collect()
}

fn value<'m>(message: &'m DynamicMessage, name: &str) -> Option<&'m Value> {
    let field = message.message_descriptor().field_by_name(name)?;
    message.field_by_number(field.number())
}

fn flag(message: &DynamicMessage, name: &str) -> bool {
    matches!(value(message, name), Some(Value::Bool(true)))
}

pub(crate) fn is_flag_set(message: &DynamicMessage, name: &str) -> bool {
    flag(message, name)
}

fn text(message: &DynamicMessage, name: &str) -> String {
    value(message, name).and_then(as_text).unwrap_or_default()
}

pub(crate) fn list(message: &DynamicMessage, name: &str) -> Vec<Value> {
    match value(message, name) {
        Some(Value::List(items)) => items.clone(),
        _ => Vec::new(),
    }
}

pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
