//! Rules, compiled: expressions parsed, and what their violations say.

use std::borrow::Cow;

use gannet_cel::{Error as EvaluationError, Value};
use gannet_cel_interpreter::{Expression, Types, Variables};
use gannet_rules::protovalidate::{Demand, Element, Rule};
use gannet_validate::{PathElement, Report, Stop, Subscript, Violation};

/// A rule.
#[derive(Debug)]
pub(crate) struct Check {
    id: String,
    /// What a violation says, unless the expression says it.
    message: String,
    path: Vec<PathElement>,
    pub(crate) demand: Compiled,
}

/// What a rule demands.
#[derive(Debug)]
pub(crate) enum Compiled {
    /// That an expression gives true or an empty string.
    Expression(Box<Expression>),
    /// That the type URL of an `Any` is one of these, or none of them.
    TypeUrl { urls: Vec<String>, is_allowed: bool },
    /// That an enum has a value of this number; they are sorted.
    Defined(Vec<i32>),
}

/// What a violation is about.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'s> {
    /// The step to the field; none for rules of the message.
    pub(crate) element: Option<&'s PathElement>,
    /// Which item of the field.
    pub(crate) subscript: Option<&'s Subscript>,
    /// Whether it is a map's key.
    pub(crate) for_key: bool,
}

impl Check {
    pub(crate) fn new(rule: Rule, types: &Types) -> Result<Self, gannet_rules::Error> {
        let Rule { id, message, path, demand, place } = rule;
        let demand = match demand {
            Demand::TypeUrl { urls, is_allowed } => Compiled::TypeUrl { urls, is_allowed },
            Demand::Defined(mut numbers) => {
                numbers.sort_unstable();
                Compiled::Defined(numbers)
            }
            Demand::Expression { source, rules } => {
                let parsed = match &rules {
                    None => Expression::parse(&source, types),
                    Some((rules, rule)) => {
                        let rule = types.field(rules, rule);
                        Expression::parse_of_rule(&source, types, &types.value(rules), &rule)
                    }
                };
                let expression = parsed.map_err(|error| {
                    gannet_rules::Error::new(place.clone(), error.to_string()).of_rule(&*id)
                })?;
                Compiled::Expression(Box::new(expression))
            }
        };
        Ok(Self { id, message, path: path.into_iter().map(path_element).collect(), demand })
    }

    /// Whether every value keeps the rule, as those of a standard rule's meanings do that are about others beside it.
    pub(crate) fn always_holds(&self) -> bool {
        let Compiled::Expression(expression) = &self.demand else { return false };
        match expression.constant() {
            Some(Value::Bool(holds)) => *holds,
            Some(Value::String(text)) => text.is_empty(),
            _ => false,
        }
    }

    /// Evaluates the expression, and reports what comes of it. `this` is kept in `seen` for the next rule about it.
    pub(crate) fn evaluate(
        &self,
        expression: &Expression,
        seen: &mut Option<Value>,
        this: impl FnOnce(&Report) -> Result<Value, EvaluationError>,
        spot: Spot<'_>,
        report: &mut Report,
    ) -> Result<(), Stop> {
        let this = match seen {
            Some(this) => this,
            None => match this(report) {
                Ok(this) => seen.insert(this),
                Err(error) => return report.fail(&self.id, &error),
            },
        };
        let variables = Variables { this: Some(this), now: Some(report.now()) };
        match expression.evaluate(&variables) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(Value::Bool(false)) => self.broken(spot, report),
            Ok(Value::String(text)) if text.is_empty() => Ok(()),
            Ok(Value::String(text)) => report.add_violation(self.violation(spot, text)),
            Ok(other) => {
                let text =
                    format!("the rule gives {}, where a bool or a string is wanted", other.type_name());
                report.fail(&self.id, &EvaluationError::new(text))
            }
            Err(error) => report.fail(&self.id, &error),
        }
    }

    /// Reports that the rule is broken.
    pub(crate) fn broken(&self, spot: Spot<'_>, report: &mut Report) -> Result<(), Stop> {
        report.add_violation(self.violation(spot, self.message.clone()))
    }

    fn violation(&self, spot: Spot<'_>, message: String) -> Violation {
        let element = spot.element.cloned().map(|mut element| {
            element.subscript = spot.subscript.cloned();
            element
        });
        Violation {
            field: element.into_iter().collect::<Vec<_>>().into(),
            rule: self.path.clone().into(),
            rule_id: Cow::Owned(self.id.clone()),
            message: Cow::Owned(message),
            for_key: spot.for_key,
        }
    }
}

/// A violation of a rule that every contract has, such as `required`.
pub(crate) fn fixed(
    element: Option<&PathElement>,
    path: &[PathElement],
    id: &'static str,
    message: impl Into<Cow<'static, str>>,
) -> Violation {
    Violation {
        field: element.into_iter().cloned().collect::<Vec<_>>().into(),
        rule: path.to_vec().into(),
        rule_id: Cow::Borrowed(id),
        message: message.into(),
        for_key: false,
    }
}

/// A step as violations have it.
pub(crate) fn path_element(element: Element) -> PathElement {
    let (key_type, value_type) = element.map.unwrap_or_default();
    PathElement {
        number: i32::try_from(element.number).unwrap_or_default(),
        name: Cow::Owned(element.name),
        field_type: element.field_type,
        key_type,
        value_type,
        subscript: element.index.map(Subscript::Index),
    }
}
