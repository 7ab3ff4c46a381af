//! Interceptors: code around calls, on servers and on clients, for all shapes of methods.
//!
//! One trait for both sides ([`Interceptor`]), one view of a call ([`Call`]), and a view of its messages
//! ([`MessageMut`], [`OwnedMessage`]) that needs no type. Not here: where a server or a client runs a chain
//! (`gannet-server`, `gannet-client`), and any particular interceptor.

mod call;
mod chain;
mod hooks;
mod message;
#[cfg(test)]
mod tests;

pub use call::{Call, CallEnd, Caller, Side};
pub use chain::{ErasedInterceptor, Interceptor, Interceptors, Next, Running, Terminal};
pub use hooks::{HookedMessages, MessageHooks};
pub use message::{MessageMut, OwnedMessage};
