//! A server and a client against each other through the facade: what users may rely on, whole.
//!
//! Most tests run in memory and on a paused clock, where a call that would hang ends the test at once. Not here: what
//! one crate does on its own, which is tested beside its code, and what other implementations say (`conformance`).

#![allow(clippy::unwrap_used, reason = "all of it is tests; a panic is the report")]
#![allow(clippy::items_after_statements, reason = "an interceptor of one test stands where it is used")]
#![allow(clippy::similar_names, reason = "what signals and what is signalled are a pair")]

mod cancellation;
mod channel;
mod deadlines;
mod dispatch;
mod failures;
mod flow;
mod interceptors_client;
mod interceptors_server;
mod metadata;
mod shapes;
mod shutdown;
mod support;
