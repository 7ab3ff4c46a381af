//! Content types: `application/grpc` and its kind.

/// What a `content-type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/grpc` or `application/grpc+proto`: protobuf messages.
    Proto,
    /// `application/grpc+something`: gRPC with another message format.
    Other,
    /// Not gRPC at all.
    NotGrpc,
}

/// Classifies a `content-type`; parameters behind `;` are passed over.
///
/// ```
/// use gannet_core::wire::content_type::{ContentType, classify};
///
/// assert_eq!(classify(b"application/grpc"), ContentType::Proto);
/// assert_eq!(classify(b"application/grpc+json"), ContentType::Other);
/// assert_eq!(classify(b"application/grpc-web"), ContentType::NotGrpc);
/// ```
pub fn classify(value: &[u8]) -> ContentType {
    const PREFIX: &[u8] = b"application/grpc";
    let value = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let Some((prefix, rest)) = value.split_at_checked(PREFIX.len()) else { return ContentType::NotGrpc };
    if !prefix.eq_ignore_ascii_case(PREFIX) {
        return ContentType::NotGrpc;
    }
    match rest {
        b"" => ContentType::Proto,
        _ if rest.eq_ignore_ascii_case(b"+proto") => ContentType::Proto,
        [b'+', _, ..] => ContentType::Other,
        _ => ContentType::NotGrpc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        assert_eq!(classify(b"Application/gRPC+Proto; charset=utf-8"), ContentType::Proto);
        assert_eq!(classify(b"application/json"), ContentType::NotGrpc);
        assert_eq!(classify(b""), ContentType::NotGrpc);
        assert_eq!(classify(b"application/grpc+"), ContentType::NotGrpc);
    }
}
