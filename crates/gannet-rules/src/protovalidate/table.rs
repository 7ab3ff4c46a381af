//! The static tables of a written validator: what its violations say.

use buffa_descriptor::{FieldDescriptor, FieldKind, ScalarType, SingularKind};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::options::CelRule;

/// `FieldDescriptorProto.Type`.
pub(crate) const TYPE_BOOL: i32 = 8;
pub(crate) const TYPE_STRING: i32 = 9;
pub(crate) const TYPE_GROUP: i32 = 10;
pub(crate) const TYPE_MESSAGE: i32 = 11;
pub(crate) const TYPE_ENUM: i32 = 14;

/// A step of a path: what a `PathElement` of a violation is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The number of the field; 0 where the step is a oneof.
    pub number: u32,
    /// The name of the field or oneof, extensions in brackets.
    pub name: String,
    /// The field's type, by its number in `FieldDescriptorProto.Type`.
    pub field_type: i32,
    /// The types of a map's keys and values.
    pub map: Option<(i32, i32)>,
    /// Which item of a list.
    pub index: Option<u64>,
}

impl Element {
    /// The step to a field. Items of a list count as their own type, maps as messages.
    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        let kind = match field.kind() {
            FieldKind::Singular(kind) | FieldKind::List(kind) => Some(kind),
            FieldKind::Map { .. } => None,
        };
        let field_type = match kind {
            Some(SingularKind::Message(_)) if field.is_delimited() => TYPE_GROUP,
            Some(kind) => type_number(kind),
            None => TYPE_MESSAGE,
        };
        Self { number: field.number(), name: field.name().to_owned(), field_type, map: None, index: None }
    }

    /// The step to an extension, which is called by its full name in brackets.
    pub(crate) fn of_extension(field: &FieldDescriptor, full_name: &str) -> Self {
        Self { name: format!("[{full_name}]"), ..Self::of(field) }
    }

    /// The step to an item of a map.
    pub(crate) fn in_map(mut self, key: ScalarType, value: SingularKind) -> Self {
        self.map = Some((type_number(SingularKind::Scalar(key)), type_number(value)));
        self
    }

    fn write(&self, root: &TokenStream) -> TokenStream {
        let Self { number, name, field_type, map, index } = self;
        let number = i32::try_from(*number).unwrap_or_default();
        let element = quote!(#root::validate::PathElement);
        match (map, index) {
            (_, Some(index)) => quote!(#element::indexed(#number, #name, #field_type, #index)),
            (Some((key, value)), None) => {
                quote!(#element::new(#number, #name, #field_type).of_map(#key, #value))
            }
            (None, None) => quote!(#element::new(#number, #name, #field_type)),
        }
    }
}

/// The number of a kind in `FieldDescriptorProto.Type`.
pub(crate) fn type_number(kind: SingularKind) -> i32 {
    match kind {
        SingularKind::Enum(_) => TYPE_ENUM,
        SingularKind::Message(_) => TYPE_MESSAGE,
        SingularKind::Scalar(scalar) => match scalar {
            ScalarType::Double => 1,
            ScalarType::Float => 2,
            ScalarType::Int64 => 3,
            ScalarType::Uint64 => 4,
            ScalarType::Int32 => 5,
            ScalarType::Fixed64 => 6,
            ScalarType::Fixed32 => 7,
            ScalarType::Bool => TYPE_BOOL,
            ScalarType::String => TYPE_STRING,
            ScalarType::Bytes => 12,
            ScalarType::Uint32 => 13,
            ScalarType::Sfixed32 => 15,
            ScalarType::Sfixed64 => 16,
            ScalarType::Sint32 => 17,
            ScalarType::Sint64 => 18,
        },
    }
}

/// A rule of the table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) field: Vec<Element>,
    pub(crate) path: Vec<Element>,
    pub(crate) id: String,
    pub(crate) message: String,
    /// The expression that it is checked by, where no text says what it demands.
    pub(crate) expression: Option<String>,
    /// Whether its expression is interpreted.
    pub(crate) is_interpreted: bool,
}

/// The rules and steps that a written validator refers to.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rules: Vec<Entry>,
    steps: Vec<TokenStream>,
}

impl Tables {
    /// A reference to a rule of the table.
    pub(crate) fn rule(
        &mut self,
        field: &[Element],
        path: &[Element],
        id: &str,
        message: &str,
    ) -> TokenStream {
        let name = name_of_rule(self.rules.len());
        self.rules.push(Entry {
            field: field.to_vec(),
            path: path.to_vec(),
            id: id.to_owned(),
            message: message.to_owned(),
            expression: None,
            is_interpreted: false,
        });
        quote!(&#name)
    }

    /// A reference to a rule whose violations have this text, if it is not made when they are found.
    pub(crate) fn cel_rule(
        &mut self,
        field: &[Element],
        path: &[Element],
        rule: &CelRule,
        text: &str,
    ) -> TokenStream {
        let reference = self.rule(field, path, &rule.id, text);
        if let Some(entry) = self.rules.last_mut()
            && rule.message.is_empty()
            && (text.is_empty() || text == rule.text())
        {
            entry.expression = Some(rule.expression.clone());
        }
        reference
    }

    /// Notes that the last rule's expression is interpreted.
    pub(crate) fn mark_interpreted(&mut self) {
        if let Some(last) = self.rules.last_mut() {
            last.is_interpreted = true;
        }
    }

    /// A reference to a step of the table.
    pub(crate) fn step(&mut self, root: &TokenStream, element: &Element) -> TokenStream {
        let element = element.write(root);
        let name = format_ident!("STEP_{}", self.steps.len());
        self.steps.push(quote!(#root::validate::Step(#element)));
        quote!(&#name)
    }

    /// How many rules there are.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Takes back the rules from this one on, which nothing that is written refers to.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.rules.truncate(length);
    }

    /// The rules, in the order in which they are checked.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.rules
    }

    /// The statics.
    pub(crate) fn items(&self, root: &TokenStream) -> TokenStream {
        let rules = self.rules.iter().enumerate().map(|(index, rule)| {
            let name = name_of_rule(index);
            let Entry { field, path, id, message, .. } = rule;
            let field = field.iter().map(|element| element.write(root));
            let path = path.iter().map(|element| element.write(root));
            quote! {
                static #name: #root::validate::Rule = #root::validate::Rule {
                    field: &[#(#field),*],
                    path: &[#(#path),*],
                    id: #id,
                    message: #message,
                };
            }
        });
        let steps = self.steps.iter().enumerate().map(|(index, step)| {
            let name = format_ident!("STEP_{index}");
            quote!(static #name: #root::validate::Step = #step;)
        });
        quote!(#(#rules)* #(#steps)*)
    }
}

fn name_of_rule(index: usize) -> Ident {
    format_ident!("RULE_{index}")
}
