//! Compiles the generated code of difficult protos, so that `cargo test --workspace` sees it fail.
//!
//! Nothing here is for use; what the code does on the wire is tested elsewhere.
