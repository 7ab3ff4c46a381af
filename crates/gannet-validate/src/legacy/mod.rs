//! Faults in the dialect of go-proto-validators, `(validator.field)`: one at a time, in the words of the original.
//!
//! Generated code compares; when a comparison fails it names the [`Rule`] and hands over the value, and what stands here puts
//! the text together as the original's Go does. Nothing here runs for a valid message but [`is_uuid`].

mod message;
mod uuid;
mod value;

use std::borrow::Cow;
use std::fmt;

pub use message::MessageText;
pub use uuid::is_uuid;
pub use value::{Enum, Value};

/// What a rule says when it is broken, as it stands in generated code.
#[derive(Debug)]
pub struct Rule {
    /// The field's name in Go.
    field: &'static str,
    demand: Demand,
}

#[derive(Debug, Clone, Copy)]
enum Demand {
    /// `value '…' must …`
    OfValue(&'static str),
    /// The whole text.
    Said(&'static str),
}

impl Rule {
    /// A rule about a field's value: what it must do, such as `not be an empty string`.
    pub const fn must(field: &'static str, demand: &'static str) -> Self {
        Self { field, demand: Demand::OfValue(demand) }
    }

    /// A rule with words of its own, the same for each value.
    pub const fn said(field: &'static str, text: &'static str) -> Self {
        Self { field, demand: Demand::Said(text) }
    }
}

/// The first rule that a message breaks.
///
/// Its text is that of the original: `invalid field Items.SomeName: value 'a' must …`.
#[derive(Clone)]
pub struct Fault(Box<Broken>);

#[derive(Clone)]
struct Broken {
    /// The Go name of the field.
    field: Cow<'static, str>,
    /// Those of the fields that hold its message, from the innermost.
    outer: Vec<Cow<'static, str>>,
    /// What stands behind `invalid field X: `.
    text: String,
}

impl Fault {
    /// A broken rule that has words of its own, or is not about a value.
    #[cold]
    #[inline(never)]
    pub fn of(rule: &'static Rule) -> Self {
        Self::written(rule, |_| {})
    }

    /// A broken rule of a field, by its name in Go, in words that were put together when it was found, as validators do that
    /// nobody generated.
    #[cold]
    #[inline(never)]
    pub fn said(field: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self(Box::new(Broken { field: field.into(), outer: Vec::new(), text }))
    }

    /// A rule that a value breaks.
    #[cold]
    #[inline(never)]
    pub fn of_value<V: Value + Copy>(rule: &'static Rule, value: V) -> Self {
        Self::written(rule, |text| value.write(text))
    }

    /// A rule that a list as a whole breaks.
    #[cold]
    #[inline(never)]
    pub fn of_list<V: Value>(rule: &'static Rule, items: impl Iterator<Item = V>) -> Self {
        Self::written(rule, |text| write_list(items, text))
    }

    /// A rule that a map as a whole breaks.
    #[cold]
    #[inline(never)]
    pub fn of_map<K: Value + Ord, V: Value>(
        rule: &'static Rule,
        entries: impl Iterator<Item = (K, V)>,
    ) -> Self {
        Self::written(rule, |text| write_map(entries, text))
    }

    /// The same fault, seen from the message that holds the one at fault in this field.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn within(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.0.outer.push(field.into());
        self
    }

    fn written(rule: &'static Rule, write: impl FnOnce(&mut String)) -> Self {
        let text = match rule.demand {
            Demand::Said(said) => said.to_owned(),
            Demand::OfValue(demand) => {
                // With room for a short value.
                let mut text = String::with_capacity(demand.len() + 48);
                text.push_str("value '");
                write(&mut text);
                text.push_str("' must ");
                text.push_str(demand);
                text
            }
        };
        Self::said(rule.field, text)
    }
}

/// A list as Go's `%v` prints it.
pub fn write_list<V: Value>(items: impl Iterator<Item = V>, out: &mut String) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        item.write(out);
    }
    out.push(']');
}

/// A map as Go's `%v` prints it, which sorts the keys.
pub fn write_map<K: Value + Ord, V: Value>(entries: impl Iterator<Item = (K, V)>, out: &mut String) {
    let mut entries: Vec<(K, V)> = entries.collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    out.push_str("map[");
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        key.write(out);
        out.push(':');
        value.write(out);
    }
    out.push(']');
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { field, outer, text } = &*self.0;
        formatter.write_str("invalid field ")?;
        for name in outer.iter().rev() {
            formatter.write_str(name)?;
            formatter.write_str(".")?;
        }
        formatter.write_str(field)?;
        formatter.write_str(": ")?;
        formatter.write_str(text)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Result<(), Fault>>(), size_of::<usize>());
    }

    #[test]
    fn a_fault_says_where_it_is_from_the_outermost_message() {
        static RULE: Rule = Rule::must("SomeName", "not be an empty string");
        let fault = Fault::of_value(&RULE, "").within("Items").within("Nested");
        assert_eq!(
            fault.to_string(),
            "invalid field Nested.Items.SomeName: value '' must not be an empty string"
        );
    }

    #[test]
    fn words_of_a_rule_s_own_replace_the_value_and_may_hold_anything() {
        static RULE: Rule = Rule::said("Share", "100% of '%v'");
        assert_eq!(Fault::of_value(&RULE, 5_i32).to_string(), "invalid field Share: 100% of '%v'");
        assert_eq!(Fault::of(&RULE).to_string(), "invalid field Share: 100% of '%v'");
    }

    #[test]
    fn lists_and_maps_are_written_whole() {
        static RULE: Rule = Rule::must("X", "contain at most 1 elements");
        let text = |fault: Fault| fault.to_string();
        assert_eq!(
            text(Fault::of_list(&RULE, [&b"\x01\xff"[..], b""].into_iter())),
            "invalid field X: value '[[1 255] []]' must contain at most 1 elements"
        );
        assert_eq!(
            text(Fault::of_map(&RULE, [("b", 1.5_f64), ("a", f64::NAN)].into_iter())),
            "invalid field X: value 'map[a:NaN b:1.5]' must contain at most 1 elements"
        );
    }
}
