//! Validating a message: the trait that generated code implements, and where it puts what it finds.
//!
//! Not here: what a violation is (`violation.rs`), and the faults of the older dialect (`legacy`).

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use gannet_cel::{Error as EvaluationError, Timestamp};
use gannet_core::CheckSettings as Settings;

use crate::legacy;
use crate::violation::{FieldPath, PathElement, Rule, Subscript, Violation};

/// A message whose contract has rules. Implemented by generated code.
pub trait Validate {
    /// Checks the rules of go-proto-validators, up to the first fault.
    ///
    /// # Errors
    /// The message breaks one.
    fn check_legacy(&self) -> Result<(), legacy::Fault> {
        Ok(())
    }

    /// Checks the rules of `buf.validate`, and adds to the report which are broken.
    ///
    /// # Errors
    /// No more is wanted: the report is full, or a rule could not be evaluated.
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        let _ = report;
        Ok(())
    }

    /// Whether the message keeps the rules of its contract.
    ///
    /// # Errors
    /// What is broken: one rule of go-proto-validators, or up to [`DEFAULT_VIOLATION_LIMIT`](crate::DEFAULT_VIOLATION_LIMIT) of `buf.validate`.
    fn validate(&self) -> Result<(), ValidationError> {
        self.validate_with(&Settings::new())
    }

    /// As [`validate`](Self::validate), with other settings.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    fn validate_with(&self, settings: &Settings) -> Result<(), ValidationError> {
        self.check_legacy()?;
        let mut report = Report::new(settings);
        // What ended it stands in the report.
        let _ = self.check(&mut report);
        report.finish()
    }
}

impl<M: Validate + ?Sized> Validate for Box<M> {
    fn check_legacy(&self) -> Result<(), legacy::Fault> {
        (**self).check_legacy()
    }

    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        (**self).check(report)
    }
}

/// No more violations are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// The step from a message to one that it holds.
#[derive(Debug)]
pub struct Step(pub PathElement);

/// What has been found so far in a message.
///
/// Small while nothing is: making one, and seeing that it is empty, takes less time than most rules.
#[derive(Debug)]
pub struct Report {
    limit: usize,
    found: Option<Found>,
    now: Cell<Option<Timestamp>>,
    /// How many bytes interpreted rules may still look into.
    interpretable: Cell<usize>,
}

/// What is wrong with a message.
#[derive(Debug)]
struct Found {
    /// While there may be steps to come, a field's path that is not borrowed from the generated code has its innermost step
    /// first: each step from further out is then one more at the end, however deep the message.
    violations: Vec<Violation>,
    failure: Option<Reason>,
    room_for_keys: usize,
}

/// So many bytes of keys of maps are copied at most: 1 MiB. They come from the peer, and are copied for each violation of
/// the message that they lead to. When there is no room for another, no more violations are wanted.
const ROOM_FOR_KEYS: usize = 1 << 20;

/// So many violations there is room for when there is one.
const FIRST_VIOLATIONS: usize = 4;

impl Report {
    /// An empty one. Allocates nothing.
    #[inline]
    pub fn new(settings: &Settings) -> Self {
        Self {
            limit: settings.violation_limit(),
            found: None,
            now: Cell::new(None),
            interpretable: Cell::new(settings.interpreted_limit()),
        }
    }

    fn found(&mut self) -> &mut Found {
        let expected = self.limit.min(FIRST_VIOLATIONS);
        self.found.get_or_insert_with(|| Found {
            violations: Vec::with_capacity(expected),
            failure: None,
            room_for_keys: ROOM_FOR_KEYS,
        })
    }

    /// How many violations there are.
    #[inline]
    fn count(&self) -> usize {
        self.found.as_ref().map_or(0, |found| found.violations.len())
    }

    /// Adds the violation of a rule whose text is known at build time.
    ///
    /// # Errors
    /// That was the last one wanted.
    #[cold]
    #[inline(never)]
    pub fn add(&mut self, rule: &'static Rule) -> Result<(), Stop> {
        self.push(of_rule(rule))
    }

    /// Adds the violation of a rule that says in words what is wrong when it is evaluated.
    ///
    /// # Errors
    /// That was the last one wanted.
    #[cold]
    #[inline(never)]
    pub fn add_text(&mut self, rule: &'static Rule, message: impl Into<String>) -> Result<(), Stop> {
        self.push(Violation { message: Cow::Owned(message.into()), ..of_rule(rule) })
    }

    /// Adds the violation of a rule about an item of a list, or about a value or key of a map. The subscript belongs to the
    /// last step of the rule's field.
    ///
    /// # Errors
    /// That was the last one wanted.
    #[cold]
    #[inline(never)]
    pub fn add_at(
        &mut self,
        rule: &'static Rule,
        subscript: Subscript,
        message: Option<String>,
        for_key: bool,
    ) -> Result<(), Stop> {
        let mut violation = of_rule(rule);
        if let Some(last) = inside_out(&mut violation.field.elements).first_mut() {
            last.subscript = Some(subscript);
        }
        if let Some(message) = message {
            violation.message = Cow::Owned(message);
        }
        violation.for_key = for_key;
        self.push(violation)
    }

    #[inline]
    fn push(&mut self, violation: Violation) -> Result<(), Stop> {
        let limit = self.limit;
        let violations = &mut self.found().violations;
        violations.push(violation);
        if violations.len() >= limit { Err(Stop) } else { Ok(()) }
    }

    /// Adds a violation that was put together when it was found, as validators do that nobody generated. Its field has one
    /// step at most; [`nested_by`](Self::nested_by) puts others before it.
    ///
    /// # Errors
    /// That was the last one wanted.
    #[cold]
    #[inline(never)]
    pub fn add_violation(&mut self, violation: Violation) -> Result<(), Stop> {
        self.push(violation)
    }

    /// Notes that the rule of this id could not be evaluated, which ends the validation.
    ///
    /// # Errors
    /// Always.
    #[cold]
    #[inline(never)]
    pub fn fail(&mut self, rule_id: &str, error: &EvaluationError) -> Result<(), Stop> {
        self.found().failure.get_or_insert_with(|| {
            let error = EvaluationError::new(format!("error evaluating {rule_id}: {error}"));
            Reason::Evaluation(Box::new(error))
        });
        Err(Stop)
    }

    /// Notes that the contract has a rule that could not be turned into code, which ends the validation.
    ///
    /// # Errors
    /// Always.
    #[cold]
    #[inline(never)]
    pub fn fail_unbuilt(&mut self, fault: &'static str) -> Result<(), Stop> {
        self.found().failure.get_or_insert(Reason::Unbuilt(fault));
        Err(Stop)
    }

    /// The time, the same for all rules of one validation.
    pub fn now(&self) -> Timestamp {
        if let Some(now) = self.now.get() {
            return now;
        }
        let now = Timestamp::now();
        self.now.set(Some(now));
        now
    }

    /// Notes that an interpreted rule is about to look into a message of so many bytes.
    ///
    /// A rule about a message sees all that this holds. Where messages are nested and each has such a rule, what lies innermost
    /// is made a value for each level, and it is the peer who decides how many levels there are.
    ///
    /// # Errors
    /// With this one they are more than [`Settings::interpreted_limit`].
    pub fn look_into(&self, bytes: usize) -> Result<(), EvaluationError> {
        let left = self.interpretable.get().checked_sub(bytes).ok_or_else(|| {
            EvaluationError::new(
                "interpreted rules would look into more bytes of this message and those nested in it than \
                 `interpreted_limit` allows",
            )
        })?;
        self.interpretable.set(left);
        Ok(())
    }

    /// Validates a message that this one holds, and puts the step to it before the fields it finds.
    ///
    /// # Errors
    /// No more is wanted.
    #[inline]
    pub fn nested<M: Validate + ?Sized>(&mut self, message: &M, step: &'static Step) -> Result<(), Stop> {
        let before = self.count();
        let result = message.check(self);
        if self.count() != before {
            self.lead(before, &step.0, None)?;
        }
        result
    }

    /// As [`nested`](Self::nested), for an item of a list or a value of a map.
    ///
    /// # Errors
    /// No more is wanted.
    #[inline]
    pub fn nested_at<M: Validate + ?Sized>(
        &mut self,
        message: &M,
        step: &'static Step,
        subscript: impl FnOnce() -> Subscript,
    ) -> Result<(), Stop> {
        let before = self.count();
        let result = message.check(self);
        if self.count() != before {
            self.lead(before, &step.0, Some(subscript()))?;
        }
        result
    }

    /// As [`nested`](Self::nested) and [`nested_at`](Self::nested_at), for validators that nobody generated.
    ///
    /// # Errors
    /// No more is wanted.
    pub fn nested_by(
        &mut self,
        element: &PathElement,
        subscript: impl FnOnce() -> Option<Subscript>,
        check: impl FnOnce(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let before = self.count();
        let result = check(self);
        if self.count() != before {
            self.lead(before, element, subscript())?;
        }
        result
    }

    /// Puts a step before the fields of the violations from this one on.
    #[cold]
    #[inline(never)]
    fn lead(&mut self, from: usize, step: &PathElement, subscript: Option<Subscript>) -> Result<(), Stop> {
        let found = self.found();
        let mut full = false;
        if let Some(Subscript::String(key)) = &subscript {
            let fitting = found.room_for_keys / key.len().max(1);
            full = found.violations.len() - from > fitting;
            // At least one is kept, however long the key.
            found.violations.truncate(from + fitting.max(1));
            found.room_for_keys =
                found.room_for_keys.saturating_sub(key.len() * (found.violations.len() - from));
        }
        let mut element = step.clone();
        element.subscript = subscript;
        for violation in found.violations.iter_mut().skip(from) {
            inside_out(&mut violation.field.elements).push(element.clone());
        }
        if full { Err(Stop) } else { Ok(()) }
    }

    /// What all of it comes to.
    ///
    /// # Errors
    /// There are violations, or a rule could not be evaluated.
    #[inline]
    pub fn finish(self) -> Result<(), ValidationError> {
        match self.found {
            None => Ok(()),
            Some(found) => Err(found.into_error()),
        }
    }
}

impl Found {
    #[cold]
    #[inline(never)]
    fn into_error(self) -> ValidationError {
        let Self { mut violations, failure, .. } = self;
        for violation in &mut violations {
            if let Cow::Owned(elements) = &mut violation.field.elements {
                elements.reverse();
            }
        }
        ValidationError(failure.unwrap_or(Reason::Violations(violations)))
    }
}

/// The violation of a rule in the words of the contract.
#[inline]
fn of_rule(rule: &'static Rule) -> Violation {
    Violation {
        field: FieldPath { elements: Cow::Borrowed(rule.field) },
        rule: FieldPath { elements: Cow::Borrowed(rule.path) },
        rule_id: Cow::Borrowed(rule.id),
        message: Cow::Borrowed(rule.message),
        for_key: false,
    }
}

/// A path to which steps from further out can be added at the end.
fn inside_out<'a>(elements: &'a mut Cow<'static, [PathElement]>) -> &'a mut Vec<PathElement> {
    if let Cow::Borrowed(path) = elements {
        let mut owned = Vec::with_capacity(path.len() + 1);
        owned.extend(path.iter().rev().cloned());
        *elements = Cow::Owned(owned);
    }
    elements.to_mut()
}

/// Why a message is not valid.
///
/// Its text is what the dialect of the broken rule prescribes: `invalid field Name: value 'x' must …` of
/// go-proto-validators, `validation error: name: …` of `buf.validate`.
#[derive(Clone)]
pub struct ValidationError(Reason);

/// No larger than a vector.
#[derive(Debug, Clone)]
enum Reason {
    Legacy(legacy::Fault),
    Violations(Vec<Violation>),
    Evaluation(Box<EvaluationError>),
    Unbuilt(&'static str),
}

impl ValidationError {
    /// The broken rules of `buf.validate`; empty if the message breaks one of go-proto-validators.
    pub fn violations(&self) -> &[Violation] {
        match &self.0 {
            Reason::Violations(violations) => violations,
            Reason::Legacy(_) | Reason::Evaluation(_) | Reason::Unbuilt(_) => &[],
        }
    }

    /// The rule that could not be evaluated, if that is the reason: it is the contract that is at fault then.
    pub fn evaluation_error(&self) -> Option<&EvaluationError> {
        match &self.0 {
            Reason::Evaluation(error) => Some(error),
            Reason::Legacy(_) | Reason::Violations(_) | Reason::Unbuilt(_) => None,
        }
    }

    /// What is wrong with a rule that could not be turned into code, if that is the reason. Only code that was generated
    /// with rules' faults deferred has such rules.
    pub fn unbuilt_rule(&self) -> Option<&str> {
        match &self.0 {
            Reason::Unbuilt(fault) => Some(fault),
            Reason::Legacy(_) | Reason::Violations(_) | Reason::Evaluation(_) => None,
        }
    }
}

impl ValidationError {
    /// Whether the contract is at fault, and not the message: a rule could not be evaluated, or not be turned into code.
    pub fn is_of_contract(&self) -> bool {
        matches!(&self.0, Reason::Evaluation(_) | Reason::Unbuilt(_))
    }
}

impl From<EvaluationError> for ValidationError {
    #[cold]
    fn from(error: EvaluationError) -> Self {
        Self(Reason::Evaluation(Box::new(error)))
    }
}

impl From<legacy::Fault> for ValidationError {
    #[cold]
    fn from(fault: legacy::Fault) -> Self {
        Self(Reason::Legacy(fault))
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Legacy(fault) => fault.fmt(formatter),
            Reason::Evaluation(error) => write!(formatter, "runtime error: {error}"),
            Reason::Unbuilt(fault) => write!(formatter, "compilation error: {fault}"),
            Reason::Violations(violations) => match violations.as_slice() {
                [only] => write!(formatter, "validation error: {only}"),
                all => {
                    formatter.write_str("validation errors:")?;
                    all.iter().try_for_each(|violation| write!(formatter, "\n - {violation}"))
                }
            },
        }
    }
}

impl fmt::Debug for ValidationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for ValidationError {}

#[cfg(test)]
mod tests;
