//! Maps as values: entries in their order, which are found by their keys without a look at each.
//!
//! Not here: what else there is to do with a map, which is done with its entries.

use std::ops::Deref;
use std::sync::OnceLock;

use crate::{Value, int, uint};

/// A `map`, in the order of its entries.
///
/// ```
/// use gannet_cel::{Map, Value};
///
/// let map = Map::from(vec![(Value::from("a"), Value::Int(1)), (Value::Uint(2), Value::Int(3))]);
/// assert_eq!(map.get(&Value::Double(2.0)), Some(&Value::Int(3)), "a number is found by an equal one of another type");
/// assert_eq!(map.len(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Map(Box<Entries>);

#[derive(Debug, Default)]
struct Entries {
    all: Vec<(Value, Value)>,
    /// Where the entries are, in the order of their keys; those that are not [`Key`]s are left out. Made when a key is first
    /// looked for. Peers decide how large a map is, and a rule may look for each of its keys.
    by_key: OnceLock<Box<[usize]>>,
}

impl Clone for Entries {
    fn clone(&self) -> Self {
        Self::from(self.all.clone())
    }
}

impl From<Vec<(Value, Value)>> for Entries {
    fn from(all: Vec<(Value, Value)>) -> Self {
        Self { all, by_key: OnceLock::new() }
    }
}

/// In maps no larger than this, keys are compared one by one.
const SMALL: usize = 8;

/// A key that has an order among all others, whatever their types. Equal values are equal keys.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'v> {
    Bool(bool),
    Number(i128),
    Text(&'v str),
}

impl<'v> Key<'v> {
    /// Nothing for what no field of a message is keyed by, such as a fraction.
    fn of(value: &'v Value) -> Option<Self> {
        Some(match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Number(i128::from(*value)),
            Value::Uint(value) => Self::Number(i128::from(*value)),
            Value::Double(number) => {
                let signed = int::from_double(*number).unwrap_or(i64::MIN);
                let unsigned = uint::from_double(*number).unwrap_or(u64::MAX);
                if Value::Int(signed) == *value {
                    Self::Number(i128::from(signed))
                } else if Value::Uint(unsigned) == *value {
                    Self::Number(i128::from(unsigned))
                } else {
                    return None;
                }
            }
            Value::String(text) => Self::Text(text),
            _ => return None,
        })
    }
}

impl Map {
    /// The value of a key; a number is found by an equal one of another type.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        let Entries { all, by_key } = &*self.0;
        let wanted = if all.len() > SMALL { Key::of(key) } else { None };
        let Some(wanted) = wanted else {
            return all.iter().find_map(|(candidate, value)| (candidate == key).then_some(value));
        };
        let by_key = by_key.get_or_init(|| {
            let mut keys: Vec<(Key<'_>, usize)> =
                all.iter().enumerate().filter_map(|(at, (key, _))| Some((Key::of(key)?, at))).collect();
            keys.sort();
            keys.into_iter().map(|(_, at)| at).collect()
        });
        let key_at = |at: usize| all.get(at).and_then(|(key, _)| Key::of(key));
        // Of equal keys the first.
        let found = by_key.partition_point(|at| key_at(*at).is_some_and(|key| key < wanted));
        let at = *by_key.get(found)?;
        let (_, value) = all.get(at)?;
        (key_at(at)? == wanted).then_some(value)
    }
}

impl Deref for Map {
    type Target = [(Value, Value)];

    fn deref(&self) -> &Self::Target {
        &self.0.all
    }
}

impl From<Vec<(Value, Value)>> for Map {
    fn from(entries: Vec<(Value, Value)>) -> Self {
        Self(Box::new(entries.into()))
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Self {
        Self::from(entries.into_iter().collect::<Vec<_>>())
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = std::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.all.into_iter()
    }
}

impl<'m> IntoIterator for &'m Map {
    type Item = &'m (Value, Value);
    type IntoIter = std::slice::Iter<'m, (Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<Value> {
        let mut keys: Vec<Value> = (-40..40).map(Value::Int).collect();
        keys.extend((30..60).map(Value::Uint));
        keys.extend(
            [0.5, f64::NAN, f64::INFINITY, -0.0, 41.0, 1e300, 18_446_744_073_709_549_568.0]
                .map(Value::Double),
        );
        keys.extend([u64::MAX, u64::MAX - 2047].map(Value::Uint));
        keys.push(Value::Double(-9_223_372_036_854_775_808.0));
        keys.extend([i64::MIN, i64::MAX].map(Value::Int));
        keys.extend([true, false].map(Value::Bool));
        keys.extend(["", "a", "1", "ä"].map(Value::from));
        keys.push(Value::Bytes(vec![1]));
        keys
    }

    #[test]
    fn a_large_map_finds_what_comparing_each_key_finds() {
        let entries: Vec<(Value, Value)> = keys()
            .into_iter()
            .enumerate()
            .map(|(at, key)| (key, Value::from(i64::try_from(at).unwrap())))
            .collect();
        let map = Map::from(entries.clone());
        assert!(map.len() > SMALL);
        let others =
            [Value::Null, Value::from("b"), Value::Int(1000), Value::Double(7.0), Value::Double(7.5)];
        for key in keys().iter().chain(&others) {
            let expected = entries.iter().find_map(|(candidate, value)| (candidate == key).then_some(value));
            assert_eq!(map.get(key), expected, "{key}");
        }
    }
}
