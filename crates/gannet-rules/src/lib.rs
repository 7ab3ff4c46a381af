//! The rules of messages, from the options of their descriptors to Rust.
//!
//! Two dialects, `(validator.field)` of go-proto-validators and `buf.validate`, are read here and written as the bodies of
//! `gannet_validate::Validate`. Runs at build time. What the written code needs when it runs is in `gannet-validate`.

#![forbid(unsafe_code)]

pub mod access;
mod cel;
mod error;
mod explain;
pub mod legacy;
mod pattern;
pub mod protovalidate;
mod schema;

pub use error::{Error, Place};
pub use explain::Explained;
pub use schema::Schema;
