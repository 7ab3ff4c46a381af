//! Evaluates CEL expressions over messages that are known by their descriptors.
//!
//! It is for rules that could not be compiled to Rust, because they look into what a contract leaves open (`Any`, `Struct`,
//! `Value`), or make maps and messages, and for messages that have no Rust type. Values, functions and the words of errors
//! are those of `gannet-cel`, so that a rule means the same whether it is compiled or interpreted. Not here: the checking of
//! expressions against types (`gannet-rules`); an expression is expected to be the contract's, and the values a peer's.

#![forbid(unsafe_code)]

mod construct;
mod equality;
mod evaluate;
mod expression;
mod fold;
mod message;
mod name;
mod parse;
mod repeated;
mod tree;
mod types;
mod well_known;

pub use expression::{Expression, Variables};
pub use gannet_cel::{Error, Timestamp, Value};
pub use types::Types;

#[cfg(test)]
mod tests;
