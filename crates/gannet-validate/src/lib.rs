//! The run time of generated validators: what a message's violations are, how they read, and the status they become.
//!
//! Rules are read and turned into Rust at build time, by `gannet-rules`. This crate holds what that Rust calls. The common
//! case, a valid message, passes through the generated comparisons alone; what is here runs when one of them fails.

#![forbid(unsafe_code)]

mod generated;
#[cfg(feature = "runtime-cel")]
mod interpreted;
pub mod legacy;
mod report;
mod status;
mod validated;
mod violation;
mod wire;

pub use gannet_cel as cel;
pub use gannet_core::{
    CheckSettings as Settings, DEFAULT_INTERPRETED_LIMIT, DEFAULT_VIOLATION_LIMIT, MessageCheck,
};
pub use generated::{built_pattern, messages_equal};
#[cfg(feature = "runtime-cel")]
pub use interpreted::Interpreted;
pub use report::{Report, Step, Stop, Validate, ValidationError};
pub use status::{Violations, check_of};
pub use validated::{Invalid, Validated};
pub use violation::{FieldPath, FieldType, PathElement, Rule, Subscript, Violation};
