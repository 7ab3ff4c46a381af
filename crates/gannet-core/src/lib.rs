//! gRPC semantics without I/O: status, metadata, deadlines, codecs and the gRPC wire encodings.
