//! Formats of strings: e-mail addresses, names of hosts, IP addresses and prefixes, URIs, and what `validate.proto` asks
//! for by a pattern that a loop over bytes answers as well.
//!
//! All of them look at each byte a bounded number of times, allocate nothing and do not fail. They accept what
//! protovalidate documents, by the document that each names. protovalidate's conformance suite agrees; its reference
//! deviates from these documents where no case of the suite looks, and is not followed there:
//!
//! - `::1:%eth0` and `::1:/64` are no addresses, nor is `1:2:3:4:5:6::1.2.3.4`, whose groups are eight without any zeros;
//!   the reference takes them for some. `::ffff:192.0.2.1%eth0` is one, which the reference refuses.
//! - `http://[::ffff:192.0.2.1]/` is a URI, and so is `http://[V1.a]/`, letters having no case there; the reference
//!   refuses both.
//! - `http://host/##` and `http://host?//[::1]` are no URI references; the reference, having failed with the whole, takes
//!   what follows the first `#` or `?` for one.

mod class;
mod email;
mod host;
mod http;
mod identifier;
mod ip;
mod uri;

pub use email::is_email;
pub use host::{is_host_and_port, is_hostname};
pub use http::{
    is_http_header_name, is_http_header_name_loose, is_http_header_value, is_http_header_value_loose,
};
pub use identifier::{is_protobuf_dot_fqn, is_protobuf_fqn, is_tuuid, is_ulid, is_uuid};
pub use ip::{is_ip, is_ip_prefix};
pub use uri::{is_uri, is_uri_ref};

/// The function here that is equal to a pattern of `validate.proto`, by its name.
///
/// ```
/// use gannet_cel::formats;
///
/// assert_eq!(formats::for_pattern("^[0-9a-fA-F]{32}$"), Some("is_tuuid"));
/// assert_eq!(formats::for_pattern("^[a-z]+$"), None);
/// ```
pub fn for_pattern(pattern: &str) -> Option<&'static str> {
    PATTERNS.iter().find_map(|(known, name, _)| (*known == pattern).then_some(*name))
}

/// A pattern, the name of the function that is equal to it, and the function.
type Equal = (&'static str, &'static str, fn(&str) -> bool);

/// Control characters stand in the last three as themselves: CEL has read their escapes.
const PATTERNS: [Equal; 9] = [
    ("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", "is_uuid", is_uuid),
    ("^[0-9a-fA-F]{32}$", "is_tuuid", is_tuuid),
    ("^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$", "is_ulid", is_ulid),
    (r"^[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$", "is_protobuf_fqn", is_protobuf_fqn),
    (r"^\.[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$", "is_protobuf_dot_fqn", is_protobuf_dot_fqn),
    ("^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$", "is_http_header_name", is_http_header_name),
    ("^[^\0\n\r]+$", "is_http_header_name_loose", is_http_header_name_loose),
    ("^[^\0-\u{8}\n-\u{1f}\u{7f}]*$", "is_http_header_value", is_http_header_value),
    ("^[^\0\n\r]*$", "is_http_header_value_loose", is_http_header_value_loose),
];

#[cfg(test)]
mod tests;
