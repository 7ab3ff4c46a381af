//! Expressions as they are evaluated: names and functions are looked up once, when an expression is parsed.

use gannet_cel::Value;
use gannet_cel::library::Function;
use gannet_cel::re2::Pattern;

#[derive(Debug)]
pub(crate) enum Expr {
    Constant(Value),
    Variable(Variable),
    /// The variable of a macro, by how many macros lie between it and the one it belongs to.
    Local(usize),
    /// A name with dots that is no variable: an enum's value or a type.
    Qualified(String),
    Select(Box<Expr>, String),
    /// `getField(x, name)`, with a name that is no literal.
    Field(Box<Expr>, Box<Expr>),
    Has(Box<Expr>, String),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Index(Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
    /// `text.matches(pattern)` with a pattern that is always the same.
    Matches(Box<Expr>, Pattern),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Message(String, Vec<(String, Expr)>),
    Macro {
        kind: Macro,
        range: Box<Expr>,
        filter: Option<Box<Expr>>,
        body: Box<Expr>,
        /// How many results of parts of filter and body are kept for an item, for the macros within.
        kept: usize,
    },
    /// What is evaluated once for an item of the macro that so many macros lie around it, or once at all: its result is kept in
    /// this place.
    Kept {
        between: Option<usize>,
        place: usize,
        inner: Box<Expr>,
    },
}

impl Expr {
    /// What it is made of, but for a macro.
    pub(crate) fn parts(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::Constant(_)
            | Self::Variable(_)
            | Self::Local(_)
            | Self::Qualified(_)
            | Self::Macro { .. } => Vec::new(),
            Self::Select(part, _)
            | Self::Has(part, _)
            | Self::Not(part)
            | Self::Matches(part, _)
            | Self::Kept { inner: part, .. } => vec![part],
            Self::Field(first, second)
            | Self::And(first, second)
            | Self::Or(first, second)
            | Self::Index(first, second) => vec![first, second],
            Self::If(condition, then, otherwise) => vec![condition, then, otherwise],
            Self::Call(_, parts) | Self::List(parts) => parts.iter_mut().collect(),
            Self::Map(entries) => entries.iter_mut().flat_map(|(key, value)| [key, value]).collect(),
            Self::Message(_, fields) => fields.iter_mut().map(|(_, value)| value).collect(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    This,
    Now,
}

/// The macros that go through a list or the keys of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}
