//! The dialect of go-proto-validators, `(validator.field)`: its rules, and the validators written of them.
//!
//! A validator of a message is the body of `gannet_validate::Validate::check_legacy`. What is checked, in which order and in
//! which words follows what `protoc-gen-govalidators` v0.3.2 generates; `conformance/go-validators` compares the two. What the
//! original warns of is a warning here. A rule that it passes over in silence, or turns into Go that does not compile, is an
//! error, save for a few that mean something: `optional` fields of proto3, members of oneofs in proto2, `regex` beside
//! `uuid_ver`, and `%` in a text, all of which work.

mod checks;
mod explain;
mod names;
mod options;
mod rules;
mod text;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use buffa_descriptor::MessageIndex;
use proc_macro2::TokenStream;
use quote::quote;

use self::rules::Faults;
use crate::access::Access;
use crate::{Error, Explained, Schema};

pub use self::checks::{Bound, Check, Count, Order};
pub use self::names::camel_case as go_name_of_oneof;
pub use self::rules::{FieldRules, MessageRules, as_f32, as_integer, range};

/// Writes validators of `(validator.field)` rules.
pub struct Validators<'a> {
    schema: &'a Schema,
    /// Messages that have rules of their own, or hold others.
    messages: BTreeMap<MessageIndex, MessageRules>,
    /// Messages that have rules, themselves or in what they hold.
    ruled: BTreeSet<MessageIndex>,
    /// What is wrong with the rules of a message. It matters only if the message is generated.
    faults: BTreeMap<MessageIndex, Faults>,
}

impl<'a> Validators<'a> {
    /// Reads the rules of all messages.
    pub fn new(schema: &'a Schema) -> Self {
        let mut this =
            Self { schema, messages: BTreeMap::new(), ruled: BTreeSet::new(), faults: BTreeMap::new() };
        let pool = schema.pool();
        if pool.extension_by_name(options::FIELD).is_none() {
            return this;
        }
        for message in pool.messages() {
            let Some(index) = pool.message_index(message.full_name()) else { continue };
            let mut faults = Faults::default();
            this.messages.insert(index, rules::of_message(schema, message, &mut faults));
            this.faults.insert(index, faults);
        }
        let faulty = this.faults.iter().filter(|(_, faults)| !faults.errors.is_empty());
        this.ruled = ruled(&this.messages, faulty.map(|(index, _)| *index));
        this
    }

    /// What a user of a message should know, though it is no error; one line each.
    pub fn warnings(&self, message: &str) -> &[String] {
        let index = self.schema.pool().message_index(message);
        let faults = index.and_then(|index| self.faults.get(&index));
        faults.map_or(&[], |faults| faults.warnings.as_slice())
    }

    /// Whether a message has rules, itself or in what it holds, by its full name.
    pub fn has_rules(&self, message: &str) -> bool {
        self.schema.pool().message_index(message).is_some_and(|index| self.ruled.contains(&index))
    }

    /// The body of `check_legacy` for a message that [has rules](Self::has_rules), by its full name.
    ///
    /// # Errors
    /// Rules that cannot be carried out.
    pub fn write(&self, message: &str, access: Access<'_>) -> Result<TokenStream, Vec<Error>> {
        let index = self.schema.pool().message_index(message);
        self.refuse(index)?;
        match index.and_then(|index| Some((index, self.messages.get(&index)?))) {
            Some((index, rules)) => write::body(self, index, rules, access),
            None => Ok(quote!(::core::result::Result::Ok(()))),
        }
    }

    /// The rules of a message that [has rules](Self::has_rules), by its full name: for who carries them out without generated
    /// code.
    ///
    /// # Errors
    /// Rules that cannot be carried out.
    pub fn rules(&self, message: &str) -> Result<Option<&MessageRules>, Vec<Error>> {
        let index = self.schema.pool().message_index(message);
        self.refuse(index)?;
        Ok(index.filter(|index| self.ruled.contains(index)).and_then(|index| self.messages.get(&index)))
    }

    /// What each rule of a message demands, in words, by the message's full name; rules of messages that it holds not among
    /// them.
    ///
    /// # Errors
    /// Rules that cannot be carried out.
    pub fn explain(&self, message: &str) -> Result<Vec<Explained>, Vec<Error>> {
        let index = self.schema.pool().message_index(message);
        self.refuse(index)?;
        Ok(match index.and_then(|index| Some((index, self.messages.get(&index)?))) {
            Some((index, rules)) => explain::message(self.schema, index, rules),
            None => Vec::new(),
        })
    }

    fn refuse(&self, message: Option<MessageIndex>) -> Result<(), Vec<Error>> {
        match message.and_then(|index| self.faults.get(&index)) {
            Some(faults) if !faults.errors.is_empty() => Err(faults.errors.clone()),
            _ => Ok(()),
        }
    }
}

/// The messages with rules, and those that hold such, however deep; `faulty` ones count as having some.
fn ruled(
    messages: &BTreeMap<MessageIndex, MessageRules>,
    faulty: impl Iterator<Item = MessageIndex>,
) -> BTreeSet<MessageIndex> {
    let mut holders: BTreeMap<MessageIndex, Vec<MessageIndex>> = BTreeMap::new();
    let mut ruled: BTreeSet<MessageIndex> = faulty.collect();
    for (index, rules) in messages {
        if rules.has_own() {
            ruled.insert(*index);
        }
        for held in rules.held() {
            holders.entry(held).or_default().push(*index);
        }
    }
    let mut pending: Vec<MessageIndex> = ruled.iter().copied().collect();
    while let Some(index) = pending.pop() {
        for holder in holders.get(&index).into_iter().flatten() {
            if ruled.insert(*holder) {
                pending.push(*holder);
            }
        }
    }
    ruled
}
