//! What an HTTP status or an HTTP/2 error code means to gRPC, where a peer or a proxy gives no gRPC status.

use crate::Code;

/// The code of an answer that has only an HTTP status (gRPC's http-grpc-status-mapping document).
///
/// ```
/// use gannet_core::{Code, wire::status_mapping::code_of_http_status};
///
/// assert_eq!(code_of_http_status(503), Code::Unavailable);
/// ```
pub const fn code_of_http_status(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The code of a stream that its server reset (gRPC's PROTOCOL-HTTP2 document, "Errors").
///
/// ```
/// use gannet_core::{Code, wire::status_mapping::code_of_http2_error};
///
/// assert_eq!(code_of_http2_error(0x7), Code::Unavailable);
/// ```
pub const fn code_of_http2_error(error: u32) -> Code {
    match error {
        // REFUSED_STREAM: nothing of the call was done.
        0x7 => Code::Unavailable,
        // CANCEL
        0x8 => Code::Cancelled,
        // ENHANCE_YOUR_CALM
        0xb => Code::ResourceExhausted,
        // INADEQUATE_SECURITY
        0xc => Code::PermissionDenied,
        // NO_ERROR to CONNECT_ERROR, as far as they are not above.
        0x0..=0xa => Code::Internal,
        _ => Code::Unknown,
    }
}
