//! Errors of connections, of streams and of the calls made on them: what happened, who found it, and its code on the
//! wire. What they mean to gRPC is decided elsewhere.

use std::borrow::Cow;
use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $value:literal, $name:literal;)*) => {
        /// The error codes of RFC 9113 §7, as they stand in RST_STREAM and GOAWAY frames.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
            /// A code that RFC 9113 does not define; to be treated like INTERNAL_ERROR.
            Unknown(u32),
        }

        impl ErrorCode {
            /// The code with this number.
            pub const fn from_u32(value: u32) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }

            /// The number on the wire.
            pub const fn as_u32(self) -> u32 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(other) => other,
                }
            }

            /// The name in RFC 9113, such as `PROTOCOL_ERROR`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(_) => "unknown error code",
                }
            }
        }
    };
}

error_codes! {
    /// Not an error: a graceful end.
    NoError = 0x0, "NO_ERROR";
    /// The peer broke a rule for which there is no closer code.
    ProtocolError = 0x1, "PROTOCOL_ERROR";
    /// Something is wrong on the side that sends this code.
    InternalError = 0x2, "INTERNAL_ERROR";
    /// The peer sent more than the flow-control windows allowed.
    FlowControlError = 0x3, "FLOW_CONTROL_ERROR";
    /// SETTINGS were not acknowledged in time.
    SettingsTimeout = 0x4, "SETTINGS_TIMEOUT";
    /// A frame arrived for a stream whose peer side was closed.
    StreamClosed = 0x5, "STREAM_CLOSED";
    /// A frame has an invalid length.
    FrameSizeError = 0x6, "FRAME_SIZE_ERROR";
    /// The stream was refused before anything was done for it; it is safe to try again.
    RefusedStream = 0x7, "REFUSED_STREAM";
    /// The stream is no longer needed.
    Cancel = 0x8, "CANCEL";
    /// The state of header compression is lost.
    CompressionError = 0x9, "COMPRESSION_ERROR";
    /// The connection made for a CONNECT request failed.
    ConnectError = 0xa, "CONNECT_ERROR";
    /// The peer spends more of this endpoint's resources than its budget allows.
    EnhanceYourCalm = 0xb, "ENHANCE_YOUR_CALM";
    /// The security of the transport does not meet the requirements.
    InadequateSecurity = 0xc, "INADEQUATE_SECURITY";
    /// HTTP/1.1 must be used instead.
    Http11Required = 0xd, "HTTP_1_1_REQUIRED";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(code) => write!(f, "unknown error code {code:#x}"),
            known => f.write_str(known.name()),
        }
    }
}

/// Who raised an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Initiator {
    /// This endpoint: it found the peer at fault, or was told to close.
    Local,
    /// The peer: its frame carried the code.
    Remote,
}

/// What ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionErrorKind {
    /// The bytes are not HTTP/2: a server did not get the connection preface, or a client no SETTINGS.
    NotHttp2 {
        /// What they start like.
        looks_like: Option<OtherProtocol>,
    },
    /// The peer broke a rule of RFC 9113 or RFC 7541.
    Protocol,
    /// The peer used up one of the [`Budgets`](crate::Budgets).
    Budget(BudgetKind),
    /// The peer did not answer in time.
    Timeout,
    /// [`Connection::close`](crate::Connection::close) was called.
    Closed,
}

/// A protocol that a peer may speak where HTTP/2 is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtherProtocol {
    /// HTTP/1.x, a request or an answer.
    Http1,
    /// TLS, a handshake or an alert.
    Tls,
}

/// Names one of the [`Budgets`](crate::Budgets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetKind {
    /// [`Budgets::continuation_frames_per_block`](crate::Budgets::continuation_frames_per_block) and
    /// [`Budgets::max_block_bytes`](crate::Budgets::max_block_bytes).
    HeaderBlock,
    /// [`Budgets::resets`](crate::Budgets::resets).
    Resets,
    /// [`Budgets::provoked_resets`](crate::Budgets::provoked_resets).
    ProvokedResets,
    /// [`Budgets::refused_streams`](crate::Budgets::refused_streams).
    RefusedStreams,
    /// [`Budgets::pings`](crate::Budgets::pings).
    Pings,
    /// [`Budgets::settings`](crate::Budgets::settings).
    Settings,
    /// [`Budgets::empty_frames`](crate::Budgets::empty_frames).
    EmptyFrames,
    /// [`Budgets::window_updates`](crate::Budgets::window_updates).
    WindowUpdates,
    /// [`Budgets::ignored_frames`](crate::Budgets::ignored_frames).
    IgnoredFrames,
    /// [`Budgets::max_control_bytes`](crate::Budgets::max_control_bytes).
    ControlBytes,
    /// [`Budgets::max_buffered_bytes`](crate::Budgets::max_buffered_bytes).
    BufferedBytes,
}

impl BudgetKind {
    /// The name of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeaderBlock => "header block",
            Self::Resets => "resets",
            Self::ProvokedResets => "provoked_resets",
            Self::RefusedStreams => "refused_streams",
            Self::Pings => "pings",
            Self::Settings => "settings",
            Self::EmptyFrames => "empty_frames",
            Self::WindowUpdates => "window_updates",
            Self::IgnoredFrames => "ignored_frames",
            Self::ControlBytes => "max_control_bytes",
            Self::BufferedBytes => "max_buffered_bytes",
        }
    }
}

/// The connection cannot go on. A GOAWAY with the code is in the write buffer already: flush it, then close.
///
/// It is one pointer, so that results that mostly hold none stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionError(Box<Cause>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cause {
    kind: ConnectionErrorKind,
    code: ErrorCode,
    reason: Cow<'static, str>,
}

impl ConnectionError {
    #[cold]
    pub(crate) fn new(
        kind: ConnectionErrorKind,
        code: ErrorCode,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Cause { kind, code, reason: reason.into() }))
    }

    #[cold]
    pub(crate) fn protocol(code: ErrorCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ConnectionErrorKind::Protocol, code, reason)
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ConnectionErrorKind {
        self.0.kind
    }

    /// The code that was sent in the GOAWAY frame.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Who raised the error: always this endpoint. A peer's GOAWAY is an [`Event::GoAway`](crate::Event::GoAway).
    pub fn by(&self) -> Initiator {
        Initiator::Local
    }

    /// What happened, for people; the debug data of the GOAWAY frame.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cause { kind, code, reason } = &*self.0;
        match kind {
            ConnectionErrorKind::Closed => write!(f, "the connection was closed here: {reason}")?,
            ConnectionErrorKind::Timeout => write!(f, "the peer did not answer: {reason}")?,
            ConnectionErrorKind::Budget(_) => write!(f, "the peer asks too much: {reason}")?,
            ConnectionErrorKind::NotHttp2 { .. } => {
                return write!(f, "the peer does not speak HTTP/2: {reason}");
            }
            ConnectionErrorKind::Protocol => write!(f, "the peer broke HTTP/2: {reason}")?,
        }
        write!(f, " ({code})")
    }
}

impl std::error::Error for ConnectionError {}

/// A stream ended before its time; the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamError {
    pub(crate) code: ErrorCode,
    pub(crate) by: Initiator,
    pub(crate) reason: &'static str,
}

impl StreamError {
    pub(crate) fn local(code: ErrorCode, reason: &'static str) -> Self {
        Self { code, by: Initiator::Local, reason }
    }

    pub(crate) fn remote(code: ErrorCode, reason: &'static str) -> Self {
        Self { code, by: Initiator::Remote, reason }
    }

    /// The code in the RST_STREAM frame. A stream of ours that the peer's GOAWAY left out has
    /// [`ErrorCode::RefusedStream`]: it was not processed and is safe to try again.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Who reset the stream: this endpoint because the peer broke a rule, or the peer.
    pub fn by(&self) -> Initiator {
        self.by
    }

    /// What happened, for people.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Initiator::Local => write!(f, "the stream was reset here: {} ({})", self.reason, self.code),
            Initiator::Remote => write!(f, "{} ({})", self.reason, self.code),
        }
    }
}

impl std::error::Error for StreamError {}

/// Why a stream could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The peer's SETTINGS_MAX_CONCURRENT_STREAMS is reached;
    /// [`Event::OpenAvailable`](crate::Event::OpenAvailable) tells when to try again.
    StreamLimit,
    /// One side has sent GOAWAY, or the connection has failed: use another connection.
    GoingAway,
    /// All 2^30 stream identifiers of the connection are used up: use another connection.
    IdsExhausted,
    /// The header list is larger than the peer's SETTINGS_MAX_HEADER_LIST_SIZE.
    HeadersTooLarge {
        /// The size of the list, in bytes as RFC 9113 §6.5.2 counts.
        size: usize,
        /// What the peer allows.
        limit: usize,
    },
    /// The connection is a server's: only clients open streams.
    NotClient,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StreamLimit => f.write_str("the peer allows no more concurrent streams"),
            Self::GoingAway => f.write_str("the connection takes no new streams"),
            Self::IdsExhausted => f.write_str("the stream identifiers of the connection are used up"),
            Self::HeadersTooLarge { size, limit } => {
                write!(
                    f,
                    "the header list has {size} bytes, the peer takes {limit} (SETTINGS_MAX_HEADER_LIST_SIZE)"
                )
            }
            Self::NotClient => f.write_str("only clients open streams"),
        }
    }
}

impl std::error::Error for OpenError {}

/// Why something could not be sent on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The stream is gone: reset by either side, or both sides have ended.
    StreamGone,
    /// This side of the stream has ended already.
    AlreadyEnded,
    /// A server's response head must come first, and once only.
    HeadOrder,
    /// The header list is larger than the peer's SETTINGS_MAX_HEADER_LIST_SIZE. Nothing was sent.
    HeadersTooLarge {
        /// The size of the list, in bytes as RFC 9113 §6.5.2 counts.
        size: usize,
        /// What the peer allows.
        limit: usize,
    },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StreamGone => f.write_str("the stream is gone"),
            Self::AlreadyEnded => f.write_str("this side of the stream has ended already"),
            Self::HeadOrder => f.write_str("the response head must be sent first, and once"),
            Self::HeadersTooLarge { size, limit } => {
                write!(
                    f,
                    "the header list has {size} bytes, the peer takes {limit} (SETTINGS_MAX_HEADER_LIST_SIZE)"
                )
            }
        }
    }
}

impl std::error::Error for SendError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_number_and_unknown_ones_too() {
        for value in 0..32 {
            assert_eq!(ErrorCode::from_u32(value).as_u32(), value);
        }
        assert_eq!(ErrorCode::from_u32(0xb), ErrorCode::EnhanceYourCalm);
        assert_eq!(ErrorCode::from_u32(0xe), ErrorCode::Unknown(0xe));
        assert_eq!(ErrorCode::from_u32(0xe).to_string(), "unknown error code 0xe");
    }

    #[test]
    fn errors_say_who_and_what() {
        let error = ConnectionError::protocol(ErrorCode::FrameSizeError, "PING of 7 bytes (RFC 9113 §6.7)");
        assert_eq!(
            error.to_string(),
            "the peer broke HTTP/2: PING of 7 bytes (RFC 9113 §6.7) (FRAME_SIZE_ERROR)"
        );
    }
}
