//! From the options of a message to its rules: what is checked, in the order of go-proto-validators.
//!
//! Rules that cannot be carried out are found here, all but patterns, which are found where they are compiled (`write.rs`
//! and `Pattern` of gannet-cel).

use buffa_descriptor::{
    FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex, OneofDescriptor, ScalarType, SingularKind,
};
use gannet_cel::go::Float;
use gannet_cel::re2;

use super::checks::{Bound, Check, Count, Order};
use super::names;
use super::options::{self, FieldValidator};
use crate::access::Presence;
use crate::pattern::SYNTAX;
use crate::{Error, Place, Schema};

/// The rules of a message.
#[derive(Debug, Default)]
pub struct MessageRules {
    /// The oneofs one of whose members must be set: names in the proto.
    pub required_oneofs: Vec<String>,
    /// In the order of declaration; fields without rules that hold no message are not among them.
    pub fields: Vec<FieldRules>,
}

/// The rules of a field.
#[derive(Debug)]
pub struct FieldRules {
    /// The field's number.
    pub number: u32,
    /// The field's name in Go.
    pub go_name: String,
    /// What is said in place of the rule's own words.
    pub human_error: Option<String>,
    /// `msg_exists`, where it has an effect.
    pub must_exist: bool,
    /// What a list must be like, or a map.
    pub counts: Vec<Count>,
    /// What the value must be like, or each item, or each value of a map.
    pub checks: Vec<Check>,
    /// The message that the field holds, whose rules count too.
    pub held: Option<MessageIndex>,
}

impl MessageRules {
    /// Whether there is a rule, those of messages that it holds aside.
    pub(crate) fn has_own(&self) -> bool {
        !self.required_oneofs.is_empty() || self.fields.iter().any(FieldRules::has_own)
    }

    /// The messages whose rules count too.
    pub(crate) fn held(&self) -> impl Iterator<Item = MessageIndex> + '_ {
        self.fields.iter().filter_map(|field| field.held)
    }
}

impl FieldRules {
    fn has_own(&self) -> bool {
        self.must_exist || !self.counts.is_empty() || !self.checks.is_empty()
    }
}

/// What was found to be wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) errors: Vec<Error>,
    pub(crate) warnings: Vec<String>,
}

impl Faults {
    fn warn(&mut self, place: Place, rule: &str, message: &str) {
        self.warnings.push(Error::new(place, message).of_rule(rule).message());
    }
}

/// The rules of a message.
pub(crate) fn of_message(schema: &Schema, message: &MessageDescriptor, faults: &mut Faults) -> MessageRules {
    let syntax = Syntax::of(schema, message);
    let mut rules = MessageRules::default();
    for oneof in message.oneofs() {
        rules.required_oneofs.extend(required(schema, message, oneof, syntax, faults));
    }
    for field in message.fields() {
        let place = schema.place_of_field(message.full_name(), field.name());
        let Ok(given) = options::of_field(schema, field) else {
            faults.errors.push(Error::new(place, "its options cannot be read"));
            continue;
        };
        let reading = Reading { schema, message, field, syntax, place, faults };
        rules.fields.extend(reading.rules(given));
    }
    rules
}

fn required(
    schema: &Schema,
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
    syntax: Syntax,
    faults: &mut Faults,
) -> Option<String> {
    let place = || schema.place_of_oneof(message.full_name(), oneof.name());
    match options::is_oneof_required(schema, oneof) {
        Ok(false) => None,
        Ok(true) if syntax == Syntax::Proto2 => {
            faults.warn(place(), "required", "it has no effect in proto2, as in the original");
            None
        }
        Ok(true) => Some(oneof.name().to_owned()),
        Err(_) => {
            faults.errors.push(Error::new(place(), "its options cannot be read"));
            None
        }
    }
}

/// The original treats proto2 in a way of its own; editions count as proto3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Proto2,
    Proto3,
}

impl Syntax {
    fn of(schema: &Schema, message: &MessageDescriptor) -> Self {
        let file = schema.file_of(message.full_name());
        match file.and_then(|file| file.syntax.as_deref()) {
            Some("proto3" | "editions") => Self::Proto3,
            _ => Self::Proto2,
        }
    }
}

/// What a rule can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    String,
    Bytes,
    Integer,
    Float,
    /// A fixed-size integer, which counts as a float.
    Fixed,
    Bool,
    Enum,
    Message,
}

impl Class {
    fn of(kind: SingularKind) -> Self {
        match kind {
            SingularKind::Enum(_) => Self::Enum,
            SingularKind::Message(_) => Self::Message,
            SingularKind::Scalar(scalar) => match scalar {
                ScalarType::String => Self::String,
                ScalarType::Bytes => Self::Bytes,
                ScalarType::Bool => Self::Bool,
                ScalarType::Double | ScalarType::Float => Self::Float,
                ScalarType::Fixed32 | ScalarType::Fixed64 | ScalarType::Sfixed32 | ScalarType::Sfixed64 => {
                    Self::Fixed
                }
                ScalarType::Int32
                | ScalarType::Int64
                | ScalarType::Uint32
                | ScalarType::Uint64
                | ScalarType::Sint32
                | ScalarType::Sint64 => Self::Integer,
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Bytes => "bytes",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Fixed => "a fixed-size integer",
            Self::Bool => "a bool",
            Self::Enum => "an enum",
            Self::Message => "a message",
        }
    }
}

/// One field's options in the reading.
struct Reading<'a> {
    schema: &'a Schema,
    message: &'a MessageDescriptor,
    field: &'a FieldDescriptor,
    syntax: Syntax,
    place: Place,
    faults: &'a mut Faults,
}

impl Reading<'_> {
    fn rules(mut self, given: Option<FieldValidator>) -> Option<FieldRules> {
        let (kind, is_list) = match self.field.kind() {
            FieldKind::Singular(kind) => (kind, false),
            FieldKind::List(kind) => (kind, true),
            FieldKind::Map { .. } if self.syntax == Syntax::Proto3 => {
                if given.is_some() {
                    self.warn("field", "maps have no rules in proto3, as in the original");
                }
                return None;
            }
            FieldKind::Map { value, .. } => (value, true),
        };
        let is_map = matches!(self.field.kind(), FieldKind::Map { .. });
        // To the original, a map is a list of messages, and a group no message.
        let class = if is_map { Class::Message } else { Class::of(kind) };
        let is_group = self.field.is_delimited() && self.syntax == Syntax::Proto2;
        let held = match kind {
            SingularKind::Message(index) if !is_group => Some(index),
            _ => None,
        };
        let has_options = given.is_some();
        let given = given.unwrap_or_default();
        self.refuse_others(&given, class, is_list);
        let rules = FieldRules {
            number: self.field.number(),
            go_name: names::field(self.field.name()),
            must_exist: self.must_exist(&given, is_list),
            counts: Self::counts(&given, is_list),
            checks: self.checks(&given, kind, class),
            human_error: given.human_error,
            held,
        };
        (has_options || held.is_some()).then_some(rules)
    }

    fn warn(&mut self, rule: &str, message: &str) {
        self.faults.warn(self.place.clone(), rule, message);
    }

    fn refuse(&mut self, rule: &str, message: impl Into<String>, help: impl Into<String>) {
        let error = Error::new(self.place.clone(), message).of_rule(rule).with_help(help);
        self.faults.errors.push(error);
    }

    /// Rules that are for other types, and those that have no effect.
    fn refuse_others(&mut self, given: &FieldValidator, class: Class, is_list: bool) {
        for rule in &given.unknown {
            let help = "it is not among the rules of go-proto-validators v0.3.2; remove it";
            self.refuse(rule, "the rule is not known", help);
        }
        let is_text = class == Class::String;
        let has_length = is_text || class == Class::Bytes;
        let is_number = class == Class::Integer || class == Class::Fixed;
        let is_float = class == Class::Float || class == Class::Fixed;
        let given_rules = [
            ("regex", given.regex.is_some(), is_text, "strings"),
            ("uuid_ver", given.uuid_ver.is_some(), is_text, "strings"),
            ("string_not_empty", given.string_not_empty, is_text, "strings"),
            ("length_gt", given.length_gt.is_some(), has_length, "strings and bytes"),
            ("length_lt", given.length_lt.is_some(), has_length, "strings and bytes"),
            ("length_eq", given.length_eq.is_some(), has_length, "strings and bytes"),
            ("int_gt", given.int_gt.is_some(), is_number, "integers"),
            ("int_lt", given.int_lt.is_some(), is_number, "integers"),
            ("float_gt", given.float_gt.is_some(), is_float, "floats and fixed-size integers"),
            ("float_lt", given.float_lt.is_some(), is_float, "floats and fixed-size integers"),
            ("float_gte", given.float_gte.is_some(), is_float, "floats and fixed-size integers"),
            ("float_lte", given.float_lte.is_some(), is_float, "floats and fixed-size integers"),
            ("float_epsilon", given.float_epsilon.is_some(), is_float, "floats and fixed-size integers"),
            ("is_in_enum", given.is_in_enum, class == Class::Enum, "enums"),
            ("msg_exists", given.msg_exists, class == Class::Message, "messages"),
        ];
        for (rule, is_given, fits, others) in given_rules {
            if is_given && !fits {
                let message = format!("it is for {others}, and the field is {}", class.name());
                self.refuse(rule, message, instead(rule, class));
            }
        }
        let counts = [
            ("repeated_count_min", given.repeated_count_min.is_some()),
            ("repeated_count_max", given.repeated_count_max.is_some()),
        ];
        for (rule, is_given) in counts {
            if is_given && !is_list {
                self.warn(rule, "it has no effect, as the field is not repeated");
            }
        }
        let integers = [("int_gt", given.int_gt.is_some()), ("int_lt", given.int_lt.is_some())];
        for (rule, is_given) in integers {
            if is_given && class == Class::Fixed {
                self.warn(
                    rule,
                    "it has no effect on a fixed-size integer; use float_gt, float_lt and their like",
                );
            }
        }
    }

    fn must_exist(&mut self, given: &FieldValidator, is_list: bool) -> bool {
        if !given.msg_exists {
            return false;
        }
        let reason = if self.syntax == Syntax::Proto2 {
            "it has no effect in proto2, as in the original; make the field `required`"
        } else if is_list {
            "it has no effect, as the field is repeated; use repeated_count_min"
        } else if Presence::of(self.message, self.field) == Presence::Oneof {
            "it has no effect on a member of a oneof; use (validator.oneof).required"
        } else {
            return true;
        };
        self.warn("msg_exists", reason);
        false
    }

    fn counts(given: &FieldValidator, is_list: bool) -> Vec<Count> {
        let counts =
            [given.repeated_count_min.map(Count::AtLeast), given.repeated_count_max.map(Count::AtMost)];
        counts.into_iter().flatten().filter(|_| is_list).collect()
    }

    fn checks(&mut self, given: &FieldValidator, kind: SingularKind, class: Class) -> Vec<Check> {
        match (class, kind) {
            (Class::String, _) => {
                let mut checks = self.patterns(given);
                checks.extend(given.string_not_empty.then_some(Check::NotEmpty));
                checks.extend(lengths(given));
                checks
            }
            (Class::Bytes, _) => lengths(given).collect(),
            (Class::Integer, SingularKind::Scalar(scalar)) => self.integers(given, scalar),
            (Class::Float | Class::Fixed, SingularKind::Scalar(scalar)) => self.floats(given, scalar),
            (Class::Enum, SingularKind::Enum(index)) if given.is_in_enum => {
                let name = self.schema.pool().enumeration(index).full_name();
                vec![Check::InEnum(index, enum_name(self.schema, name))]
            }
            _ => Vec::new(),
        }
    }

    fn patterns(&mut self, given: &FieldValidator) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Some(regex) = &given.regex {
            match re2::translate(regex) {
                Ok(_) => checks.push(Check::Regex(regex.clone())),
                Err(error) => self.refuse("regex", error.to_string(), SYNTAX),
            }
        }
        match given.uuid_ver {
            None => {}
            Some(version @ 0..=5) => {
                checks.extend(u8::try_from(version).ok().map(Check::Uuid));
            }
            Some(version) => self.refuse(
                "uuid_ver",
                format!("there is no version {version} here"),
                "give one from 1 to 5, or 0 for any of them",
            ),
        }
        checks
    }

    fn integers(&mut self, given: &FieldValidator, scalar: ScalarType) -> Vec<Check> {
        let limits = [("int_gt", Order::Above, given.int_gt), ("int_lt", Order::Below, given.int_lt)];
        let (least, most) = range(scalar);
        let mut checks = Vec::new();
        for (rule, order, limit) in limits {
            let Some(limit) = limit else { continue };
            if (least..=most).contains(&i128::from(limit)) {
                checks.push(Check::Integer(order, limit));
            } else {
                let message = format!("{limit} is no value of {}", type_name(scalar));
                self.refuse(rule, message, format!("give a limit from {least} to {most}"));
            }
        }
        checks
    }

    /// The limits that count: of a strict one and one that is not, the stricter.
    fn floats(&mut self, given: &FieldValidator, scalar: ScalarType) -> Vec<Check> {
        let FieldValidator { float_gt, float_lt, float_gte, float_lte, float_epsilon, .. } = *given;
        let epsilon = float_epsilon.unwrap_or_default();
        if float_epsilon.is_some() && float_gt.is_none() && float_lt.is_none() {
            self.warn("float_epsilon", "it has no effect without float_gt or float_lt");
        }
        for (rule, strict, other) in [("float_gt", float_gt, float_gte), ("float_lt", float_lt, float_lte)] {
            if strict.is_some() && other.is_some() {
                self.warn(rule, &format!("beside {rule}e, only the stricter of the two counts"));
            }
        }
        let lower = match (float_gt, float_gte) {
            (Some(gt), Some(gte)) if gte > gt - epsilon => Some((false, gte)),
            (Some(gt), _) => Some((true, gt)),
            (None, Some(gte)) => Some((false, gte)),
            (None, None) => None,
        };
        let upper = match (float_lt, float_lte) {
            (Some(lt), Some(lte)) if lte < lt + epsilon => Some((false, lte)),
            (Some(lt), _) => Some((true, lt)),
            (None, Some(lte)) => Some((false, lte)),
            (None, None) => None,
        };
        let rules = [
            ("float_gt", float_gt),
            ("float_lt", float_lt),
            ("float_gte", float_gte),
            ("float_lte", float_lte),
            ("float_epsilon", float_epsilon),
        ];
        let mut all_fit = true;
        for (rule, value) in rules {
            if let Some(value) = value.filter(|value| !is_constant(*value, scalar)) {
                let message = format!("{} is no value of {}", Float(value), type_name(scalar));
                let help = match scalar {
                    ScalarType::Double | ScalarType::Float => {
                        "give a number that the type can hold".to_owned()
                    }
                    _ => {
                        let (least, most) = range(scalar);
                        format!("give a whole number from {least} to {most}")
                    }
                };
                self.refuse(rule, message, help);
                all_fit = false;
            }
        }
        let bound = |is_lower, found: Option<(bool, f64)>| {
            found.map(|(is_strict, limit)| {
                let epsilon = float_epsilon.filter(|_| is_strict);
                Check::Float(Bound { is_lower, is_strict, limit, epsilon })
            })
        };
        [bound(true, lower), bound(false, upper)].into_iter().flatten().filter(|_| all_fit).collect()
    }
}

fn lengths(given: &FieldValidator) -> impl Iterator<Item = Check> {
    let lengths = [
        given.length_gt.map(|limit| Check::Length(Order::Above, limit)),
        given.length_lt.map(|limit| Check::Length(Order::Below, limit)),
        given.length_eq.map(|limit| Check::Length(Order::Equal, limit)),
    ];
    lengths.into_iter().flatten()
}

/// What does on this type what a rule for others seems to be meant to do.
fn instead(rule: &str, class: Class) -> &'static str {
    match (class, rule) {
        (Class::String | Class::Bytes, "int_gt" | "int_lt") => "use length_gt and length_lt for its length",
        (Class::Float, "int_gt" | "int_lt") => "use float_gt and float_lt",
        (Class::Integer, rule) if rule.starts_with("float_") => "use int_gt and int_lt",
        (Class::Bytes, "string_not_empty") => "use length_gt: 0",
        (Class::String, "msg_exists") => "use string_not_empty",
        (Class::Message, _) => "give the rule to a field of the message, or use msg_exists",
        _ => "remove it, or give it to another field",
    }
}

/// The least and the greatest value of an integer type.
pub fn range(scalar: ScalarType) -> (i128, i128) {
    match scalar {
        ScalarType::Int32 | ScalarType::Sint32 | ScalarType::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        ScalarType::Uint32 | ScalarType::Fixed32 => (0, u32::MAX.into()),
        ScalarType::Uint64 | ScalarType::Fixed64 => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// Whether a number can stand in a comparison with values of the type: a fraction or infinity is no integer, and what
/// overflows an `f32` is none.
fn is_constant(value: f64, scalar: ScalarType) -> bool {
    match scalar {
        ScalarType::Double => value.is_finite(),
        ScalarType::Float => value.is_finite() && as_f32(value).is_finite(),
        _ => as_integer(value).is_some_and(|value| {
            let (least, most) = range(scalar);
            (least..=most).contains(&value)
        }),
    }
}

/// The nearest `f32` to the decimal digits that stand for `value`, as Go reads the constant that it is written as.
pub fn as_f32(value: f64) -> f32 {
    value.to_string().parse().unwrap_or(f32::NAN)
}

/// The integer that `value` is.
pub fn as_integer(value: f64) -> Option<i128> {
    if value.fract() != 0.0 {
        return None;
    }
    format!("{value:.0}").parse().ok()
}

fn type_name(scalar: ScalarType) -> String {
    format!("{scalar:?}").to_ascii_lowercase()
}

/// What the original calls an enum: its name within the package, the names of the messages around it before it.
fn enum_name(schema: &Schema, full_name: &str) -> String {
    let file = schema.pool().file_containing_symbol(full_name);
    let package = file.and_then(|file| file.package.as_deref()).unwrap_or_default();
    let name = full_name.strip_prefix(package).unwrap_or(full_name);
    name.trim_start_matches('.').replace('.', "_")
}
