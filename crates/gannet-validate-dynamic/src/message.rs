//! The rules of `buf.validate`: walks a message and what it holds, in the order of generated validators.
//!
//! Not here: which rules there are (`gannet_rules::protovalidate::RuleSet`), and evaluating them (`expression.rs`).

use buffa_descriptor::reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value as Reflected};
use buffa_descriptor::{FieldDescriptor, FieldKind, MessageIndex, SingularKind};
use gannet_cel::{Error as EvaluationError, Value};
use gannet_cel_interpreter::Types;
use gannet_rules::access::Presence;
use gannet_rules::protovalidate::{FieldRuleSet, MessageOneofRule, Rule, RuleSet, ValueRuleSet};
use gannet_validate::{PathElement, Report, Stop, Subscript};

use crate::Validator;
use crate::expression::{Check, Compiled, Spot, fixed, path_element};
use crate::value;

/// `FieldDescriptorProto.Type`: `TYPE_BOOL`.
const TYPE_BOOL: i32 = 8;

/// The rules of a message, compiled.
#[derive(Debug)]
pub(crate) struct MessageRules {
    checks: Vec<Check>,
    message_oneofs: Vec<MessageOneofRule>,
    required_oneofs: Vec<String>,
    fields: Vec<FieldRules>,
}

/// The rules of a field.
#[derive(Debug)]
struct FieldRules {
    field: FieldDescriptor,
    /// The step to the field as a whole, and to its items.
    element: PathElement,
    item: PathElement,
    presence: Presence,
    is_required: bool,
    ignores_zero: bool,
    whole: Vec<Check>,
    keys: Option<ValueRules>,
    values: ValueRules,
}

/// The rules of a single value.
#[derive(Debug)]
struct ValueRules {
    kind: SingularKind,
    ignores_zero: bool,
    checks: Vec<Check>,
    held: Option<MessageIndex>,
}

impl MessageRules {
    /// Parses the expressions.
    ///
    /// # Errors
    /// Some are none that can be interpreted.
    pub(crate) fn new(rules: RuleSet, types: &Types) -> Result<Self, Vec<gannet_rules::Error>> {
        let mut errors = Vec::new();
        let RuleSet { rules, message_oneofs, required_oneofs, fields } = rules;
        let checks = checks(rules, types, &mut errors);
        let fields = fields.into_iter().map(|field| FieldRules::new(field, types, &mut errors)).collect();
        let this = Self { checks, message_oneofs, required_oneofs, fields };
        if errors.is_empty() { Ok(this) } else { Err(errors) }
    }
}

impl FieldRules {
    fn new(rules: FieldRuleSet, types: &Types, errors: &mut Vec<gannet_rules::Error>) -> Self {
        let item = path_element(rules.element);
        Self {
            field: rules.field,
            element: PathElement { key_type: 0, value_type: 0, ..item.clone() },
            item,
            presence: rules.presence,
            is_required: rules.is_required,
            ignores_zero: rules.ignores_zero,
            whole: checks(rules.whole, types, errors),
            keys: rules.keys.map(|keys| ValueRules::new(keys, types, errors)),
            values: ValueRules::new(rules.values, types, errors),
        }
    }

    /// Where an item stands, or a key.
    fn spot<'s>(&'s self, subscript: &'s Subscript, for_key: bool) -> Spot<'s> {
        Spot { element: Some(&self.item), subscript: Some(subscript), for_key }
    }
}

impl ValueRules {
    fn new(rules: ValueRuleSet, types: &Types, errors: &mut Vec<gannet_rules::Error>) -> Self {
        let ValueRuleSet { kind, ignores_zero, rules, held } = rules;
        Self { kind, ignores_zero, checks: checks(rules, types, errors), held }
    }

    fn has_effect(&self) -> bool {
        !self.checks.is_empty() || self.held.is_some()
    }
}

fn checks(rules: Vec<Rule>, types: &Types, errors: &mut Vec<gannet_rules::Error>) -> Vec<Check> {
    let compiled = rules.into_iter().map(|rule| Check::new(rule, types));
    let compiled = compiled.filter_map(|check| check.map_err(|error| errors.push(error)).ok());
    compiled.filter(|check| !check.always_holds()).collect()
}

impl Validator {
    /// Checks the rules of a message, and reports which are broken.
    pub(crate) fn check(&self, message: &DynamicMessage, report: &mut Report) -> Result<(), Stop> {
        let Some(rules) = self.messages.get(&message.message_index()) else { return Ok(()) };
        let spot = Spot { element: None, subscript: None, for_key: false };
        let this = |report: &Report| value::seen_message(&self.types, message, report);
        run(&rules.checks, this, spot, report)?;
        for oneof in &rules.message_oneofs {
            check_message_oneof(oneof, message, report)?;
        }
        for name in &rules.required_oneofs {
            let oneofs = message.message_descriptor().oneofs();
            let oneof = oneofs.iter().find(|oneof| oneof.name() == name);
            if oneof.is_some_and(|oneof| message.which_oneof(oneof).is_none()) {
                let mut element = PathElement::new(0, "", 0);
                element.name = name.clone().into();
                let text = "exactly one field is required in oneof";
                report.add_violation(fixed(Some(&element), &[], "required", text))?;
            }
        }
        rules.fields.iter().try_for_each(|field| self.field(field, message, report))
    }

    fn field(&self, rules: &FieldRules, message: &DynamicMessage, report: &mut Report) -> Result<(), Stop> {
        let stored = message.field_by_number(rules.field.number());
        let is_there = match rules.presence {
            Presence::Always => stored.is_some_and(|stored| !value::is_zero(stored)),
            Presence::Optional | Presence::Oneof => stored.is_some(),
        };
        if !is_there {
            if rules.is_required {
                let path = PathElement::new(25, "required", TYPE_BOOL);
                let text = "value is required";
                return report.add_violation(fixed(Some(&rules.element), &[path], "required", text));
            }
            if rules.ignores_zero || rules.presence != Presence::Always {
                return Ok(());
            }
        }
        let Some(value) = value::always(message, rules.field.number()) else { return Ok(()) };
        match rules.field.kind() {
            FieldKind::Singular(_) => {
                let spot = Spot { element: Some(&rules.item), subscript: None, for_key: false };
                self.value(&rules.values, &value, spot, report)
            }
            FieldKind::List(_) | FieldKind::Map { .. } => {
                let spot = Spot { element: Some(&rules.element), subscript: None, for_key: false };
                run(&rules.whole, |report| value::seen(&self.types, &value, report), spot, report)?;
                self.items(rules, &value, report)
            }
        }
    }

    /// The items of a list; the keys and values of a map.
    fn items(&self, rules: &FieldRules, whole: &Reflected, report: &mut Report) -> Result<(), Stop> {
        match whole {
            Reflected::List(items) if rules.values.has_effect() => {
                for (index, item) in (0..).zip(items) {
                    let subscript = Subscript::Index(index);
                    self.value(&rules.values, item, rules.spot(&subscript, false), report)?;
                }
            }
            Reflected::Map(map) => {
                for (key, item) in map {
                    let subscript = value::subscript(key);
                    if let Some(keys) = &rules.keys {
                        check_key(keys, key, rules.spot(&subscript, true), report)?;
                    }
                    self.value(&rules.values, item, rules.spot(&subscript, false), report)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A single value, and what it holds.
    fn value(
        &self,
        rules: &ValueRules,
        value: &Reflected,
        spot: Spot<'_>,
        report: &mut Report,
    ) -> Result<(), Stop> {
        if !(rules.ignores_zero && value::is_zero_item(value, rules.kind, &self.pool)) {
            self.own_rules(rules, value, spot, report)?;
        }
        match (rules.held, value, spot.element) {
            (Some(_), Reflected::Message(held), Some(element)) => {
                report.nested_by(element, || spot.subscript.cloned(), |report| self.check(held, report))
            }
            _ => Ok(()),
        }
    }

    /// What a value's own rules demand.
    fn own_rules(
        &self,
        rules: &ValueRules,
        value: &Reflected,
        spot: Spot<'_>,
        report: &mut Report,
    ) -> Result<(), Stop> {
        let mut seen = None;
        for check in &rules.checks {
            match &check.demand {
                Compiled::Expression(expression) => {
                    let make = |report: &Report| value::seen(&self.types, value, report);
                    check.evaluate(expression, &mut seen, make, spot, report)?;
                }
                Compiled::TypeUrl { urls, is_allowed } => {
                    let url = type_url(value);
                    if urls.iter().any(|candidate| candidate == url) != *is_allowed {
                        check.broken(spot, report)?;
                    }
                }
                Compiled::Defined(numbers) => {
                    if let Reflected::EnumNumber(number) = value
                        && numbers.binary_search(number).is_err()
                    {
                        check.broken(spot, report)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn check_key(rules: &ValueRules, key: &MapKey, spot: Spot<'_>, report: &mut Report) -> Result<(), Stop> {
    if rules.ignores_zero && value::is_zero_key(key) {
        return Ok(());
    }
    run(&rules.checks, |_| Ok(Types::key(key)), spot, report)
}

/// Expressions about a message, a list or map as a whole, or a key.
fn run(
    checks: &[Check],
    this: impl Fn(&Report) -> Result<Value, EvaluationError>,
    spot: Spot<'_>,
    report: &mut Report,
) -> Result<(), Stop> {
    let mut seen = None;
    for check in checks {
        if let Compiled::Expression(expression) = &check.demand {
            check.evaluate(expression, &mut seen, &this, spot, report)?;
        }
    }
    Ok(())
}

fn check_message_oneof(
    oneof: &MessageOneofRule,
    message: &DynamicMessage,
    report: &mut Report,
) -> Result<(), Stop> {
    let set = oneof.fields.iter().filter(|field| is_set(message, field)).count();
    let names: Vec<&str> = oneof.fields.iter().map(FieldDescriptor::name).collect();
    let names = names.join(", ");
    if set > 1 {
        report.add_violation(fixed(None, &[], "message.oneof", format!("only one of {names} can be set")))?;
    }
    if set == 0 && oneof.is_required {
        report.add_violation(fixed(None, &[], "message.oneof", format!("one of {names} must be set")))?;
    }
    Ok(())
}

/// Whether a field is set, as `has()` asks.
fn is_set(message: &DynamicMessage, field: &FieldDescriptor) -> bool {
    let stored = message.field_by_number(field.number());
    match field.kind() {
        FieldKind::Singular(_) => match Presence::of(message.message_descriptor(), field) {
            // What proto2 calls `required` is there, whatever its value.
            Presence::Always => {
                field.presence() == buffa::editions::FieldPresence::LegacyRequired
                    || stored.is_some_and(|stored| !value::is_zero(stored))
            }
            Presence::Optional | Presence::Oneof => stored.is_some(),
        },
        FieldKind::List(_) | FieldKind::Map { .. } => stored.is_some_and(|stored| !value::is_zero(stored)),
    }
}

/// The type URL of an `Any`.
fn type_url(any: &Reflected) -> &str {
    match any {
        Reflected::Message(any) => match any.field_by_number(1) {
            Some(Reflected::String(url)) => url,
            _ => "",
        },
        _ => "",
    }
}
