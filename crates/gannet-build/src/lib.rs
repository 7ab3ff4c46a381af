//! Compiles `.proto` files from `build.rs`, without protoc.
//!
//! ```no_run
//! // in `main` of build.rs
//! gannet_build::compile("proto/greeter.proto").unwrap()
//! ```
//!
//! and in the crate, which needs no dependency but `gannet`:
//!
//! ```text
//! gannet::include_protos!();
//! use helloworld::{Greeter, GreeterClient, GreeterServer, HelloReply, HelloRequest};
//! ```
//!
//! Everything else is a method of [`Config`]. This crate finds, parses and writes files; what
//! the Rust looks like is `gannet-codegen`'s.

#![forbid(unsafe_code)]

mod compiler;
mod config;
mod error;
mod sources;

pub use config::{Config, Output};
pub use error::{Error, ErrorKind};
pub use gannet_codegen::{Codec, Demand, GeneratedFile, MessageRules};

use std::path::Path;

/// Compiles a file, or all files of a folder, for `gannet::include_protos!()`.
///
/// Imports are relative to the file's own folder; the well-known types
/// (`google/protobuf/*.proto`) are built in. What the file uses of its imports is generated too.
/// The build script runs again when any of the files changes.
///
/// ```no_run
/// gannet_build::compile("proto/greeter.proto").unwrap();
/// ```
///
/// # Errors
/// See [`Config::compile`].
pub fn compile(path: impl AsRef<Path>) -> Result<(), Error> {
    Config::new().file(path).compile()
}
