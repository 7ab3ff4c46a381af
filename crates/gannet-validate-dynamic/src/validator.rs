//! Validators: rules read and expressions parsed once, for any number of messages.
//!
//! Not here: what is checked of a message (`message.rs`, `legacy.rs`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _};
use buffa_descriptor::{DescriptorPool, FieldKind, MessageIndex, SingularKind};
use gannet_cel::Error as EvaluationError;
use gannet_cel_interpreter::Types;
use gannet_rules::protovalidate::Faults;
use gannet_rules::{Place, Schema, legacy, protovalidate};
use gannet_validate::{Report, Settings, ValidationError};

use crate::Error;
use crate::legacy::LegacyMessage;
use crate::message::MessageRules;

/// Validates messages by the rules in their descriptors.
///
/// Rules are read and expressions are parsed when it is made; it is meant to be made once and kept.
///
/// ```
/// # fn descriptor_set() -> Vec<u8> { Vec::new() }
/// use gannet_validate_dynamic::Validator;
///
/// let validator = Validator::decode(&descriptor_set())?;
/// assert!(!validator.has_rules("members.Member"));
/// # Ok::<(), gannet_validate_dynamic::Error>(())
/// ```
pub struct Validator {
    pub(crate) pool: Arc<DescriptorPool>,
    pub(crate) types: Types,
    /// The rules of `buf.validate`, of messages that have some, themselves or in what they hold.
    pub(crate) messages: BTreeMap<MessageIndex, MessageRules>,
    /// The rules of go-proto-validators, likewise.
    pub(crate) legacy: BTreeMap<MessageIndex, LegacyMessage>,
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Validator")
            .field("messages", &self.messages.len())
            .field("legacy", &self.legacy.len())
            .finish_non_exhaustive()
    }
}

impl Validator {
    /// Reads the rules of all messages of a contract.
    ///
    /// # Errors
    /// Rules that cannot be carried out: all of them, each with its place and how to mend it.
    pub fn new(schema: &Schema) -> Result<Self, Error> {
        let pool = schema.pool();
        let all = pool.messages().iter().filter_map(|message| pool.message_index(message.full_name()));
        Self::of(schema, all.collect())
    }

    /// Reads the rules of one message, by its full name, and of all that it can hold. Rules elsewhere in the contract may be
    /// wrong.
    ///
    /// # Errors
    /// The contract has no such message, or rules cannot be carried out.
    pub fn of_message(schema: &Schema, full_name: &str) -> Result<Self, Error> {
        let Some(index) = schema.pool().message_index(full_name) else {
            let place = Place { element: full_name.to_owned(), ..Place::default() };
            return Err(gannet_rules::Error::new(place, "the contract has no such message").into());
        };
        Self::of(schema, reachable(schema.pool(), index))
    }

    /// Reads the rules of all messages of an encoded `google.protobuf.FileDescriptorSet`, which has all imports in it, each
    /// before what imports it.
    ///
    /// # Errors
    /// The bytes are no descriptors, or as of [`new`](Self::new).
    pub fn decode(descriptor_set: &[u8]) -> Result<Self, Error> {
        Self::new(&Schema::decode(descriptor_set)?)
    }

    fn of(schema: &Schema, indices: Vec<MessageIndex>) -> Result<Self, Error> {
        let pool = schema.pool();
        let current = protovalidate::Validators::new(schema, Faults::Refuse)?;
        let legacy = legacy::Validators::new(schema);
        let mut this = Self {
            pool: Arc::clone(pool),
            types: Types::new(Arc::clone(pool)),
            messages: BTreeMap::new(),
            legacy: BTreeMap::new(),
        };
        let mut faults = Vec::new();
        for index in indices {
            let name = pool.message(index).full_name();
            match legacy.rules(name) {
                Ok(Some(rules)) => match LegacyMessage::new(schema, pool.message(index), rules) {
                    Ok(compiled) => {
                        this.legacy.insert(index, compiled);
                    }
                    Err(error) => faults.push(error),
                },
                Ok(None) => {}
                Err(errors) => faults.extend(errors),
            }
            if !current.has_rules(name) {
                continue;
            }
            match current.rule_set(name).and_then(|rules| MessageRules::new(rules, &this.types)) {
                Ok(compiled) => {
                    this.messages.insert(index, compiled);
                }
                Err(errors) => faults.extend(errors),
            }
        }
        if faults.is_empty() { Ok(this) } else { Err(faults.into()) }
    }

    /// The types of the contract, by which messages are to be decoded.
    pub fn pool(&self) -> &Arc<DescriptorPool> {
        &self.pool
    }

    /// Whether a message has rules, itself or in what it holds, by its full name.
    pub fn has_rules(&self, full_name: &str) -> bool {
        let index = self.pool.message_index(full_name);
        index.is_some_and(|index| self.messages.contains_key(&index) || self.legacy.contains_key(&index))
    }

    /// Whether a message keeps the rules of its contract. One without rules does.
    ///
    /// # Errors
    /// What is broken, as a generated validator would report it: one rule of go-proto-validators, or up to
    /// [`DEFAULT_VIOLATION_LIMIT`](gannet_validate::DEFAULT_VIOLATION_LIMIT) of `buf.validate`.
    pub fn validate(&self, message: &DynamicMessage) -> Result<(), ValidationError> {
        self.validate_with(message, &Settings::new())
    }

    /// As [`validate`](Self::validate), with other settings.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn validate_with(
        &self,
        message: &DynamicMessage,
        settings: &Settings,
    ) -> Result<(), ValidationError> {
        let mut report = Report::new(settings);
        let message = self.own(message)?;
        self.check_legacy(&message)?;
        // What ended it stands in the report.
        let _ = self.check(&message, &mut report);
        report.finish()
    }

    /// The message by the validator's own descriptors: one of other descriptors is read anew.
    fn own<'m>(&self, message: &'m DynamicMessage) -> Result<Cow<'m, DynamicMessage>, EvaluationError> {
        if Arc::ptr_eq(message.pool(), &self.pool) {
            return Ok(Cow::Borrowed(message));
        }
        let name = message.message_descriptor().full_name();
        let fault = |fault: String| {
            EvaluationError::new(format!(
                "{name}, of other descriptors, is not read by the validator's: {fault}"
            ))
        };
        let index = self
            .pool
            .message_index(name)
            .ok_or_else(|| fault("its contract has no such message".to_owned()))?;
        let encoded = message.try_encode_to_vec().map_err(|error| fault(error.to_string()))?;
        DynamicMessage::decode(Arc::clone(&self.pool), index, &encoded)
            .map(Cow::Owned)
            .map_err(|error| fault(error.to_string()))
    }
}

/// A message and all that it can hold.
fn reachable(pool: &DescriptorPool, from: MessageIndex) -> Vec<MessageIndex> {
    let mut found = vec![from];
    let mut looked_at = 0;
    while let Some(index) = found.get(looked_at).copied() {
        looked_at += 1;
        for field in pool.message(index).fields() {
            let (FieldKind::Singular(kind) | FieldKind::List(kind) | FieldKind::Map { value: kind, .. }) =
                field.kind();
            if let SingularKind::Message(held) = kind
                && !found.contains(&held)
            {
                found.push(held);
            }
        }
    }
    found
}
