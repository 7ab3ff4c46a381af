//! Checks a parsed expression against the types of descriptors, and folds what is constant.
//!
//! Follows the type rules of the CEL specification as cel-go has them, with protovalidate's extensions: numbers of
//! different types can be ordered, and `getField` reaches fields whose names are reserved words. Overloads of operators
//! and functions are chosen in `overload.rs`.

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _};
use buffa_descriptor::{DescriptorPool, FieldDescriptor, MessageIndex, SingularKind};
use cel::common::ast::{
    CallExpr, EntryExpr, Expr as Parsed, IdedEntryExpr, IdedExpr, LiteralValue, SelectExpr, StructExpr,
};
use gannet_cel::Value;

use super::constant::constant;
use super::overload;
use super::tree::{Expr, Macro, Node, Operator};
use super::types::Type;

/// What the names of an expression mean.
pub(crate) struct Environment<'a> {
    pub(crate) pool: &'a DescriptorPool,
    /// The type of `this`.
    pub(crate) this: Option<Type>,
    /// The constants `rule` and `rules`.
    pub(crate) rule: Option<Node>,
    pub(crate) rules: Option<&'a DynamicMessage>,
    /// Whether the expression is to be interpreted: what is known only at run time is let pass. What comes of that has types,
    /// but cannot be written.
    pub(crate) is_interpreted: bool,
}

impl Environment<'_> {
    /// A part of an expression that only an interpreter can evaluate.
    ///
    /// # Errors
    /// There is to be none: the reason.
    pub(super) fn interpreted(&self, ty: Type, reason: &str) -> Result<Node, String> {
        if self.is_interpreted { Ok(Node::new(Expr::Interpreted, ty)) } else { Err(reason.to_owned()) }
    }
}

/// Parses and checks an expression.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn check(source: &str, environment: &Environment<'_>) -> Result<Node, String> {
    let parser = cel::Env::default().parser().enable_ident_escape_syntax(true);
    let parsed = parser.parse(source).map_err(|errors| {
        let first = errors.errors.first();
        let text = first.map_or("no expression", |error| error.msg.as_str());
        let column = first.map_or(0, |error| error.pos.1.max(0));
        format!("`{source}` is no CEL expression: {text} (at character {column})")
    })?;
    let mut checker = Checker { environment, locals: Vec::new() };
    checker.node(&parsed).map_err(|fault| format!("`{source}` does not type-check: {fault}"))
}

struct Checker<'a> {
    environment: &'a Environment<'a>,
    /// The variables of the macros around, the innermost last: what each stands for.
    locals: Vec<(String, Node)>,
}

/// Up to so many items of a constant list, a macro over it becomes an expression for each.
const MAX_UNROLLED: usize = 64;

impl Checker<'_> {
    fn node(&mut self, parsed: &IdedExpr) -> Result<Node, String> {
        match &parsed.expr {
            Parsed::Literal(literal) => Ok(literal_node(literal)),
            Parsed::Ident(name) => self.ident(name),
            Parsed::Select(select) => self.select(select),
            Parsed::Call(call) => self.call(call),
            Parsed::List(list) => {
                let items: Result<Vec<Node>, String> =
                    list.elements.iter().map(|item| self.node(item)).collect();
                Ok(list_node(items?))
            }
            Parsed::Struct(message) => self.message(message),
            Parsed::Map(map) => self.map(&map.entries),
            Parsed::Comprehension(_) | Parsed::Unspecified => Err("it cannot be understood".to_owned()),
        }
    }

    fn ident(&self, name: &str) -> Result<Node, String> {
        if let Some((_, node)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Ok(node.clone());
        }
        let environment = self.environment;
        match name {
            "this" => {
                if let Some(ty) = &environment.this {
                    return Ok(Node::new(Expr::This, ty.clone()));
                }
            }
            "rule" => {
                if let Some(rule) = &environment.rule {
                    return Ok(rule.clone());
                }
            }
            "rules" => {
                if let Some(rules) = environment.rules {
                    let ty = Type::Message(rules.message_index());
                    return Ok(Node::new(Expr::Message(Box::new(rules.clone())), ty));
                }
            }
            "now" => return Ok(Node::new(Expr::Now, Type::Timestamp)),
            "bool" | "int" | "uint" | "double" | "string" | "bytes" | "list" | "map" | "null_type"
            | "type" => {
                return Ok(Node::constant(Value::Type(name.to_owned()), Type::Meta));
            }
            _ => {}
        }
        self.declared(name)
    }

    /// What the contract declares under this name: a value of an enum, or a message's type.
    fn declared(&self, name: &str) -> Result<Node, String> {
        let message = || {
            let descriptor = self.environment.pool.message_by_name(name)?;
            Some(Node::constant(Value::Type(descriptor.full_name().to_owned()), Type::Meta))
        };
        self.enum_value(name).or_else(message).ok_or_else(|| undeclared(name))
    }

    /// A value of an enum, by its full name.
    fn enum_value(&self, name: &str) -> Option<Node> {
        let (scope, value) = name.rsplit_once('.')?;
        let found = self.environment.pool.enum_by_name(scope)?;
        let value = found.values().iter().find(|candidate| candidate.name() == value)?;
        Some(Node::constant(Value::Int(i64::from(value.number())), Type::Int))
    }

    /// `a.b.c` as one name, if it is nothing but names and the first is no variable.
    fn qualified(&self, parsed: &IdedExpr) -> Option<String> {
        match &parsed.expr {
            Parsed::Ident(name) => {
                let is_variable = self.ident(name).is_ok();
                (!is_variable).then(|| name.trim_start_matches('.').to_owned())
            }
            Parsed::Select(select) if !select.test => {
                Some(format!("{}.{}", self.qualified(&select.operand)?, select.field))
            }
            _ => None,
        }
    }

    fn select(&mut self, select: &SelectExpr) -> Result<Node, String> {
        if let Some(scope) = self.qualified(&select.operand) {
            return self.declared(&format!("{scope}.{}", select.field));
        }
        let base = self.node(&select.operand)?;
        self.field(base, &select.field)
    }

    fn field(&self, base: Node, name: &str) -> Result<Node, String> {
        let Type::Message(index) = base.ty else {
            return match &base.ty {
                Type::Map(key, _) if **key == Type::String => {
                    overload::operator(Operator::Index, vec![base, Node::text(name)], self.environment)
                }
                Type::Dyn if matches!(base.expr, Expr::Failure(_)) => Ok(base),
                Type::Dyn => self.environment.interpreted(Type::Dyn, overload::UNKNOWN),
                other => Err(format!(
                    "type '{}' does not support field selection",
                    other.name(self.environment.pool)
                )),
            };
        };
        // What `dyn()` hides from the checker is found wanting when the expression is evaluated.
        let is_hidden = matches!(&base.expr, Expr::Hidden(_));
        let (message, field) = match self.find_field(index, name) {
            Some(found) => found,
            None if is_hidden => {
                return Ok(Node::new(Expr::Failure(format!("no such field '{name}'")), Type::Dyn));
            }
            None => return Err(self.undefined(index, name)),
        };
        if let Expr::Message(known) = &base.expr {
            return Ok(constant(known, field));
        }
        let ty = Type::of_field(field, self.environment.pool);
        Ok(Node::new(Expr::Field { base: Box::new(base), message, number: field.number() }, ty))
    }

    fn undefined(&self, message: MessageIndex, name: &str) -> String {
        let message = self.environment.pool.message(message);
        let fields: Vec<&str> = message.fields().iter().map(FieldDescriptor::name).collect();
        format!("undefined field '{name}'; the fields of {} are {}", message.full_name(), fields.join(", "))
    }

    fn find_field(&self, message: MessageIndex, name: &str) -> Option<(MessageIndex, &FieldDescriptor)> {
        // A name in JSON, which is found too, is no name here.
        let fields = self.environment.pool.message(message).fields();
        Some((message, fields.iter().find(|field| field.name() == name)?))
    }

    fn has(&mut self, argument: &IdedExpr) -> Result<Node, String> {
        let Parsed::Select(select) = &argument.expr else {
            return Err("invalid argument to has() macro".to_owned());
        };
        let base = self.node(&select.operand)?;
        if let Type::Map(..) = base.ty {
            let arguments = vec![Node::text(&*select.field), base];
            return overload::operator(Operator::In, arguments, self.environment);
        }
        if overload::is_unknown(&base) {
            return self.environment.interpreted(Type::Bool, overload::UNKNOWN);
        }
        let Type::Message(index) = base.ty else {
            return Err(format!("invalid argument to has() macro: '{}' has no fields", base.ty));
        };
        let Some((message, field)) = self.find_field(index, &select.field) else {
            return Err(self.undefined(index, &select.field));
        };
        if let Expr::Message(known) = &base.expr {
            return Ok(Node::bool(known.has(field)));
        }
        Ok(Node::new(Expr::Has { base: Box::new(base), message, number: field.number() }, Type::Bool))
    }

    fn call(&mut self, call: &CallExpr) -> Result<Node, String> {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("has", None, [argument]) => return self.has(argument),
            ("_&&_", None, [left, right]) => return self.logic(left, right, true),
            ("_||_", None, [left, right]) => return self.logic(left, right, false),
            ("!_", None, [operand]) => {
                let operand = self.condition(operand, "!_")?;
                return Ok(not(operand));
            }
            ("_?_:_", None, [condition, then, otherwise]) => {
                return self.conditional(condition, then, otherwise);
            }
            ("all", Some(range), [variable, body]) => {
                return self.macro_call(Macro::All, range, variable, None, body);
            }
            ("exists", Some(range), [variable, body]) => {
                return self.macro_call(Macro::Exists, range, variable, None, body);
            }
            ("exists_one" | "existsOne", Some(range), [variable, body]) => {
                return self.macro_call(Macro::ExistsOne, range, variable, None, body);
            }
            ("filter", Some(range), [variable, body]) => {
                return self.macro_call(Macro::Filter, range, variable, None, body);
            }
            ("map", Some(range), [variable, body]) => {
                return self.macro_call(Macro::Map, range, variable, None, body);
            }
            ("map", Some(range), [variable, filter, body]) => {
                return self.macro_call(Macro::Map, range, variable, Some(filter), body);
            }
            ("getField", None, [base, field]) => {
                let base = self.node(base)?;
                let field = self.node(field)?;
                let name = field.as_text().ok_or("getField() needs the field's name as a literal")?;
                return self.field(base, name);
            }
            // The one function that is named with its scope.
            ("quote", Some(target), [text]) if matches!(&target.expr, Parsed::Ident(scope) if scope == "strings") =>
            {
                let text = self.node(text)?;
                return overload::call("strings.quote", true, vec![text], self.environment);
            }
            _ => {}
        }
        let mut arguments = Vec::new();
        if let Some(target) = &call.target {
            arguments.push(self.node(target)?);
        }
        for argument in &call.args {
            arguments.push(self.node(argument)?);
        }
        overload::call(name, call.target.is_some(), arguments, self.environment)
    }

    /// A message made within an expression.
    fn message(&mut self, made: &StructExpr) -> Result<Node, String> {
        let pool = self.environment.pool;
        let name = made.type_name.trim_start_matches('.');
        let Some(index) = pool.message_index(name) else {
            return Err(undeclared(name));
        };
        for entry in &made.entries {
            let EntryExpr::StructField(given) = &entry.expr else {
                return Err(format!("{name} {{}} takes fields by their names"));
            };
            let value = self.node(&given.value)?;
            let Some((_, field)) = self.find_field(index, &given.field) else {
                return Err(self.undefined(index, &given.field));
            };
            let expected = Type::of_field(field, pool);
            if !expected.unifies(&value.ty) {
                let (expected, found) = (expected.name(pool), value.ty.name(pool));
                return Err(format!(
                    "expected type of field '{}' is '{expected}' but provided type is '{found}'",
                    given.field
                ));
            }
        }
        let reason = format!("a message that is made within a rule, such as {name} {{}}, cannot be compiled");
        self.environment.interpreted(Type::of_kind(SingularKind::Message(index), pool), &reason)
    }

    /// A map made within an expression.
    fn map(&mut self, entries: &[IdedEntryExpr]) -> Result<Node, String> {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for entry in entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                return Err("a map takes keys with their values".to_owned());
            };
            keys.push(self.node(&entry.key)?);
            values.push(self.node(&entry.value)?);
        }
        let item = |nodes| match list_node(nodes).ty {
            Type::List(item) => item,
            _ => Box::new(Type::Dyn),
        };
        let ty = Type::Map(item(keys), item(values));
        self.environment.interpreted(ty, "a map that is made within a rule cannot be compiled")
    }

    fn condition(&mut self, parsed: &IdedExpr, operator: &str) -> Result<Node, String> {
        let node = self.node(parsed)?;
        match node.ty.unwrapped() {
            Type::Dyn if overload::is_unknown(&node) => {
                self.environment.interpreted(Type::Bool, overload::UNKNOWN)
            }
            Type::Bool | Type::Dyn => Ok(node),
            other => Err(format!(
                "found no matching overload for '{operator}' applied to '({})'",
                other.name(self.environment.pool)
            )),
        }
    }

    fn logic(&mut self, left: &IdedExpr, right: &IdedExpr, is_and: bool) -> Result<Node, String> {
        let operator = if is_and { "_&&_" } else { "_||_" };
        let left = self.condition(left, operator)?;
        let right = self.condition(right, operator)?;
        Ok(logic(left, right, is_and))
    }

    fn conditional(
        &mut self,
        condition: &IdedExpr,
        then: &IdedExpr,
        otherwise: &IdedExpr,
    ) -> Result<Node, String> {
        let condition = self.condition(condition, "_?_:_")?;
        let then = self.node(then)?;
        let otherwise = self.node(otherwise)?;
        if !then.ty.unifies(&otherwise.ty) {
            let pool = self.environment.pool;
            return Err(format!(
                "found no matching overload for '_?_:_' applied to '(bool, {}, {})'",
                then.ty.name(pool),
                otherwise.ty.name(pool)
            ));
        }
        Ok(match condition.as_bool() {
            Some(true) => then,
            Some(false) => otherwise,
            None => {
                let ty = if then.ty == Type::Dyn || then.ty == Type::Null { &otherwise.ty } else { &then.ty };
                let ty = ty.clone();
                Node::new(Expr::If(Box::new(condition), Box::new(then), Box::new(otherwise)), ty)
            }
        })
    }

    fn macro_call(
        &mut self,
        kind: Macro,
        range: &IdedExpr,
        variable: &IdedExpr,
        filter: Option<&IdedExpr>,
        body: &IdedExpr,
    ) -> Result<Node, String> {
        let Parsed::Ident(variable) = &variable.expr else {
            return Err("the first argument of a macro must be a name".to_owned());
        };
        let range = self.node(range)?;
        let item = match &range.ty {
            Type::List(item) => (**item).clone(),
            Type::Map(key, _) => (**key).clone(),
            Type::Dyn if self.environment.is_interpreted => Type::Dyn,
            other => {
                return Err(format!(
                    "expression of type '{}' cannot be range of a comprehension (must be list or map)",
                    other.name(self.environment.pool)
                ));
            }
        };
        if let Some(Value::List(values)) = range.value().filter(|_| filter.is_none()) {
            let values = values.clone();
            if let Some(node) = self.unrolled(kind, &values, &item, variable, body)? {
                return Ok(node);
            }
        }
        // A name of its own, so that macros within macros can share a variable's name.
        let local = format!("{variable}_{}", self.locals.len());
        self.locals.push((variable.clone(), Node::new(Expr::Local(local.clone()), item.clone())));
        let filter = filter.map(|filter| self.condition(filter, "map")).transpose();
        let body = match kind {
            Macro::Map => self.node(body),
            _ => self.condition(body, "a macro"),
        };
        self.locals.pop();
        let (filter, body) = (filter?.map(Box::new), Box::new(body?));
        let ty = match kind {
            Macro::Map => Type::list(body.ty.clone()),
            Macro::Filter => Type::list(item),
            Macro::All | Macro::Exists | Macro::ExistsOne => Type::Bool,
        };
        Ok(Node::new(Expr::Macro { kind, range: Box::new(range), variable: local, filter, body }, ty))
    }

    /// A macro over a constant list, as an expression for each item.
    fn unrolled(
        &mut self,
        kind: Macro,
        values: &[Value],
        item: &Type,
        variable: &str,
        body: &IdedExpr,
    ) -> Result<Option<Node>, String> {
        if values.len() > MAX_UNROLLED {
            return Ok(None);
        }
        let mut bodies = Vec::new();
        for value in values {
            self.locals.push((variable.to_owned(), Node::constant(value.clone(), item.clone())));
            let body = match kind {
                Macro::Map => self.node(body),
                _ => self.condition(body, "a macro"),
            };
            self.locals.pop();
            bodies.push(body?);
        }
        Ok(match kind {
            Macro::Map => Some(list_node(bodies)),
            Macro::All => {
                bodies.into_iter().reduce(|one, other| logic(one, other, true)).or(Some(Node::bool(true)))
            }
            Macro::Exists => {
                bodies.into_iter().reduce(|one, other| logic(one, other, false)).or(Some(Node::bool(false)))
            }
            Macro::Filter | Macro::ExistsOne => None,
        })
    }
}

/// `left && right` or `left || right`.
///
/// `false && x` and `true || x` are decided, whatever x is, even if it fails.
fn logic(left: Node, right: Node, is_and: bool) -> Node {
    match (left.as_bool(), right.as_bool()) {
        (Some(decided), _) | (_, Some(decided)) if decided != is_and => Node::bool(decided),
        (Some(_), _) => right,
        (_, Some(_)) => left,
        (None, None) if is_and => Node::new(Expr::And(Box::new(left), Box::new(right)), Type::Bool),
        (None, None) => Node::new(Expr::Or(Box::new(left), Box::new(right)), Type::Bool),
    }
}

/// The opposite of a condition.
pub(crate) fn not(operand: Node) -> Node {
    match (operand.as_bool(), operand.expr) {
        (Some(value), _) => Node::bool(!value),
        (None, Expr::Not(inner)) => *inner,
        (None, expr) => Node::new(Expr::Not(Box::new(Node::new(expr, operand.ty))), Type::Bool),
    }
}

/// A list of these, constant if they are.
pub(super) fn list_node(items: Vec<Node>) -> Node {
    let mut item_type = None;
    for item in &items {
        item_type = match item_type {
            None => Some(item.ty.clone()),
            Some(ty) if item.ty == ty => Some(ty),
            Some(_) => Some(Type::Dyn),
        };
    }
    let ty = Type::list(item_type.unwrap_or(Type::Dyn));
    let values: Option<Vec<Value>> = items.iter().map(|item| item.value().cloned()).collect();
    match values {
        Some(values) => Node::constant(Value::List(values), ty),
        None => Node::new(Expr::List(items), ty),
    }
}

fn literal_node(literal: &LiteralValue) -> Node {
    match literal {
        LiteralValue::Boolean(value) => Node::bool(*value.inner()),
        LiteralValue::Bytes(value) => Node::constant(Value::Bytes(value.inner().to_vec()), Type::Bytes),
        LiteralValue::Double(value) => Node::constant(Value::Double(*value.inner()), Type::Double),
        LiteralValue::Int(value) => Node::constant(Value::Int(*value.inner()), Type::Int),
        LiteralValue::Null => Node::constant(Value::Null, Type::Null),
        LiteralValue::String(value) => Node::text(value.inner()),
        LiteralValue::UInt(value) => Node::constant(Value::Uint(*value.inner()), Type::Uint),
    }
}

/// Nothing has this name in the contract. Types of files that it does not import, the well-known ones among them, are unknown
/// to its rules.
fn undeclared(name: &str) -> String {
    let import = if name.contains('.') { "; if it is a type or an enum, import its file" } else { "" };
    format!("undeclared reference to '{name}'{import}")
}
