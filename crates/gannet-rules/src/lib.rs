//! The rules of messages, from the options of their descriptors to Rust.
//!
//! Runs at build time. What the written code needs when it runs is in `gannet-validate`.

#![forbid(unsafe_code)]
