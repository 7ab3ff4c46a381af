//! Tests of TLS with both ends in this process: certificates made by rcgen, connections in memory.

mod certificates;
mod configuration;
mod handshake;
mod identity;
mod input;
mod peers;
mod rotation;
mod support;
