//! Says in words what rules demand: the texts that their violations would have, and when they apply.

use std::collections::BTreeMap;

use buffa_descriptor::FieldKind;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::options::{self, Ignore};
use super::table::Entry;
use super::{Faults, Validators};
use crate::access::{Access, Layout, Library};
use crate::{Error, Explained};

/// Names of things that nobody compiles.
struct Unwritten;

impl Layout for Unwritten {
    fn library(&self) -> Library {
        Library::Buffa
    }

    fn root(&self) -> TokenStream {
        quote!(root)
    }

    fn field(&self, _: &str) -> Ident {
        format_ident!("field")
    }

    fn message(&self, _: &str) -> Option<TokenStream> {
        Some(quote!(Message))
    }

    fn variant(&self, _: &str, _: &str, _: &str) -> Option<TokenStream> {
        Some(quote!(Variant))
    }

    fn descriptor_set(&self) -> TokenStream {
        quote!(&[])
    }
}

impl Validators<'_> {
    /// What a message's rules demand, in words, by its full name: first of the message itself, then of its fields in their
    /// order.
    ///
    /// # Errors
    /// Rules that cannot be carried out.
    pub fn explain(&self, message: &str) -> Result<Vec<Explained>, Vec<Error>> {
        let Some(index) = self.schema.pool().message_index(message) else { return Ok(Vec::new()) };
        if !self.ruled.contains(&index) {
            return Ok(Vec::new());
        }
        let checked =
            Self { schema: self.schema, faults: Faults::Refuse, interprets: true, ruled: self.ruled.clone() };
        let mut body = checked.body(index, Access { layout: &Unwritten });
        body.statements();
        if !body.errors.is_empty() {
            return Err(body.errors);
        }
        let descriptor = self.schema.pool().message(index);
        let conditions: BTreeMap<&str, &str> = descriptor
            .fields()
            .iter()
            .map(|field| (field.name(), self.condition(descriptor, field)))
            .collect();
        Ok(body.tables.entries().iter().map(|entry| self.sentence(message, entry, &conditions)).collect())
    }

    /// When a field's rules apply.
    fn condition(
        &self,
        message: &buffa_descriptor::MessageDescriptor,
        field: &buffa_descriptor::FieldDescriptor,
    ) -> &'static str {
        let rules = options::of_field(self.schema, message, field);
        let ignores_zero = rules.as_ref().is_ok_and(|rules| rules.ignore() == Ignore::IfZeroValue);
        let is_required = rules.is_ok_and(|rules| rules.is_required());
        let is_singular = matches!(field.kind(), FieldKind::Singular(_));
        let has_presence =
            is_singular && crate::access::Presence::of(message, field) != crate::access::Presence::Always;
        match (is_required, has_presence, ignores_zero) {
            (true, ..) => "",
            (_, true, _) => ", if set",
            (.., true) if is_singular => ", unless zero",
            (.., true) => ", unless empty",
            _ => "",
        }
    }

    fn sentence(&self, message: &str, entry: &Entry, conditions: &BTreeMap<&str, &str>) -> Explained {
        let field = entry.field.first();
        let place = match field {
            None => self.schema.place_of_message(message),
            Some(element) if element.number == 0 => self.schema.place_of_oneof(message, &element.name),
            Some(element) => self.schema.place_of_field(message, &element.name),
        };
        let steps: Vec<&str> = entry.path.iter().map(|element| element.name.as_str()).collect();
        let part = match steps.as_slice() {
            ["repeated", "items", ..] => "each item ",
            ["map", "keys", ..] => "each key ",
            ["map", "values", ..] => "each value ",
            _ => "",
        };
        let text = match &entry.expression {
            // The id says it already.
            Some(expression) if *expression == entry.id => "must satisfy its expression".to_owned(),
            Some(expression) => format!("must satisfy `{expression}`"),
            None => demanded(&entry.id, &entry.message),
        };
        let condition = match field {
            // That it must be there is no matter of whether it is.
            Some(element) if entry.id != "required" => conditions.get(element.name.as_str()).copied(),
            _ => None,
        };
        let condition = condition.unwrap_or_default();
        let evaluation = if entry.is_interpreted { ", interpreted" } else { "" };
        Explained { place, sentence: format!("{part}{text}{condition} ({}{evaluation})", entry.id) }
    }
}

/// What is demanded, out of the text that says what is wrong.
fn demanded(id: &str, text: &str) -> String {
    if id.ends_with("_empty") {
        return "must not be empty".to_owned();
    }
    let faults = [
        ("does not match regex pattern ", "must match the pattern "),
        ("does not have prefix ", "must begin with "),
        ("does not have suffix ", "must end with "),
        ("does not contain substring ", "must contain "),
        ("does not contain ", "must contain "),
        ("contains substring ", "must not contain "),
        ("map must be ", "must have "),
        ("repeated value must ", "must "),
        ("value is required", "must be set"),
        ("value must ", "must "),
        ("exactly one field is required in oneof", "must have exactly one of its fields set"),
    ];
    let found =
        faults.iter().find_map(|(fault, demand)| Some(format!("{demand}{}", text.strip_prefix(fault)?)));
    found.unwrap_or_else(|| text.to_owned())
}
