//! The macro that brings generated code in.

/// Brings in everything that `gannet-build` generated: the whole module tree, a module per protobuf package.
///
/// ```ignore
/// gannet::include_protos!();
/// use helloworld::{Greeter, GreeterServer};
/// ```
#[macro_export]
macro_rules! include_protos {
    () => {
        include!(concat!(env!("OUT_DIR"), "/gannet_protos.rs"));
    };
}
