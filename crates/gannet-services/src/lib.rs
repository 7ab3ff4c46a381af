//! What reflection and health answer: their messages and their logic, without a server around them.
//!
//! The messages are generated from the official protos (`proto/`) and committed (`generated/`); a test compares the two.
//!
//! Users depend on `gannet`, which re-exports [`health::HealthReporter`], [`health::ServingStatus`] and
//! [`reflection::Reflection`]. Not here: the methods as a server has them, and its drain (`gannet-server`).

#![forbid(unsafe_code)]

mod codegen;
#[rustfmt::skip]
#[allow(unreachable_pub, reason = "its items are re-exported where they belong")]
mod generated;
pub mod health;
pub mod reflection;

/// The codec of all messages here.
pub use gannet_buffa::Buffa;
