//! Says in words what rules demand, for people who read a contract.

use buffa_descriptor::{FieldDescriptor, FieldKind, MessageDescriptor, MessageIndex};
use gannet_cel::go::Float;

use super::checks::{Bound, Check, Count, Order};
use super::rules::{FieldRules, MessageRules};
use crate::access::Presence;
use crate::{Explained, Schema};

pub(crate) fn message(schema: &Schema, index: MessageIndex, rules: &MessageRules) -> Vec<Explained> {
    let message = schema.pool().message(index);
    let mut explained: Vec<Explained> = rules
        .required_oneofs
        .iter()
        .map(|oneof| Explained {
            place: schema.place_of_oneof(message.full_name(), oneof),
            sentence: "must have one of its fields set (required)".to_owned(),
        })
        .collect();
    for rules in &rules.fields {
        let Some(field) = message.field(rules.number) else { continue };
        let place = schema.place_of_field(message.full_name(), field.name());
        let sentences = sentences(schema, message, field, rules);
        explained.extend(sentences.into_iter().map(|sentence| Explained { place: place.clone(), sentence }));
    }
    explained
}

fn sentences(
    schema: &Schema,
    message: &MessageDescriptor,
    field: &FieldDescriptor,
    rules: &FieldRules,
) -> Vec<String> {
    let mut sentences = Vec::new();
    if rules.must_exist {
        sentences.push("must be set (msg_exists)".to_owned());
    }
    sentences.extend(rules.counts.iter().map(|count| match count {
        Count::AtLeast(count) => format!("must have at least {} (repeated_count_min)", items(*count)),
        Count::AtMost(count) => format!("must have at most {} (repeated_count_max)", items(*count)),
    }));
    let is_list = matches!(field.kind(), FieldKind::List(_));
    let is_optional = !is_list && Presence::of(message, field) != Presence::Always;
    sentences.extend(rules.checks.iter().map(|check| {
        let (each, if_set) =
            (if is_list { "each item " } else { "" }, if is_optional { ", if set" } else { "" });
        format!("{each}must {}{if_set} ({})", demand(schema, check), check.rule())
    }));
    if let Some(text) = &rules.human_error {
        let is_said = !rules.counts.is_empty() || !rules.checks.is_empty();
        sentences.extend(is_said.then(|| format!("is refused with the words \"{text}\" (human_error)")));
    }
    sentences
}

fn items(count: i64) -> String {
    format!("{count} item{}", if count == 1 { "" } else { "s" })
}

fn demand(schema: &Schema, check: &Check) -> String {
    match check {
        Check::Regex(pattern) => format!("match the pattern `{pattern}`"),
        Check::Uuid(0) => "be a UUID of a version from 1 to 5, or empty".to_owned(),
        Check::Uuid(version) => format!("be a UUID of version {version}, or empty"),
        Check::NotEmpty => "not be empty".to_owned(),
        Check::Length(order, limit) => {
            let bytes = if *limit == 1 { "byte" } else { "bytes" };
            match order {
                Order::Above => format!("be longer than {limit} {bytes}"),
                Order::Below => format!("be shorter than {limit} {bytes}"),
                Order::Equal => format!("be {limit} {bytes} long"),
            }
        }
        Check::Integer(order, limit) => match order {
            Order::Above => format!("be greater than {limit}"),
            Order::Below => format!("be less than {limit}"),
            Order::Equal => format!("be {limit}"),
        },
        Check::Float(bound) => bounded(*bound),
        Check::InEnum(index, _) => {
            format!("be one of the values of {}", schema.pool().enumeration(*index).full_name())
        }
    }
}

fn bounded(bound: Bound) -> String {
    let order = match (bound.is_lower, bound.is_strict) {
        (true, true) => "greater than",
        (true, false) => "at least",
        (false, true) => "less than",
        (false, false) => "at most",
    };
    let tolerance =
        bound.epsilon.map(|epsilon| format!(", give or take {}", Float(epsilon))).unwrap_or_default();
    format!("be {order} {}{tolerance}", Float(bound.limit))
}
