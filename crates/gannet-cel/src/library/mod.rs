//! The operators and functions of expressions over values whose types are known only when they are evaluated.
//!
//! They call the same functions that compiled rules call with Rust's own types, chosen here by the types of the values. Not
//! here: what does not evaluate all of its operands, such as `&&`, `?:`, `has` and the macros.

mod arithmetic;
mod convert;
mod methods;

use std::cmp::Ordering;

use crate::{Error, Value, list, logic};

/// An operator or function of the library.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    name: &'static str,
    style: Style,
    least: usize,
    most: usize,
    body: fn(&[&Value]) -> Option<Result<Value, Error>>,
    /// Of an operator, which first operands it has a meaning for.
    operands: Option<fn(&Value) -> bool>,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `size(x)`
    Global,
    /// `x.size()`
    Method,
    /// Either.
    Both,
}

impl Function {
    /// The function of that name, as parsers of CEL spell it: operators are `_+_`, `-_`, `_[_]`, `@in` and so on.
    ///
    /// ```
    /// use gannet_cel::{Value, library::Function};
    ///
    /// let plus = Function::find("_+_", false, 2).unwrap();
    /// assert_eq!(plus.call(&[&Value::Int(1), &Value::Int(2)]), Ok(Value::Int(3)));
    /// assert!(plus.call(&[&Value::Int(1), &Value::Null]).is_err());
    /// assert!(Function::find("missing", true, 1).is_none());
    /// ```
    ///
    /// A method's operand counts among the arguments.
    pub fn find(name: &str, is_method: bool, arguments: usize) -> Option<Self> {
        let style = if is_method { Style::Method } else { Style::Global };
        [FUNCTIONS, convert::FUNCTIONS, methods::FUNCTIONS]
            .into_iter()
            .flatten()
            .find(|function| {
                function.name == name
                    && (function.style == style || function.style == Style::Both)
                    && (function.least..=function.most).contains(&arguments)
            })
            .copied()
    }

    /// Its name, as [`find`](Self::find) takes it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its value for these arguments.
    ///
    /// # Errors
    /// It has no meaning for values of these types, or fails for these.
    pub fn call(&self, arguments: &[&Value]) -> Result<Value, Error> {
        (self.body)(arguments).unwrap_or_else(|| Err(self.mismatch(arguments)))
    }

    /// Why it has no meaning for these: an operator is looked for by its first operand, and any other function by all.
    #[cold]
    fn mismatch(&self, arguments: &[&Value]) -> Error {
        let name = self.name;
        if let Some(supported) = self.operands {
            return match arguments.first() {
                Some(first) if supported(first) || has_methods(first) => no_such_overload(),
                _ => Error::new(format!("no such overload: {name}")),
            };
        }
        let types: Vec<&str> = arguments.iter().map(|argument| argument.type_name()).collect();
        Error::new(format!("no such overload: {name}({})", types.join(", ")))
    }

    /// Its value for these arguments; nothing if it has no meaning for values of their types.
    pub fn try_call(&self, arguments: &[&Value]) -> Option<Result<Value, Error>> {
        (self.body)(arguments)
    }

    const fn operator(
        name: &'static str,
        arguments: usize,
        body: fn(&[&Value]) -> Option<Result<Value, Error>>,
    ) -> Self {
        Self { name, style: Style::Global, least: arguments, most: arguments, body, operands: None }
    }

    /// An operator that has a meaning for these first operands.
    const fn of(self, operands: fn(&Value) -> bool) -> Self {
        Self { operands: Some(operands), ..self }
    }

    const fn both(
        name: &'static str,
        arguments: usize,
        body: fn(&[&Value]) -> Option<Result<Value, Error>>,
    ) -> Self {
        Self { name, style: Style::Both, least: arguments, most: arguments, body, operands: None }
    }

    const fn method(
        name: &'static str,
        least: usize,
        most: usize,
        body: fn(&[&Value]) -> Option<Result<Value, Error>>,
    ) -> Self {
        Self { name, style: Style::Method, least, most, body, operands: None }
    }
}

/// The error of an operator or function that has no meaning for values of the given types.
#[cold]
pub fn no_such_overload() -> Error {
    Error::new("no such overload")
}

static FUNCTIONS: &[Function] = &[
    Function::operator("_==_", 2, |arguments| pair(arguments, |left, right| bool(left == right))),
    Function::operator("_!=_", 2, |arguments| pair(arguments, |left, right| bool(left != right))),
    Function::operator("_<_", 2, |arguments| order(arguments, Ordering::is_lt)).of(is_ordered),
    Function::operator("_<=_", 2, |arguments| order(arguments, Ordering::is_le)).of(is_ordered),
    Function::operator("_>_", 2, |arguments| order(arguments, Ordering::is_gt)).of(is_ordered),
    Function::operator("_>=_", 2, |arguments| order(arguments, Ordering::is_ge)).of(is_ordered),
    Function::operator("_+_", 2, arithmetic::add).of(arithmetic::has_sum),
    Function::operator("_-_", 2, arithmetic::subtract).of(arithmetic::has_difference),
    Function::operator("_*_", 2, arithmetic::multiply).of(arithmetic::is_number),
    Function::operator("_/_", 2, arithmetic::divide).of(arithmetic::is_number),
    Function::operator("_%_", 2, arithmetic::remainder).of(arithmetic::is_whole),
    Function::operator("-_", 1, arithmetic::negate).of(arithmetic::has_negation),
    Function::operator("_[_]", 2, |arguments| {
        pair(arguments, |base, index| Some(self::index(base, index)?.cloned()))
    }),
    Function::operator("@in", 2, |arguments| pair(arguments, contains)).of(|_| true),
    Function::operator("dyn", 1, |arguments| single(arguments, |value| Some(Ok(value.clone())))),
    Function::operator("type", 1, |arguments| {
        single(arguments, |value| Some(Ok(Value::Type(value.type_name().to_owned()))))
    }),
    Function::both("size", 1, |arguments| single(arguments, size)).of(|value| size(value).is_some()),
];

/// `base[index]` of a list or a map; nothing if the base is neither, or the index none of it.
pub fn index<'v>(base: &'v Value, index: &Value) -> Option<Result<&'v Value, Error>> {
    match (base, index) {
        (Value::List(items), Value::Int(index)) => Some(logic::index(items, *index)),
        (Value::List(items), Value::Uint(index)) => {
            Some(logic::index(items, i64::try_from(*index).unwrap_or(i64::MAX)))
        }
        (Value::List(items), Value::Double(index)) => Some(match crate::int::from_double(*index) {
            Ok(whole) if Value::Int(whole) == Value::Double(*index) => logic::index(items, whole),
            _ => Err(Error::new(format!("unsupported index value {index} in list"))),
        }),
        (Value::List(_), _) => {
            Some(Err(Error::new(format!("unsupported index type '{}' in list", index.type_name()))))
        }
        (Value::Map(_), _) => {
            Some(base.get(index).ok_or_else(|| Error::new(format!("no such key: {index}"))))
        }
        (Value::Message(_), _) => None,
        // What holds no values has none of this key.
        _ => Some(Err(Error::new(format!("no such key: {index}")))),
    }
}

fn contains(item: &Value, range: &Value) -> Option<Result<Value, Error>> {
    match range {
        Value::List(items) => bool(items.contains(item)),
        Value::Map(_) => bool(range.get(item).is_some()),
        _ => None,
    }
}

fn size(value: &Value) -> Option<Result<Value, Error>> {
    Some(Ok(Value::Int(match value {
        Value::String(text) => crate::string::size(text),
        Value::Bytes(bytes) => crate::bytes::size(bytes),
        Value::List(items) => list::size(items),
        Value::Map(entries) => list::size(entries),
        _ => return None,
    })))
}

fn order(arguments: &[&Value], test: fn(Ordering) -> bool) -> Option<Result<Value, Error>> {
    let [left, right] = arguments else { return None };
    let order = left.compare(right).ok()?;
    Some(Ok(Value::Bool(order.is_some_and(test))))
}

/// Whether cel-go looks for a method of the operand before it gives up.
fn has_methods(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Timestamp(_) | Value::Duration(_))
}

fn is_ordered(value: &Value) -> bool {
    value.compare(value).is_ok()
}

// The results of these are what the tables want, so that entries stay short.
#[allow(clippy::unnecessary_wraps, reason = "the tables' functions may fail, or have no meaning")]
fn bool(value: bool) -> Option<Result<Value, Error>> {
    Some(Ok(Value::Bool(value)))
}

fn single(
    arguments: &[&Value],
    body: fn(&Value) -> Option<Result<Value, Error>>,
) -> Option<Result<Value, Error>> {
    match arguments {
        [value] => body(value),
        _ => None,
    }
}

fn pair(
    arguments: &[&Value],
    body: fn(&Value, &Value) -> Option<Result<Value, Error>>,
) -> Option<Result<Value, Error>> {
    match arguments {
        [left, right] => body(left, right),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
