//! The rules of go-proto-validators: walks a message and what it holds, up to the first fault.
//!
//! Not here: which rules there are (`gannet_rules::legacy`), and how values are printed (`text.rs`).

mod text;

use buffa_descriptor::SingularKind;
use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _, Value as Reflected};
use buffa_descriptor::{EnumValueDescriptor, FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex};
use gannet_cel::re2::Pattern;
use gannet_rules::Schema;
use gannet_rules::access::Presence;
use gannet_rules::legacy as rules;
use gannet_validate::legacy::{Fault, Value as _, is_uuid, write_list, write_map};

use self::text::{Key, Shown};
use crate::{Validator, value};

/// The rules of a message, compiled.
#[derive(Debug)]
pub(crate) struct LegacyMessage {
    required_oneofs: Vec<String>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    descriptor: FieldDescriptor,
    go_name: String,
    human_error: Option<String>,
    presence: Presence,
    must_exist: bool,
    counts: Vec<rules::Count>,
    checks: Vec<Check>,
    held: Option<MessageIndex>,
}

/// A check of a value, and what it demands.
#[derive(Debug)]
struct Check {
    rule: rules::Check,
    /// What `regex` has become.
    pattern: Option<Pattern>,
    /// What `is_in_enum` looks for, sorted.
    numbers: Vec<i32>,
}

impl LegacyMessage {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// One is none that can be compiled.
    pub(crate) fn new(
        schema: &Schema,
        message: &MessageDescriptor,
        given: &rules::MessageRules,
    ) -> Result<Self, gannet_rules::Error> {
        let mut fields = Vec::new();
        for rules in &given.fields {
            let Some(field) = message.field(rules.number) else { continue };
            let checks = rules.checks.iter().map(|check| Check::new(schema, check));
            let checks: Result<Vec<Check>, String> = checks.collect();
            let checks = checks.map_err(|text| {
                let place = schema.place_of_field(message.full_name(), field.name());
                gannet_rules::Error::new(place, text).of_rule("regex")
            })?;
            fields.push(Field {
                descriptor: field.clone(),
                go_name: rules.go_name.clone(),
                human_error: rules.human_error.clone(),
                presence: Presence::of(message, field),
                must_exist: rules.must_exist,
                counts: rules.counts.clone(),
                checks,
                held: rules.held,
            });
        }
        Ok(Self { required_oneofs: given.required_oneofs.clone(), fields })
    }
}

impl Check {
    fn new(schema: &Schema, check: &rules::Check) -> Result<Self, String> {
        let pattern = match check {
            rules::Check::Regex(pattern) => Some(Pattern::new(pattern).map_err(|error| error.to_string())?),
            _ => None,
        };
        let mut numbers = Vec::new();
        if let rules::Check::InEnum(index, _) = check {
            let values = schema.pool().enumeration(*index).values();
            numbers.extend(values.iter().map(EnumValueDescriptor::number));
            numbers.sort_unstable();
        }
        Ok(Self { rule: check.clone(), pattern, numbers })
    }

    fn holds(&self, value: &Reflected, kind: SingularKind) -> bool {
        match (&self.rule, value) {
            (rules::Check::Regex(_), Reflected::String(text)) => {
                self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
            }
            (rules::Check::Uuid(version), Reflected::String(text)) => is_uuid(text, *version),
            (rules::Check::NotEmpty, Reflected::String(text)) => !text.is_empty(),
            (rules::Check::Length(order, limit), Reflected::String(text)) => {
                is_length(*order, text.len(), *limit)
            }
            (rules::Check::Length(order, limit), Reflected::Bytes(bytes)) => {
                is_length(*order, bytes.len(), *limit)
            }
            (rules::Check::Integer(order, limit), value) => {
                integer(value).is_none_or(|value| is_in_order(*order, value, i128::from(*limit)))
            }
            (rules::Check::Float(bound), Reflected::F64(value)) => is_within_double(*bound, *value),
            (rules::Check::Float(bound), Reflected::F32(value)) => is_within_float(*bound, *value),
            (rules::Check::Float(bound), value) => is_within_fixed(*bound, value, kind),
            (rules::Check::InEnum(..), Reflected::EnumNumber(number)) => {
                self.numbers.binary_search(number).is_ok()
            }
            _ => true,
        }
    }
}

fn is_in_order(order: rules::Order, value: i128, limit: i128) -> bool {
    match order {
        rules::Order::Above => value > limit,
        rules::Order::Below => value < limit,
        rules::Order::Equal => value == limit,
    }
}

fn is_length(order: rules::Order, length: usize, limit: i64) -> bool {
    is_in_order(order, i128::try_from(length).unwrap_or(i128::MAX), i128::from(limit))
}

fn integer(value: &Reflected) -> Option<i128> {
    Some(match value {
        Reflected::I32(value) => i128::from(*value),
        Reflected::I64(value) => i128::from(*value),
        Reflected::U32(value) => i128::from(*value),
        Reflected::U64(value) => i128::from(*value),
        _ => return None,
    })
}

fn is_bounded<T: PartialOrd>(bound: rules::Bound, value: &T, limit: &T) -> bool {
    match (bound.is_lower, bound.is_strict) {
        (true, true) => value > limit,
        (true, false) => value >= limit,
        (false, true) => value < limit,
        (false, false) => value <= limit,
    }
}

fn is_within_double(bound: rules::Bound, value: f64) -> bool {
    let value = match bound.epsilon {
        None => value,
        Some(epsilon) if bound.is_lower => value + epsilon,
        Some(epsilon) => value - epsilon,
    };
    is_bounded(bound, &value, &bound.limit)
}

fn is_within_float(bound: rules::Bound, value: f32) -> bool {
    let value = match bound.epsilon.map(rules::as_f32) {
        None => value,
        Some(epsilon) if bound.is_lower => value + epsilon,
        Some(epsilon) => value - epsilon,
    };
    is_bounded(bound, &value, &rules::as_f32(bound.limit))
}

/// Fixed-size integers, as Go computes: in the field's own type, where they wrap around.
fn is_within_fixed(bound: rules::Bound, value: &Reflected, kind: SingularKind) -> bool {
    let (Some(value), Some(limit)) = (integer(value), rules::as_integer(bound.limit)) else { return true };
    let SingularKind::Scalar(scalar) = kind else { return true };
    let epsilon = bound.epsilon.and_then(rules::as_integer).unwrap_or_default();
    let value = if bound.is_lower { value + epsilon } else { value - epsilon };
    let (least, most) = rules::range(scalar);
    let value = (value - least).rem_euclid(most - least + 1) + least;
    is_bounded(bound, &value, &limit)
}

impl Validator {
    /// Checks the rules of a message up to the first fault.
    pub(crate) fn check_legacy(&self, message: &DynamicMessage) -> Result<(), Fault> {
        let Some(rules) = self.legacy.get(&message.message_index()) else { return Ok(()) };
        for name in &rules.required_oneofs {
            let oneof = message.message_descriptor().oneofs().iter().find(|oneof| oneof.name() == name);
            if oneof.is_some_and(|oneof| message.which_oneof(oneof).is_none()) {
                let text = "one of the fields must be set".to_owned();
                return Err(Fault::said(rules::go_name_of_oneof(name), text));
            }
        }
        rules.fields.iter().try_for_each(|field| self.legacy_field(field, message))
    }

    fn legacy_field(&self, rules: &Field, message: &DynamicMessage) -> Result<(), Fault> {
        let stored = message.field_by_number(rules.descriptor.number());
        let Some(value) = value::always(message, rules.descriptor.number()) else { return Ok(()) };
        match (rules.descriptor.kind(), &*value) {
            (FieldKind::Singular(kind), value) => {
                if stored.is_none() && rules.must_exist {
                    return Err(Fault::said(rules.go_name.clone(), "message must exist".to_owned()));
                }
                if stored.is_none() && rules.presence != Presence::Always {
                    return Ok(());
                }
                self.legacy_value(rules, kind, value)
            }
            (FieldKind::List(kind), Reflected::List(items)) => {
                rules.counted(items.len(), |out| {
                    write_list(items.iter().map(|item| Shown::new(&self.pool, kind, item)), out);
                })?;
                items.iter().try_for_each(|item| self.legacy_value(rules, kind, item))
            }
            (FieldKind::Map { value: kind, .. }, Reflected::Map(map)) => {
                rules.counted(map.len(), |out| {
                    let entries = map.iter();
                    let entries = entries.map(|(key, item)| (Key(key), Shown::new(&self.pool, kind, item)));
                    write_map(entries, out);
                })?;
                map.iter().try_for_each(|(_, item)| self.legacy_value(rules, kind, item))
            }
            (FieldKind::List(_) | FieldKind::Map { .. }, _) => Ok(()),
        }
    }

    fn legacy_value(&self, rules: &Field, kind: SingularKind, value: &Reflected) -> Result<(), Fault> {
        if rules.held.is_some() {
            let Reflected::Message(held) = value else { return Ok(()) };
            return self.check_legacy(held).map_err(|fault| fault.within(rules.go_name.clone()));
        }
        match rules.checks.iter().find(|check| !check.holds(value, kind)) {
            None => Ok(()),
            Some(check) => Err(rules.fault(&check.rule.demand(), |out| {
                Shown::new(&self.pool, kind, value).write(out);
            })),
        }
    }
}

impl Field {
    /// Checks how many items a list or map has.
    fn counted(&self, length: usize, write: impl Fn(&mut String)) -> Result<(), Fault> {
        let length = i128::try_from(length).unwrap_or(i128::MAX);
        for count in &self.counts {
            let holds = match count {
                rules::Count::AtLeast(limit) => length >= i128::from(*limit),
                rules::Count::AtMost(limit) => length <= i128::from(*limit),
            };
            if !holds {
                return Err(self.fault(&count.demand(), &write));
            }
        }
        Ok(())
    }

    /// What is said of a value that does not do what it must.
    fn fault(&self, demand: &str, write: impl Fn(&mut String)) -> Fault {
        let text = self.human_error.clone().unwrap_or_else(|| {
            let mut text = "value '".to_owned();
            write(&mut text);
            text.push_str("' must ");
            text.push_str(demand);
            text
        });
        Fault::said(self.go_name.clone(), text)
    }
}
