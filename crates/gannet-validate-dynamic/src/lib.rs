//! Validates messages by the rules in their descriptors, both dialects, with no generated code.
//!
//! For programs that meet contracts at run time: tools, proxies, tests of contracts. What is said of a message, in which
//! order and in which words, is the same as what a generated validator says of it. The rules are read by `gannet-rules`, what
//! is found is reported as `gannet-validate` has it, and expressions are evaluated by `gannet-cel-interpreter`. Where there is
//! generated code its validators are to be preferred: they are compiled, and much faster.

#![forbid(unsafe_code)]

mod error;
mod expression;
mod legacy;
mod message;
mod validator;
mod value;

pub use error::Error;
pub use gannet_rules::Schema;
pub use validator::Validator;
