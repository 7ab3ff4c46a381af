//! The gRPC client: channels, connections, calls.
