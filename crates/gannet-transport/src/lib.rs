//! The tokio driver of one HTTP/2 connection that carries gRPC.
