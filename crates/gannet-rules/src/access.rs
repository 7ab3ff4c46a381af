//! How written code reaches the fields of a message's Rust struct.
//!
//! buffa and prost lay their messages out differently; here both look alike. What each library calls a field or a oneof
//! is the generator's to know, who gives it as a [`Layout`].

use buffa::editions::{EnumType, FieldPresence};
use buffa_descriptor::{FieldDescriptor, FieldKind, MessageDescriptor, ScalarType, SingularKind};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The library whose generator wrote the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// buffa: `MessageField<T>`, `EnumValue<E>`.
    Buffa,
    /// prost: `Option<T>`, `i32`.
    Prost,
}

/// What the generated messages of a package are called.
pub trait Layout {
    /// The library whose generator wrote the messages.
    fn library(&self) -> Library;

    /// The path `::gannet::codegen`.
    fn root(&self) -> TokenStream;

    /// The Rust field for a field or a oneof of this name in the proto.
    fn field(&self, name: &str) -> Ident;

    /// A message's Rust type, by its full name without a leading dot, as seen from the package's module.
    fn message(&self, full_name: &str) -> Option<TokenStream>;

    /// The variant of a oneof's enum for one of its fields, as seen from the package's module.
    fn variant(&self, message: &str, oneof: &str, field: &str) -> Option<TokenStream>;

    /// A reference to the encoded `FileDescriptorSet` of the contract, imports included, as seen from the package's module.
    fn descriptor_set(&self) -> TokenStream;
}

/// What can be said of whether a singular field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There is always a value: fields without presence, and `required` ones of proto2.
    Always,
    /// It may be absent: messages, `optional` fields, most fields of proto2 and of editions.
    Optional,
    /// It is a member of a oneof.
    Oneof,
}

impl Presence {
    /// That of a singular field of `message`.
    pub fn of(message: &MessageDescriptor, field: &FieldDescriptor) -> Self {
        if oneof(message, field).is_some() {
            return Self::Oneof;
        }
        match (field.kind(), field.presence()) {
            (FieldKind::Singular(SingularKind::Message(_)), _) => Self::Optional,
            (_, FieldPresence::Explicit) => Self::Optional,
            _ => Self::Always,
        }
    }
}

/// The oneof that a field is a member of, those that stand for proto3's `optional` aside.
pub fn oneof<'m>(message: &'m MessageDescriptor, field: &FieldDescriptor) -> Option<&'m str> {
    let oneof = message.oneofs().get(usize::from(field.oneof_index()?))?;
    (!oneof.is_synthetic()).then(|| oneof.name())
}

/// Writes expressions that reach fields.
///
/// Values come in one form per kind, whatever the library: numbers and bools by value in their own type (`i32`, `f32`),
/// strings as `&str`, bytes as `&[u8]`, enums as `i32`, messages as references (perhaps through a `Box`).
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// What things are called.
    pub layout: &'a dyn Layout,
}

impl Access<'_> {
    /// The place of a field or oneof in the struct `base`: `self.name`.
    pub fn place(&self, base: &TokenStream, name: &str) -> TokenStream {
        let name = self.layout.field(name);
        quote!(#base.#name)
    }

    /// The value behind a reference to how it is stored: a field, an item of a list, a key or value of a map.
    pub fn value(
        &self,
        kind: SingularKind,
        enum_type: Option<EnumType>,
        stored: &TokenStream,
    ) -> TokenStream {
        match kind {
            SingularKind::Scalar(ScalarType::String) => quote!(#stored.as_str()),
            SingularKind::Scalar(ScalarType::Bytes) => quote!(&#stored[..]),
            SingularKind::Scalar(_) => quote!(*#stored),
            SingularKind::Message(_) => quote!(#stored),
            SingularKind::Enum(_) => match (self.layout.library(), enum_type) {
                (Library::Prost, _) => quote!(*#stored),
                (Library::Buffa, Some(EnumType::Closed)) => {
                    let root = self.layout.root();
                    quote!(#root::buffa::Enumeration::to_i32(#stored))
                }
                (Library::Buffa, _) => quote!(#stored.to_i32()),
            },
        }
    }

    /// The value of a singular field that is always there.
    pub fn always(&self, base: &TokenStream, field: &FieldDescriptor, kind: SingularKind) -> TokenStream {
        let place = self.place(base, field.name());
        match kind {
            SingularKind::Scalar(ScalarType::String) => quote!(#place.as_str()),
            SingularKind::Scalar(ScalarType::Bytes) => quote!(&#place[..]),
            SingularKind::Scalar(_) => place,
            SingularKind::Enum(_) if self.layout.library() == Library::Prost => place,
            SingularKind::Enum(_) | SingularKind::Message(_) => {
                self.value(kind, field.enum_type(), &quote!((&#place)))
            }
        }
    }

    /// A singular field that may be absent, as an `Option` of a reference to how it is stored.
    ///
    /// `None` if a oneof's enum cannot be named from here.
    pub fn optional(
        &self,
        base: &TokenStream,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
    ) -> Option<TokenStream> {
        if let Some(oneof) = oneof(message, field) {
            let place = self.place(base, oneof);
            let variant = self.layout.variant(message.full_name(), oneof, field.name())?;
            return Some(quote! {
                match &#place {
                    ::core::option::Option::Some(#variant(member)) => ::core::option::Option::Some(member),
                    _ => ::core::option::Option::None,
                }
            });
        }
        let place = self.place(base, field.name());
        Some(match (Presence::of(message, field), field.kind(), self.layout.library()) {
            (Presence::Always, _, _) => quote!(::core::option::Option::Some(&#place)),
            (_, _, Library::Prost) if is_plain(field) => quote!(::core::option::Option::Some(&#place)),
            (_, FieldKind::Singular(SingularKind::Message(_)), Library::Buffa) => quote!(#place.as_option()),
            _ => quote!(#place.as_ref()),
        })
    }

    /// Whether a singular field that may be absent is there.
    ///
    /// `None` if a oneof's enum cannot be named from here.
    pub fn is_present(
        &self,
        base: &TokenStream,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
    ) -> Option<TokenStream> {
        if let Some(oneof) = oneof(message, field) {
            let place = self.place(base, oneof);
            let variant = self.layout.variant(message.full_name(), oneof, field.name())?;
            return Some(quote!(::core::matches!(&#place, ::core::option::Option::Some(#variant(_)))));
        }
        let place = self.place(base, field.name());
        Some(match (Presence::of(message, field), field.kind(), self.layout.library()) {
            (Presence::Always, _, _) => quote!(true),
            (_, _, Library::Prost) if is_plain(field) => quote!(true),
            (_, FieldKind::Singular(SingularKind::Message(_)), Library::Buffa) => quote!(#place.is_set()),
            _ => quote!(#place.is_some()),
        })
    }
}

/// prost stores messages that proto2 calls `required` without an `Option`.
fn is_plain(field: &FieldDescriptor) -> bool {
    field.presence() == FieldPresence::LegacyRequired
}
