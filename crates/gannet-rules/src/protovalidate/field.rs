//! Fields: whether they must be there, and whether their value is looked at.

use buffa::editions::FieldPresence;
use buffa_descriptor::{FieldDescriptor, FieldKind, SingularKind};
use proc_macro2::TokenStream;
use quote::quote;

use super::Body;
use super::options::{self, FieldRules, Ignore};
use super::table::{Element, TYPE_BOOL};
use super::value::{Spot, Subject, Target};
use crate::access::Presence;
use crate::cel::{Code, Form, Type};

impl Body<'_> {
    /// The checks of a field.
    pub(super) fn field(&mut self, field: &FieldDescriptor, is_in_oneof_rule: bool) -> TokenStream {
        let rules = match options::of_field(self.schema, self.message, field) {
            Ok(rules) => rules,
            Err(error) => return self.fault(error),
        };
        let mut ignore = rules.ignore();
        // Members of `(buf.validate.message).oneof` are looked at only when they are set.
        if is_in_oneof_rule && ignore == Ignore::Unspecified {
            ignore = Ignore::IfZeroValue;
        }
        if ignore == Ignore::Always {
            return TokenStream::new();
        }
        let written = match field.kind() {
            FieldKind::Singular(kind) => self.singular(field, kind, &rules, ignore),
            FieldKind::List(_) | FieldKind::Map { .. } => self.collection(field, &rules, ignore),
        };
        written.unwrap_or_else(|text| {
            let place = self.schema.place_of_field(self.message.full_name(), field.name());
            self.fault(crate::Error::new(place, text))
        })
    }

    fn required(&mut self, field: &FieldDescriptor) -> TokenStream {
        let path = Element {
            number: 25,
            name: "required".to_owned(),
            field_type: TYPE_BOOL,
            map: None,
            index: None,
        };
        let rule = self.tables.rule(&[Element::of(field)], &[path], "required", "value is required");
        quote! { report.add(#rule)?; }
    }

    fn singular(
        &mut self,
        field: &FieldDescriptor,
        kind: SingularKind,
        rules: &FieldRules,
        ignore: Ignore,
    ) -> Result<TokenStream, String> {
        let base = quote!(self);
        if Presence::of(self.message, field) == Presence::Always {
            let value = self.access.always(&base, field, kind);
            let checks = self.subject_checks(field, kind, rules, &value)?;
            let has_presence = field.presence() == FieldPresence::LegacyRequired;
            let is_conditional = !has_presence && (rules.is_required() || ignore == Ignore::IfZeroValue);
            if !is_conditional || (checks.is_empty() && !rules.is_required()) {
                return Ok(checks);
            }
            let is_set = crate::cel::is_not_zero(kind, &value);
            if !rules.is_required() {
                return Ok(quote! { if #is_set { #checks } });
            }
            let required = self.required(field);
            let otherwise = (!checks.is_empty()).then(|| quote! { else { #checks } });
            return Ok(quote! { if !(#is_set) { #required } #otherwise });
        }
        let stored = self
            .access
            .optional(&base, self.message, field)
            .ok_or_else(|| format!("the oneof of `{}` cannot be named from here", field.name()))?;
        let checks = if let SingularKind::Message(_) = kind {
            self.subject_checks(field, kind, rules, &quote!(stored))?
        } else {
            let value = self.access.value(kind, field.enum_type(), &quote!(stored));
            self.subject_checks(field, kind, rules, &value)?
        };
        let required = rules.is_required().then(|| self.required(field));
        Ok(match (checks.is_empty(), required) {
            (true, None) => checks,
            (true, Some(required)) => {
                quote! { if (#stored).is_none() { #required } }
            }
            (false, None) => quote! { if let ::core::option::Option::Some(stored) = #stored { #checks } },
            (false, Some(required)) => quote! {
                if let ::core::option::Option::Some(stored) = #stored { #checks } else { #required }
            },
        })
    }

    fn subject_checks(
        &mut self,
        field: &FieldDescriptor,
        kind: SingularKind,
        rules: &FieldRules,
        value: &TokenStream,
    ) -> Result<TokenStream, String> {
        let subject = Subject {
            kind,
            enum_type: field.enum_type(),
            value: value.clone(),
            field: vec![Element::of(field)],
            prefix: Vec::new(),
            spot: Spot::default(),
            place: self.schema.place_of_field(self.message.full_name(), field.name()),
        };
        self.subject(&subject, rules)
    }

    /// The checks of a list or a map: of the whole, then of each item.
    fn collection(
        &mut self,
        field: &FieldDescriptor,
        rules: &FieldRules,
        ignore: Ignore,
    ) -> Result<TokenStream, String> {
        let place = self.access.place(&quote!(self), field.name());
        let (form, this) = match field.kind() {
            FieldKind::List(kind) => (Form::StoredList(kind, field.enum_type()), quote!(&#place[..])),
            FieldKind::Map { key, value } => (
                Form::StoredMap(key, value, field.enum_type()),
                quote!(::core::option::Option::Some(&#place)),
            ),
            FieldKind::Singular(_) => return Err("it is neither list nor map".to_owned()),
        };
        let this = Code::new(this, form);
        let ty = Type::of_field(field, self.schema.pool());
        let element = [Element::of(field)];
        let target = Target {
            kind: field.kind(),
            ty,
            this,
            field: &element,
            prefix: &[],
            spot: Spot::default(),
            place: self.schema.place_of_field(self.message.full_name(), field.name()),
        };
        let typed = rules.typed();
        let mut checks = self.about_one(|body| {
            let mut checks = body.cel_rules(&rules.cel(), &target);
            if let Some((typed, message)) = &typed {
                let expected = if matches!(field.kind(), FieldKind::List(_)) { "repeated" } else { "map" };
                super::value::expect(typed, expected)?;
                checks.extend(body.standard(typed, message, &target));
            }
            Ok::<TokenStream, String>(checks)
        })?;
        checks.extend(self.items(field, typed.as_ref().map(|(_, message)| message), &place)?);
        let required = rules.is_required().then(|| self.required(field));
        Ok(match (required, checks.is_empty()) {
            (Some(required), true) => quote! { if #place.is_empty() { #required } },
            (Some(required), false) => quote! { if #place.is_empty() { #required } else { #checks } },
            (None, false) if ignore == Ignore::IfZeroValue => quote! { if !#place.is_empty() { #checks } },
            (None, _) => checks,
        })
    }

    /// The checks of a list's items, or of a map's keys and values.
    fn items(
        &mut self,
        field: &FieldDescriptor,
        typed: Option<&buffa_descriptor::reflect::DynamicMessage>,
        place: &TokenStream,
    ) -> Result<TokenStream, String> {
        let rules = |name: &str| typed.map_or(FieldRules(None), |typed| options::inner(typed, name));
        let location = self.schema.place_of_field(self.message.full_name(), field.name());
        let path = |number: u32, name: &str, list: (u32, &str)| {
            let element = |number: u32, name: &str| Element {
                number,
                name: name.to_owned(),
                field_type: super::table::TYPE_MESSAGE,
                map: None,
                index: None,
            };
            vec![element(list.0, list.1), element(number, name)]
        };
        let root = self.root.clone();
        match field.kind() {
            FieldKind::List(kind) => {
                let subject = Subject {
                    kind,
                    enum_type: field.enum_type(),
                    value: self.access.value(kind, field.enum_type(), &quote!(stored)),
                    field: vec![Element::of(field)],
                    prefix: path(4, "items", (18, "repeated")),
                    spot: Spot {
                        subscript: Some(
                            quote!(#root::validate::Subscript::Index(index as ::core::primitive::u64)),
                        ),
                        for_key: false,
                    },
                    place: location,
                };
                let checks = self.subject(&subject, &rules("items"))?;
                Ok(if checks.is_empty() {
                    checks
                } else {
                    quote! { for (index, stored) in #place.iter().enumerate() { #checks } }
                })
            }
            FieldKind::Map { key, value } => {
                let element = Element::of(field).in_map(key, value);
                let subscript = super::value::subscript_of_key(key, &root);
                let key_subject = Subject {
                    kind: SingularKind::Scalar(key),
                    enum_type: None,
                    value: self.access.value(SingularKind::Scalar(key), None, &quote!(key)),
                    field: vec![element.clone()],
                    prefix: path(4, "keys", (19, "map")),
                    spot: Spot { subscript: Some(subscript.clone()), for_key: true },
                    place: location.clone(),
                };
                let keys = self.subject(&key_subject, &rules("keys"))?;
                let value_subject = Subject {
                    kind: value,
                    enum_type: field.enum_type(),
                    value: self.access.value(value, field.enum_type(), &quote!(stored)),
                    field: vec![element],
                    prefix: path(5, "values", (19, "map")),
                    spot: Spot { subscript: Some(subscript), for_key: false },
                    place: location,
                };
                let values = self.subject(&value_subject, &rules("values"))?;
                Ok(if keys.is_empty() && values.is_empty() {
                    TokenStream::new()
                } else {
                    // What one of the two does not need is still named for the other.
                    quote! {
                        for (key, stored) in #place.iter() {
                            let _ = (key, stored);
                            #keys
                            #values
                        }
                    }
                })
            }
            FieldKind::Singular(_) => Ok(TokenStream::new()),
        }
    }
}
