//! A parsed expression, and the variables it is evaluated with.

use gannet_cel::{Error, Timestamp, Value};

use crate::evaluate::Evaluation;
use crate::parse::parse;
use crate::repeated;
use crate::tree::Expr;
use crate::types::Types;

/// An expression, parsed once and evaluated as often as one likes.
///
/// ```
/// use gannet_cel_interpreter::{Expression, Types, Value, Variables};
///
/// let expression = Expression::parse("this.filter(word, word.startsWith('a')).size()")?;
/// let words = Value::from_iter(["apple", "pear"]);
/// let variables = Variables { this: Some(&words), ..Variables::default() };
/// assert_eq!(expression.evaluate(&Types::decode(&[])?, &variables)?, Value::Int(1));
/// # Ok::<(), gannet_cel_interpreter::Error>(())
/// ```
///
/// The language is CEL as protovalidate has it: the standard macros and functions, its own functions, and the extension
/// for strings. Optional values and macros with two variables are no part of it.
#[derive(Debug)]
pub struct Expression {
    root: Expr,
    /// How many results are kept for an evaluation.
    kept: usize,
}

/// The variables of an expression; one that is nothing is not declared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Variables<'v> {
    /// What is validated: a message or a field's value.
    pub this: Option<&'v Value>,
    /// The value of the rule that the expression belongs to.
    pub rule: Option<&'v Value>,
    /// The message of rules that it stands in.
    pub rules: Option<&'v Value>,
    /// The time; if it is nothing, that of the evaluation, which is asked for once at most.
    pub now: Option<Timestamp>,
}

impl Expression {
    /// Parses an expression. Types are not checked: an operator without a meaning for its operands fails when it is
    /// evaluated.
    ///
    /// # Errors
    /// It is not CEL, or calls a function that there is not; the error says where and which.
    pub fn parse(source: &str) -> Result<Self, Error> {
        let mut root = parse(source)?;
        let kept = repeated::mark(&mut root);
        Ok(Self { root, kept })
    }

    /// Its value, with the words of cel-go if it has none.
    ///
    /// ```
    /// use gannet_cel_interpreter::{Expression, Types, Variables};
    ///
    /// let expression = Expression::parse("{'a': 1}.b")?;
    /// let error = expression.evaluate(&Types::decode(&[])?, &Variables::default()).unwrap_err();
    /// assert_eq!(error.to_string(), "no such key: b");
    /// # Ok::<(), gannet_cel_interpreter::Error>(())
    /// ```
    ///
    /// # Errors
    /// A key, field or name that is not there, an overflow, a division by zero, operands of types that have no such
    /// operator, an `Any` of an unknown type.
    pub fn evaluate(&self, types: &Types, variables: &Variables<'_>) -> Result<Value, Error> {
        Evaluation::new(types, variables, self.kept).run(&self.root)
    }
}
