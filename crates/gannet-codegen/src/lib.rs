//! From protobuf descriptors to Rust: messages, service traits, servers and clients.
//!
//! A pure library: bytes of a `FileDescriptorSet` in, text of Rust files out. It neither parses
//! `.proto` files nor writes to disk; `gannet-build` does, for build scripts, and the program
//! `protoc-gen-gannet` of this package speaks to protoc and buf.
//!
//! Messages come from the generators of buffa or prost, whichever the user chose ([`Codec`]);
//! services from here. Everything that generated code names, it names through the crate `gannet`,
//! so that a user needs that one dependency.

#![forbid(unsafe_code)]

pub mod bundled;
mod descriptors;
mod docs;
mod error;
mod generate;
mod messages;
mod names;
mod options;
mod paths;
pub mod plugin;
mod service;
mod tree;
mod validation;
mod wire;

pub use error::{Error, ErrorKind};
pub use generate::{Generated, GeneratedFile, file_names, generate};
pub use options::{Codec, Options};
pub use validation::{Demand, MessageRules, explain_rules};
