//! TLS for servers and channels, by rustls: certificates, who the peer is, rotation, and errors that say what to mend.
//!
//! [`ServerTls`] and [`ClientTls`] are settings and live state in one: clones share them, and what they read from files
//! is watched. [`PeerIdentity`] is what a verified certificate says of the peer.
//!
//! Not here: the accept loop and the channel, which call [`ServerTls::accept`] and [`ClientTls::connect`]; making
//! certificates (`gannet certs`); deciding what a peer may do (`gannet-auth`).

mod certificate;
mod client;
mod explain;
mod handshake;
mod handshake_error;
mod identity;
mod live;
mod materials;
mod opening;
mod pem;
mod provider;
mod secured;
mod server;
mod source;
mod spiffe;
mod verify;

pub use client::ClientTls;
pub use handshake_error::{HandshakeError, HandshakeErrorKind};
pub use identity::PeerIdentity;
pub use provider::TlsVersions;
pub use rustls;
pub use server::ServerTls;
pub use spiffe::{InvalidSpiffeId, SpiffeId};

/// What ALPN calls HTTP/2 over TLS (RFC 9113 section 3.2).
const H2: &[u8] = b"h2";

#[cfg(test)]
mod tests;
