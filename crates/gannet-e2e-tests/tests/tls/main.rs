//! Calls over TLS, and the connections that come to none: what users and operators see of it at both ends.
//!
//! Not here: the handshake alone, with every cause that ends one (`gannet-transport`), and what the tools of others make
//! of it (`conformance`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails is a test that fails")]

#[allow(dead_code, reason = "made for the tests of bad input; the log is of use here")]
#[path = "../bad_input/mod.rs"]
mod bad_input;
mod calls;
mod certificates;
mod handshakes;
mod limits;
mod other_protocols;
mod readiness;
mod refusals;
mod rotation;
#[allow(dead_code, reason = "made for all end-to-end tests")]
#[path = "../end_to_end/support.rs"]
mod support;

use gannet::{Channel, ClientTls};
use gannet_e2e_tests::probe::ProbeClient;

/// A client with a connection over TCP to this port of `host`.
pub(crate) async fn connect(host: &str, port: u16, tls: ClientTls) -> ProbeClient {
    let channel = Channel::builder(&format!("https://{host}:{port}")).tls(tls);
    ProbeClient::new(channel.connect().await.unwrap())
}

/// Asserts that a text has each of these in it.
#[track_caller]
pub(crate) fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}
