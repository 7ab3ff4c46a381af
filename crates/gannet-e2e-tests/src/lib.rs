//! The services that the end-to-end tests of this package implement and call, as generated.
//!
//! Not here: the tests (`tests/end_to_end`), and the tests of the parts (beside the parts).

// Generated code documents itself as far as its proto does.
#![allow(missing_docs)]
#![forbid(unsafe_code)]

gannet::include_protos!();
