//! Writes what prints messages: a function for each type of message that a list or map with a rule on its size holds.
//!
//! Go prints such a list whole, in protobuf's text form. The functions run where such a rule is broken, and nowhere else.

use std::collections::BTreeSet;

use buffa::editions::FieldPresence;
use buffa_descriptor::{FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex, SingularKind};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::write::Enums;
use crate::Schema;
use crate::access::{self, Access, Library};

/// The messages that are printed.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    used: Vec<MessageIndex>,
}

impl Texts {
    /// What `stored` refers to, in the form that faults take.
    pub(crate) fn value(
        &mut self,
        access: Access<'_>,
        enums: &mut Enums,
        kind: SingularKind,
        field: &FieldDescriptor,
        stored: &TokenStream,
        legacy: &TokenStream,
    ) -> TokenStream {
        match kind {
            SingularKind::Message(index) => {
                let function = Self::ident(self.position(index));
                quote!(#function(#stored))
            }
            SingularKind::Enum(index) => {
                let number = access.value(kind, field.enum_type(), stored);
                enums.value(index, &number, legacy)
            }
            SingularKind::Scalar(_) => access.value(kind, None, stored),
        }
    }

    fn position(&mut self, index: MessageIndex) -> usize {
        self.used.iter().position(|used| *used == index).unwrap_or_else(|| {
            self.used.push(index);
            self.used.len() - 1
        })
    }

    fn ident(position: usize) -> Ident {
        format_ident!("text_{position}")
    }

    /// The functions, and those that they call.
    pub(crate) fn items(&mut self, schema: &Schema, access: Access<'_>, enums: &mut Enums) -> TokenStream {
        let root = access.layout.root();
        let legacy = quote!(#root::validate::legacy);
        let mut functions = Vec::new();
        // Writing one may add others.
        while let Some(index) = self.used.get(functions.len()).copied() {
            let message = schema.pool().message(index);
            let name = Self::ident(functions.len());
            let path = access.layout.message(message.full_name()).filter(|_| is_reached(message, access));
            functions.push(if let Some(path) = path {
                let fields = self.fields(access, enums, message, &legacy);
                quote! {
                    #[cold]
                    fn #name(message: &#path) -> #legacy::MessageText {
                        let mut text = #legacy::MessageText::new();
                        #(#fields)*
                        text
                    }
                }
            } else {
                // A type that is not generated here is not looked into.
                quote! {
                    #[cold]
                    fn #name<M>(_: &M) -> #legacy::MessageText {
                        #legacy::MessageText::new()
                    }
                }
            });
        }
        quote!(#(#functions)*)
    }

    fn fields(
        &mut self,
        access: Access<'_>,
        enums: &mut Enums,
        message: &MessageDescriptor,
        legacy: &TokenStream,
    ) -> Vec<TokenStream> {
        let mut statements = Vec::new();
        let mut oneofs = BTreeSet::new();
        for field in message.fields() {
            let Some(oneof) = access::oneof(message, field) else {
                statements.extend(self.field(access, enums, message, field, legacy));
                continue;
            };
            // The members stand where the first of them is declared.
            if oneofs.insert(oneof) {
                let members =
                    message.fields().iter().filter(|member| access::oneof(message, member) == Some(oneof));
                for member in members {
                    statements.extend(self.field(access, enums, message, member, legacy));
                }
            }
        }
        statements
    }

    fn field(
        &mut self,
        access: Access<'_>,
        enums: &mut Enums,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
        legacy: &TokenStream,
    ) -> Option<TokenStream> {
        let base = quote!(message);
        let name = field.name();
        let place = access.place(&base, name);
        Some(match field.kind() {
            FieldKind::Map { key, value } => {
                let key = access.value(SingularKind::Scalar(key), None, &quote!(key));
                let value = self.value(access, enums, value, field, &quote!(value), legacy);
                quote!(text.map(#name, #place.iter().map(|(key, value)| (#key, #value)));)
            }
            FieldKind::List(kind) => {
                let item = self.value(access, enums, kind, field, &quote!(item), legacy);
                quote!(for item in &#place { text.field(#name, &#item); })
            }
            FieldKind::Singular(kind) => {
                let add = match field.presence() {
                    FieldPresence::Implicit if access::oneof(message, field).is_none() => {
                        quote!(field_unless_zero)
                    }
                    _ => quote!(field),
                };
                let value = self.value(access, enums, kind, field, &quote!(value), legacy);
                let stored = access.optional(&base, message, field)?;
                quote! {
                    if let ::core::option::Option::Some(value) = #stored {
                        text.#add(#name, &#value);
                    }
                }
            }
        })
    }
}

/// prost's generator gives the well-known types forms of their own.
fn is_reached(message: &MessageDescriptor, access: Access<'_>) -> bool {
    access.layout.library() == Library::Buffa || !message.full_name().starts_with("google.protobuf.")
}
