//! All of gRPC in one dependency.
