//! The gRPC server: routing, dispatch, limits and drain.
//!
//! Users depend on `gannet`, which re-exports [`Server`], [`Dispatch`] and [`Replies`]; generated code uses [`Service`]
//! and [`Methods`].

#![forbid(unsafe_code)]

mod connection;
mod dispatch;
mod log_budget;
mod method;
mod replies;
mod router;
mod securing;
mod server;
mod service;
mod services;

pub use dispatch::Dispatch;
#[cfg(feature = "health")]
pub use gannet_services::health::{HealthReporter, ServingStatus};
#[cfg(feature = "reflection")]
pub use gannet_services::reflection::{InvalidDescriptorSet, Reflection};
#[cfg(feature = "tls")]
pub use gannet_transport::tls::ServerTls;
pub use gannet_transport::{Error, Phase};
pub use replies::Replies;
pub use server::{BoundServer, DEFAULT_DRAIN_TIMEOUT, DEFAULT_MAX_RECEIVE_MESSAGE_SIZE, Server};
pub use service::{Handle, Methods, Service, ServiceExt, ServiceMethods};
