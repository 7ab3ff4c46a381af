//! HTTP/2 (RFC 9113) and HPACK (RFC 7541) as pure state machines, for both roles.

pub mod hpack;
