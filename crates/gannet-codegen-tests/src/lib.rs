//! Compiles the generated code of difficult protos, so that `cargo test --workspace` sees it fail.
//!
//! Nothing here is for use; what the code does on the wire is tested elsewhere. The lints below
//! are those of a strict user, and must not reach into generated code.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    rust_2018_idioms,
    missing_docs,
    missing_copy_implementations,
    missing_debug_implementations
)]
#![deny(
    trivial_casts,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    unnameable_types
)]
#![deny(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    rustdoc::all
)]

/// What `gannet_build::compile` makes: messages of buffa, servers and clients.
pub mod buffa_tree {
    gannet::include_protos!();
}

/// All options of buffa on.
pub mod everything {
    include!(concat!(env!("OUT_DIR"), "/everything/everything.rs"));
}

/// Messages of prost.
pub mod prost {
    include!(concat!(env!("OUT_DIR"), "/prost/prost.rs"));
}

/// Rules that are interpreted.
pub mod interpreted {
    include!(concat!(env!("OUT_DIR"), "/interpreted/interpreted.rs"));
}

/// Rules that are interpreted, of messages of prost.
pub mod interpreted_prost {
    include!(concat!(env!("OUT_DIR"), "/interpreted_prost/interpreted_prost.rs"));
}

/// No servers.
pub mod client_only {
    include!(concat!(env!("OUT_DIR"), "/client_only/client_only.rs"));
}

/// No clients.
pub mod server_only {
    include!(concat!(env!("OUT_DIR"), "/server_only/server_only.rs"));
}

/// Types that live elsewhere, and a facade of another name.
pub mod elsewhere {
    include!(concat!(env!("OUT_DIR"), "/elsewhere/elsewhere.rs"));
}

/// The facade under another name.
pub mod renamed {
    pub use gannet::*;
}
