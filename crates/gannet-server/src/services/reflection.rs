//! The reflection service of a server, in both versions: its method, and the settings that add it.

use std::sync::{Arc, OnceLock};

use gannet_core::{Codec, Request, ServiceDescriptor, Status, Streaming};
use gannet_services::Buffa;
use gannet_services::reflection::{Conversation, Index, Reflection, V1, V1Alpha, Version};

use crate::replies::Replies;
use crate::server::Server;
use crate::service::{Handle, Methods, ServiceMethods};

/// What the methods look up in. Empty until the server starts, since services may be added in any order.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    index: OnceLock<Index>,
}

/// Reflection before the server starts.
#[derive(Debug)]
pub(super) struct Prepared {
    reflection: Reflection,
    lookup: Arc<Lookup>,
}

impl Prepared {
    pub(super) fn start(self, services: &[&'static ServiceDescriptor]) {
        let (index, warnings) = self.reflection.index(services);
        for warning in warnings {
            tracing::warn!("reflection: {warning}");
        }
        // A server starts once.
        let _ = self.lookup.index.set(index);
    }
}

impl Server {
    /// Adds the reflection service, `grpc.reflection.v1` and `v1alpha`, by which tools such as grpcurl call a server
    /// without its protos.
    ///
    /// It tells of all services of the server, those that are added later included, and of itself. Whoever can call the
    /// server can read its contracts.
    ///
    /// ```
    /// use gannet_server::Server;
    ///
    /// let server = Server::new().reflection();
    /// ```
    ///
    /// # Panics
    ///
    /// If the server has a service of that name.
    pub fn reflection(self) -> Self {
        self.reflection_with(Reflection::new())
    }

    /// Adds the reflection service as [`Server::reflection`] does, with what `reflection` has beside the services.
    ///
    /// ```
    /// use gannet_server::{Reflection, Server};
    ///
    /// # let events: &[u8] = b"";
    /// let reflection = Reflection::new().add_descriptor_set(events)?;
    /// let server = Server::new().reflection_with(reflection);
    /// # Ok::<(), gannet_server::InvalidDescriptorSet>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the server has a service of that name.
    pub fn reflection_with(mut self, reflection: Reflection) -> Self {
        let lookup = Arc::default();
        self.router.add(methods::<V1>(&lookup));
        self.router.add(methods::<V1Alpha>(&lookup));
        self.standard.reflection = Some(Prepared { reflection, lookup });
        self
    }
}

fn methods<V: Version>(lookup: &Arc<Lookup>) -> ServiceMethods
where
    Buffa: Codec<V::Request> + Codec<V::Response>,
{
    Methods::new(V::SERVICE, Arc::clone(lookup))
        .bidirectional::<Buffa, V::Request, V::Response, _, _>(0, converse::<V>)
        .finish()
}

async fn converse<V: Version>(
    lookup: Handle<Lookup>,
    mut requests: Request<Streaming<V::Request>>,
    mut replies: Replies<V::Response>,
) -> Result<(), Status> {
    let Some(index) = lookup.index.get() else {
        return Err(Status::unavailable("the server has not started"));
    };
    let mut conversation = Conversation::new(index);
    while let Some(request) = requests.next().await? {
        replies.send(V::respond(&mut conversation, request)).await?;
    }
    Ok(())
}
