//! From a name to addresses.
//!
//! One of the channel's three seams: a resolver gives addresses, the balancer makes subchannels of them and picks one
//! per call. Not here: connecting (`subchannel`).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gannet_transport::{Address, Error, Phase};

use super::target::{Endpoint, Target};

/// The addresses of a target, or why there are none.
pub(crate) type Resolved<'a> = Pin<Box<dyn Future<Output = Result<Vec<Address>, Error>> + Send + 'a>>;

/// Finds the addresses of a channel's target.
pub(crate) trait Resolver: Send + Sync {
    /// Looks the target up, anew each time.
    fn resolve(&self) -> Resolved<'_>;
}

/// Resolves by the system's means: addresses are themselves, names are looked up.
pub(crate) struct SystemResolver {
    target: Target,
}

impl SystemResolver {
    pub(crate) fn new(target: Target) -> Self {
        Self { target }
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self) -> Resolved<'_> {
        Box::pin(async move {
            match &self.target.endpoint {
                Endpoint::Unix(path) => Ok(vec![Address::Unix(path.clone())]),
                Endpoint::Custom(connector) => Ok(vec![Address::Custom(Arc::clone(connector))]),
                Endpoint::Memory(connector) => Ok(vec![Address::Memory(connector.clone())]),
                Endpoint::Host { host, port } => {
                    let found = tokio::net::lookup_host((host.as_str(), *port))
                        .await
                        .map_err(|cause| Error::new(Phase::Resolve, &self.target.uri, cause))?;
                    let addresses: Vec<_> = found.map(Address::Tcp).collect();
                    if addresses.is_empty() {
                        return Err(Error::new(Phase::Resolve, &self.target.uri, "the name has no address"));
                    }
                    Ok(addresses)
                }
            }
        })
    }
}
