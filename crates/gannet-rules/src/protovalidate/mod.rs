//! The dialect of `buf.validate` (protovalidate): its rules, and the validators written of them.
//!
//! A validator of a message is the body of `gannet_validate::Validate::check`. The standard rules are not known here by
//! name: validate.proto says in CEL what each means, and what is left of that once the rule's value is filled in is
//! written as Rust. `required`, `ignore`, oneofs, `enum.defined_only` and `any` are the dialect's own and stand here.

mod explain;
mod field;
mod interpreted;
mod options;
mod rule_set;
mod standard;
mod table;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use buffa_descriptor::reflect::DynamicMessage;
use buffa_descriptor::{FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex, SingularKind};
use proc_macro2::TokenStream;
use quote::quote;

use self::options::{CelRule, Ignore, MessageOneof};
use self::table::Tables;
use self::value::Target;
use crate::access::Access;
use crate::cel::{Code, Environment, Form, Type, UNKNOWN, Writer, check, constant};
use crate::pattern::{self, Patterns};
use crate::{Error, Schema};

pub use self::rule_set::{
    Demand, FieldRuleSet, MessageOneof as MessageOneofRule, Rule, RuleSet, ValueRuleSet,
};
pub use self::table::Element;

/// What to do with a rule that cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Faults {
    /// Nothing is generated, and the fault is reported.
    #[default]
    Refuse,
    /// The validator says so when it comes to the rule. For conformance suites, which ask for that.
    Defer,
}

/// A written validator.
pub struct Written {
    /// The body of `check`.
    pub body: TokenStream,
    /// Whether it has rules that are interpreted, which takes the feature `runtime-cel`.
    pub is_interpreted: bool,
}

/// Writes validators of `buf.validate` rules.
pub struct Validators<'a> {
    schema: &'a Schema,
    faults: Faults,
    /// Whether expressions that cannot be written as Rust are interpreted.
    interprets: bool,
    /// Messages that have rules, themselves or in what they hold.
    ruled: BTreeSet<MessageIndex>,
}

impl<'a> Validators<'a> {
    /// Finds out which messages have rules.
    ///
    /// # Errors
    /// Options cannot be read.
    pub fn new(schema: &'a Schema, faults: Faults) -> Result<Self, Vec<Error>> {
        let pool = schema.pool();
        let mut own = BTreeSet::new();
        let mut holders: BTreeMap<MessageIndex, Vec<MessageIndex>> = BTreeMap::new();
        let mut errors = Vec::new();
        for message in pool.messages() {
            let Some(index) = pool.message_index(message.full_name()) else { continue };
            match has_own_rules(schema, message) {
                Ok(true) => {
                    own.insert(index);
                }
                Ok(false) => {}
                Err(error) => errors.push(error),
            }
            for held in held_messages(schema, message) {
                holders.entry(held).or_default().push(index);
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut pending: Vec<MessageIndex> = own.iter().copied().collect();
        let mut ruled = own;
        while let Some(index) = pending.pop() {
            for holder in holders.get(&index).into_iter().flatten() {
                if ruled.insert(*holder) {
                    pending.push(*holder);
                }
            }
        }
        Ok(Self { schema, faults, interprets: false, ruled })
    }

    /// Whether expressions that cannot be written as Rust are interpreted when a message is validated, rather than refused.
    #[must_use]
    pub fn interpret(mut self, on: bool) -> Self {
        self.interprets = on;
        self
    }

    /// Whether a message has rules, itself or in what it holds, by its full name.
    pub fn has_rules(&self, message: &str) -> bool {
        self.schema.pool().message_index(message).is_some_and(|index| self.ruled.contains(&index))
    }

    /// The body of `check` for a message that [has rules](Self::has_rules), by its full name.
    ///
    /// # Errors
    /// Rules that cannot be carried out.
    pub fn write(&self, message: &str, access: Access<'_>) -> Result<Written, Vec<Error>> {
        let pool = self.schema.pool();
        let Some(index) = pool.message_index(message) else {
            return Ok(Written { body: quote!(Ok(())), is_interpreted: false });
        };
        let mut body = self.body(index, access);
        let statements = body.statements();
        if !body.errors.is_empty() && self.faults == Faults::Refuse {
            return Err(body.errors);
        }
        let (tables, patterns) = (body.tables.items(&body.root), body.patterns.items(&body.root));
        let interpreted = &body.interpreted;
        let is_interpreted = !interpreted.is_empty();
        let body = quote! {
            #tables
            #patterns
            #(#interpreted)*
            #statements
            ::core::result::Result::Ok(())
        };
        Ok(Written { body, is_interpreted })
    }
}

impl Validators<'_> {
    /// A validator to be written.
    fn body<'b>(&'b self, index: MessageIndex, access: Access<'b>) -> Body<'b> {
        Body {
            validators: self,
            schema: self.schema,
            access,
            root: access.layout.root(),
            message: self.schema.pool().message(index),
            index,
            tables: Tables::default(),
            patterns: Patterns::default(),
            interpreted: Vec::new(),
            errors: Vec::new(),
        }
    }
}

fn has_own_rules(schema: &Schema, message: &MessageDescriptor) -> Result<bool, Error> {
    let rules = options::of_message(schema, message)?;
    if !rules.cel.is_empty() || !rules.oneofs.is_empty() {
        return Ok(true);
    }
    for oneof in message.oneofs() {
        if options::is_oneof_required(schema, message, oneof)? {
            return Ok(true);
        }
    }
    for field in message.fields() {
        let rules = options::of_field(schema, message, field)?;
        if rules.0.is_some() && rules.ignore() != Ignore::Always {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The messages that a message's fields hold, those that are never looked at aside.
fn held_messages(schema: &Schema, message: &MessageDescriptor) -> Vec<MessageIndex> {
    let mut held = Vec::new();
    for field in message.fields() {
        let kind = match field.kind() {
            FieldKind::Singular(kind) | FieldKind::List(kind) | FieldKind::Map { value: kind, .. } => kind,
        };
        let SingularKind::Message(index) = kind else { continue };
        let is_ignored =
            options::of_field(schema, message, field).is_ok_and(|rules| rules.ignore() == Ignore::Always);
        if !is_ignored {
            held.push(index);
        }
    }
    held
}

/// How rules that are right, but cannot be compiled, can be had.
const INTERPRET: &str = "have such rules interpreted, by `.runtime_cel(true)` in a build script (`--runtime-cel` of gannet generate, \
     `runtime_cel=true` for protoc-gen-gannet) and gannet's feature `runtime-cel`; or give what it asks for fields and types \
     of its own, which is faster";

/// A validator in the making.
struct Body<'a> {
    validators: &'a Validators<'a>,
    schema: &'a Schema,
    access: Access<'a>,
    root: TokenStream,
    message: &'a MessageDescriptor,
    index: MessageIndex,
    tables: Tables,
    patterns: Patterns,
    /// The statics of the expressions that are interpreted.
    interpreted: Vec<TokenStream>,
    errors: Vec<Error>,
}

impl Body<'_> {
    /// What is checked, in protovalidate's order: the message's own rules, oneofs, fields.
    fn statements(&mut self) -> TokenStream {
        let rules = match options::of_message(self.schema, self.message) {
            Ok(rules) => rules,
            Err(error) => return self.fault(error),
        };
        let place = self.schema.place_of_message(self.message.full_name());
        let target = Target {
            kind: FieldKind::Singular(SingularKind::Message(self.index)),
            ty: Type::Message(self.index),
            this: Code::new(quote!(self), Form::Message),
            field: &[],
            prefix: &[],
            spot: value::Spot::default(),
            place: place.clone(),
        };
        let Ok(mut statements) = self.about_one(|body| {
            let checks = rules.cel.iter().map(|rule| body.cel(rule, &rule.id, &target, &[], None));
            Ok::<TokenStream, Infallible>(checks.collect())
        });
        for oneof in &rules.oneofs {
            statements.extend(match self.message_oneof(oneof) {
                Ok(written) => written,
                Err(text) => self.fault(Error::new(place.clone(), text).of_rule("oneof")),
            });
        }
        for oneof in self.message.oneofs() {
            match options::is_oneof_required(self.schema, self.message, oneof) {
                Ok(true) => {
                    let place = self.access.place(&quote!(self), oneof.name());
                    let element = Element {
                        number: 0,
                        name: oneof.name().to_owned(),
                        field_type: 0,
                        map: None,
                        index: None,
                    };
                    let text = "exactly one field is required in oneof";
                    let rule = self.tables.rule(&[element], &[], "required", text);
                    statements.extend(quote! { if #place.is_none() { report.add(#rule)?; } });
                }
                Ok(false) => {}
                Err(error) => statements.extend(self.fault(error)),
            }
        }
        let in_oneofs: BTreeSet<String> = rules.oneofs.into_iter().flat_map(|oneof| oneof.fields).collect();
        for field in self.message.fields() {
            statements.extend(self.field(field, in_oneofs.contains(field.name())));
        }
        statements
    }

    /// Notes a fault; if it is to be told at run time, gives the statement for that.
    fn fault(&mut self, error: Error) -> TokenStream {
        let text = error.message();
        self.errors.push(error);
        quote! { report.fail_unbuilt(#text)?; }
    }

    /// A rule in CEL, which faults call by this name. Rules of validate.proto and its like come with the rules that they are the
    /// meaning of, and their own field there.
    fn cel(
        &mut self,
        rule: &CelRule,
        name: &str,
        target: &Target<'_>,
        path: &[Element],
        rules: Option<(&DynamicMessage, &FieldDescriptor)>,
    ) -> TokenStream {
        match self.compiled_or_interpreted(rule, target, path, rules) {
            Ok(written) => written,
            Err((text, help)) => {
                let error = Error::new(target.place.clone(), text).of_rule(name);
                self.fault(help.into_iter().fold(error, Error::with_help))
            }
        }
    }

    /// A rule's expression as Rust, or, if that cannot be and [`interpret`](Validators::interpret) says so, one that is
    /// interpreted. What is wrong otherwise, and how to mend it.
    fn compiled_or_interpreted(
        &mut self,
        rule: &CelRule,
        target: &Target<'_>,
        path: &[Element],
        rules: Option<(&DynamicMessage, &FieldDescriptor)>,
    ) -> Result<TokenStream, (String, Option<&'static str>)> {
        let mut environment = Environment {
            pool: self.schema.pool(),
            this: Some(target.ty.clone()),
            rule: rules.map(|(rules, rule)| constant(rules, rule)),
            rules: rules.map(|(rules, _)| rules),
            is_interpreted: false,
        };
        let before = (self.tables.len(), self.patterns.len());
        let written =
            check(&rule.expression, &environment).and_then(|node| self.outcome(rule, &node, target, path));
        let reason = match written {
            Ok(written) => return Ok(written),
            Err(reason) => reason,
        };
        self.tables.truncate(before.0);
        self.patterns.truncate(before.1);
        environment.is_interpreted = true;
        // It may be at fault, whoever evaluates it; that it also asks what is not known then is not what matters.
        let fault = |better| if reason.contains(UNKNOWN) { better } else { reason.clone() };
        match check(&rule.expression, &environment) {
            Err(other) => {
                let fault = fault(other);
                let help = fault.contains("error parsing regexp").then_some(pattern::SYNTAX);
                Err((fault, help))
            }
            Ok(node) if !matches!(node.ty.unwrapped(), Type::Bool | Type::String | Type::Dyn) => {
                Err((fault(value::no_verdict(rule, &node.ty)), None))
            }
            Ok(_) if !self.validators.interprets => Err((reason, Some(INTERPRET))),
            Ok(_) => self.interpreted(rule, target, path, rules).map_err(|reason| (reason, None)),
        }
    }

    fn writer(&mut self, this: &Code) -> Writer<'_> {
        Writer::new(self.schema, self.access, this.clone(), &mut self.patterns)
    }

    /// `(buf.validate.message).oneof`.
    fn message_oneof(&mut self, oneof: &MessageOneof) -> Result<TokenStream, String> {
        let mut tests = Vec::new();
        for field in oneof.descriptors(self.message)? {
            let this = Code::new(quote!(self), Form::Message);
            let (index, message) = (self.index, field.clone());
            tests.push(self.writer(&this).is_set(&quote!(self), index, &message)?);
        }
        let names = oneof.fields.join(", ");
        let many = format!("only one of {names} can be set");
        let many = self.tables.rule(&[], &[], "message.oneof", &many);
        let none = oneof.is_required.then(|| {
            let none = format!("one of {names} must be set");
            let none = self.tables.rule(&[], &[], "message.oneof", &none);
            quote! { if set == 0 { report.add(#none)?; } }
        });
        Ok(quote! {{
            let set = 0u32 #(+ ::core::primitive::u32::from(#tests))*;
            if set > 1 { report.add(#many)?; }
            #none
        }})
    }
}
