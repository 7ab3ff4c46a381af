//! The reflection service, `grpc.reflection.v1` and `v1alpha`: what clients without the protos are told of a server.
//!
//! [`Reflection`] is what a server is set up with, [`Index`] what it looks up in, [`Conversation`] one stream of
//! requests and responses, and [`Version`] the form that these have on the wire. grpc/doc/server-reflection.md rules.
//! Not here: which services a server has (`gannet-server`).

mod conversation;
mod descriptor_set;
mod index;
mod versions;

#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use descriptor_set::InvalidDescriptorSet;
pub use index::{Index, Warning};
pub use versions::{V1, V1Alpha, Version};

use std::fmt;

use bytes::Bytes;
use gannet_core::ServiceDescriptor;

use descriptor_set::{DescriptorSet, File};

/// What reflection tells, beside what the services of the server bring with them.
///
/// A service brings its file and all that this imports. To be added is what else a client should be able to look up:
/// messages inside `google.protobuf.Any`, extensions, or the services behind a proxy.
///
/// ```
/// use gannet_services::reflection::Reflection;
///
/// // As `protoc --include_imports -o events.binpb` writes it. This one is of `syntax = "proto3"; message Ping {}`.
/// let events = b"\x0a\x1c\x0a\x0aping.proto\x22\x06\x0a\x04Ping\x62\x06proto3";
/// let reflection = Reflection::new().add_descriptor_set(events)?;
/// # Ok::<(), gannet_services::reflection::InvalidDescriptorSet>(())
/// ```
#[derive(Clone, Default)]
pub struct Reflection {
    added: Vec<DescriptorSet>,
}

impl Reflection {
    /// Nothing beside the services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the files of an encoded `google.protobuf.FileDescriptorSet`. They are served byte for byte, with whatever
    /// custom options they have.
    ///
    /// The set should hold all that its files import, unless a service brings it. A file that the server has under the
    /// same name already is not added.
    ///
    /// # Errors
    ///
    /// The bytes are no such set, or a file in it has no name.
    pub fn add_descriptor_set(
        mut self,
        set: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Self, InvalidDescriptorSet> {
        self.added.push(DescriptorSet::parse(Bytes::from_owner(set))?);
        Ok(self)
    }

    /// What a server with these services looks up in, and what is wrong with it.
    pub fn index(self, services: &[&'static ServiceDescriptor]) -> (Index, Vec<Warning>) {
        Index::build(services, self.added)
    }
}

impl fmt::Debug for Reflection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&str> = self.added.iter().flat_map(|set| &set.files).map(File::name).collect();
        formatter.debug_struct("Reflection").field("files", &files).finish()
    }
}
