//! Values: singular fields, items of lists, keys and values of maps.

use buffa::editions::EnumType;
use buffa_descriptor::reflect::DynamicMessage;
use buffa_descriptor::{EnumValueDescriptor, FieldDescriptor, FieldKind, ScalarType, SingularKind};
use proc_macro2::TokenStream;
use quote::quote;

use super::Body;
use super::options::{self, CelRule, FieldRules, Ignore};
use super::table::{Element, TYPE_MESSAGE};
use crate::Place;
use crate::access::Library;
use crate::cel::{Code, Expr, Form, Node, Type};

/// Where in a field a value stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Spot {
    /// The `Subscript` of an item.
    pub(super) subscript: Option<TokenStream>,
    /// Whether it is a map's key.
    pub(super) for_key: bool,
}

/// A value to be checked.
pub(super) struct Subject {
    pub(super) kind: SingularKind,
    pub(super) enum_type: Option<EnumType>,
    /// The value in its own type; a reference if it is a message.
    pub(super) value: TokenStream,
    /// From the message to the value.
    pub(super) field: Vec<Element>,
    /// From the field's rules to the value's.
    pub(super) prefix: Vec<Element>,
    pub(super) spot: Spot,
    pub(super) place: Place,
}

/// What rules are about, how the written code gives it, and how violations name it.
pub(super) struct Target<'t> {
    /// How the message stores it.
    pub(super) kind: FieldKind,
    /// Its type in expressions; that of a wrapper is what is in it.
    pub(super) ty: Type,
    pub(super) this: Code,
    /// From the message to it.
    pub(super) field: &'t [Element],
    /// From the field's rules to its own.
    pub(super) prefix: &'t [Element],
    pub(super) spot: Spot,
    pub(super) place: Place,
}

impl Body<'_> {
    /// The checks of a value.
    pub(super) fn subject(&mut self, subject: &Subject, rules: &FieldRules) -> Result<TokenStream, String> {
        if rules.ignore() == Ignore::Always {
            return Ok(TokenStream::new());
        }
        let mut checks = self.about_one(|body| body.own_checks(subject, rules))?;
        let is_item = subject.spot.subscript.is_some();
        if is_item && rules.ignore() == Ignore::IfZeroValue && !checks.is_empty() {
            let is_set = self.is_item_set(subject);
            checks = quote! { if #is_set { #checks } };
        }
        checks.extend(self.embedded(subject));
        Ok(checks)
    }

    /// Whether an item is anything but its type's zero value.
    fn is_item_set(&self, subject: &Subject) -> TokenStream {
        match subject.kind {
            SingularKind::Message(_) => {
                let value = &subject.value;
                quote!(!#value.eq(&::core::default::Default::default()))
            }
            SingularKind::Enum(index) => {
                let first = self
                    .schema
                    .pool()
                    .enumeration(index)
                    .values()
                    .first()
                    .map_or(0, EnumValueDescriptor::number);
                let value = &subject.value;
                quote!(#value != #first)
            }
            SingularKind::Scalar(ScalarType::Double | ScalarType::Float) => {
                let value = &subject.value;
                quote!(#value != 0.0)
            }
            kind @ SingularKind::Scalar(_) => crate::cel::is_not_zero(kind, &subject.value),
        }
    }

    /// What the value's rules demand of it, what it holds aside.
    fn own_checks(&mut self, subject: &Subject, rules: &FieldRules) -> Result<TokenStream, String> {
        let ty = Type::of_kind(subject.kind, self.schema.pool());
        // A wrapper's rules are those of what is in it.
        let nothing = Code::new(quote!(()), Form::Message);
        let value = &subject.value;
        let (this, ty) = match (subject.kind, ty) {
            (SingularKind::Message(index), Type::Wrapper(scalar)) => {
                (self.writer(&nothing).unwrapped(index, value), *scalar)
            }
            (kind, ty) => (self.writer(&nothing).widened(kind, value), ty),
        };
        let target = Target {
            kind: FieldKind::Singular(subject.kind),
            ty,
            this,
            field: &subject.field,
            prefix: &subject.prefix,
            spot: subject.spot.clone(),
            place: subject.place.clone(),
        };
        let mut checks = self.cel_rules(&rules.cel(), &target);
        let Some((typed, message)) = rules.typed() else { return Ok(checks) };
        let expected = expected_rules(self.schema, subject.kind);
        expect(&typed, expected)?;
        if expected == "any" {
            checks.extend(self.any(subject, &message));
            return Ok(checks);
        }
        checks.extend(self.standard(&typed, &message, &target));
        if expected == "enum" && options::is_flag_set(&message, "defined_only") {
            checks.extend(self.defined_only(subject, &typed));
        }
        Ok(checks)
    }

    /// Rules in CEL, those of the field itself.
    pub(super) fn cel_rules(&mut self, rules: &[CelRule], target: &Target<'_>) -> TokenStream {
        let mut checks = TokenStream::new();
        for rule in rules {
            let mut path = target.prefix.to_vec();
            path.push(Element {
                number: rule.list.1,
                name: rule.list.0.to_owned(),
                field_type: if rule.list.0 == "cel" { TYPE_MESSAGE } else { 9 },
                map: None,
                index: Some(rule.index),
            });
            checks.extend(self.cel(rule, &rule.id, target, &path, None));
        }
        checks
    }

    /// What becomes of a checked rule: nothing, if it always holds; a condition and a violation otherwise.
    pub(super) fn outcome(
        &mut self,
        rule: &CelRule,
        node: &Node,
        target: &Target<'_>,
        path: &[Element],
    ) -> Result<TokenStream, String> {
        match node.ty.unwrapped() {
            Type::Bool => {
                if node.as_bool() == Some(true) {
                    return Ok(TokenStream::new());
                }
                let violation = self.violation(rule, &rule.text(), target, path);
                let broken = crate::cel::opposite(node.clone());
                self.unless(&rule.id, &broken, &target.this, &violation)
            }
            Type::String => self.texts(rule, node, target, path),
            other => Err(no_verdict(rule, other)),
        }
    }

    /// A rule whose expression gives the text of its violation, or nothing.
    fn texts(
        &mut self,
        rule: &CelRule,
        node: &Node,
        target: &Target<'_>,
        path: &[Element],
    ) -> Result<TokenStream, String> {
        if let Some(text) = node.as_text() {
            if text.is_empty() {
                return Ok(TokenStream::new());
            }
            let violation = self.violation(rule, text, target, path);
            return Ok(quote! { #violation });
        }
        if let Expr::If(condition, then, otherwise) = &node.expr {
            match (then.as_text(), otherwise.as_text()) {
                (Some(text), Some("")) => {
                    let violation = self.violation(rule, text, target, path);
                    return self.unless(&rule.id, condition, &target.this, &violation);
                }
                (Some(""), Some(text)) => {
                    let violation = self.violation(rule, text, target, path);
                    let condition = crate::cel::opposite((**condition).clone());
                    return self.unless(&rule.id, &condition, &target.this, &violation);
                }
                _ => {}
            }
        }
        let code = self.writer(&target.this).write(node)?;
        let reference = self.tables.cel_rule(target.field, path, rule, &rule.message);
        let add = add(&reference, &target.spot, Some(&quote!(text)));
        let (tokens, root, id) = (code.tokens, &self.root, &rule.id);
        let result = if code.is_fallible {
            quote!((|| ::core::result::Result::<_, #root::validate::cel::Error>::Ok(#tokens))())
        } else {
            quote!(::core::result::Result::<_, #root::validate::cel::Error>::Ok(#tokens))
        };
        Ok(quote! {
            match #result {
                ::core::result::Result::Ok(text) => if !text.is_empty() { #add }
                ::core::result::Result::Err(error) => report.fail(#id, &error)?,
            }
        })
    }

    /// Reports the violation if the condition holds.
    fn unless(
        &mut self,
        id: &str,
        condition: &Node,
        this: &Code,
        violation: &TokenStream,
    ) -> Result<TokenStream, String> {
        let code = self.writer(this).condition(condition)?;
        let (tokens, root) = (code.tokens, &self.root);
        Ok(if code.is_fallible {
            quote! {
                match (|| ::core::result::Result::<_, #root::validate::cel::Error>::Ok(#tokens))() {
                    ::core::result::Result::Ok(false) => {}
                    ::core::result::Result::Ok(true) => { #violation }
                    ::core::result::Result::Err(error) => report.fail(#id, &error)?,
                }
            }
        } else {
            quote! { if #tokens { #violation } }
        })
    }

    fn violation(
        &mut self,
        rule: &CelRule,
        text: &str,
        target: &Target<'_>,
        path: &[Element],
    ) -> TokenStream {
        let reference = self.tables.cel_rule(target.field, path, rule, text);
        add(&reference, &target.spot, None)
    }

    /// `any.in` and `any.not_in`.
    fn any(&mut self, subject: &Subject, rules: &DynamicMessage) -> TokenStream {
        let mut checks = TokenStream::new();
        let texts = [
            ("in", 2, "any.in", "type URL must be in the allow list"),
            ("not_in", 3, "any.not_in", "type URL must not be in the block list"),
        ];
        for (name, number, id, text) in texts {
            let urls: Vec<String> = options::list(rules, name).iter().filter_map(options::as_text).collect();
            if urls.is_empty() {
                continue;
            }
            let mut path = subject.prefix.clone();
            path.push(Element {
                number: 20,
                name: "any".to_owned(),
                field_type: TYPE_MESSAGE,
                map: None,
                index: None,
            });
            path.push(Element { number, name: name.to_owned(), field_type: 9, map: None, index: None });
            let rule = self.tables.rule(&subject.field, &path, id, text);
            let add = add(&rule, &subject.spot, None);
            let value = &subject.value;
            let negation = (name == "in").then(|| quote!(!));
            checks.extend(quote! {
                if #negation ::core::matches!(&#value.type_url[..], #(#urls)|*) { #add }
            });
        }
        checks
    }

    /// `enum.defined_only`.
    fn defined_only(&mut self, subject: &Subject, typed: &FieldDescriptor) -> TokenStream {
        let SingularKind::Enum(index) = subject.kind else { return TokenStream::new() };
        // A closed enum of buffa has no other values.
        if subject.enum_type == Some(EnumType::Closed) && self.access.layout.library() == Library::Buffa {
            return TokenStream::new();
        }
        let mut numbers: Vec<i32> =
            self.schema.pool().enumeration(index).values().iter().map(EnumValueDescriptor::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut path = subject.prefix.clone();
        path.push(Element::of(typed));
        path.push(Element {
            number: 2,
            name: "defined_only".to_owned(),
            field_type: super::table::TYPE_BOOL,
            map: None,
            index: None,
        });
        let text = "value must be one of the defined enum values";
        let rule = self.tables.rule(&subject.field, &path, "enum.defined_only", text);
        let add = add(&rule, &subject.spot, None);
        let value = &subject.value;
        quote! { if !::core::matches!(#value, #(#numbers)|*) { #add } }
    }

    /// The checks of a message that the value is.
    fn embedded(&mut self, subject: &Subject) -> TokenStream {
        let SingularKind::Message(index) = subject.kind else { return TokenStream::new() };
        if !self.validators.ruled.contains(&index) {
            return TokenStream::new();
        }
        let Some(element) = subject.field.last() else { return TokenStream::new() };
        let step = self.tables.step(&self.root, element);
        let value = &subject.value;
        match &subject.spot.subscript {
            None => quote! { report.nested(#value, #step)?; },
            Some(subscript) => quote! { report.nested_at(#value, #step, || #subscript)?; },
        }
    }
}

/// Refuses rules of another type than the field's.
///
/// # Errors
/// They are.
pub(super) fn expect(typed: &FieldDescriptor, expected: &str) -> Result<(), String> {
    if typed.name() == expected {
        return Ok(());
    }
    let given = typed.name();
    Err(if expected.is_empty() {
        format!(
            "rules of type `{given}` stand on a message, which has none; put rules into the message itself"
        )
    } else {
        format!(
            "rules of type `{given}` stand on a field whose rules are of type `{expected}`; write `{expected}` for `{given}`"
        )
    })
}

/// Adds a violation.
pub(super) fn add(rule: &TokenStream, spot: &Spot, text: Option<&TokenStream>) -> TokenStream {
    let for_key = spot.for_key;
    match (&spot.subscript, text) {
        (None, None) => quote! { report.add(#rule)?; },
        (None, Some(text)) => quote! { report.add_text(#rule, #text)?; },
        (Some(subscript), None) => {
            quote! { report.add_at(#rule, #subscript, ::core::option::Option::None, #for_key)?; }
        }
        (Some(subscript), Some(text)) => quote! {
            report.add_at(
                #rule,
                #subscript,
                ::core::option::Option::Some(::std::string::String::from(#text)),
                #for_key,
            )?;
        },
    }
}

/// Which member of `FieldRules.type` fits values of this kind; empty if none does.
pub(super) fn expected_rules(schema: &crate::Schema, kind: SingularKind) -> &'static str {
    match kind {
        SingularKind::Enum(_) => "enum",
        SingularKind::Message(index) => match schema.pool().message(index).full_name() {
            "google.protobuf.Any" => "any",
            "google.protobuf.Duration" => "duration",
            "google.protobuf.Timestamp" => "timestamp",
            "google.protobuf.FieldMask" => "field_mask",
            "google.protobuf.BoolValue" => "bool",
            "google.protobuf.BytesValue" => "bytes",
            "google.protobuf.DoubleValue" => "double",
            "google.protobuf.FloatValue" => "float",
            "google.protobuf.Int32Value" => "int32",
            "google.protobuf.Int64Value" => "int64",
            "google.protobuf.StringValue" => "string",
            "google.protobuf.UInt32Value" => "uint32",
            "google.protobuf.UInt64Value" => "uint64",
            _ => "",
        },
        SingularKind::Scalar(scalar) => match scalar {
            ScalarType::Double => "double",
            ScalarType::Float => "float",
            ScalarType::Int64 => "int64",
            ScalarType::Uint64 => "uint64",
            ScalarType::Int32 => "int32",
            ScalarType::Fixed64 => "fixed64",
            ScalarType::Fixed32 => "fixed32",
            ScalarType::Bool => "bool",
            ScalarType::String => "string",
            ScalarType::Bytes => "bytes",
            ScalarType::Uint32 => "uint32",
            ScalarType::Sfixed32 => "sfixed32",
            ScalarType::Sfixed64 => "sfixed64",
            ScalarType::Sint32 => "sint32",
            ScalarType::Sint64 => "sint64",
        },
    }
}

/// The `Subscript` of a map's key, which the code calls `key`.
pub(super) fn subscript_of_key(key: ScalarType, root: &TokenStream) -> TokenStream {
    let subscript = quote!(#root::validate::Subscript);
    match key {
        ScalarType::Bool => quote!(#subscript::Bool(*key)),
        ScalarType::String => quote!(#subscript::String(::std::borrow::Cow::Owned(key.to_string()))),
        ScalarType::Uint64 | ScalarType::Fixed64 | ScalarType::Fixed32 | ScalarType::Uint32 => {
            quote!(#subscript::Uint(::core::primitive::u64::from(*key)))
        }
        _ => quote!(#subscript::Int(::core::primitive::i64::from(*key))),
    }
}

/// Why a rule's expression says nothing of a message.
pub(super) fn no_verdict(rule: &CelRule, result: &Type) -> String {
    format!("`{}` gives {result}, where a bool or a string is wanted", rule.expression)
}
