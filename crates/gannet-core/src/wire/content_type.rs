//! What a `content-type` says about a request or a response (PROTOCOL-HTTP2.md, "Content-Type").

const GRPC: &[u8] = b"application/grpc";

/// The kinds of `content-type` that gRPC tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/grpc`, or `application/grpc+proto`, which says the same: Protobuf messages by custom.
    Proto,
    /// `application/grpc+` and the name of another message format.
    Other,
    /// Anything else.
    NotGrpc,
}

/// Tells what the value of a `content-type` field says; parameters behind a `;` are ignored, and letters are compared
/// without case (RFC 9110 §8.3.1).
///
/// ```
/// use gannet_core::wire::content_type::{ContentType, classify};
///
/// assert_eq!(classify(b"application/grpc"), ContentType::Proto);
/// assert_eq!(classify(b"application/grpc+json"), ContentType::Other);
/// assert_eq!(classify(b"application/grpc-web"), ContentType::NotGrpc);
/// ```
pub fn classify(value: &[u8]) -> ContentType {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let Some((start, format)) = essence.split_at_checked(GRPC.len()) else { return ContentType::NotGrpc };
    if !start.eq_ignore_ascii_case(GRPC) {
        return ContentType::NotGrpc;
    }
    match format {
        [] => ContentType::Proto,
        _ if format.eq_ignore_ascii_case(b"+proto") => ContentType::Proto,
        [b'+', _, ..] => ContentType::Other,
        _ => ContentType::NotGrpc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_content_types_are_told_apart() {
        let cases = [
            ("application/grpc", ContentType::Proto),
            ("Application/GRPC", ContentType::Proto),
            ("application/grpc;charset=utf-8", ContentType::Proto),
            ("application/grpc ; charset=utf-8", ContentType::Proto),
            ("application/grpc+proto", ContentType::Proto),
            ("application/grpc+PROTO;a=b", ContentType::Proto),
            ("application/grpc+json", ContentType::Other),
            ("application/grpc+protobuf", ContentType::Other),
            ("application/grpc+", ContentType::NotGrpc),
            ("application/grpcs", ContentType::NotGrpc),
            ("application/grpc-web", ContentType::NotGrpc),
            ("application/grpc-web+proto", ContentType::NotGrpc),
            ("application/json", ContentType::NotGrpc),
            ("application/grp", ContentType::NotGrpc),
            (";application/grpc", ContentType::NotGrpc),
            ("", ContentType::NotGrpc),
        ];
        for (value, kind) in cases {
            assert_eq!(classify(value.as_bytes()), kind, "{value}");
        }
    }
}
