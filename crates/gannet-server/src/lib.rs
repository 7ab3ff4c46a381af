//! The gRPC server: routing, dispatch, limits and drain.
