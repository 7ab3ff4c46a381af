//! Writes validators: comparisons for a valid message, and a call to `gannet_validate::legacy` where one fails.

use buffa_descriptor::{
    EnumIndex, FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex, ScalarType, SingularKind,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Validators;
use super::checks::{Bound, Check, Count, Order};
use super::names;
use super::rules::{self, FieldRules, MessageRules};
use super::text::Texts;
use crate::Error;
use crate::access::{Access, Presence};
use crate::pattern::Patterns;

/// The body of `check_legacy`.
pub(crate) fn body(
    validators: &Validators<'_>,
    index: MessageIndex,
    rules: &MessageRules,
    access: Access<'_>,
) -> Result<TokenStream, Vec<Error>> {
    let mut body = Body {
        validators,
        message: validators.schema.pool().message(index),
        access,
        root: access.layout.root(),
        faults: Vec::new(),
        enums: Enums::default(),
        texts: Texts::default(),
        patterns: Patterns::default(),
        errors: Vec::new(),
    };
    let oneofs: Vec<TokenStream> = rules.required_oneofs.iter().map(|oneof| body.oneof(oneof)).collect();
    let fields: Vec<TokenStream> = rules.fields.iter().filter_map(|field| body.field(field)).collect();
    if !body.errors.is_empty() {
        return Err(body.errors);
    }
    let items = body.items();
    Ok(quote! {
        #items
        #(#oneofs)*
        #(#fields)*
        ::core::result::Result::Ok(())
    })
}

/// A validator in the making.
struct Body<'a> {
    validators: &'a Validators<'a>,
    message: &'a MessageDescriptor,
    access: Access<'a>,
    /// `::gannet::codegen`
    root: TokenStream,
    /// What each rule says when it is broken.
    faults: Vec<TokenStream>,
    enums: Enums,
    texts: Texts,
    patterns: Patterns,
    errors: Vec<Error>,
}

/// Where the value to check stands, and how a check of it fails.
#[derive(Clone, Copy)]
struct Target<'a> {
    rules: &'a FieldRules,
    kind: SingularKind,
}

impl Body<'_> {
    fn legacy(&self) -> TokenStream {
        let root = &self.root;
        quote!(#root::validate::legacy)
    }

    /// What the statements refer to.
    fn items(&mut self) -> TokenStream {
        let legacy = self.legacy();
        let texts = self.texts.items(self.validators.schema, self.access, &mut self.enums);
        let enums = self.enums.items(self.validators);
        let patterns = self.patterns.items(&self.root);
        let (faults, count) = (&self.faults, self.faults.len());
        let rules = (count > 0).then(|| quote!(static RULES: [#legacy::Rule; #count] = [#(#faults),*];));
        quote!(#rules #enums #patterns #texts)
    }

    /// Notes a rule; gives the reference to it.
    fn rule(&mut self, rule: TokenStream) -> TokenStream {
        let index = self.faults.len();
        self.faults.push(rule);
        quote!(&RULES[#index])
    }

    fn said(&mut self, field: &str, text: &str) -> TokenStream {
        let legacy = self.legacy();
        self.rule(quote!(#legacy::Rule::said(#field, #text)))
    }

    /// What is returned if a rule about `value` is broken; `of` is the function that takes it.
    fn fault(
        &mut self,
        rules: &FieldRules,
        demand: &str,
        of: &str,
        value: &dyn Fn(&mut Self) -> TokenStream,
    ) -> TokenStream {
        let legacy = self.legacy();
        let field = &rules.go_name;
        let fault = if let Some(text) = &rules.human_error {
            let rule = self.said(field, text);
            quote!(#legacy::Fault::of(#rule))
        } else {
            let rule = self.rule(quote!(#legacy::Rule::must(#field, #demand)));
            let (of, value) = (format_ident!("{of}"), value(self));
            quote!(#legacy::Fault::#of(#rule, #value))
        };
        quote!(return ::core::result::Result::Err(#fault);)
    }

    /// One of a oneof's members must be set.
    fn oneof(&mut self, oneof: &str) -> TokenStream {
        let place = self.access.place(&quote!(self), oneof);
        let rule = self.said(&names::camel_case(oneof), "one of the fields must be set");
        let legacy = self.legacy();
        quote! {
            if #place.is_none() {
                return ::core::result::Result::Err(#legacy::Fault::of(#rule));
            }
        }
    }

    /// All checks of a field; `None` if there is nothing to check.
    fn field(&mut self, rules: &FieldRules) -> Option<TokenStream> {
        let field = self.message.field(rules.number)?;
        let this = quote!(self);
        match field.kind() {
            FieldKind::Singular(kind) => {
                let exists = rules.must_exist.then(|| self.exists(field, rules));
                let value = self.singular(field, rules, kind);
                (exists.is_some() || value.is_some()).then(|| quote!(#exists #value))
            }
            FieldKind::List(kind) => {
                let place = self.access.place(&this, field.name());
                let counts = self.counts(field, rules, &place);
                let statements = self.value(Target { rules, kind }, field, &quote!(stored));
                let items = statements.map(|statements| quote!(for stored in &#place { #statements }));
                (!counts.is_empty() || items.is_some()).then(|| quote!(#(#counts)* #items))
            }
            FieldKind::Map { value: kind, .. } => {
                let place = self.access.place(&this, field.name());
                let counts = self.counts(field, rules, &place);
                let statements = self.value(Target { rules, kind }, field, &quote!(stored));
                let items =
                    statements.map(|statements| quote!(for stored in #place.values() { #statements }));
                (!counts.is_empty() || items.is_some()).then(|| quote!(#(#counts)* #items))
            }
        }
    }

    /// A message that must be there.
    fn exists(&mut self, field: &FieldDescriptor, rules: &FieldRules) -> Option<TokenStream> {
        let present = self.access.is_present(&quote!(self), self.message, field)?;
        let rule = self.said(&rules.go_name, "message must exist");
        let legacy = self.legacy();
        Some(quote! {
            if !(#present) {
                return ::core::result::Result::Err(#legacy::Fault::of(#rule));
            }
        })
    }

    fn singular(
        &mut self,
        field: &FieldDescriptor,
        rules: &FieldRules,
        kind: SingularKind,
    ) -> Option<TokenStream> {
        let this = quote!(self);
        let target = Target { rules, kind };
        if Presence::of(self.message, field) == Presence::Always {
            let statements = self.checks(target, field);
            let value = self.access.always(&this, field, kind);
            return (!statements.is_empty()).then(|| quote!({ let value = #value; #(#statements)* }));
        }
        let statements = self.value(target, field, &quote!(stored))?;
        let Some(stored) = self.access.optional(&this, self.message, field) else {
            self.errors.push(self.unreachable(field));
            return None;
        };
        Some(quote! {
            if let ::core::option::Option::Some(stored) = #stored {
                #statements
            }
        })
    }

    fn unreachable(&self, field: &FieldDescriptor) -> Error {
        let place = self.validators.schema.place_of_field(self.message.full_name(), field.name());
        Error::new(place, "the oneof that it is a member of cannot be named from its package's module")
    }

    /// The checks of what `stored` refers to; `None` if there are none.
    fn value(
        &mut self,
        target: Target<'_>,
        field: &FieldDescriptor,
        stored: &TokenStream,
    ) -> Option<TokenStream> {
        if let Some(held) = target.rules.held {
            let name = &target.rules.go_name;
            let root = &self.root;
            return self.validators.ruled.contains(&held).then(|| {
                quote! {
                    if let ::core::result::Result::Err(fault) = #root::validate::Validate::check_legacy(#stored) {
                        return ::core::result::Result::Err(fault.within(#name));
                    }
                }
            });
        }
        let statements = self.checks(target, field);
        let value = self.access.value(target.kind, field.enum_type(), stored);
        (!statements.is_empty()).then(|| quote!(let value = #value; #(#statements)*))
    }

    /// The checks of `value`.
    fn checks(&mut self, target: Target<'_>, field: &FieldDescriptor) -> Vec<TokenStream> {
        let checks = target.rules.checks.iter();
        checks.filter_map(|check| self.check(target, check, field)).collect()
    }

    fn check(&mut self, target: Target<'_>, check: &Check, field: &FieldDescriptor) -> Option<TokenStream> {
        let holds = match check {
            Check::Regex(pattern) => match self.patterns.condition(pattern, &quote!(value), &self.root) {
                Ok(condition) => condition,
                Err(message) => {
                    let place = self.validators.schema.place_of_field(self.message.full_name(), field.name());
                    self.errors.push(Error::new(place, message).of_rule("regex"));
                    return None;
                }
            },
            Check::Uuid(version) => {
                let legacy = self.legacy();
                quote!(#legacy::is_uuid(value, #version))
            }
            Check::NotEmpty => quote!(!value.is_empty()),
            Check::Length(order, limit) => length(*order, *limit)?,
            Check::Integer(order, limit) => integer(*order, *limit, target.kind),
            Check::Float(bound) => float(*bound, target.kind)?,
            Check::InEnum(index, _) => {
                let numbers = self.validators.schema.pool().enumeration(*index).values().iter();
                in_enum(numbers.map(buffa_descriptor::EnumValueDescriptor::number).collect())
            }
        };
        let kind = target.kind;
        let fault = self.fault(target.rules, &check.demand(), "of_value", &|this| {
            let SingularKind::Enum(index) = kind else { return quote!(value) };
            let legacy = this.legacy();
            this.enums.value(index, &quote!(value), &legacy)
        });
        Some(quote!(if !(#holds) { #fault }))
    }

    /// The checks of how many items a list or map has.
    fn counts(
        &mut self,
        field: &FieldDescriptor,
        rules: &FieldRules,
        place: &TokenStream,
    ) -> Vec<TokenStream> {
        let mut statements = Vec::new();
        for count in &rules.counts {
            let fails = match count {
                // Never, and always.
                Count::AtLeast(..=0) => continue,
                Count::AtMost(..0) => quote!(true),
                Count::AtLeast(limit) => {
                    let limit = number(&limit.to_string());
                    quote!((#place.len() as ::core::primitive::u64) < #limit)
                }
                Count::AtMost(limit) => {
                    let limit = number(&limit.to_string());
                    quote!((#place.len() as ::core::primitive::u64) > #limit)
                }
            };
            let (of, kind) = match field.kind() {
                FieldKind::Map { .. } => ("of_map", field.kind()),
                kind => ("of_list", kind),
            };
            let fault = self.fault(rules, &count.demand(), of, &|this| this.items_of(field, kind, place));
            statements.push(quote!(if #fails { #fault }));
        }
        statements
    }

    /// An iterator over what a list or map holds, in the form that faults take.
    fn items_of(&mut self, field: &FieldDescriptor, kind: FieldKind, place: &TokenStream) -> TokenStream {
        let (access, legacy) = (self.access, self.legacy());
        match kind {
            FieldKind::Singular(kind) | FieldKind::List(kind) => {
                let item = self.texts.value(access, &mut self.enums, kind, field, &quote!(item), &legacy);
                quote!(#place.iter().map(|item| #item))
            }
            FieldKind::Map { key, value } => {
                let key = access.value(SingularKind::Scalar(key), None, &quote!(key));
                let value = self.texts.value(access, &mut self.enums, value, field, &quote!(value), &legacy);
                quote!(#place.iter().map(|(key, value)| (#key, #value)))
            }
        }
    }
}

/// The names of enums' values, which faults write.
#[derive(Debug, Default)]
pub(crate) struct Enums {
    used: Vec<EnumIndex>,
}

impl Enums {
    /// A value of an enum in the form that faults take.
    pub(crate) fn value(
        &mut self,
        index: EnumIndex,
        number: &TokenStream,
        legacy: &TokenStream,
    ) -> TokenStream {
        let position = self.used.iter().position(|used| *used == index).unwrap_or_else(|| {
            self.used.push(index);
            self.used.len() - 1
        });
        let names = Self::ident(position);
        quote!(#legacy::Enum { number: #number, names: #names })
    }

    fn items(&self, validators: &Validators<'_>) -> TokenStream {
        let items = self.used.iter().enumerate().map(|(position, index)| {
            let name = Self::ident(position);
            let values = validators.schema.pool().enumeration(*index).values().iter().map(|value| {
                let (number, name) = (number(&value.number().to_string()), value.name());
                quote!((#number, #name))
            });
            quote! {
                static #name: &[(::core::primitive::i32, &::core::primitive::str)] = &[#(#values),*];
            }
        });
        quote!(#(#items)*)
    }

    fn ident(position: usize) -> Ident {
        format_ident!("NAMES_{position}")
    }
}

/// Whether a length lies right; `None` if every length does.
fn length(order: Order, limit: i64) -> Option<TokenStream> {
    let length = quote!((value.len() as ::core::primitive::u64));
    let text = number(&limit.to_string());
    match order {
        Order::Above if limit < 0 => None,
        Order::Below if limit <= 0 => Some(quote!(false)),
        Order::Equal if limit < 0 => Some(quote!(false)),
        _ => Some(compare(&length, order, &text)),
    }
}

fn compare(value: &TokenStream, order: Order, limit: &TokenStream) -> TokenStream {
    match order {
        Order::Above => quote!(#value > #limit),
        Order::Below => quote!(#value < #limit),
        Order::Equal => quote!(#value == #limit),
    }
}

/// The compiler takes a comparison that no value of the type passes for a mistake.
fn integer(order: Order, limit: i64, kind: SingularKind) -> TokenStream {
    let (least, most) = range(kind);
    let limit = i128::from(limit);
    match order {
        Order::Above if limit >= most => quote!(false),
        Order::Below if limit <= least => quote!(false),
        _ => compare(&quote!(value), order, &number(&limit.to_string())),
    }
}

/// The bounds of an integer type; of others, those of the largest.
fn range(kind: SingularKind) -> (i128, i128) {
    match kind {
        SingularKind::Scalar(scalar) => rules::range(scalar),
        SingularKind::Enum(_) | SingularKind::Message(_) => (i128::MIN, i128::MAX),
    }
}

/// As Go computes it: in the field's own type, where integers wrap around. `None` if every value lies within.
fn float(bound: Bound, kind: SingularKind) -> Option<TokenStream> {
    let Bound { is_lower, is_strict, .. } = bound;
    let is_double = kind == SingularKind::Scalar(ScalarType::Double);
    if is_double || kind == SingularKind::Scalar(ScalarType::Float) {
        let constant = |value: f64| {
            number(&if is_double { format!("{value:?}") } else { format!("{:?}", rules::as_f32(value)) })
        };
        let value = match bound.epsilon.map(constant) {
            None => quote!(value),
            Some(epsilon) if is_lower => quote!(value + #epsilon),
            Some(epsilon) => quote!(value - #epsilon),
        };
        return Some(bounded(&value, is_lower, is_strict, &constant(bound.limit)));
    }
    let limit = rules::as_integer(bound.limit)?;
    let (least, most) = range(kind);
    match (is_lower, is_strict) {
        (true, true) if limit >= most => return Some(quote!(false)),
        (false, true) if limit <= least => return Some(quote!(false)),
        (true, false) if limit <= least => return None,
        (false, false) if limit >= most => return None,
        _ => {}
    }
    let epsilon = bound.epsilon.and_then(rules::as_integer).map(|epsilon| number(&epsilon.to_string()));
    let value = match epsilon {
        None => quote!(value),
        Some(epsilon) if is_lower => quote!(value.wrapping_add(#epsilon)),
        Some(epsilon) => quote!(value.wrapping_sub(#epsilon)),
    };
    Some(bounded(&value, is_lower, is_strict, &number(&limit.to_string())))
}

fn bounded(value: &TokenStream, is_lower: bool, is_strict: bool, limit: &TokenStream) -> TokenStream {
    match (is_lower, is_strict) {
        (true, true) => quote!(#value > #limit),
        (true, false) => quote!(#value >= #limit),
        (false, true) => quote!(#value < #limit),
        (false, false) => quote!(#value <= #limit),
    }
}

fn in_enum(mut numbers: Vec<i32>) -> TokenStream {
    numbers.sort_unstable();
    numbers.dedup();
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let arms = runs.into_iter().map(|(first, last)| {
        let (start, end) = (number(&first.to_string()), number(&last.to_string()));
        if first == last { quote!(#start) } else { quote!(#start..=#end) }
    });
    quote!(::core::matches!(value, #(#arms)|*))
}

/// A number as it stands in Rust, its sign before it.
fn number(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}
