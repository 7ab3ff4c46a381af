//! The error of a call: a code, a message, and what else goes to the peer or stays here.
//!
//! Not here: how a status is written to and read from header fields; that is the transport's, with [`crate::wire`].

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Code, Metadata};

/// Why a call failed.
///
/// A handler returns one to its client, and a client gets one for every call that fails, wherever it failed. The code,
/// the message, the details and the metadata travel; the [source](Status::with_source) stays in this process. One
/// pointer wide, so that a `Result<T, Status>` is hardly larger than a `T`.
///
/// ```
/// use gannet_core::{Code, Status};
///
/// fn find(name: &str) -> Result<u32, Status> {
///     match name {
///         "alice" => Ok(1),
///         _ => Err(Status::not_found(format!("no user named {name}"))),
///     }
/// }
///
/// let status = find("bob").unwrap_err();
/// assert_eq!(status.code(), Code::NotFound);
/// assert_eq!(status.message(), "no user named bob");
/// assert_eq!(status.to_string(), "NOT_FOUND: no user named bob");
/// ```
#[derive(Clone)]
pub struct Status(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    details: Bytes,
    metadata: Metadata,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

macro_rules! constructors {
    ($($function:ident => $variant:ident;)*) => {
        /// One constructor for each code.
        impl Status {
            $(
                #[doc = concat!("A status with [`Code::", stringify!($variant), "`].")]
                pub fn $function(message: impl Into<Cow<'static, str>>) -> Self {
                    Self::with_code(Code::$variant, message.into())
                }
            )*
        }
    };
}

constructors! {
    cancelled => Cancelled;
    unknown => Unknown;
    invalid_argument => InvalidArgument;
    deadline_exceeded => DeadlineExceeded;
    not_found => NotFound;
    already_exists => AlreadyExists;
    permission_denied => PermissionDenied;
    resource_exhausted => ResourceExhausted;
    failed_precondition => FailedPrecondition;
    aborted => Aborted;
    out_of_range => OutOfRange;
    unimplemented => Unimplemented;
    internal => Internal;
    unavailable => Unavailable;
    data_loss => DataLoss;
    unauthenticated => Unauthenticated;
}

impl Status {
    /// A status with this code and message.
    ///
    /// An error cannot be [`Code::Ok`]: asked for one, this makes an INTERNAL status whose message says so.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        if code == Code::Ok {
            return Self::with_code(
                Code::Internal,
                Cow::Owned(format!("an error was given the code OK: {message}")),
            );
        }
        Self::with_code(code, message)
    }

    #[cold]
    fn with_code(code: Code, message: Cow<'static, str>) -> Self {
        Self(Box::new(Inner {
            code,
            message,
            details: Bytes::new(),
            metadata: Metadata::new(),
            source: None,
        }))
    }

    /// The code; never [`Code::Ok`].
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, for developers rather than for end users.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The payload of `grpc-status-details-bin`: by convention a serialized `google.rpc.Status`. Empty if there is none.
    pub fn details(&self) -> &Bytes {
        &self.0.details
    }

    /// The metadata that travels with the status, as trailers.
    ///
    /// Of a call that has one reply and failed, a caller finds here also what the server sent as metadata before it
    /// failed, in front of the trailers.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The metadata that travels with the status, to be changed.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.0.metadata
    }

    /// Sets the payload of `grpc-status-details-bin`.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Bytes>) -> Self {
        self.0.details = details.into();
        self
    }

    /// Sets the metadata that travels with the status.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.0.metadata = metadata;
        self
    }

    /// The same failure as one of this side's own: INTERNAL, with these words before its message, without details for the
    /// peer.
    #[cold]
    pub(crate) fn into_internal(mut self, lead: &str) -> Self {
        self.0.code = Code::Internal;
        self.0.message = Cow::Owned(format!("{lead}{}", self.0.message));
        self.0.details = Bytes::new();
        self
    }

    /// Sets the error behind this one, for [`Error::source`]. It is not sent to the peer.
    ///
    /// ```
    /// use std::error::Error;
    /// use gannet_core::Status;
    ///
    /// let cause = std::io::Error::other("disk is full");
    /// let status = Status::internal("the order was not stored").with_source(cause);
    /// assert_eq!(status.source().unwrap().to_string(), "disk is full");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.code.name())?;
        if self.0.message.is_empty() {
            return Ok(());
        }
        write!(formatter, ": {}", self.0.message)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Status");
        debug.field("code", &self.0.code).field("message", &self.0.message);
        if !self.0.details.is_empty() {
            debug.field("details", &self.0.details);
        }
        if !self.0.metadata.is_empty() {
            debug.field("metadata", &self.0.metadata);
        }
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl Error for Status {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<Infallible> for Status {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The source of the INTERNAL status of a call whose handler panicked: what the panic said, which does not go to the
/// client.
///
/// ```
/// use std::error::Error;
/// use gannet_core::{HandlerPanicked, Status};
///
/// fn said(status: &Status) -> Option<&str> {
///     status.source()?.downcast_ref::<HandlerPanicked>().map(|panic| panic.said.as_str())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct HandlerPanicked {
    /// The panic's message.
    pub said: String,
}

impl fmt::Display for HandlerPanicked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the handler panicked: {}", self.said)
    }
}

impl Error for HandlerPanicked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide_also_inside_an_option() {
        assert_eq!(size_of::<Status>(), size_of::<usize>());
        assert_eq!(size_of::<Option<Status>>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Status>>(), size_of::<usize>());
    }

    #[test]
    fn an_error_is_never_ok() {
        let status = Status::new(Code::Ok, "fine");
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("code OK") && status.message().contains("fine"), "{status}");
    }

    #[test]
    fn shows_its_code_and_its_message() {
        assert_eq!(Status::not_found("no such user").to_string(), "NOT_FOUND: no such user");
        assert_eq!(Status::new(Code::Aborted, "").to_string(), "ABORTED");
    }

    #[test]
    fn debug_shows_what_is_there_and_nothing_else() {
        let bare = format!("{:?}", Status::data_loss("gone"));
        assert_eq!(bare, r#"Status { code: DataLoss, message: "gone" }"#);
        let full = Status::data_loss("gone").with_details(&b"\x08\x0f"[..]);
        assert!(format!("{full:?}").contains(r#"details: b"\x08\x0f""#), "{full:?}");
    }

    #[test]
    fn a_clone_keeps_details_metadata_and_source() {
        let mut status = Status::unavailable("later").with_details(&b"d"[..]).with_source("the reason");
        status.metadata_mut().insert("retry", "soon").unwrap();
        let clone = status.clone();
        assert_eq!(clone.details(), &b"d"[..]);
        assert_eq!(clone.metadata().get("retry"), Some("soon"));
        assert_eq!(clone.source().unwrap().to_string(), "the reason");
    }

    #[test]
    fn constructors_have_their_codes() {
        assert_eq!(Status::unauthenticated("").code(), Code::Unauthenticated);
        assert_eq!(Status::invalid_argument("").code(), Code::InvalidArgument);
        assert_eq!(Status::out_of_range("").code(), Code::OutOfRange);
    }
}
