//! From the syntax of an expression to what is evaluated.
//!
//! The parser is the crate `cel`'s; macros come from it as the calls they are written as. Not here: the meaning of names of
//! types and enums (`name.rs`), which need descriptors, and what is known beforehand (`fold.rs`).

use cel::common::ast::{
    CallExpr, EntryExpr, Expr as Parsed, IdedEntryExpr, IdedExpr, LiteralValue, SelectExpr,
};
use gannet_cel::library::Function;
use gannet_cel::{Error, Value};

use crate::tree::{Expr, Macro, Variable};

/// What stands for the names `rules` and `rule` in the meaning of a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfRule<'v> {
    pub(crate) rules: &'v Value,
    pub(crate) rule: &'v Value,
}

/// # Errors
/// It is no expression, or one that CEL as protovalidate has it does not know.
pub(crate) fn parse(source: &str, of_rule: Option<OfRule<'_>>) -> Result<Expr, Error> {
    let parser = cel::Env::default().parser().enable_ident_escape_syntax(true);
    let parsed = parser.parse(source).map_err(|errors| {
        let first = errors.errors.first();
        let text = first.map_or("no expression", |error| error.msg.as_str());
        let column = first.map_or(0, |error| error.pos.1.max(0));
        Error::new(format!("`{source}` is no CEL expression: {text} (at character {column})"))
    })?;
    Parser { locals: Vec::new(), of_rule }
        .expr(&parsed)
        .map_err(|fault| Error::new(format!("`{source}` cannot be evaluated: {fault}")))
}

struct Parser<'v> {
    /// The variables of the macros around, the innermost last.
    locals: Vec<String>,
    of_rule: Option<OfRule<'v>>,
}

impl Parser<'_> {
    fn expr(&mut self, parsed: &IdedExpr) -> Result<Expr, String> {
        match &parsed.expr {
            Parsed::Literal(literal) => Ok(Expr::Constant(constant(literal))),
            Parsed::Ident(name) => {
                Ok(self.variable(name).unwrap_or_else(|| Expr::Qualified(without_dot(name).to_owned())))
            }
            Parsed::Select(select) => self.select(select),
            Parsed::Call(call) => self.call(call),
            Parsed::List(list) if list.optional_indices.is_empty() => {
                Ok(Expr::List(self.all(&list.elements)?))
            }
            Parsed::Map(map) => self.map(&map.entries),
            Parsed::Struct(message) => self.message(&message.type_name, &message.entries),
            Parsed::List(_) => Err(OPTIONAL.to_owned()),
            Parsed::Comprehension(_) | Parsed::Unspecified => Err("it cannot be understood".to_owned()),
        }
    }

    fn boxed(&mut self, parsed: &IdedExpr) -> Result<Box<Expr>, String> {
        self.expr(parsed).map(Box::new)
    }

    fn all(&mut self, parsed: &[IdedExpr]) -> Result<Vec<Expr>, String> {
        parsed.iter().map(|parsed| self.expr(parsed)).collect()
    }

    fn variable(&self, name: &str) -> Option<Expr> {
        if let Some(between) = self.locals.iter().rev().position(|local| local == name) {
            return Some(Expr::Local(between));
        }
        match (name, self.of_rule) {
            ("this", _) => Some(Expr::Variable(Variable::This)),
            ("now", _) => Some(Expr::Variable(Variable::Now)),
            ("rules", Some(of_rule)) => Some(Expr::Constant(of_rule.rules.clone())),
            ("rule", Some(of_rule)) => Some(Expr::Constant(of_rule.rule.clone())),
            _ => None,
        }
    }

    /// `a.b.c` as one name, if it is nothing but names and the first is no variable.
    fn qualified(&self, parsed: &IdedExpr) -> Option<String> {
        match &parsed.expr {
            Parsed::Ident(name) => self.variable(name).is_none().then(|| without_dot(name).to_owned()),
            Parsed::Select(select) if !select.test => {
                Some(format!("{}.{}", self.qualified(&select.operand)?, select.field))
            }
            _ => None,
        }
    }

    fn select(&mut self, select: &SelectExpr) -> Result<Expr, String> {
        if let Some(scope) = self.qualified(&select.operand) {
            return Ok(Expr::Qualified(format!("{scope}.{}", select.field)));
        }
        Ok(Expr::Select(self.boxed(&select.operand)?, select.field.clone()))
    }

    fn map(&mut self, entries: &[IdedEntryExpr]) -> Result<Expr, String> {
        let entries: Result<Vec<(Expr, Expr)>, String> = entries
            .iter()
            .map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) if !entry.optional => {
                    Ok((self.expr(&entry.key)?, self.expr(&entry.value)?))
                }
                _ => Err(OPTIONAL.to_owned()),
            })
            .collect();
        Ok(Expr::Map(entries?))
    }

    fn message(&mut self, type_name: &str, entries: &[IdedEntryExpr]) -> Result<Expr, String> {
        let fields: Result<Vec<(String, Expr)>, String> = entries
            .iter()
            .map(|entry| match &entry.expr {
                EntryExpr::StructField(field) if !field.optional => {
                    Ok((field.field.clone(), self.expr(&field.value)?))
                }
                _ => Err(OPTIONAL.to_owned()),
            })
            .collect();
        Ok(Expr::Message(without_dot(type_name).to_owned(), fields?))
    }

    fn call(&mut self, call: &CallExpr) -> Result<Expr, String> {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("has", None, [argument]) => {
                let Parsed::Select(select) = &argument.expr else {
                    return Err("invalid argument to has() macro".to_owned());
                };
                Ok(Expr::Has(self.boxed(&select.operand)?, select.field.clone()))
            }
            ("_&&_", None, [left, right]) => Ok(Expr::And(self.boxed(left)?, self.boxed(right)?)),
            ("_||_", None, [left, right]) => Ok(Expr::Or(self.boxed(left)?, self.boxed(right)?)),
            ("!_", None, [operand]) => Ok(Expr::Not(self.boxed(operand)?)),
            ("_?_:_", None, [condition, then, otherwise]) => {
                Ok(Expr::If(self.boxed(condition)?, self.boxed(then)?, self.boxed(otherwise)?))
            }
            ("_[_]", None, [base, index]) => Ok(Expr::Index(self.boxed(base)?, self.boxed(index)?)),
            ("getField", None, [base, field]) => {
                let base = self.boxed(base)?;
                Ok(match self.expr(field)? {
                    Expr::Constant(Value::String(name)) => Expr::Select(base, name),
                    name => Expr::Field(base, Box::new(name)),
                })
            }
            _ => match macro_named(name) {
                Some(kind) if call.target.is_some() => self.macro_call(kind, call),
                _ => self.function(call),
            },
        }
    }

    fn function(&mut self, call: &CallExpr) -> Result<Expr, String> {
        let name = call.func_name.as_str();
        let mut target = call.target.as_deref();
        // The one function that is named with its scope.
        let name = match target.and_then(|target| self.qualified(target)) {
            Some(scope) if scope == "strings" && name == "quote" => {
                target = None;
                "strings.quote"
            }
            _ => name,
        };
        let count = call.args.len() + usize::from(target.is_some());
        let function = Function::find(name, target.is_some(), count)
            .ok_or_else(|| format!("undeclared reference to '{name}'"))?;
        let mut arguments: Vec<Expr> =
            target.map(|target| self.expr(target)).transpose()?.into_iter().collect();
        arguments.extend(self.all(&call.args)?);
        Ok(Expr::Call(function, arguments))
    }

    fn macro_call(&mut self, kind: Macro, call: &CallExpr) -> Result<Expr, String> {
        let range = call.target.as_deref().ok_or("a macro needs a list or a map")?;
        let (variable, filter, body) = match (kind, call.args.as_slice()) {
            (_, [variable, body]) => (variable, None, body),
            (Macro::Map, [variable, filter, body]) => (variable, Some(filter), body),
            (_, [_, _, _]) => {
                return Err(format!(
                    "{}() with two variables is no macro of protovalidate; go through the keys and look the values up",
                    call.func_name
                ));
            }
            _ => return Err(format!("{}() takes a variable and an expression", call.func_name)),
        };
        let Parsed::Ident(variable) = &variable.expr else {
            return Err(format!("the first argument of {}() must be a name", call.func_name));
        };
        let range = self.boxed(range)?;
        self.locals.push(variable.clone());
        let inner = filter
            .map(|filter| self.boxed(filter))
            .transpose()
            .and_then(|filter| Ok((filter, self.boxed(body)?)));
        self.locals.pop();
        let (filter, body) = inner?;
        Ok(Expr::Macro { kind, range, filter, body, kept: 0 })
    }
}

const OPTIONAL: &str = "optional values are no part of protovalidate";

fn macro_named(name: &str) -> Option<Macro> {
    Some(match name {
        "all" => Macro::All,
        "exists" => Macro::Exists,
        "exists_one" | "existsOne" => Macro::ExistsOne,
        "filter" => Macro::Filter,
        "map" => Macro::Map,
        _ => return None,
    })
}

fn without_dot(name: &str) -> &str {
    name.strip_prefix('.').unwrap_or(name)
}

fn constant(literal: &LiteralValue) -> Value {
    match literal {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Bytes(value) => Value::Bytes(value.inner().to_vec()),
        LiteralValue::Double(value) => Value::Double(*value.inner()),
        LiteralValue::Int(value) => Value::Int(*value.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(value) => Value::String(value.inner().to_owned()),
        LiteralValue::UInt(value) => Value::Uint(*value.inner()),
    }
}
