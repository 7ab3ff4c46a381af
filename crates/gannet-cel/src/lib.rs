//! What the rules of messages need to be evaluated: CEL's values and functions, RE2 patterns, formats of strings.
//!
//! Generated validators call it at run time, and the generator folds constant expressions with it at build time, so that
//! both mean the same. Not here: the parsing and checking of expressions (`gannet-rules`), and messages.
//!
//! What an expression yields, and the words of what it fails with, are those of cel-go, on which protovalidate's
//! reference runs. The functions of a type stand in the module named like it: arithmetic ([`int`], [`uint`],
//! [`double`]), conversions to it (`int::from_double`), and its methods ([`string`], [`bytes`], [`list`]).

#![forbid(unsafe_code)]

pub mod boolean;
pub mod bytes;
pub mod double;
mod error;
mod format;
pub mod formats;
pub mod go;
pub mod int;
pub mod library;
pub mod list;
pub mod logic;
mod map;
mod message;
mod number;
pub mod re2;
pub mod string;
pub mod time;
pub mod uint;
mod value;

pub use error::Error;
pub use format::format;
pub use map::Map;
pub use message::Message;
pub use time::{Duration, Timestamp};
pub use value::Value;
