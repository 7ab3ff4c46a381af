//! Expressions of the Common Expression Language: parsed, type-checked, folded, and written as Rust.
//!
//! The parser is the crate `cel`'s. What comes of it is checked against the types of the descriptors and folded in one
//! pass: whatever depends on constants alone, such as the value of a rule, is evaluated at build time. What is left over
//! becomes Rust that works on the message's own fields. Not here: where expressions come from (`protovalidate`).

mod check;
mod constant;
mod convert;
mod fields;
mod fold;
mod functions;
mod interpreted;
mod operators;
mod overload;
mod tree;
mod types;
mod write;

pub(crate) use check::not as opposite;
pub(crate) use check::{Environment, check};
pub(crate) use constant::constant;
pub(crate) use fields::is_not_zero;
pub(crate) use overload::UNKNOWN;
pub(crate) use tree::{Expr, Node};
pub(crate) use types::Type;
pub(crate) use write::{Code, Form, Writer};
