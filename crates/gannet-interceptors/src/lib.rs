//! The interceptors that come with Gannet: spans, time limits, concurrency limits, panic reports, propagation of metadata
//! and deadlines, and an adapter for tower layers.
//!
//! Users depend on `gannet`, which re-exports this as `gannet::interceptors`. Not here: the trait and the chain
//! (`gannet-core`), who may call (`gannet-auth`).

#![forbid(unsafe_code)]

mod concurrency;
mod panics;
mod propagate;
mod simple;
mod time_limit;
#[cfg(feature = "tower")]
mod tower;
mod trace;

pub use concurrency::ConcurrencyLimit;
pub use panics::PanicReport;
pub use propagate::Propagate;
pub use simple::{Before, before};
pub use time_limit::TimeLimit;
#[cfg(feature = "tower")]
pub use tower::{TowerBody, TowerLayer};
pub use trace::Trace;

#[cfg(test)]
mod testing;
