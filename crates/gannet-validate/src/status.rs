//! What a message that is not valid becomes on the wire: a status, by the rules of its dialect.
//!
//! Not here: how the error reads (`report.rs`), and its details as bytes (`wire.rs`).

use std::any::{Any, type_name};
use std::fmt::Write as _;
use std::ops::Deref;

use gannet_core::{CheckSettings, Code, MessageCheck, Status};

use crate::{Validate, ValidationError, Violation, wire};

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
    /// INVALID_ARGUMENT with the error's text. Violations of `buf.validate` go into the details, as a `buf.validate.Violations`; a
    /// fault in the words of go-proto-validators has none. INTERNAL if the contract is at fault
    /// ([`ValidationError::is_of_contract`]).
    ///
    /// What is told is cut to what every client can receive: a status is header fields, of which many peers take 8 KiB. The
    /// text then says so, and the whole error is this status's [source](std::error::Error::source).
    #[cold]
    fn from(error: ValidationError) -> Self {
        let status = if error.is_of_contract() {
            Self::internal(abridged(error.to_string()))
        } else if error.violations().is_empty() {
            Self::invalid_argument(abridged(error.to_string()))
        } else {
            of_violations(&error)
        };
        status.with_source(error)
    }
}

/// So many bytes `grpc-message` and `grpc-status-details-bin` have together, as they stand in the header fields: 6 KiB.
///
/// Clients of gRPC's C core warn from 8 KiB of fields on and those of Java take no more by default. The difference is for the
/// other fields of the answer and for metadata.
const STATUS_BUDGET: usize = 6 * 1024;

/// What is kept free for saying how much was left out.
const LEFT_OUT: usize = 256;

/// The bytes of a `google.rpc.Status` around its message and its violations, and of their lengths.
const FRAME: usize = 80;

/// The bytes of a byte of text in `grpc-message` (PROTOCOL-HTTP2.md, "Status-Message").
const fn percent_encoded(byte: u8) -> usize {
    if matches!(byte, b' '..=b'~') && byte != b'%' { 1 } else { 3 }
}

/// The bytes of a text in `grpc-message`.
fn as_message(text: &str) -> usize {
    text.bytes().map(percent_encoded).sum()
}

/// The bytes of so many in base64 without padding.
const fn base64_encoded(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Text and details in one pass; what there is no room for is taken back.
fn of_violations(error: &ValidationError) -> Status {
    let violations = error.violations();
    let (lead, line_lead) =
        if violations.len() == 1 { ("validation error: ", "") } else { ("validation errors:", "\n - ") };
    let capacity = violations.len().min(30) * 128;
    let (mut text, mut told) = (String::with_capacity(capacity), Vec::with_capacity(capacity));
    text.push_str(lead);
    let mut spent = LEFT_OUT + as_message(lead) + base64_encoded(FRAME);
    let mut left_out = 0_usize;
    for violation in violations {
        // Where the message brings its length in, it may be large; such a one is not even written out.
        if spent + least_cost(violation) <= STATUS_BUDGET {
            let (text_before, told_before) = (text.len(), told.len());
            text.push_str(line_lead);
            // Writing to a string does not fail.
            let _ = violation.write(&mut text);
            wire::put_violation(violation, &mut told);
            // The text goes twice: clients take it from the details, where there are any. The lengths before all of it may
            // grow by a byte or two each.
            let line = &text[text_before..];
            let cost = as_message(line) + base64_encoded(line.len() + told.len() - told_before + 4);
            if spent + cost <= STATUS_BUDGET {
                spent += cost;
                continue;
            }
            text.truncate(text_before);
            told.truncate(told_before);
        }
        left_out += 1;
    }
    match (violations, left_out) {
        (_, 0) => {}
        ([first, ..], _) if told.is_empty() => {
            return Status::invalid_argument(abridged(format!("validation error: {first}")));
        }
        _ => {
            let _ = write!(text, "\n - ({left_out} more: there is no room for them in a status)");
        }
    }
    let details = wire::rpc_status(Code::InvalidArgument.as_i32().cast_unsigned(), &text, &told);
    Status::invalid_argument(text).with_details(details)
}

/// What a violation takes of the budget at least, without looking at its text.
fn least_cost(violation: &Violation) -> usize {
    let length = violation.variable_length();
    length + base64_encoded(2 * length + violation.rule_id.len())
}

/// The text, without its middle if a status has no room for it.
fn abridged(text: String) -> String {
    if as_message(&text) <= STATUS_BUDGET {
        return text;
    }
    let room = STATUS_BUDGET - LEFT_OUT;
    let head = fitting(text.chars(), room / 3 * 2);
    let tail = text.len() - fitting(text.chars().rev(), room / 3);
    let left_out = tail - head;
    format!(
        "{} ... ({left_out} bytes left out: there is no room for them in a status) ... {}",
        &text[..head],
        &text[tail..]
    )
}

/// How many bytes of text have so many in `grpc-message`.
fn fitting(characters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut spent = 0;
    let fits = |character: &char| {
        spent += as_message(character.encode_utf8(&mut [0; 4]));
        spent <= room
    };
    characters.take_while(fits).map(char::len_utf8).sum()
}

/// The violations that a server has told of: the message `buf.validate.Violations`.
///
/// ```
/// use gannet_core::Status;
/// use gannet_validate::Violations;
///
/// fn fields_at_fault(status: &Status) -> Vec<String> {
///     let violations = Violations::from_status(status).unwrap_or_default();
///     violations.iter().map(|violation| violation.field.to_string()).collect()
/// }
/// # assert!(fields_at_fault(&Status::not_found("")).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// The violations in the details of a status; `None` if it has none. What cannot be read is none.
    pub fn from_status(status: &Status) -> Option<Self> {
        wire::violations_in(status.details()).map(Self)
    }

    /// The violations in a serialized `buf.validate.Violations`; `None` if the bytes are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        wire::violations(bytes).map(Self)
    }

    /// As a serialized `buf.validate.Violations`.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.iter().for_each(|violation| wire::put_violation(violation, &mut bytes));
        bytes
    }

    /// The violations alone.
    pub fn into_inner(self) -> Vec<Violation> {
        self.0
    }
}

impl From<Vec<Violation>> for Violations {
    fn from(violations: Vec<Violation>) -> Self {
        Self(violations)
    }
}

impl Deref for Violations {
    type Target = [Violation];

    fn deref(&self) -> &[Violation] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
