//! Tools for testing services and the transport: frame scripts, in-process pairs, leak checks.
