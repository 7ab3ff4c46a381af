//! The proof that a message was validated, as a type.
//!
//! Not here: validating (`report.rs`).

use std::fmt;
use std::ops::Deref;

use gannet_core::Status;

use crate::{Validate, ValidationError};

/// A message that keeps the rules of its contract; dereferences to it.
///
/// Only validation makes one, and it cannot be changed: code that takes a `Validated<T>` need not check again, and cannot be
/// called with what nobody has checked. Rules that ask what time it is held when it was made.
///
/// ```
/// use gannet_core::Status;
/// use gannet_validate::{Validate, Validated};
///
/// #[derive(Debug)]
/// struct Order(u32);
///
/// impl Validate for Order {}
///
/// fn store(order: &Validated<Order>) -> u32 {
///     order.0
/// }
///
/// fn handle(order: Order) -> Result<u32, Status> {
///     Ok(store(&Validated::new(order)?))
/// }
/// assert_eq!(handle(Order(1)).unwrap(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Validated<T>(T);

impl<T: Validate> Validated<T> {
    /// Validates a message.
    ///
    /// # Errors
    ///
    /// The message and what is wrong with it.
    pub fn new(message: T) -> Result<Self, Invalid<T>> {
        match message.validate() {
            Ok(()) => Ok(Self(message)),
            Err(error) => Err(Invalid { message, error }),
        }
    }
}

impl<T> Validated<T> {
    /// The message alone.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Validated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> AsRef<T> for Validated<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

/// A message that breaks the rules of its contract, and how.
#[derive(Clone)]
pub struct Invalid<T> {
    /// The message.
    pub message: T,
    /// What is wrong with it.
    pub error: ValidationError,
}

impl<T> fmt::Display for Invalid<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl<T> fmt::Debug for Invalid<T> {
    /// Without the message, which may hold what is nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Invalid").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> std::error::Error for Invalid<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<T> From<Invalid<T>> for ValidationError {
    fn from(invalid: Invalid<T>) -> Self {
        invalid.error
    }
}

impl<T> From<Invalid<T>> for Status {
    fn from(invalid: Invalid<T>) -> Self {
        invalid.error.into()
    }
}
