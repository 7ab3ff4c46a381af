//! Messages as values of expressions: what has to be known of one, whatever library it is of.
//!
//! Not here: a message itself. The interpreter has one over descriptors.

use std::any::Any;
use std::fmt::Debug;

use crate::{Error, Value};

/// A message in an expression.
pub trait Message: Debug + Send + Sync {
    /// The full name of its type.
    fn type_name(&self) -> &str;

    /// The field of that name: its value, or its default if it is not there.
    ///
    /// # Errors
    /// The type has no such field, or the value cannot be read.
    fn field(&self, name: &str) -> Result<Value, Error>;

    /// What `has(message.name)` says: whether the field is there, or, if it has no presence, is not its default.
    ///
    /// # Errors
    /// The type has no such field.
    fn has(&self, name: &str) -> Result<bool, Error>;

    /// What `==` says: whether the other one is of the same type and has the same content.
    fn is_equal(&self, other: &dyn Message) -> bool;

    /// The message itself, for those who know its Rust type.
    fn as_any(&self) -> &dyn Any;
}
