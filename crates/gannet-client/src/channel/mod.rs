//! Channels: what clients send their calls through.
//!
//! A channel is resolver → balancer → subchannel: names become addresses, addresses become connections, and each call
//! picks one. Not here: calls (`call`), the connection (`connection`).

mod balancer;
mod connector;
mod resolver;
mod security;
mod subchannel;
mod target;

pub(crate) use subchannel::{ConnectionHandle, Subchannel};

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use gannet_core::{
    CallCredentials, ErasedCallCredentials, Interceptor, Interceptors, MethodCheck, MethodDescriptor, Side,
    Status, Validation,
};
use gannet_http2::Config;
#[cfg(feature = "tls")]
use gannet_transport::tls::ClientTls;
use gannet_transport::{Connector, Error, MemoryConnector, Phase};

use self::balancer::PickFirst;
use self::resolver::SystemResolver;
use self::security::Security;
use self::subchannel::{Pick, no_connection};
use self::target::Target;

/// The largest message a client takes unless told otherwise: 4 MiB, as with other gRPC implementations.
pub const DEFAULT_MAX_RECEIVE_MESSAGE_SIZE: usize = 4 * 1024 * 1024;

/// A channel to a service: cheap to clone, shared by any number of clients and calls.
///
/// A channel connects when the first call wants it ([`Channel::lazy`]) or at once ([`Channel::connect`]), and connects
/// again after its connection is lost. Calls on a lost connection fail with UNAVAILABLE; calls made while a new one is
/// being made wait for it; after a failed attempt, calls fail at once until the backoff (1 s to 120 s) has passed.
#[derive(Clone)]
pub struct Channel {
    inner: Arc<ChannelInner>,
    around: Option<Arc<Around>>,
}

/// What stands around the calls of a channel.
#[derive(Clone, Default)]
pub(crate) struct Around {
    pub(crate) interceptors: Interceptors,
    pub(crate) credentials: Vec<Arc<dyn ErasedCallCredentials>>,
}

impl fmt::Debug for Around {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Around").field("interceptors", &self.interceptors).finish_non_exhaustive()
    }
}

struct ChannelInner {
    balancer: PickFirst,
    settings: Arc<ChannelSettings>,
}

/// The settings of a channel.
#[derive(Debug, Clone)]
pub(crate) struct ChannelSettings {
    pub(crate) uri: String,
    pub(crate) authority: String,
    pub(crate) user_agent: String,
    pub(crate) max_receive: usize,
    pub(crate) max_send: usize,
    pub(crate) http2: Config,
    pub(crate) security: Security,
    /// Credentials that require transport security are sent without.
    pub(crate) plaintext_credentials: bool,
    pub(crate) validation: Option<Arc<Validation>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Channel").field("uri", &self.inner.settings.uri).finish_non_exhaustive()
    }
}

/// Settings of a channel, before it is made.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `connect` or `lazy`"]
pub struct ChannelBuilder {
    target: Result<Target, Error>,
    settings: ChannelSettings,
    around: Option<Around>,
    #[cfg(feature = "tls")]
    tls: Option<ClientTls>,
}

impl ChannelBuilder {
    fn new(uri: &str, target: Result<Target, Error>) -> Self {
        let authority = target.as_ref().map(|target| target.authority.clone()).unwrap_or_default();
        Self {
            target,
            settings: ChannelSettings {
                uri: uri.to_owned(),
                authority,
                user_agent: concat!("gannet/", env!("CARGO_PKG_VERSION")).to_owned(),
                max_receive: DEFAULT_MAX_RECEIVE_MESSAGE_SIZE,
                max_send: u32::MAX as usize,
                http2: Config::default(),
                security: Security::Plaintext,
                plaintext_credentials: false,
                validation: None,
            },
            around: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The largest reply message taken, in bytes; a call with a larger one ends with RESOURCE_EXHAUSTED.
    /// Default: 4 MiB.
    pub fn max_receive_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_receive = bytes;
        self
    }

    /// The largest request message sent, in bytes; a larger one fails with RESOURCE_EXHAUSTED and is not sent.
    /// Default: 4 GiB - 1, the most that gRPC can express.
    pub fn max_send_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_send = bytes.min(u32::MAX as usize);
        self
    }

    /// What comes before `gannet/<version>` in the `user-agent` of requests.
    pub fn user_agent(mut self, name: &str) -> Self {
        self.settings.user_agent = format!("{name} gannet/{}", env!("CARGO_PKG_VERSION"));
        self
    }

    /// The `:authority` of requests, where it is to differ from the URI's.
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.settings.authority = authority.into();
        self
    }

    /// The settings and budgets of HTTP/2: windows, sizes, rates.
    pub fn http2(mut self, config: Config) -> Self {
        self.settings.http2 = config;
        self
    }

    /// How connections are secured by TLS: whom to trust, and who this client is.
    ///
    /// A URI with `https://` has TLS anyway, with the CAs of the system; this is for all else. The server has to prove
    /// that it is the host of the URI, whatever [`ChannelBuilder::authority`] says, unless
    /// [`ClientTls::server_name`] names another.
    ///
    /// ```no_run
    /// # async fn open() -> Result<gannet_client::Channel, gannet_client::Error> {
    /// use gannet_client::{Channel, ClientTls};
    ///
    /// let tls = ClientTls::with_ca_file("ca.pem")?.identity_files("client.pem", "client.key")?;
    /// Channel::builder("https://localhost:50051").tls(tls).connect().await
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Adds an interceptor around the calls of this channel, inside those added before.
    pub fn intercept(mut self, interceptor: impl Interceptor) -> Self {
        self.around.get_or_insert_default().interceptors.push(interceptor);
        self
    }

    /// Validates requests by the rules of their contract before they are sent. One that breaks rules fails with
    /// INVALID_ARGUMENT, with all that is wrong, and nothing of it leaves; on a stream this is what `send` gives.
    ///
    /// Messages without rules cost nothing. What interceptors' hooks do to a request is validated too.
    ///
    /// ```
    /// use gannet_client::Channel;
    ///
    /// let channel = Channel::builder("http://localhost:50051").validate();
    /// ```
    pub fn validate(self) -> Self {
        self.validate_with(Validation::new())
    }

    /// As [`ChannelBuilder::validate`], with other settings: replies too, the first violation only, an end to streams, a
    /// look at what is not valid.
    pub fn validate_with(mut self, validation: Validation) -> Self {
        self.settings.validation = Some(Arc::new(validation));
        self
    }

    /// Has `credentials` say who calls, for every call of this channel; several add up.
    ///
    /// Where they require transport security and the channel has none, the channel cannot be made, unless
    /// [`ChannelBuilder::allow_credentials_over_plaintext`] says otherwise.
    pub fn call_credentials(mut self, credentials: impl CallCredentials) -> Self {
        self.around.get_or_insert_default().credentials.push(Arc::new(credentials));
        self
    }

    /// Sends credentials that require transport security also where there is none: anyone on the way can read them and
    /// call in their name. For tests, and for networks that are secured by other means.
    pub fn allow_credentials_over_plaintext(mut self) -> Self {
        self.settings.plaintext_credentials = true;
        self
    }

    /// Makes the channel; it connects when a call wants it.
    ///
    /// # Errors
    ///
    /// `Phase::Configure` if the URI cannot be used.
    pub fn lazy(self) -> Result<Channel, Error> {
        let (target, mut settings) = (self.target?, self.settings);
        settings.security = Security::new(
            target.scheme,
            #[cfg(feature = "tls")]
            self.tls,
            &target.host,
            &target.uri,
        )?;
        let resolver = SystemResolver::new(target);
        let settings = Arc::new(settings);
        let subchannel = Subchannel::new(Arc::new(resolver), Arc::clone(&settings));
        let balancer = PickFirst::new(subchannel);
        let inner = Arc::new(ChannelInner { balancer, settings });
        let channel = Channel { inner, around: self.around.map(Arc::new) };
        for credentials in channel.around().iter().flat_map(|around| &around.credentials) {
            channel
                .may_carry(&**credentials)
                .map_err(|why| Error::new(Phase::Configure, &channel.settings().uri, why))?;
        }
        Ok(channel)
    }

    /// Makes the channel and connects it.
    ///
    /// # Errors
    ///
    /// `Phase::Configure` if the URI cannot be used, `Phase::Resolve`, `Phase::Connect` or `Phase::Handshake` if the
    /// connection cannot be made.
    pub async fn connect(self) -> Result<Channel, Error> {
        let channel = self.lazy()?;
        channel.connection(false).await?;
        Ok(channel)
    }
}

impl Channel {
    /// Settings of a channel to `uri`: `http://host:port`, `https://host:port`, `host:port` or `unix:/path/to/socket`.
    /// The port is 80 or, with `https`, 443 if there is none; without a scheme the channel is plaintext unless
    /// [`ChannelBuilder::tls`] is set.
    pub fn builder(uri: &str) -> ChannelBuilder {
        ChannelBuilder::new(uri, Target::parse(uri))
    }

    /// Connects to `uri`.
    ///
    /// # Errors
    ///
    /// As [`ChannelBuilder::connect`].
    pub async fn connect(uri: &str) -> Result<Self, Error> {
        Self::builder(uri).connect().await
    }

    /// A channel to `uri` that connects when the first call wants it.
    ///
    /// # Errors
    ///
    /// As [`ChannelBuilder::lazy`].
    pub fn lazy(uri: &str) -> Result<Self, Error> {
        Self::builder(uri).lazy()
    }

    /// Settings of a channel to an in-memory listener of this process.
    pub fn in_memory(connector: MemoryConnector) -> ChannelBuilder {
        ChannelBuilder::new("in-memory", Ok(Target::memory(connector)))
    }

    /// Settings of a channel over streams of the caller's own: anything that reads and writes bytes.
    ///
    /// `connect` is called for each connection; `authority` is the `:authority` of requests, and the name in errors.
    ///
    /// ```
    /// # fn open() -> Result<gannet_client::Channel, gannet_client::Error> {
    /// use tokio::net::TcpStream;
    ///
    /// gannet_client::Channel::over("localhost", || TcpStream::connect("127.0.0.1:50051")).lazy()
    /// # }
    /// ```
    pub fn over(authority: &str, connect: impl Connector) -> ChannelBuilder {
        ChannelBuilder::new(authority, Ok(Target::custom(authority, Arc::new(connect))))
    }

    /// The same channel, with the same connections, and another interceptor inside those it has.
    #[must_use]
    pub fn with_interceptor(&self, interceptor: impl Interceptor) -> Self {
        let mut around = self.around.as_deref().cloned().unwrap_or_default();
        around.interceptors.push(interceptor);
        Self { inner: Arc::clone(&self.inner), around: Some(Arc::new(around)) }
    }

    /// Whether what is sent cannot be read on the way.
    pub fn is_secure(&self) -> bool {
        self.settings().security.is_secure()
    }

    /// What stands around calls, if anything does.
    #[inline]
    pub(crate) fn around(&self) -> Option<&Arc<Around>> {
        self.around.as_ref()
    }

    /// Whether these credentials may be sent through this channel; otherwise, why not.
    pub(crate) fn may_carry(&self, credentials: &dyn ErasedCallCredentials) -> Result<(), String> {
        if !credentials.requires_security() || self.is_secure() || self.settings().plaintext_credentials {
            return Ok(());
        }
        Err("the call credentials require transport security, and the channel is plaintext: anyone on the way could \
             read them; use https://, or permit it with ChannelBuilder::allow_credentials_over_plaintext"
            .to_owned())
    }

    /// Checks a request, if this channel validates.
    #[inline]
    pub(crate) fn check_request(
        &self,
        method: &'static MethodDescriptor,
        message: &dyn Any,
    ) -> Result<(), Status> {
        match &self.settings().validation {
            None => Ok(()),
            Some(validation) => validation.check_request(Side::Client, method, message),
        }
    }

    /// The check of a method's requests, if this channel validates and there is one.
    pub(crate) fn request_check(&self, method: &'static MethodDescriptor) -> Option<MethodCheck> {
        MethodCheck::of_requests(self.settings().validation.as_ref()?, Side::Client, method)
    }

    /// The check of a method's replies, if this channel validates them and there is one.
    pub(crate) fn reply_check(&self, method: &'static MethodDescriptor) -> Option<MethodCheck> {
        MethodCheck::of_replies(self.settings().validation.as_ref()?, Side::Client, method)
    }

    pub(crate) fn settings(&self) -> &ChannelSettings {
        &self.inner.settings
    }

    /// The connection for a call, if it can be had without waiting.
    #[inline]
    pub(crate) fn pick(&self, wait_for_ready: bool) -> Option<Result<Arc<ConnectionHandle>, Status>> {
        match self.inner.balancer.pick() {
            Pick::Ready(handle) => Some(Ok(handle)),
            Pick::Fail(error) if !wait_for_ready => Some(Err(no_connection(&error))),
            Pick::Wait(_) | Pick::Fail(_) => None,
        }
    }

    /// Waits for the connection for a call.
    pub(crate) async fn wait(&self, wait_for_ready: bool) -> Result<Arc<ConnectionHandle>, Status> {
        self.connection(wait_for_ready).await.map_err(|error| no_connection(&error))
    }

    async fn connection(&self, wait_for_ready: bool) -> Result<Arc<ConnectionHandle>, Error> {
        loop {
            match self.inner.balancer.pick() {
                Pick::Ready(handle) => return Ok(handle),
                Pick::Fail(error) if !wait_for_ready => return Err(error),
                Pick::Fail(_) => {
                    // The subchannel goes back to idle by itself; ask again then.
                    self.inner.balancer.changed().await;
                }
                Pick::Wait(mut state) => {
                    let connecting = |state: &subchannel::Connectivity| {
                        !matches!(state, subchannel::Connectivity::Connecting)
                    };
                    // The sender lives as long as this channel.
                    let _ = state.wait_for(connecting).await;
                }
            }
        }
    }
}
