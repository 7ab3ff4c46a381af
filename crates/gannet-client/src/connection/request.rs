//! Requests as header fields.
//!
//! What is the same in every call of a method is encoded once per connection and copied from then on.

use std::time::Duration;

use bytes::Bytes;
use gannet_core::wire::timeout;
use gannet_core::{Metadata, MethodDescriptor};
use gannet_http2::hpack::{FixedBlock, Indexing};
use gannet_http2::{BlockWriter, HeaderFields};
use hashbrown::HashMap;

use crate::channel::ChannelSettings;

/// Methods whose path is kept in the peer's table. With more, paths would push each other and everything else out.
const INDEXED_METHODS: usize = 32;

const POST: Bytes = Bytes::from_static(b"POST");
const TRAILERS: Bytes = Bytes::from_static(b"trailers");
const GRPC: Bytes = Bytes::from_static(b"application/grpc");

/// The fixed header blocks of one connection.
#[derive(Debug)]
pub(crate) struct RequestBlocks {
    scheme: Bytes,
    authority: Bytes,
    user_agent: Bytes,
    methods: HashMap<&'static str, FixedBlock, foldhash::fast::RandomState>,
    /// Of a method whose path is not kept: what stands before the path, and what stands behind.
    before_path: FixedBlock,
    behind_path: FixedBlock,
}

impl RequestBlocks {
    pub(crate) fn new(settings: &ChannelSettings) -> Self {
        let authority = Bytes::from(settings.authority.clone());
        let user_agent = Bytes::from(settings.user_agent.clone());
        let scheme = Bytes::from_static(settings.security.scheme().as_bytes());
        Self {
            methods: HashMap::default(),
            before_path: FixedBlock::new([
                (":method", POST),
                (":scheme", scheme.clone()),
                (":authority", authority.clone()),
            ]),
            behind_path: FixedBlock::new([
                ("te", TRAILERS),
                ("content-type", GRPC),
                ("user-agent", user_agent.clone()),
            ]),
            scheme,
            authority,
            user_agent,
        }
    }

    /// The header fields of one call.
    pub(crate) fn fields<'a>(
        &'a mut self,
        method: &'static MethodDescriptor,
        timeout: Option<Duration>,
        metadata: &'a Metadata,
    ) -> RequestFields<'a> {
        let Self { scheme, authority, user_agent, methods, before_path, behind_path } = self;
        let full = methods.len() >= INDEXED_METHODS;
        let fixed = match methods.entry(method.path) {
            hashbrown::hash_map::Entry::Occupied(entry) => Fixed::Whole(entry.into_mut()),
            hashbrown::hash_map::Entry::Vacant(_) if full => {
                Fixed::Around { before_path, path: method.path, behind_path }
            }
            hashbrown::hash_map::Entry::Vacant(entry) => Fixed::Whole(entry.insert(FixedBlock::new([
                (":method", POST),
                (":scheme", scheme.clone()),
                (":path", Bytes::from_static(method.path.as_bytes())),
                (":authority", authority.clone()),
                ("te", TRAILERS),
                ("content-type", GRPC),
                ("user-agent", user_agent.clone()),
            ]))),
        };
        RequestFields { fixed, timeout, metadata }
    }
}

enum Fixed<'a> {
    Whole(&'a mut FixedBlock),
    Around { before_path: &'a mut FixedBlock, path: &'static str, behind_path: &'a mut FixedBlock },
}

/// The header fields of one call.
pub(crate) struct RequestFields<'a> {
    fixed: Fixed<'a>,
    timeout: Option<Duration>,
    metadata: &'a Metadata,
}

impl HeaderFields for RequestFields<'_> {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        match &mut self.fixed {
            Fixed::Whole(fixed) => block.fixed(fixed),
            Fixed::Around { before_path, path, behind_path } => {
                block.fixed(before_path);
                block.field(b":path", path.as_bytes(), Indexing::Without);
                block.fixed(behind_path);
            }
        }
        if let Some(timeout) = self.timeout {
            block.field(b"grpc-timeout", timeout::format(timeout).as_bytes(), Indexing::Without);
        }
        for (name, value) in self.metadata.iter_wire() {
            // What guesses at a secret must not be told by the length of a block that it was right (RFC 7541 §7.1.3).
            let indexing = if Metadata::is_secret(name) { Indexing::Never } else { Indexing::Without };
            block.field(name.as_ref(), value.as_ref(), indexing);
        }
    }
}
