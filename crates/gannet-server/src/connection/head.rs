//! A request's head: header fields in, a [`RequestHead`] out.
//!
//! Each field is classified once per HPACK table entry: what the classification found (the method a path names, the
//! kind of a content type) is a tag that the table keeps, so that an indexed field costs one look at its tag. Not here:
//! the rules of HTTP/2 about fields, which the engine has checked, and what follows from the head (`super`).

use std::sync::Arc;
use std::time::Duration;

use gannet_core::wire::content_type::{self, ContentType};
use gannet_core::wire::timeout;
use gannet_core::{Caller, Metadata, Status};
use gannet_http2::{HeaderVisitor, StreamKey};

use crate::router::Router;

/// What a request's head says, as far as gRPC is concerned.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestHead {
    pub(crate) path: Path,
    pub(crate) post: bool,
    pub(crate) content_type: GrpcContentType,
    pub(crate) te_trailers: bool,
    pub(crate) timeout: Option<Duration>,
    /// Something is wrong with a field; the first such fault.
    pub(crate) fault: Option<Status>,
    pub(crate) metadata: Metadata,
    /// Who sends it; known only where interceptors may ask.
    pub(crate) caller: Option<Arc<Caller>>,
}

/// What the `:path` names.
#[derive(Debug, Clone, Default)]
pub(crate) enum Path {
    /// There was none, which the engine lets pass for no request.
    #[default]
    Missing,
    /// A method of the router, by index.
    Method(u32),
    /// Nothing the router knows.
    Unknown(Status),
}

/// Whether the content type is gRPC's.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(crate) enum GrpcContentType {
    #[default]
    Missing,
    Grpc,
    Other,
}

/// What a field is to gRPC: the low eight bits of a tag.
mod kind {
    pub(super) const IGNORED: u32 = 0;
    pub(super) const METADATA: u32 = 1;
    pub(super) const METHOD_POST: u32 = 2;
    pub(super) const PATH_KNOWN: u32 = 3;
    pub(super) const PATH_UNKNOWN: u32 = 4;
    pub(super) const CONTENT_TYPE_GRPC: u32 = 5;
    pub(super) const CONTENT_TYPE_OTHER: u32 = 6;
    pub(super) const TE_TRAILERS: u32 = 7;
    pub(super) const TIMEOUT: u32 = 8;
    pub(super) const ENCODING_OTHER: u32 = 9;
    pub(super) const AUTHORITY: u32 = 10;
    pub(super) const USER_AGENT: u32 = 11;
    pub(super) const CONTENT_TYPE_FORMAT: u32 = 12;
}

const KIND_BITS: u32 = 8;

/// Gathers request heads for one connection.
#[derive(Debug)]
pub(crate) struct HeadVisitor {
    router: Arc<Router>,
    head: RequestHead,
    trailers: bool,
    /// Whether anyone may ask who the caller is.
    callers: Callers,
    /// Heads of blocks that come again and again.
    memory: [Option<Box<RequestHead>>; Self::MEMO_PLACES],
}

impl HeadVisitor {
    pub(crate) fn new(router: Arc<Router>) -> Self {
        Self {
            callers: Callers { wanted: router.has_interceptors(), ..Callers::default() },
            router,
            head: RequestHead::default(),
            trailers: false,
            memory: [const { None }; Self::MEMO_PLACES],
        }
    }

    /// The head that was gathered last.
    #[inline]
    pub(crate) fn take(&mut self) -> RequestHead {
        if self.head.caller.is_none() {
            self.head.caller = self.callers.current();
        }
        std::mem::take(&mut self.head)
    }

    #[cold]
    fn fault(&mut self, fault: Status) {
        self.head.fault.get_or_insert(fault);
    }
}

/// Who the callers of a connection are: usually always the same, so that what one request says is kept for the next.
#[derive(Debug, Default)]
struct Callers {
    wanted: bool,
    authority: Vec<u8>,
    user_agent: Vec<u8>,
    last: Option<Arc<Caller>>,
}

impl Callers {
    /// The caller of the request whose fields were seen.
    fn current(&mut self) -> Option<Arc<Caller>> {
        let Self { wanted: true, authority, user_agent, last } = self else { return None };
        let same = last.as_ref().is_some_and(|last| {
            last.authority.as_bytes() == authority && last.user_agent.as_bytes() == user_agent
        });
        if !same {
            *last = Some(Arc::new(Caller {
                authority: String::from_utf8_lossy(authority).into(),
                user_agent: String::from_utf8_lossy(user_agent).into(),
            }));
        }
        last.clone()
    }
}

/// Keeps a field's value.
fn keep(place: &mut Vec<u8>, value: &[u8]) {
    place.clear();
    place.extend_from_slice(value);
}

impl HeaderVisitor for HeadVisitor {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        match name {
            b":path" => match self.router.find(value) {
                Some(method) => method << KIND_BITS | kind::PATH_KNOWN,
                None => kind::PATH_UNKNOWN,
            },
            b":method" if value == b"POST" => kind::METHOD_POST,
            b"content-type" => match content_type::classify(value) {
                ContentType::NotGrpc => kind::CONTENT_TYPE_OTHER,
                ContentType::Other => kind::CONTENT_TYPE_FORMAT,
                ContentType::Proto => kind::CONTENT_TYPE_GRPC,
            },
            b"te" if value == b"trailers" => kind::TE_TRAILERS,
            b"grpc-timeout" => kind::TIMEOUT,
            b"grpc-encoding" if value != b"identity" => kind::ENCODING_OTHER,
            b":authority" if self.callers.wanted => kind::AUTHORITY,
            b"user-agent" if self.callers.wanted => kind::USER_AGENT,
            // What HTTP needs, what describes the client, and what gRPC keeps for itself is not metadata.
            b"te" | b"content-length" | b"user-agent" | b"host" | b"accept-encoding" => kind::IGNORED,
            _ if name.starts_with(b":") || name.starts_with(b"grpc-") => kind::IGNORED,
            _ => kind::METADATA,
        }
    }

    #[inline]
    fn begin(&mut self, _: StreamKey, trailers: bool) {
        self.trailers = trailers;
        self.head = RequestHead::default();
        self.callers.authority.clear();
        self.callers.user_agent.clear();
    }

    #[inline]
    fn field(&mut self, tag: u32, name: &[u8], value: &[u8]) {
        if self.trailers {
            // A request's trailers mean nothing in gRPC.
            return;
        }
        let head = &mut self.head;
        match tag & ((1 << KIND_BITS) - 1) {
            kind::PATH_KNOWN => head.path = Path::Method(tag >> KIND_BITS),
            kind::METHOD_POST => head.post = true,
            kind::CONTENT_TYPE_GRPC => head.content_type = GrpcContentType::Grpc,
            kind::TE_TRAILERS => head.te_trailers = true,
            kind::METADATA => {
                head.metadata.append_wire(name, value);
            }
            kind::TIMEOUT => match timeout::parse(value) {
                Ok(timeout) => head.timeout = Some(timeout),
                Err(error) => self.fault(Status::internal(format!("malformed grpc-timeout: {error}"))),
            },
            kind::PATH_UNKNOWN => head.path = Path::Unknown(self.router.explain(value)),
            kind::CONTENT_TYPE_OTHER => head.content_type = GrpcContentType::Other,
            kind::ENCODING_OTHER => {
                let encoding = String::from_utf8_lossy(value);
                let mut fault = Status::unimplemented(format!(
                    "messages compressed with `{encoding}` are not supported; supported: identity"
                ));
                // The client may then call again without (gRPC's compression document).
                fault.metadata_mut().append_wire(b"grpc-accept-encoding", b"identity");
                self.fault(fault);
            }
            kind::CONTENT_TYPE_FORMAT => {
                head.content_type = GrpcContentType::Grpc;
                // Decoding it as Protobuf could even succeed, and mean something else.
                self.fault(Status::unimplemented(format!(
                    "messages of the content-type `{}` are not supported; supported: application/grpc, \
                     application/grpc+proto",
                    String::from_utf8_lossy(value)
                )));
            }
            kind::AUTHORITY => keep(&mut self.callers.authority, value),
            kind::USER_AGENT => keep(&mut self.callers.user_agent, value),
            _ => {}
        }
    }

    fn memorize(&mut self, place: usize) {
        self.head.caller = self.callers.current();
        if let Some(kept) = self.memory.get_mut(place) {
            *kept = Some(Box::new(self.head.clone()));
        }
    }

    #[inline]
    fn recall(&mut self, place: usize) -> bool {
        match self.memory.get(place) {
            Some(Some(kept)) => {
                self.head.clone_from(kept);
                true
            }
            _ => false,
        }
    }
}
