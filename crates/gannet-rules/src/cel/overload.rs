//! Chooses what an operator or a function means for operands of given types, and folds it if they are constant.
//!
//! Errors read as cel-go's, which users of protovalidate know: `found no matching overload for '_+_' applied to …`.

use buffa_descriptor::DescriptorPool;
use gannet_cel::Value;

use super::check::{Environment, not};
use super::fold;
use super::functions::FUNCTIONS;
use super::tree::{Expr, Node, Operator};
use super::types::Type;

/// A call by its name in the parsed expression; the operand of a method comes first.
pub(super) fn call(
    name: &str,
    is_method: bool,
    arguments: Vec<Node>,
    environment: &Environment<'_>,
) -> Result<Node, String> {
    if arguments.iter().any(is_unknown) && !environment.is_interpreted {
        return Err(UNKNOWN.to_owned());
    }
    let operator = match (name, is_method, arguments.len()) {
        ("_==_", false, 2) => Operator::Equal,
        ("_!=_", false, 2) => Operator::NotEqual,
        ("_<_", false, 2) => Operator::Less,
        ("_<=_", false, 2) => Operator::LessOrEqual,
        ("_>_", false, 2) => Operator::Greater,
        ("_>=_", false, 2) => Operator::GreaterOrEqual,
        ("_+_", false, 2) => Operator::Add,
        ("_-_", false, 2) => Operator::Subtract,
        ("_*_", false, 2) => Operator::Multiply,
        ("_/_", false, 2) => Operator::Divide,
        ("_%_", false, 2) => Operator::Modulo,
        ("-_", false, 1) => Operator::Negate,
        ("_[_]", false, 2) => Operator::Index,
        ("@in", false, 2) => Operator::In,
        ("size", _, 1) => Operator::Size,
        ("unique", true, 1) => Operator::Unique,
        ("format", true, 2) => Operator::Format,
        ("matches", _, 2) => Operator::Matches,
        ("contains", true, 2) => Operator::Contains,
        ("startsWith", true, 2) => Operator::StartsWith,
        ("endsWith", true, 2) => Operator::EndsWith,
        ("join", true, 1 | 2) => Operator::Join,
        ("int", false, 1) => Operator::ToInt,
        ("uint", false, 1) => Operator::ToUint,
        ("double", false, 1) => Operator::ToDouble,
        ("string", false, 1) => Operator::ToText,
        ("bytes", false, 1) => Operator::ToBytes,
        ("bool", false, 1) => Operator::ToBool,
        ("timestamp", false, 1) => Operator::ToTimestamp,
        ("duration", false, 1) => Operator::ToDuration,
        ("dyn", false, 1) => return Ok(hidden(arguments, environment)),
        ("type", false, 1) => return type_of(&arguments, environment),
        _ => return library(name, is_method, arguments, environment.pool),
    };
    operator_named(operator, name, arguments, environment)
}

/// An operator that the checker itself needs.
pub(super) fn operator(
    operator: Operator,
    arguments: Vec<Node>,
    environment: &Environment<'_>,
) -> Result<Node, String> {
    operator_named(operator, "_[_]", arguments, environment)
}

/// Why an expression cannot work with a value.
pub(crate) const UNKNOWN: &str = "what a google.protobuf.Any, Struct, Value or ListValue holds is known only when a message \
     comes, and rules are compiled";

/// Whether a value's type is known only at run time, because the contract leaves it open.
pub(super) fn is_unknown(node: &Node) -> bool {
    node.ty == Type::Dyn && !matches!(node.expr, Expr::Failure(_) | Expr::Constant(_))
}

fn hidden(mut arguments: Vec<Node>, environment: &Environment<'_>) -> Node {
    let inner = arguments.remove(0);
    if environment.is_interpreted {
        return Node::new(Expr::Hidden(Box::new(inner)), Type::Dyn);
    }
    let ty = inner.ty.clone();
    match inner.value() {
        Some(_) => inner,
        None => Node::new(Expr::Hidden(Box::new(inner)), ty),
    }
}

fn type_of(arguments: &[Node], environment: &Environment<'_>) -> Result<Node, String> {
    let pool = environment.pool;
    match arguments.first().map(|argument| &argument.ty) {
        None | Some(Type::Dyn | Type::Wrapper(_)) => {
            environment.interpreted(Type::Meta, "type() of what is known only when the rule is evaluated")
        }
        Some(ty) => {
            let name = match ty {
                Type::List(_) | Type::Map(..) => ty.to_string(),
                other => other.name(pool),
            };
            Ok(Node::constant(Value::Type(name), Type::Meta))
        }
    }
}

fn no_overload(name: &str, is_method: bool, arguments: &[Node], pool: &DescriptorPool) -> String {
    let names: Vec<String> = arguments.iter().map(|argument| argument.ty.name(pool)).collect();
    let applied = match names.split_first() {
        Some((target, rest)) if is_method => format!("{target}.({})", rest.join(", ")),
        _ => format!("({})", names.join(", ")),
    };
    format!("found no matching overload for '{name}' applied to '{applied}'")
}

fn library(name: &str, is_method: bool, arguments: Vec<Node>, pool: &DescriptorPool) -> Result<Node, String> {
    let mut named = FUNCTIONS.iter().filter(|function| function.name == name).peekable();
    if named.peek().is_none() {
        return Err(format!("undeclared reference to '{name}'"));
    }
    let fits = |parameters: &[super::functions::Kind]| {
        parameters.len() == arguments.len()
            && parameters.iter().zip(&arguments).all(|(parameter, argument)| {
                argument.ty == Type::Dyn || parameter.of().unifies(argument.ty.unwrapped())
            })
    };
    match named.find(|function| is_method && fits(function.parameters)) {
        Some(function) => Ok(Node::new(Expr::Call(function, arguments), function.result.of())),
        None => Err(no_overload(name, is_method, &arguments, pool)),
    }
}

fn operator_named(
    operator: Operator,
    name: &str,
    arguments: Vec<Node>,
    environment: &Environment<'_>,
) -> Result<Node, String> {
    let pool = environment.pool;
    // Whoever compares what `dyn()` hides finds out when the expression is evaluated.
    if arguments.iter().any(|argument| matches!(argument.expr, Expr::Failure(_))) {
        let failure = arguments.into_iter().find(|argument| matches!(argument.expr, Expr::Failure(_)));
        let ty = result(operator, &[]).unwrap_or(Type::Dyn);
        return Ok(failure.map_or_else(|| Node::bool(false), |node| Node::new(node.expr, ty)));
    }
    let is_method = matches!(
        operator,
        Operator::Unique
            | Operator::Format
            | Operator::Contains
            | Operator::StartsWith
            | Operator::EndsWith
            | Operator::Join
    );
    if arguments.iter().any(is_unknown) {
        return match result_of_unknown(operator, &arguments) {
            Some(ty) => environment.interpreted(ty, UNKNOWN),
            None => Err(no_overload(name, is_method, &arguments, pool)),
        };
    }
    let Some(ty) = result(operator, &arguments) else {
        return Err(no_overload(name, is_method, &arguments, pool));
    };
    if operator == Operator::NotEqual {
        return operator_named(Operator::Equal, name, arguments, environment).map(not);
    }
    check_format(operator, &arguments)?;
    if environment.is_interpreted {
        check_pattern(operator, &arguments)?;
    }
    let values: Option<Vec<&Value>> = arguments.iter().map(Node::value).collect();
    if let Some(folded) = values.and_then(|values| fold::evaluate(operator, &values)) {
        return Ok(match folded {
            Ok(value) => Node::constant(value, ty),
            Err(error) => Node::new(Expr::Failure(error.to_string()), ty),
        });
    }
    Ok(Node::new(Expr::Operator(operator, arguments), ty))
}

/// The template of `format` is checked at build time where it is known, as cel-go does.
fn check_format(operator: Operator, arguments: &[Node]) -> Result<(), String> {
    let (Operator::Format, [template, Node { expr: Expr::List(items), .. }]) = (operator, arguments) else {
        return Ok(());
    };
    let Some(template) = template.as_text() else { return Ok(()) };
    let verbs = template.replace("%%", "").matches('%').count();
    if verbs == items.len() {
        return Ok(());
    }
    Err(format!("the template of format() has {verbs} verbs, and there are {} arguments", items.len()))
}

/// A pattern that is known is checked at build time: when it is written, or, as this is not, here.
fn check_pattern(operator: Operator, arguments: &[Node]) -> Result<(), String> {
    let (Operator::Matches, [_, pattern]) = (operator, arguments) else { return Ok(()) };
    let Some(pattern) = pattern.as_text() else { return Ok(()) };
    gannet_cel::re2::Pattern::new(pattern).map(|_| ()).map_err(|error| error.to_string())
}

/// The type of an operator's result where operands may be of any type; `None` if it has no meaning for the others, whatever
/// those are.
fn result_of_unknown(operator: Operator, arguments: &[Node]) -> Option<Type> {
    let any = || Box::new(Type::Dyn);
    let types = [
        Type::Bool,
        Type::Int,
        Type::Uint,
        Type::Double,
        Type::String,
        Type::Bytes,
        Type::Null,
        Type::Timestamp,
        Type::Duration,
        Type::Meta,
        Type::List(any()),
        Type::Map(any(), any()),
    ];
    let mut candidates = vec![Vec::new()];
    for argument in arguments {
        let own = [argument.ty.clone()];
        let possible = if is_unknown(argument) { &types[..] } else { &own[..] };
        candidates = candidates
            .iter()
            .flat_map(|before| {
                possible.iter().map(|ty| {
                    let mut candidate = before.clone();
                    candidate.push(Node::new(Expr::Interpreted, ty.clone()));
                    candidate
                })
            })
            .collect();
    }
    let mut results = candidates.iter().filter_map(|candidate| result(operator, candidate));
    let first = results.next()?;
    Some(if results.all(|other| other == first) { first } else { Type::Dyn })
}

/// The type of an operator's result; `None` if it has no meaning for these operands.
fn result(operator: Operator, arguments: &[Node]) -> Option<Type> {
    let types: Vec<&Type> = arguments.iter().map(|argument| argument.ty.unwrapped()).collect();
    let raw = || arguments.iter().map(|argument| &argument.ty).collect::<Vec<_>>();
    match operator {
        Operator::Equal | Operator::NotEqual => match raw().as_slice() {
            [left, right] => left.unifies(right).then_some(Type::Bool),
            _ => Some(Type::Bool),
        },
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            match types.as_slice() {
                [left, right] => (is_ordered(left, right)).then_some(Type::Bool),
                _ => Some(Type::Bool),
            }
        }
        Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Modulo
        | Operator::Negate => arithmetic(operator, &types),
        Operator::Index => match types.as_slice() {
            [Type::List(item), Type::Int] => Some((**item).clone()),
            [Type::Map(key, value), index] if key.unifies(index) => Some((**value).clone()),
            _ => None,
        },
        Operator::In => match types.as_slice() {
            [item, Type::List(listed)] => item.unifies(listed).then_some(Type::Bool),
            [item, Type::Map(key, _)] => item.unifies(key).then_some(Type::Bool),
            _ => None,
        },
        Operator::Size => {
            matches!(types.as_slice(), [Type::String | Type::Bytes | Type::List(_) | Type::Map(..)])
                .then_some(Type::Int)
        }
        Operator::Unique => match types.as_slice() {
            [Type::List(item)] => {
                let is_scalar = !matches!(&**item, Type::Message(_) | Type::List(_) | Type::Map(..));
                is_scalar.then_some(Type::Bool)
            }
            _ => None,
        },
        Operator::Format => matches!(types.as_slice(), [Type::String, Type::List(_)]).then_some(Type::String),
        Operator::Matches => matches!(types.as_slice(), [Type::String, Type::String]).then_some(Type::Bool),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            matches!(types.as_slice(), [Type::String, Type::String] | [Type::Bytes, Type::Bytes])
                .then_some(Type::Bool)
        }
        Operator::Join => match types.as_slice() {
            [Type::List(item)] | [Type::List(item), Type::String] => {
                item.unifies(&Type::String).then_some(Type::String)
            }
            _ => None,
        },
        _ => conversion(operator, &types),
    }
}

fn is_ordered(left: &Type, right: &Type) -> bool {
    let has_order = |ty: &Type| {
        matches!(ty, Type::Bool | Type::String | Type::Bytes | Type::Timestamp | Type::Duration)
            || ty.is_number()
    };
    has_order(left) && (left == right || (left.is_number() && right.is_number()))
}

fn arithmetic(operator: Operator, types: &[&Type]) -> Option<Type> {
    let is_sum = operator == Operator::Add;
    let is_difference = operator == Operator::Subtract;
    Some(match types {
        [] => return Some(Type::Dyn),
        [Type::Int] => Type::Int,
        [Type::Double] => Type::Double,
        [Type::Int, Type::Int] => Type::Int,
        [Type::Uint, Type::Uint] => Type::Uint,
        [Type::Double, Type::Double] if operator != Operator::Modulo => Type::Double,
        [Type::String, Type::String] if is_sum => Type::String,
        [Type::Bytes, Type::Bytes] if is_sum => Type::Bytes,
        [Type::List(one), Type::List(other)] if is_sum && one.unifies(other) => {
            Type::List(if **one == Type::Dyn { other.clone() } else { one.clone() })
        }
        [Type::Duration, Type::Duration] if is_sum || is_difference => Type::Duration,
        [Type::Timestamp, Type::Duration] if is_sum || is_difference => Type::Timestamp,
        [Type::Duration, Type::Timestamp] if is_sum => Type::Timestamp,
        [Type::Timestamp, Type::Timestamp] if is_difference => Type::Duration,
        _ => return None,
    })
}

fn conversion(operator: Operator, types: &[&Type]) -> Option<Type> {
    let [from] = types else { return None };
    let number = from.is_number();
    match operator {
        Operator::ToInt => {
            (number || matches!(from, Type::String | Type::Timestamp | Type::Duration)).then_some(Type::Int)
        }
        Operator::ToUint => (number || **from == Type::String).then_some(Type::Uint),
        Operator::ToDouble => (number || **from == Type::String).then_some(Type::Double),
        Operator::ToText => {
            let fits = number
                || matches!(from, Type::String | Type::Bool | Type::Bytes | Type::Timestamp | Type::Duration);
            fits.then_some(Type::String)
        }
        Operator::ToBytes => matches!(from, Type::String | Type::Bytes).then_some(Type::Bytes),
        Operator::ToBool => matches!(from, Type::String | Type::Bool).then_some(Type::Bool),
        Operator::ToTimestamp => {
            matches!(from, Type::String | Type::Int | Type::Timestamp).then_some(Type::Timestamp)
        }
        Operator::ToDuration => {
            matches!(from, Type::String | Type::Int | Type::Duration).then_some(Type::Duration)
        }
        _ => None,
    }
}
