//! From protobuf descriptors to Rust: messages, service traits and clients; also the plugin protoc-gen-gannet.
