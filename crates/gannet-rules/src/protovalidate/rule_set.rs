//! The rules of messages as data, type-checked: for who carries them out without generated code.
//!
//! What is checked, in which order, and what violations say are those of written validators (`field.rs`, `value.rs`).
//! Not here: evaluating expressions, which `gannet-validate-dynamic` has done by an interpreter.

use buffa::editions::FieldPresence;
use buffa_descriptor::reflect::DynamicMessage;
use buffa_descriptor::{
    EnumValueDescriptor, FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex, SingularKind,
};

use super::options::{self, CelRule, FieldRules, Ignore};
use super::table::{TYPE_BOOL, TYPE_MESSAGE, TYPE_STRING};
use super::value::{expect, expected_rules};
use super::{Element, Validators};
use crate::access::Presence;
use crate::cel::{Environment, Type, check, constant};
use crate::{Error, Place, Schema};

/// The rules of a message, in the order in which they are checked.
#[derive(Debug)]
pub struct RuleSet {
    /// Rules about the message as a whole.
    pub rules: Vec<Rule>,
    /// `(buf.validate.message).oneof`.
    pub message_oneofs: Vec<MessageOneof>,
    /// `(buf.validate.oneof).required`: the names of oneofs.
    pub required_oneofs: Vec<String>,
    /// In the order of declaration; fields without rules that hold no message with rules are not among them.
    pub fields: Vec<FieldRuleSet>,
}

/// Fields of which at most one may be set.
#[derive(Debug)]
pub struct MessageOneof {
    /// The fields.
    pub fields: Vec<FieldDescriptor>,
    /// Whether one of them must be set.
    pub is_required: bool,
}

/// The rules of a field.
#[derive(Debug)]
pub struct FieldRuleSet {
    /// The field.
    pub field: FieldDescriptor,
    /// The step to it, as violations have it.
    pub element: Element,
    /// What can be said of whether it is there; of lists and maps, that they always are.
    pub presence: Presence,
    /// Whether a value must be there; one that cannot be absent must not be its type's zero value.
    pub is_required: bool,
    /// Whether a zero value, or an empty list or map, is not looked at.
    pub ignores_zero: bool,
    /// Rules about a list or a map as a whole.
    pub whole: Vec<Rule>,
    /// Rules about a map's keys.
    pub keys: Option<ValueRuleSet>,
    /// Rules about the value of a singular field, the items of a list or the values of a map.
    pub values: ValueRuleSet,
}

/// The rules of a single value.
#[derive(Debug)]
pub struct ValueRuleSet {
    /// The value's kind.
    pub kind: SingularKind,
    /// Whether a zero value is not looked at; of items, keys and values of maps alone.
    pub ignores_zero: bool,
    /// The rules.
    pub rules: Vec<Rule>,
    /// The message with rules that the value is.
    pub held: Option<MessageIndex>,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// What identifies it.
    pub id: String,
    /// What a violation says, unless the expression says it.
    pub message: String,
    /// From `buf.validate.FieldRules` to it; empty for rules of messages.
    pub path: Vec<Element>,
    /// What it demands.
    pub demand: Demand,
    /// Where it stands.
    pub place: Place,
}

/// What a rule demands of a value.
#[derive(Debug)]
pub enum Demand {
    /// That an expression in CEL gives true or an empty string.
    Expression {
        /// The expression, which has been type-checked.
        source: String,
        /// The rules that a standard rule stands in, and the rule's field there: `rules` and `rule` in the expression.
        rules: Option<(DynamicMessage, FieldDescriptor)>,
    },
    /// `any.in` and `any.not_in`: that the type URL of an `Any` is one of these, or none of them.
    TypeUrl {
        /// The URLs.
        urls: Vec<String>,
        /// Whether it must be one of them.
        is_allowed: bool,
    },
    /// `enum.defined_only`: that the enum has a value of this number.
    Defined(Vec<i32>),
}

impl Validators<'_> {
    /// The rules of a message that [has rules](Self::has_rules), by its full name.
    ///
    /// # Errors
    /// Rules that cannot be carried out.
    pub fn rule_set(&self, message: &str) -> Result<RuleSet, Vec<Error>> {
        let pool = self.schema.pool();
        let found = pool.message_index(message).filter(|index| self.ruled.contains(index));
        let Some(index) = found else {
            return Ok(RuleSet {
                rules: Vec::new(),
                message_oneofs: Vec::new(),
                required_oneofs: Vec::new(),
                fields: Vec::new(),
            });
        };
        let descriptor = pool.message(index);
        let mut reading =
            Reading { validators: self, schema: self.schema, message: descriptor, errors: Vec::new() };
        let read = reading.message(index);
        if reading.errors.is_empty() { read.map_err(|error| vec![error]) } else { Err(reading.errors) }
    }
}

/// A message's rules in the reading.
struct Reading<'a> {
    validators: &'a Validators<'a>,
    schema: &'a Schema,
    message: &'a MessageDescriptor,
    errors: Vec<Error>,
}

/// What rules are about.
struct Subject<'s> {
    /// The type of `this`.
    ty: &'s Type,
    /// From the field's rules to these.
    prefix: &'s [Element],
    place: &'s Place,
}

impl Reading<'_> {
    fn message(&mut self, index: MessageIndex) -> Result<RuleSet, Error> {
        let given = options::of_message(self.schema, self.message)?;
        let place = self.schema.place_of_message(self.message.full_name());
        let mut rules = Vec::new();
        for rule in &given.cel {
            rules.extend(self.expression(rule, &rule.id, &Type::Message(index), Vec::new(), &place, None));
        }
        let mut message_oneofs = Vec::new();
        for oneof in &given.oneofs {
            match self.message_oneof(oneof) {
                Ok(oneof) => message_oneofs.push(oneof),
                Err(text) => self.errors.push(Error::new(place.clone(), text).of_rule("oneof")),
            }
        }
        let mut required_oneofs = Vec::new();
        for oneof in self.message.oneofs() {
            match options::is_oneof_required(self.schema, self.message, oneof) {
                Ok(true) => required_oneofs.push(oneof.name().to_owned()),
                Ok(false) => {}
                Err(error) => self.errors.push(error),
            }
        }
        let mut fields = Vec::new();
        for field in self.message.fields() {
            let is_in_oneof = given.oneofs.iter().any(|oneof| oneof.fields.iter().any(|n| n == field.name()));
            fields.extend(self.field(field, is_in_oneof));
        }
        Ok(RuleSet { rules, message_oneofs, required_oneofs, fields })
    }

    fn message_oneof(&self, oneof: &options::MessageOneof) -> Result<MessageOneof, String> {
        let fields = oneof.descriptors(self.message)?.into_iter().cloned().collect();
        Ok(MessageOneof { fields, is_required: oneof.is_required })
    }

    fn field(&mut self, field: &FieldDescriptor, is_in_oneof: bool) -> Option<FieldRuleSet> {
        let place = self.schema.place_of_field(self.message.full_name(), field.name());
        let rules = match options::of_field(self.schema, self.message, field) {
            Ok(rules) => rules,
            Err(error) => {
                self.errors.push(error);
                return None;
            }
        };
        let ignore = rules.ignore();
        if ignore == Ignore::Always {
            return None;
        }
        // Members of `(buf.validate.message).oneof` are looked at only when they are set.
        let ignores_zero = ignore == Ignore::IfZeroValue || is_in_oneof;
        match self.field_rules(field, &rules, ignores_zero, &place) {
            Ok(set) => set.has_effect().then_some(set),
            Err(text) => {
                self.errors.push(Error::new(place, text));
                None
            }
        }
    }

    fn field_rules(
        &mut self,
        field: &FieldDescriptor,
        rules: &FieldRules,
        ignores_zero: bool,
        place: &Place,
    ) -> Result<FieldRuleSet, String> {
        let (mut whole, mut keys) = (Vec::new(), None);
        let (presence, element, values) = match field.kind() {
            FieldKind::Singular(kind) => {
                let values = self.value(kind, rules, false, &[], place)?;
                (Presence::of(self.message, field), Element::of(field), values)
            }
            FieldKind::List(kind) => {
                let typed = self.whole(field, rules, "repeated", place, &mut whole)?;
                let items = inner(typed.as_ref(), "items");
                let prefix = steps((18, "repeated"), (4, "items"));
                let values = self.value(kind, &items, true, &prefix, place)?;
                (Presence::Always, Element::of(field), values)
            }
            FieldKind::Map { key, value } => {
                let typed = self.whole(field, rules, "map", place, &mut whole)?;
                let of_keys = inner(typed.as_ref(), "keys");
                let prefix = steps((19, "map"), (4, "keys"));
                keys = Some(self.value(SingularKind::Scalar(key), &of_keys, true, &prefix, place)?);
                let of_values = inner(typed.as_ref(), "values");
                let prefix = steps((19, "map"), (5, "values"));
                let values = self.value(value, &of_values, true, &prefix, place)?;
                (Presence::Always, Element::of(field).in_map(key, value), values)
            }
        };
        // What proto2 calls `required` is there, whatever its value.
        let is_there = field.presence() == FieldPresence::LegacyRequired && presence == Presence::Always;
        Ok(FieldRuleSet {
            field: field.clone(),
            element,
            presence,
            is_required: rules.is_required() && !is_there,
            ignores_zero: ignores_zero && !is_there && presence == Presence::Always,
            whole,
            keys,
            values,
        })
    }

    /// The rules of a list or a map as a whole, and the message that they stand in.
    fn whole(
        &mut self,
        field: &FieldDescriptor,
        rules: &FieldRules,
        expected: &str,
        place: &Place,
        whole: &mut Vec<Rule>,
    ) -> Result<Option<DynamicMessage>, String> {
        let ty = Type::of_field(field, self.schema.pool());
        let subject = Subject { ty: &ty, prefix: &[], place };
        self.custom(rules, &subject, whole);
        let Some((typed, message)) = rules.typed() else { return Ok(None) };
        expect(&typed, expected)?;
        self.standard(&typed, &message, &subject, whole);
        Ok(Some(message))
    }

    /// The rules of a single value.
    fn value(
        &mut self,
        kind: SingularKind,
        rules: &FieldRules,
        is_item: bool,
        prefix: &[Element],
        place: &Place,
    ) -> Result<ValueRuleSet, String> {
        let mut found = Vec::new();
        let is_looked_at = rules.ignore() != Ignore::Always;
        if is_looked_at {
            self.own(kind, rules, prefix, place, &mut found)?;
        }
        let held = match kind {
            SingularKind::Message(index) if is_looked_at && self.validators.ruled.contains(&index) => {
                Some(index)
            }
            _ => None,
        };
        let ignores_zero = is_item && rules.ignore() == Ignore::IfZeroValue;
        Ok(ValueRuleSet { kind, ignores_zero, rules: found, held })
    }

    /// What the value's rules demand of it, what it holds aside.
    fn own(
        &mut self,
        kind: SingularKind,
        rules: &FieldRules,
        prefix: &[Element],
        place: &Place,
        found: &mut Vec<Rule>,
    ) -> Result<(), String> {
        // A wrapper's rules are those of what is in it.
        let ty = match Type::of_kind(kind, self.schema.pool()) {
            Type::Wrapper(scalar) => *scalar,
            ty => ty,
        };
        let subject = Subject { ty: &ty, prefix, place };
        self.custom(rules, &subject, found);
        let Some((typed, message)) = rules.typed() else { return Ok(()) };
        let expected = expected_rules(self.schema, kind);
        expect(&typed, expected)?;
        if expected == "any" {
            found.extend(type_urls(&message, &subject));
            return Ok(());
        }
        self.standard(&typed, &message, &subject, found);
        if expected == "enum" && options::is_flag_set(&message, "defined_only") {
            found.extend(self.defined_only(kind, &typed, &subject));
        }
        Ok(())
    }

    /// Rules in CEL, those of the field itself.
    fn custom(&mut self, rules: &FieldRules, subject: &Subject<'_>, found: &mut Vec<Rule>) {
        for rule in &rules.cel() {
            let mut path = subject.prefix.to_vec();
            path.push(Element {
                number: rule.list.1,
                name: rule.list.0.to_owned(),
                field_type: if rule.list.0 == "cel" { TYPE_MESSAGE } else { TYPE_STRING },
                map: None,
                index: Some(rule.index),
            });
            found.extend(self.expression(rule, &rule.id, subject.ty, path, subject.place, None));
        }
    }

    /// What typed rules, such as `StringRules`, ask for: what validate.proto says of each that is set.
    fn standard(
        &mut self,
        typed: &FieldDescriptor,
        rules: &DynamicMessage,
        subject: &Subject<'_>,
        found: &mut Vec<Rule>,
    ) {
        for (rule, name) in options::set_rules(self.schema, rules) {
            let expressions = match options::predefined(self.schema, &rule, subject.place) {
                Ok(expressions) => expressions,
                Err(error) => {
                    self.errors.push(error);
                    continue;
                }
            };
            let short = format!("{}.{}", typed.name(), rule.name());
            let mut path = subject.prefix.to_vec();
            path.push(Element::of(typed));
            path.push(match &name {
                Some(name) => Element::of_extension(&rule, name),
                None => Element::of(&rule),
            });
            for expression in &expressions {
                let of = Some((rules, &rule));
                let (ty, path) = (subject.ty, path.clone());
                found.extend(self.expression(expression, &short, ty, path, subject.place, of));
            }
        }
    }

    /// A rule in CEL; nothing if it holds for every value, or cannot be carried out.
    fn expression(
        &mut self,
        rule: &CelRule,
        name: &str,
        ty: &Type,
        path: Vec<Element>,
        place: &Place,
        of: Option<(&DynamicMessage, &FieldDescriptor)>,
    ) -> Option<Rule> {
        let environment = Environment {
            pool: self.schema.pool(),
            this: Some(ty.clone()),
            rule: of.map(|(rules, rule)| constant(rules, rule)),
            rules: of.map(|(rules, _)| rules),
            is_interpreted: true,
        };
        let checked = check(&rule.expression, &environment).and_then(|node| match node.ty.unwrapped() {
            Type::Bool | Type::String | Type::Dyn => Ok(node),
            other => Err(format!(
                "`{}` gives {}, where a bool or a string is wanted",
                rule.expression,
                other.name(self.schema.pool())
            )),
        });
        match checked {
            Ok(node) if node.as_bool() == Some(true) || node.as_text() == Some("") => None,
            Ok(_) => Some(Rule {
                id: rule.id.clone(),
                message: rule.text(),
                path,
                demand: Demand::Expression {
                    source: rule.expression.clone(),
                    rules: of.map(|(rules, rule)| (rules.clone(), rule.clone())),
                },
                place: place.clone(),
            }),
            Err(text) => {
                self.errors.push(Error::new(place.clone(), text).of_rule(name));
                None
            }
        }
    }

    fn defined_only(
        &self,
        kind: SingularKind,
        typed: &FieldDescriptor,
        subject: &Subject<'_>,
    ) -> Option<Rule> {
        let SingularKind::Enum(index) = kind else { return None };
        let values = self.schema.pool().enumeration(index).values();
        let mut path = subject.prefix.to_vec();
        path.push(Element::of(typed));
        path.push(Element {
            number: 2,
            name: "defined_only".to_owned(),
            field_type: TYPE_BOOL,
            map: None,
            index: None,
        });
        Some(Rule {
            id: "enum.defined_only".to_owned(),
            message: "value must be one of the defined enum values".to_owned(),
            path,
            demand: Demand::Defined(values.iter().map(EnumValueDescriptor::number).collect()),
            place: subject.place.clone(),
        })
    }
}

impl FieldRuleSet {
    /// Whether there is anything to check.
    fn has_effect(&self) -> bool {
        let has_rules = |values: &ValueRuleSet| !values.rules.is_empty() || values.held.is_some();
        self.is_required
            || !self.whole.is_empty()
            || self.keys.as_ref().is_some_and(has_rules)
            || has_rules(&self.values)
    }
}

fn inner(typed: Option<&DynamicMessage>, name: &str) -> FieldRules {
    typed.map_or(FieldRules(None), |typed| options::inner(typed, name))
}

/// The path to the rules of items, keys or values.
fn steps(list: (u32, &str), inner: (u32, &str)) -> Vec<Element> {
    let step = |(number, name): (u32, &str)| Element {
        number,
        name: name.to_owned(),
        field_type: TYPE_MESSAGE,
        map: None,
        index: None,
    };
    vec![step(list), step(inner)]
}

/// `any.in` and `any.not_in`.
fn type_urls(rules: &DynamicMessage, subject: &Subject<'_>) -> Vec<Rule> {
    let texts = [
        ("in", 2, "any.in", "type URL must be in the allow list", true),
        ("not_in", 3, "any.not_in", "type URL must not be in the block list", false),
    ];
    let mut found = Vec::new();
    for (name, number, id, text, is_allowed) in texts {
        let urls: Vec<String> = options::list(rules, name).iter().filter_map(options::as_text).collect();
        if urls.is_empty() {
            continue;
        }
        let element = |number: u32, name: &str, field_type: i32| Element {
            number,
            name: name.to_owned(),
            field_type,
            map: None,
            index: None,
        };
        let mut path = subject.prefix.to_vec();
        path.extend([element(20, "any", TYPE_MESSAGE), element(number, name, TYPE_STRING)]);
        found.push(Rule {
            id: id.to_owned(),
            message: text.to_owned(),
            path,
            demand: Demand::TypeUrl { urls, is_allowed },
            place: subject.place.clone(),
        });
    }
    found
}
