//! All of gRPC in one dependency.
//!
//! Write the contract as a `.proto`, have `gannet-build` compile it in `build.rs`, bring the result in with
//! [`include_protos!`], implement the generated trait, and serve it with [`Server`]; call it through a [`Channel`] with
//! the generated client. The guide in the repository's `docs/` goes through it page by page.
//!
//! This crate only gathers what the others hold: see `ARCHITECTURE.md` for where things are.
//!
//! # Features
//!
//! | feature | default | what it brings |
//! | --- | --- | --- |
//! | `buffa` | yes | messages by buffa |
//! | `server` | yes | [`Server`] and what services need |
//! | `client` | yes | [`Channel`] and what calls need |
//! | `auth` | yes | tokens, call credentials, authorization policies: `auth` |
//! | `jwt` | no | JSON Web Tokens for `auth` |
//! | `tls` | yes | TLS, with AWS-LC as its cryptography |
//! | `tls-ring` | no | TLS, with ring as its cryptography unless there is `tls` too |
//! | `tls-no-provider` | no | TLS, with cryptography of the caller's |
//! | `health` | yes | the health service: [`Server::health`] |
//! | `reflection` | yes | the reflection service: [`Server::reflection`] |
//! | `validate` | yes | the rules of messages: [`validate`] |
//! | `runtime-cel` | no | rules that cannot be compiled, interpreted |
//! | `tower` | no | `interceptors::TowerLayer`: interceptors made of tower layers |
//! | `prost` | no | messages by prost |
//! | `json` | no | the JSON form of buffa's messages |

#![forbid(unsafe_code)]

pub mod codegen;
mod macros;

pub use gannet_core::{
    Call, CallCredentials, CallEnd, Code, Codec, ConnectionInfo, CredentialsRequest, Deadline, Extensions,
    Interceptor, InvalidMetadata, MessageMut, Metadata, MetadataEntry, MetadataValue, Next, OwnedMessage,
    PeerAddress, Request, Response, Side, Status, Streaming, TlsInfo,
};
pub use gannet_transport::{
    Accepted, Connecting, Connector, Error, Listener, MemoryConnector, MemoryListener, Phase,
    TransportStream, memory,
};

/// HTTP/2's settings and budgets, for [`Server`] and [`Channel`].
pub mod http2 {
    pub use gannet_http2::{Budget, Budgets, Config};
}

#[cfg(feature = "server")]
pub use gannet_server::{BoundServer, Dispatch, Replies, Server, Service, ServiceExt};

#[cfg(feature = "client")]
pub use gannet_client::{Channel, ChannelBuilder, ReplyFuture, RequestSender};

/// TLS: certificates, who the peer is, and rustls for what there is no setting for.
#[cfg(feature = "tls-no-provider")]
pub mod tls {
    pub use gannet_transport::tls::{
        ClientTls, HandshakeError, HandshakeErrorKind, InvalidSpiffeId, PeerIdentity, ServerTls, SpiffeId,
        TlsVersions, rustls,
    };
}

#[cfg(feature = "tls-no-provider")]
pub use gannet_transport::tls::{ClientTls, PeerIdentity, ServerTls};

/// Who calls and what they may do: interceptors that authenticate callers, and call credentials.
#[cfg(feature = "auth")]
pub use gannet_auth as auth;

/// The interceptors that come with Gannet.
///
/// One's own implement [`Interceptor`], or are made of a closure by [`before`](interceptors::before). On a server they are
/// added with [`Server::intercept`] and [`ServiceExt::intercept`], on a client with [`ChannelBuilder::intercept`].
pub mod interceptors {
    pub use gannet_core::HandlerPanicked;
    pub use gannet_interceptors::*;
}

/// The rules of messages, checked.
///
/// Messages whose contract has rules, of `buf.validate` or of go-proto-validators, implement
/// [`Validate`](validate::Validate). Servers and channels check them where they are told to: [`Server::validate`],
/// [`ChannelBuilder::validate`], with settings in [`Validation`](validate::Validation).
#[cfg(feature = "validate")]
pub mod validate {
    pub use gannet_core::{InvalidMessage, MessageKind, Validation};
    pub use gannet_validate::{
        DEFAULT_INTERPRETED_LIMIT, DEFAULT_VIOLATION_LIMIT, FieldPath, Invalid, PathElement, Settings,
        Subscript, Validate, Validated, ValidationError, Violation, Violations,
    };
}

/// How the services of a server are: what [`Server::health`] answers from.
#[cfg(feature = "health")]
pub mod health {
    pub use gannet_server::{HealthReporter, ServingStatus};
}

/// What a server tells of its contracts: [`Server::reflection`].
#[cfg(feature = "reflection")]
pub mod reflection {
    pub use gannet_server::{InvalidDescriptorSet, Reflection};
}

/// The codecs: how messages become bytes.
pub mod codec {
    #[cfg(feature = "buffa")]
    pub use gannet_buffa::Buffa;
    pub use gannet_core::{Codec, EncodeBuffer};
    #[cfg(feature = "prost")]
    pub use gannet_prost::Prost;
}

/// The library of the messages, for what is done with them outside of calls: [`buffa::Message`] encodes and decodes
/// them.
#[cfg(feature = "buffa")]
pub use gannet_buffa::buffa;

/// The well-known types of `google.protobuf`: `Any`, `Duration`, `Empty`, `Timestamp` and the others.
///
/// ```
/// use gannet::well_known::{Any, Duration};
///
/// let second = Duration { seconds: 1, ..Default::default() };
/// let any = Any::pack(&second, Duration::TYPE_URL);
/// assert_eq!(any.unpack_if::<Duration>(Duration::TYPE_URL).unwrap(), Some(second));
/// ```
#[cfg(feature = "buffa")]
pub mod well_known {
    pub use gannet_buffa::buffa_types::google::protobuf::*;
}
