//! Who calls, and what they may do: token interceptors for servers, call credentials for clients, authorization policies.
//!
//! Users depend on `gannet`, which re-exports this as `gannet::auth`. Not here: TLS and the identities it proves
//! (`gannet-transport`), how interceptors are run (`gannet-core`, `gannet-server`, `gannet-client`).

#![forbid(unsafe_code)]
