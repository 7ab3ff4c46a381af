//! Tests of TLS with both ends in this process: certificates made by rcgen, connections in memory.

mod handshake;
mod support;
