//! What the rules of messages need to be evaluated: CEL's values and functions, RE2 patterns, formats of strings.
//!
//! Generated validators call it at run time, and the generator folds constant expressions with it at build time, so that
//! both mean the same. Not here: the parsing and checking of expressions (`gannet-rules`), and messages.

#![forbid(unsafe_code)]

mod error;
pub mod go;
pub mod logic;
pub mod re2;

mod value;

pub use error::Error;
pub use value::{Duration, Timestamp, Value};
