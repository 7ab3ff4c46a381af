//! gannet-conformance
