//! The codes of gRPC that HTTP statuses and HTTP/2 errors stand for, where a response has no `grpc-status`.
//!
//! The tables are those of grpc/doc/http-grpc-status-mapping.md and grpc/doc/PROTOCOL-HTTP2.md ("Errors"). Both are for
//! what is received; what to send is not found by reading them backwards.

use crate::Code;

/// The code of a response that has this HTTP status and no `grpc-status`.
///
/// ```
/// use gannet_core::Code;
/// use gannet_core::wire::status_mapping::code_of_http_status;
///
/// assert_eq!(code_of_http_status(503), Code::Unavailable);
/// assert_eq!(code_of_http_status(200), Code::Unknown);
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

/// The code of a call whose stream was reset with this HTTP/2 error code (RFC 9113 §7).
///
/// gRPC's table has no entry for STREAM_CLOSED and HTTP_1_1_REQUIRED, nor for numbers that HTTP/2 does not define; they
/// count as INTERNAL, as RFC 9113 §7 has it for the latter.
///
/// ```
/// use gannet_core::Code;
/// use gannet_core::wire::status_mapping::code_of_http2_error;
///
/// const REFUSED_STREAM: u32 = 0x7;
/// assert_eq!(code_of_http2_error(REFUSED_STREAM), Code::Unavailable);
/// ```
pub const fn code_of_http2_error(error: u32) -> Code {
    match error {
        // REFUSED_STREAM: nothing was done for the call.
        0x7 => Code::Unavailable,
        // CANCEL
        0x8 => Code::Cancelled,
        // ENHANCE_YOUR_CALM
        0xb => Code::ResourceExhausted,
        // INADEQUATE_SECURITY
        0xc => Code::PermissionDenied,
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_statuses_map_as_the_table_has_it() {
        let table = [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
        ];
        for status in 100..=599 {
            let listed = table.iter().find(|(listed, _)| *listed == status);
            let expected = listed.map_or(Code::Unknown, |(_, code)| *code);
            assert_eq!(code_of_http_status(status), expected, "{status}");
        }
    }

    #[test]
    fn http2_errors_map_as_the_table_has_it() {
        for error in [0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x9, 0xa, 0xd, 0xe, u32::MAX] {
            assert_eq!(code_of_http2_error(error), Code::Internal, "{error:#x}");
        }
        assert_eq!(code_of_http2_error(0x7), Code::Unavailable);
        assert_eq!(code_of_http2_error(0x8), Code::Cancelled);
        assert_eq!(code_of_http2_error(0xb), Code::ResourceExhausted);
        assert_eq!(code_of_http2_error(0xc), Code::PermissionDenied);
    }
}
