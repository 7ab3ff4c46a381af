//! Expressions after checking: every part with its type, constants folded.

use buffa_descriptor::MessageIndex;
use buffa_descriptor::reflect::DynamicMessage;
use gannet_cel::Value;

use super::functions::Function;
use super::types::Type;

/// An expression with its type.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) expr: Expr,
    pub(crate) ty: Type,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Constant(Value),
    /// A message that is known at build time: the rules themselves, or a message in them.
    Message(Box<DynamicMessage>),
    /// Fails whenever it is evaluated, with these words.
    Failure(String),
    /// Only an interpreter can evaluate it; its type alone is known here.
    Interpreted,
    /// The value that is validated.
    This,
    /// The time at which the message is validated.
    Now,
    /// The variable of a macro around it.
    Local(String),
    Field {
        base: Box<Node>,
        message: MessageIndex,
        number: u32,
    },
    Has {
        base: Box<Node>,
        message: MessageIndex,
        number: u32,
    },
    /// `dyn(x)`: x, whose type is not to be relied on.
    Hidden(Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    /// An operator whose meaning depends on the operands' types.
    Operator(Operator, Vec<Node>),
    /// A function of the library.
    Call(&'static Function, Vec<Node>),
    List(Vec<Node>),
    Macro {
        kind: Macro,
        range: Box<Node>,
        variable: String,
        filter: Option<Box<Node>>,
        body: Box<Node>,
    },
}

/// Operators, and functions that are overloaded like them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Negate,
    Index,
    In,
    Size,
    Unique,
    Format,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Join,
    ToInt,
    ToUint,
    ToDouble,
    ToText,
    ToBytes,
    ToBool,
    ToTimestamp,
    ToDuration,
}

/// The macros that go through a list or a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

impl Node {
    pub(crate) fn new(expr: Expr, ty: Type) -> Self {
        Self { expr, ty }
    }

    pub(crate) fn constant(value: Value, ty: Type) -> Self {
        Self { expr: Expr::Constant(value), ty }
    }

    pub(crate) fn bool(value: bool) -> Self {
        Self::constant(Value::Bool(value), Type::Bool)
    }

    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::constant(Value::String(value.into()), Type::String)
    }

    /// The constant that this is.
    pub(crate) fn value(&self) -> Option<&Value> {
        match &self.expr {
            Expr::Constant(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.value() {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self.value() {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}
