//! A parsed expression, and the variables it is evaluated with.

use gannet_cel::{Error, Timestamp, Value};

use crate::evaluate::Evaluation;
use crate::fold;
use crate::parse::{OfRule, parse};
use crate::repeated;
use crate::tree::Expr;
use crate::types::Types;

/// An expression, parsed once and evaluated as often as one likes.
///
/// ```
/// use gannet_cel_interpreter::{Expression, Types, Value, Variables};
///
/// let types = Types::decode(&[])?;
/// let expression = Expression::parse("this.filter(word, word.startsWith('a')).size()", &types)?;
/// let words = Value::from_iter(["apple", "pear"]);
/// let variables = Variables { this: Some(&words), ..Variables::default() };
/// assert_eq!(expression.evaluate(&variables)?, Value::Int(1));
/// # Ok::<(), gannet_cel_interpreter::Error>(())
/// ```
///
/// The language is CEL as protovalidate has it: the standard macros and functions, its own functions, and the extension
/// for strings. Optional values and macros with two variables are no part of it. What depends on no variable is evaluated when
/// it is parsed.
#[derive(Debug)]
pub struct Expression {
    root: Expr,
    /// How many results are kept for an evaluation.
    kept: usize,
    types: Types,
}

/// The variables of an expression; one that is nothing is not declared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Variables<'v> {
    /// What is validated: a message or a field's value.
    pub this: Option<&'v Value>,
    /// The time; if it is nothing, that of the evaluation, which is asked for once at most.
    pub now: Option<Timestamp>,
}

impl Expression {
    /// Parses an expression that knows these types, and the variables `this` and `now`. Types of operands are not checked: an
    /// operator without a meaning for its operands fails when it is evaluated.
    ///
    /// # Errors
    /// It is not CEL, or calls a function that there is not; the error says where and which.
    pub fn parse(source: &str, types: &Types) -> Result<Self, Error> {
        Ok(Self::new(parse(source, None)?, types))
    }

    /// The same for the meaning of a rule: `rules` is the message that the rule is set in, `rule` its own value there.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_of_rule(source: &str, types: &Types, rules: &Value, rule: &Value) -> Result<Self, Error> {
        Ok(Self::new(parse(source, Some(OfRule { rules, rule }))?, types))
    }

    fn new(mut root: Expr, types: &Types) -> Self {
        fold::fold(&mut root, types);
        let kept = repeated::mark(&mut root);
        Self { root, kept, types: types.clone() }
    }

    /// Its value, if that depends on no variable.
    ///
    /// ```
    /// use gannet_cel_interpreter::{Expression, Types, Value};
    ///
    /// let types = Types::decode(&[])?;
    /// let always = Expression::parse("1 + 1 == 2 || this.name == ''", &types)?;
    /// assert_eq!(always.constant(), Some(&Value::Bool(true)));
    /// # Ok::<(), gannet_cel_interpreter::Error>(())
    /// ```
    pub fn constant(&self) -> Option<&Value> {
        match &self.root {
            Expr::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Its value, with the words of cel-go if it has none.
    ///
    /// ```
    /// use gannet_cel_interpreter::{Expression, Types, Variables};
    ///
    /// let expression = Expression::parse("{'a': 1}.b", &Types::decode(&[])?)?;
    /// let error = expression.evaluate(&Variables::default()).unwrap_err();
    /// assert_eq!(error.to_string(), "no such key: b");
    /// # Ok::<(), gannet_cel_interpreter::Error>(())
    /// ```
    ///
    /// # Errors
    /// A key, field or name that is not there, an overflow, a division by zero, operands of types that have no such
    /// operator, an `Any` of an unknown type.
    pub fn evaluate(&self, variables: &Variables<'_>) -> Result<Value, Error> {
        Evaluation::new(&self.types, variables, self.kept).run(&self.root)
    }
}
