//! Rules that are interpreted: expressions that could not be written as Rust.
//!
//! Generated code has one [`Interpreted`] per such rule. Here an expression meets the descriptors of its contract; evaluating
//! it is `gannet-cel-interpreter`'s.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gannet_cel::{Error, Value};
use gannet_cel_interpreter::{Expression, Types, Variables};

use crate::report::Report;

/// A rule whose expression is interpreted. Made by generated code.
#[derive(Debug)]
pub struct Interpreted {
    expression: &'static str,
    text: &'static str,
    descriptor_set: &'static [u8],
    rules: Option<Rules>,
    prepared: OnceLock<Result<Prepared, Error>>,
}

/// The options that a predefined rule is set in: their type, encoded, and the rule's field there.
#[derive(Debug)]
struct Rules {
    message: &'static str,
    encoded: &'static [u8],
    number: u32,
}

/// What is made when a rule is first evaluated.
#[derive(Debug)]
struct Prepared {
    types: Arc<Types>,
    expression: Expression,
}

impl Interpreted {
    /// One that refers to `this` and `now` alone. `text` is what a violation says if the expression does not; the set holds
    /// the contract's descriptors and what they import.
    pub const fn new(expression: &'static str, text: &'static str, descriptor_set: &'static [u8]) -> Self {
        Self { expression, text, descriptor_set, rules: None, prepared: OnceLock::new() }
    }

    /// The same, with the options that it is set in as `rules`, and their field of this number as `rule`.
    #[must_use]
    pub const fn of_rules(mut self, message: &'static str, encoded: &'static [u8], number: u32) -> Self {
        self.rules = Some(Rules { message, encoded, number });
        self
    }

    /// How `this` breaks the rule, in words; nothing if it keeps it. `this` is kept in `seen` for the next rule about it.
    ///
    /// # Errors
    /// There is no such value, the expression fails, or gives something that is no verdict.
    pub fn check(
        &self,
        seen: &mut Option<Value>,
        this: impl FnOnce() -> Result<Value, Error>,
        report: &Report,
    ) -> Result<Option<String>, Error> {
        let expression = &self.prepared()?.expression;
        let this = match seen {
            Some(this) => this,
            None => seen.insert(this()?),
        };
        let variables = Variables { this: Some(this), now: Some(report.now()) };
        match expression.evaluate(&variables)? {
            Value::Bool(true) => Ok(None),
            Value::Bool(false) => Ok(Some(self.text.to_owned())),
            Value::String(text) => Ok((!text.is_empty()).then_some(text)),
            other => Err(Error::new(format!(
                "`{}` gives {}, where a bool or a string is wanted",
                self.expression,
                other.type_name()
            ))),
        }
    }

    /// An encoded message as a value.
    ///
    /// # Errors
    /// The contract's descriptors do not know its type, it is nested too deep, or there is [no room](Report::look_into) for
    /// more.
    pub fn message(&self, full_name: &str, encoded: &[u8], report: &Report) -> Result<Value, Error> {
        report.look_into(encoded.len())?;
        self.prepared()?.types.message(full_name, encoded)
    }

    fn prepared(&self) -> Result<&Prepared, Error> {
        self.prepared.get_or_init(|| self.prepare()).as_ref().map_err(Clone::clone)
    }

    #[cold]
    fn prepare(&self) -> Result<Prepared, Error> {
        let types = types_of(self.descriptor_set)?;
        let expression = match &self.rules {
            None => Expression::parse(self.expression, &types)?,
            Some(Rules { message, encoded, number }) => {
                let (rules, rule) = types.message_and_field(message, encoded, *number)?;
                Expression::parse_of_rule(self.expression, &types, &rules, &rule)?
            }
        };
        Ok(Prepared { types, expression })
    }
}

/// The types of a contract; those of one contract are decoded once, however many rules it has.
fn types_of(descriptor_set: &'static [u8]) -> Result<Arc<Types>, Error> {
    static KNOWN: Mutex<BTreeMap<usize, Arc<Types>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    // A static's address tells it from all others, as long as it is not empty.
    let address = descriptor_set.as_ptr().addr();
    if let Some(types) = known.get(&address) {
        return Ok(Arc::clone(types));
    }
    let types = Arc::new(Types::decode(descriptor_set)?);
    known.insert(address, Arc::clone(&types));
    Ok(types)
}
