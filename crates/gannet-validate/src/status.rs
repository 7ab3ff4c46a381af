//! What a message that is not valid becomes on the wire: a status, by the rules of its dialect.
//!
//! Not here: how the error reads (`report.rs`).

use std::any::{Any, type_name};

use gannet_core::{CheckSettings, MessageCheck, Status};

use crate::{Validate, ValidationError};

/// The check of messages of one type, for the descriptor of a method. Generated code names it.
///
/// ```
/// use gannet_core::{MethodDescriptor, MethodKind};
/// use gannet_validate::{Validate, check_of};
///
/// struct Ping;
///
/// impl Validate for Ping {}
///
/// static PING: MethodDescriptor =
///     MethodDescriptor::new("/a.B/Ping", "a.B", "Ping", MethodKind::Unary).checks_requests(check_of::<Ping>());
/// ```
pub const fn check_of<M: Validate + 'static>() -> MessageCheck {
    MessageCheck::new(check::<M>)
}

fn check<M: Validate + 'static>(message: &dyn Any, settings: &CheckSettings) -> Result<(), Status> {
    match message.downcast_ref::<M>() {
        Some(message) => message.validate_with(settings).map_err(Status::from),
        None => Err(other_type(type_name::<M>())),
    }
}

#[cold]
fn other_type(expected: &'static str) -> Status {
    Status::internal(format!("a method was described with the rules of {expected}, but has other messages"))
}

impl From<ValidationError> for Status {
    /// INVALID_ARGUMENT with the error's text; INTERNAL if a rule could not be evaluated.
    #[cold]
    fn from(error: ValidationError) -> Self {
        let text = error.to_string();
        let status = match error.evaluation_error() {
            Some(_) => Self::internal(text),
            None => Self::invalid_argument(text),
        };
        status.with_source(error)
    }
}
