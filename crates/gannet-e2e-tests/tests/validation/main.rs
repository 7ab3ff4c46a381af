//! Validation in calls: what servers and channels do with messages that break the rules of their contracts.
//!
//! Most rules here are written by hand: each test says in its messages what is wrong with them. Those of `generated` stand in a
//! contract. Not here: what the rules of contracts are and mean (`gannet-rules`, `conformance`).

#![allow(clippy::unwrap_used, reason = "all of it is tests; a panic is the report")]

mod client;
mod generated;
mod server;
mod status;
mod streams;
#[allow(dead_code, reason = "made for all end-to-end tests")]
#[path = "../end_to_end/support.rs"]
mod support;
mod words;
