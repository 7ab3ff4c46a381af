//! Evaluates an expression.
//!
//! Values are borrowed as long as they can be: from constants, variables, and the items that a macro goes through. Not
//! here: operators and functions (`gannet_cel::library`), and the making of messages (`construct.rs`).

use std::borrow::Cow;
use std::cell::OnceCell;

use gannet_cel::library::{self, no_such_overload};
use gannet_cel::{Error, Timestamp, Value, logic};

use crate::construct::construct;
use crate::expression::Variables;
use crate::message::{fault, readable};
use crate::name;
use crate::tree::{Expr, Macro, Variable};
use crate::types::Types;

pub(crate) struct Evaluation<'a> {
    types: &'a Types,
    variables: &'a Variables<'a>,
    now: OnceCell<Value>,
    kept: Vec<Kept>,
}

/// The result of a part that is evaluated once.
type Kept = OnceCell<Result<Value, Error>>;

fn places(count: usize) -> Vec<Kept> {
    (0..count).map(|_| Kept::new()).collect()
}

/// The variable of a macro, and those of the macros around it.
#[derive(Clone, Copy)]
struct Scope<'s> {
    value: &'s Value,
    outer: Option<&'s Scope<'s>>,
    /// Results that are kept for this item.
    kept: &'s [Kept],
}

type Outcome<'s> = Result<Cow<'s, Value>, Error>;

impl<'a> Evaluation<'a> {
    pub(crate) fn new(types: &'a Types, variables: &'a Variables<'a>, kept: usize) -> Self {
        Self { types, variables, now: OnceCell::new(), kept: places(kept) }
    }

    pub(crate) fn run(&self, root: &Expr) -> Result<Value, Error> {
        self.value(root, None).map(Cow::into_owned)
    }

    fn value<'s>(&'s self, expr: &'s Expr, scope: Option<&'s Scope<'s>>) -> Outcome<'s> {
        match expr {
            Expr::Constant(value) => Ok(Cow::Borrowed(value)),
            Expr::Variable(variable) => self.variable(*variable),
            Expr::Local(between) => local(scope, *between),
            Expr::Qualified(name) => name::resolve(name, self.types).map(Cow::Owned),
            Expr::Select(base, name) => select(self.value(base, scope)?, name),
            Expr::Field(base, name) => {
                let base = self.value(base, scope)?;
                match &*self.value(name, scope)? {
                    Value::String(name) => select(base, name),
                    _ => Err(no_such_overload()),
                }
            }
            Expr::Has(base, name) => has(&*self.value(base, scope)?, name).map(bool),
            Expr::Not(operand) => self.condition(operand, scope).map(|value| bool(!value)),
            Expr::And(left, right) => {
                logic::and(|| self.condition(left, scope), || self.condition(right, scope)).map(bool)
            }
            Expr::Or(left, right) => {
                logic::or(|| self.condition(left, scope), || self.condition(right, scope)).map(bool)
            }
            Expr::If(condition, then, otherwise) => {
                let chosen = if self.condition(condition, scope)? { then } else { otherwise };
                self.value(chosen, scope)
            }
            Expr::Index(base, index) => {
                let base = self.value(base, scope)?;
                self::index(base, &*self.value(index, scope)?)
            }
            Expr::Call(function, arguments) => self.call(*function, arguments, scope).map(Cow::Owned),
            Expr::Matches(text, pattern) => match &*self.value(text, scope)? {
                Value::String(text) => Ok(bool(pattern.is_match(text))),
                _ => Err(no_such_overload()),
            },
            Expr::List(items) => {
                let items: Result<Vec<Value>, Error> =
                    items.iter().map(|item| self.value(item, scope).map(Cow::into_owned)).collect();
                Ok(Cow::Owned(Value::List(items?)))
            }
            Expr::Map(entries) => self.map(entries, scope).map(Cow::Owned),
            Expr::Message(type_name, fields) => {
                let fields: Result<Vec<(&str, Cow<'_, Value>)>, Error> = fields
                    .iter()
                    .map(|(name, value)| Ok((name.as_str(), self.value(value, scope)?)))
                    .collect();
                construct(self.types, type_name, &fields?).map(Cow::Owned)
            }
            Expr::Macro { kind, range, filter, body, kept } => {
                let range = self.value(range, scope)?;
                let body = Body { filter: filter.as_deref(), each: body, kept: *kept };
                self.macro_call(*kind, &range, &body, scope).map(Cow::Owned)
            }
            Expr::Kept { between, place, inner } => {
                let kept = match between {
                    None => &self.kept,
                    Some(between) => scope_at(scope, *between)?.kept,
                };
                let kept = kept.get(*place).ok_or_else(no_macro)?;
                match kept.get_or_init(|| self.value(inner, scope).map(Cow::into_owned)) {
                    Ok(value) => Ok(Cow::Borrowed(value)),
                    Err(error) => Err(error.clone()),
                }
            }
        }
    }

    fn variable(&self, variable: Variable) -> Outcome<'_> {
        match variable {
            Variable::This => {
                let this = self.variables.this;
                borrowed(this.ok_or_else(|| Error::new("undeclared reference to 'this'"))?)
            }
            Variable::Now => {
                let now = || Value::Timestamp(self.variables.now.unwrap_or_else(Timestamp::now));
                Ok(Cow::Borrowed(self.now.get_or_init(now)))
            }
        }
    }

    fn condition<'s>(&'s self, expr: &'s Expr, scope: Option<&'s Scope<'s>>) -> Result<bool, Error> {
        match &*self.value(expr, scope)? {
            Value::Bool(value) => Ok(*value),
            _ => Err(no_such_overload()),
        }
    }

    fn call<'s>(
        &'s self,
        function: library::Function,
        arguments: &'s [Expr],
        scope: Option<&'s Scope<'s>>,
    ) -> Result<Value, Error> {
        match arguments {
            [operand] => function.call(&[&*self.value(operand, scope)?]),
            [left, right] => {
                let left = self.value(left, scope)?;
                function.call(&[&*left, &*self.value(right, scope)?])
            }
            _ => {
                let values: Result<Vec<Cow<'_, Value>>, Error> =
                    arguments.iter().map(|argument| self.value(argument, scope)).collect();
                let values = values?;
                function.call(&values.iter().map(|value| &**value).collect::<Vec<_>>())
            }
        }
    }

    fn map<'s>(&'s self, entries: &'s [(Expr, Expr)], scope: Option<&'s Scope<'s>>) -> Result<Value, Error> {
        let mut map: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.value(key, scope)?.into_owned();
            let value = self.value(value, scope)?.into_owned();
            match map.iter_mut().find(|(earlier, _)| *earlier == key) {
                Some(entry) => entry.1 = value,
                None => map.push((key, value)),
            }
        }
        Ok(Value::Map(map.into()))
    }

    fn macro_call(
        &self,
        kind: Macro,
        range: &Value,
        body: &Body<'_>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Value, Error> {
        match range {
            Value::List(items) => self.over(kind, items.iter(), body, outer),
            Value::Map(entries) => self.over(kind, entries.iter().map(|(key, _)| key), body, outer),
            other => Err(Error::new(format!("got '{}', expected iterable type", go_type(other)))),
        }
    }

    fn over<'i>(
        &self,
        kind: Macro,
        items: impl Iterator<Item = &'i Value>,
        Body { filter, each, kept }: &Body<'_>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Value, Error> {
        let test = |value: &Value| self.condition(each, Some(&Scope { value, outer, kept: &places(*kept) }));
        match kind {
            Macro::All => logic::all(items, test).map(Value::Bool),
            Macro::Exists => logic::exists(items, test).map(Value::Bool),
            Macro::ExistsOne => logic::exists_one(items, test).map(Value::Bool),
            Macro::Filter => {
                let mut found = Vec::new();
                for item in items {
                    if test(item)? {
                        found.push(item.clone());
                    }
                }
                Ok(Value::List(found))
            }
            Macro::Map => {
                let mut mapped = Vec::with_capacity(items.size_hint().0);
                for value in items {
                    let kept = places(*kept);
                    let scope = Scope { value, outer, kept: &kept };
                    if filter.map_or(Ok(true), |filter| self.condition(filter, Some(&scope)))? {
                        mapped.push(self.value(each, Some(&scope))?.into_owned());
                    }
                }
                Ok(Value::List(mapped))
            }
        }
    }
}

/// What is evaluated for each item of a macro.
struct Body<'e> {
    filter: Option<&'e Expr>,
    each: &'e Expr,
    kept: usize,
}

/// The type that cel-go has for a value, which it names in an error.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "types.Null",
        Value::Bool(_) => "types.Bool",
        Value::Int(_) => "types.Int",
        Value::Uint(_) => "types.Uint",
        Value::Double(_) => "types.Double",
        Value::String(_) => "types.String",
        Value::Bytes(_) => "types.Bytes",
        Value::Timestamp(_) => "types.Timestamp",
        Value::Duration(_) => "types.Duration",
        Value::Type(_) => "*types.Type",
        Value::List(_) => "*types.baseList",
        Value::Map(_) => "*types.baseMap",
        Value::Message(_) => "*types.protoObj",
    }
}

fn bool(value: bool) -> Cow<'static, Value> {
    Cow::Owned(Value::Bool(value))
}

/// A value that is somewhere else, if it can be read.
fn borrowed(value: &Value) -> Outcome<'_> {
    match fault(value) {
        Some(error) => Err(error),
        None => Ok(Cow::Borrowed(value)),
    }
}

fn local<'s>(scope: Option<&'s Scope<'s>>, between: usize) -> Outcome<'s> {
    borrowed(scope_at(scope, between)?.value)
}

/// The scope of the macro that so many others lie within.
fn scope_at<'s>(scope: Option<&'s Scope<'s>>, between: usize) -> Result<&'s Scope<'s>, Error> {
    let mut scope = scope;
    for _ in 0..between {
        scope = scope.and_then(|scope| scope.outer);
    }
    scope.ok_or_else(no_macro)
}

/// Never: the parser counted the macros around.
fn no_macro() -> Error {
    Error::new("a variable is used outside of its macro")
}

fn select<'s>(base: Cow<'s, Value>, name: &str) -> Outcome<'s> {
    if let Value::Message(message) = &*base {
        return message.field(name).map(Cow::Owned);
    }
    let missing = || Error::new(format!("no such key: {name}"));
    let is_named = |key: &Value| matches!(key, Value::String(key) if key == name);
    match base {
        Cow::Borrowed(Value::Map(entries)) => {
            let found = entries.iter().find(|(key, _)| is_named(key));
            borrowed(&found.ok_or_else(missing)?.1)
        }
        Cow::Owned(Value::Map(entries)) => {
            let found = entries.into_iter().find(|(key, _)| is_named(key));
            readable(found.ok_or_else(missing)?.1).map(Cow::Owned)
        }
        other => match &*other {
            Value::List(_) => Err(Error::new("unsupported index type 'string' in list")),
            _ => Err(missing()),
        },
    }
}

fn has(base: &Value, name: &str) -> Result<bool, Error> {
    match base {
        Value::Message(message) => message.has(name),
        Value::Map(entries) => {
            Ok(entries.iter().any(|(key, _)| matches!(key, Value::String(key) if key == name)))
        }
        Value::List(_) => Err(Error::new("unsupported index type 'string' in list")),
        // What has no fields has none of this name.
        _ => Ok(false),
    }
}

fn index<'s>(base: Cow<'s, Value>, index: &Value) -> Outcome<'s> {
    if let (Value::Message(message), Value::String(name)) = (&*base, index) {
        return message.field(name).map(Cow::Owned);
    }
    if let Value::Message(_) = index {
        return Err(Error::new(format!("invalid qualifier type: {}", go_type(index))));
    }
    match base {
        Cow::Borrowed(base) => borrowed(library::index(base, index).ok_or_else(no_such_overload)??),
        Cow::Owned(base) => {
            readable(library::index(&base, index).ok_or_else(no_such_overload)??.clone()).map(Cow::Owned)
        }
    }
}
