//! Compiles .proto files from build.rs, without protoc.
