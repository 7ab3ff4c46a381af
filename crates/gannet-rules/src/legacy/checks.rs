//! What is checked of one value, and the words in which go-proto-validators says so.

use buffa_descriptor::EnumIndex;
use gannet_cel::go::{self, Float};

/// A check of a singular field's value, or of each item of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `regex`
    Regex(String),
    /// `uuid_ver`
    Uuid(u8),
    /// `string_not_empty`
    NotEmpty,
    /// `length_gt`, `length_lt`, `length_eq`: in bytes
    Length(Order, i64),
    /// `int_gt`, `int_lt`
    Integer(Order, i64),
    /// `float_…`
    Float(Bound),
    /// `is_in_enum`; with what the generator of Go code calls the enum
    InEnum(EnumIndex, String),
}

/// How a value lies to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It must be greater.
    Above,
    /// It must be less.
    Below,
    /// It must be the same.
    Equal,
}

/// A limit of a float, or of a fixed-size integer, which counts as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Whether values must lie above it.
    pub is_lower: bool,
    /// Whether the limit itself is out of bounds.
    pub is_strict: bool,
    /// The limit.
    pub limit: f64,
    /// By how much a value may be off; for strict bounds only.
    pub epsilon: Option<f64>,
}

/// A check of a list as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// `repeated_count_min`
    AtLeast(i64),
    /// `repeated_count_max`
    AtMost(i64),
}

impl Check {
    /// The name of the rule.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Regex(_) => "regex",
            Self::Uuid(_) => "uuid_ver",
            Self::NotEmpty => "string_not_empty",
            Self::Length(Order::Above, _) => "length_gt",
            Self::Length(Order::Below, _) => "length_lt",
            Self::Length(Order::Equal, _) => "length_eq",
            Self::Integer(Order::Below, _) => "int_lt",
            Self::Integer(..) => "int_gt",
            Self::Float(bound) => match (bound.is_lower, bound.is_strict) {
                (true, true) => "float_gt",
                (true, false) => "float_gte",
                (false, true) => "float_lt",
                (false, false) => "float_lte",
            },
            Self::InEnum(..) => "is_in_enum",
        }
    }

    /// What a value must do, as it stands behind `value '…' must `.
    pub fn demand(&self) -> String {
        match self {
            Self::Regex(pattern) => conforming(pattern),
            Self::Uuid(version) => conforming(&uuid_pattern(*version)),
            Self::NotEmpty => "not be an empty string".to_owned(),
            Self::Length(order, limit) => {
                let order = match order {
                    Order::Above => "greater than",
                    Order::Below => "smaller than",
                    Order::Equal => "equal to",
                };
                format!("have a length {order} '{limit}'")
            }
            Self::Integer(order, limit) => {
                let order = match order {
                    Order::Above => "greater than",
                    Order::Below => "less than",
                    Order::Equal => "equal to",
                };
                format!("be {order} '{limit}'")
            }
            Self::Float(bound) => bound.demand(),
            Self::InEnum(_, name) => format!("be a valid {name} field"),
        }
    }
}

fn conforming(pattern: &str) -> String {
    format!("be a string conforming to regex {}", go::quote(pattern))
}

/// The pattern that stands for `uuid_ver`, as the original has it.
fn uuid_pattern(version: u8) -> String {
    let version = if version == 0 { "1-5".to_owned() } else { version.to_string() };
    let hex = "[a-fA-F0-9]";
    format!("^({hex}{{8}}-{hex}{{4}}-[{version}]{hex}{{3}}-[8|9|aA|bB]{hex}{{3}}-{hex}{{12}})?$")
}

impl Bound {
    fn demand(&self) -> String {
        let order = match (self.is_lower, self.is_strict) {
            (true, true) => "strictly greater than",
            (true, false) => "greater than or equal to",
            (false, true) => "strictly lower than",
            (false, false) => "lower than or equal to",
        };
        let tolerance = self
            .epsilon
            .map(|epsilon| format!(" with a tolerance of '{}'", Float(epsilon)))
            .unwrap_or_default();
        format!("be {order} '{}'{tolerance}", Float(self.limit))
    }
}

impl Count {
    /// What the list must do, as it stands behind `value '…' must `.
    pub fn demand(self) -> String {
        match self {
            Self::AtLeast(count) => format!("contain at least {count} elements"),
            Self::AtMost(count) => format!("contain at most {count} elements"),
        }
    }
}
