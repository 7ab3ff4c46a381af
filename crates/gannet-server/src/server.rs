//! The server: its settings, its accept loop, its end.
//!
//! Not here: what happens on a connection (`connection`).

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gannet_core::{ConnectionInfo, Interceptor, Interceptors, PeerAddress, Validation};
use gannet_http2::Config;
#[cfg(feature = "tls")]
use gannet_transport::tls::ServerTls;
use gannet_transport::{
    Accepted, Closed, Command, Driver, Error, Inbox, Listener, MemoryListener, Phase, TransportStream, now,
};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{Id, JoinSet};

use crate::connection::{CallInbox, ServerCommand, ServerConnection, Serving};
use crate::dispatch::Dispatch;
use crate::log_budget::LogBudget;
use crate::method::MessageLimits;
use crate::router::Router;
use crate::securing::Securing;
use crate::service::{Service, Validating};
use crate::services::{ServerEnd, StandardServices};

/// The largest message a server takes unless told otherwise: 4 MiB, as with other gRPC implementations.
pub const DEFAULT_MAX_RECEIVE_MESSAGE_SIZE: usize = 4 * 1024 * 1024;

/// How long a drain lasts before it is forced, unless told otherwise.
pub const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long connections get to send their last bytes once a drain is forced.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// Connections waiting to be accepted by a listener made here.
const BACKLOG: u32 = 1024;

/// A gRPC server: services, settings, and then [`Server::serve`].
///
/// # Errors
///
/// `serve` and its siblings give an [`Error`] when the address cannot be taken. Once a server serves, nothing a client
/// does ends it.
#[derive(Debug)]
#[must_use = "a server does nothing until it serves"]
pub struct Server {
    pub(crate) router: Router,
    pub(crate) standard: StandardServices,
    limits: MessageLimits,
    dispatch: Dispatch,
    http2: Config,
    drain_notice: Duration,
    drain_timeout: Duration,
    max_connections: usize,
    interceptors: Interceptors,
    validating: Validating,
    securing: Securing,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server without services.
    pub fn new() -> Self {
        Self {
            router: Router::default(),
            standard: StandardServices::default(),
            limits: MessageLimits { receive: DEFAULT_MAX_RECEIVE_MESSAGE_SIZE, send: u32::MAX as usize },
            dispatch: Dispatch::default(),
            http2: Config::default(),
            drain_notice: Duration::ZERO,
            drain_timeout: DEFAULT_DRAIN_TIMEOUT,
            max_connections: Semaphore::MAX_PERMITS,
            interceptors: Interceptors::new(),
            validating: Validating::No,
            securing: Securing::default(),
        }
    }

    /// Adds a service.
    ///
    /// # Panics
    ///
    /// If a service of that name was added before.
    #[allow(clippy::should_implement_trait, reason = "services are added; servers are not summed")]
    pub fn add(mut self, service: impl Service) -> Self {
        self.router.add(service.into_methods());
        self
    }

    /// Serves over TLS, and over nothing else.
    ///
    /// Handshakes do not hold up the accept loop; they have a time-out and a cap, see [`ServerTls`]. A client that
    /// speaks plaintext is told so in its own language.
    ///
    /// ```no_run
    /// # async fn serve() -> Result<(), gannet_server::Error> {
    /// use gannet_server::{Server, ServerTls};
    ///
    /// let tls = ServerTls::from_pem_files("server.pem", "server.key")?.require_client_ca_file("ca.pem")?;
    /// Server::new().tls(tls).serve("0.0.0.0:50051").await
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.securing.tls = Some(tls);
        self
    }

    /// Adds an interceptor around the calls of all methods, inside those added before. Which interceptors a service or
    /// a method has of its own is said where it is added: [`crate::ServiceExt::intercept`],
    /// [`crate::ServiceExt::intercept_method`].
    ///
    /// A request that is no gRPC call, or for which there is no method, is answered without them.
    pub fn intercept(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.push(interceptor);
        self
    }

    /// Validates the requests of all methods by the rules of their contracts, before their handlers see them. A request that
    /// breaks rules is INVALID_ARGUMENT, with all that is wrong; on a stream this is what the handler gets from `next`.
    ///
    /// Messages without rules cost nothing. Interceptors run before; what their hooks do to a request is validated too. For
    /// single services and methods see [`crate::ServiceExt::without_validation`] and its siblings.
    ///
    /// ```
    /// use gannet_server::Server;
    ///
    /// let server = Server::new().validate();
    /// ```
    pub fn validate(self) -> Self {
        self.validate_with(Validation::new())
    }

    /// As [`Server::validate`], with other settings: replies too, the first violation only, an end to streams, a look at
    /// what is not valid.
    ///
    /// ```
    /// use gannet_core::Validation;
    /// use gannet_server::Server;
    ///
    /// let server = Server::new().validate_with(Validation::new().fail_fast().replies());
    /// ```
    pub fn validate_with(mut self, validation: Validation) -> Self {
        self.validating = Validating::with(validation);
        self
    }

    /// The largest request message taken, in bytes; a call with a larger one ends with RESOURCE_EXHAUSTED.
    /// Default: 4 MiB.
    pub fn max_receive_message_size(mut self, bytes: usize) -> Self {
        self.limits.receive = bytes;
        self
    }

    /// The largest reply message sent, in bytes; a call with a larger one ends with RESOURCE_EXHAUSTED.
    /// Default: 4 GiB - 1, the most that gRPC can express.
    pub fn max_send_message_size(mut self, bytes: usize) -> Self {
        self.limits.send = bytes.min(u32::MAX as usize);
        self
    }

    /// Where unary handlers run, unless a service says otherwise. Default: [`Dispatch::Adaptive`].
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.dispatch = dispatch;
        self
    }

    /// How long [`Server::serve_with_shutdown`] serves on as before once it is told to shut down, while its health service
    /// (if it has one) says NOT_SERVING: time for load balancers to notice and to send their calls elsewhere. The drain
    /// begins after that. Default: none.
    pub fn drain_notice(mut self, notice: Duration) -> Self {
        self.drain_notice = notice;
        self
    }

    /// How long [`Server::serve_with_shutdown`] waits for calls to end before it ends them. Default: 30 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// How many connections are served at a time. Default: all that come.
    ///
    /// While there are so many, no other is accepted: clients wait until one ends, in the queue of the operating system.
    /// Over TLS a connection counts once its handshake is through, so that clients that do not finish theirs keep nobody
    /// out; these have a limit of their own, `ServerTls::max_handshakes`.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = most.min(Semaphore::MAX_PERMITS);
        self
    }

    /// The settings and budgets of HTTP/2: windows, concurrent streams, sizes, rates.
    pub fn http2(mut self, config: Config) -> Self {
        self.http2 = config;
        self
    }

    /// Takes an address without serving yet: to learn the port of `"127.0.0.1:0"`, or to fail early.
    ///
    /// An address is `"host:port"` or `"unix:/path/to/socket"`.
    ///
    /// # Errors
    ///
    /// [`Phase::Resolve`] if the host has no address, [`Phase::Listen`] if the address cannot be taken, and
    /// [`Phase::Configure`] if the certificates or other settings of TLS cannot be used.
    pub async fn bind(self, address: impl fmt::Display) -> Result<BoundServer, Error> {
        self.securing.prepare()?;
        let address = address.to_string();
        let listener = match address.strip_prefix("unix:") {
            Some(path) => UnixListener::bind(path.strip_prefix("//").unwrap_or(path))
                .map(AnyListener::Unix)
                .map_err(|cause| Error::new(Phase::Listen, &address, cause))?,
            None => AnyListener::Tcp(listen_tcp(&address).await?),
        };
        Ok(BoundServer { server: self, listener })
    }

    /// Serves on `address` until the future is dropped.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`].
    pub async fn serve(self, address: impl fmt::Display) -> Result<(), Error> {
        self.serve_with_shutdown(address, pending()).await
    }

    /// Serves on `address` until `shutdown` is ready, then drains: no new connections and calls, the calls there are
    /// may end, and after [`Server::drain_timeout`] they are ended.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`].
    pub async fn serve_with_shutdown(
        self,
        address: impl fmt::Display,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        self.bind(address).await?.serve_with_shutdown(shutdown).await;
        Ok(())
    }

    /// Serves the connections of a listener of the caller's until `shutdown` is ready, then drains.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends all connections and calls at once.
    pub async fn serve_listener(self, mut listener: impl Listener, shutdown: impl Future<Output = ()>) {
        let notice = self.drain_notice;
        let mut connections = Connections::new(self);
        let mut shutdown = std::pin::pin!(connections.end.clone().announced(shutdown, notice));
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept(), if connections.have_room() => match accepted {
                    Ok(accepted) => connections.serve(accepted),
                    Err(error) => survive_accept_error(&error).await,
                },
                ended = connections.tasks.join_next_with_id(), if !connections.tasks.is_empty() => {
                    connections.ended(ended);
                }
            }
        }
        drop(listener);
        connections.drain().await;
    }
}

impl Server {
    /// Serves one connection over any stream, until it ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the connection and its calls at once.
    pub async fn serve_connection(self, stream: impl TransportStream) {
        let mut connections = Connections::new(self);
        connections.serve(Accepted { io: Box::new(stream), info: ConnectionInfo::new(None, None) });
        connections.all_ended().await;
    }
}

/// A server that has its address.
#[derive(Debug)]
#[must_use = "a server does nothing until it serves"]
pub struct BoundServer {
    server: Server,
    listener: AnyListener,
}

#[derive(Debug)]
enum AnyListener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl BoundServer {
    /// The address, with the port that the operating system chose for port 0.
    pub fn local_address(&self) -> Option<PeerAddress> {
        match &self.listener {
            AnyListener::Tcp(listener) => listener.local_address(),
            AnyListener::Unix(listener) => listener.local_address(),
        }
    }

    /// Serves until the future is dropped.
    pub async fn serve(self) {
        self.serve_with_shutdown(pending()).await;
    }

    /// Serves until `shutdown` is ready, then drains.
    pub async fn serve_with_shutdown(self, shutdown: impl Future<Output = ()>) {
        match self.listener {
            AnyListener::Tcp(listener) => self.server.serve_listener(listener, shutdown).await,
            AnyListener::Unix(listener) => self.server.serve_listener(listener, shutdown).await,
        }
    }
}

impl Server {
    /// Serves in-memory connections on a task of its own; the channel's end is `gannet_transport::memory()`'s other
    /// half.
    pub fn spawn_in_memory(self, listener: MemoryListener) -> tokio::task::JoinHandle<()> {
        tokio::spawn(self.serve_listener(listener, pending()))
    }
}

async fn listen_tcp(address: &str) -> Result<TcpListener, Error> {
    let resolved =
        tokio::net::lookup_host(address).await.map_err(|cause| Error::new(Phase::Resolve, address, cause))?;
    let mut last = None;
    for candidate in resolved {
        match listen(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(cause) => Err(Error::new(Phase::Listen, address, cause)),
        None => Err(Error::new(Phase::Resolve, address, "the name has no address")),
    }
}

fn listen(address: std::net::SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        std::net::SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        std::net::SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // A restarted server takes its port again although old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepting failed: the server goes on, after a moment where the cause is a shortage.
async fn survive_accept_error(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::debug!(%error, "a connection was gone before it was accepted");
        return;
    }
    tracing::warn!(%error, "cannot accept connections; trying again in 100 ms");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// The connections of a server that serves.
struct Connections {
    serving: Arc<Serving>,
    end: ServerEnd,
    http2: Config,
    drain_timeout: Duration,
    securing: Securing,
    /// Of each connection that is served, one permit.
    room: Arc<Semaphore>,
    full: bool,
    full_log: LogBudget,
    /// What peers do wrong on connections.
    faults: Arc<Mutex<LogBudget>>,
    /// Tells connections that are not served yet.
    draining: watch::Sender<bool>,
    tasks: JoinSet<()>,
    inboxes: HashMap<Id, CallInbox>,
}

impl Connections {
    fn new(server: Server) -> Self {
        let Server {
            mut router,
            standard,
            limits,
            dispatch,
            http2,
            drain_timeout,
            max_connections,
            interceptors,
            validating,
            securing,
            ..
        } = server;
        let end = standard.start(&router);
        router.intercept(&interceptors);
        router.validate(&validating);
        Self {
            serving: Arc::new(Serving { router: Arc::new(router), limits, dispatch }),
            end,
            http2,
            drain_timeout,
            securing,
            room: Arc::new(Semaphore::new(max_connections)),
            full: false,
            full_log: LogBudget::default(),
            faults: Arc::default(),
            draining: watch::Sender::new(false),
            tasks: JoinSet::new(),
            inboxes: HashMap::new(),
        }
    }

    /// Whether another connection may be accepted. Changes when one ends.
    fn have_room(&mut self) -> bool {
        let full = self.room.available_permits() == 0;
        let was_full = std::mem::replace(&mut self.full, full);
        if full && !was_full && self.full_log.spend(now()).is_some() {
            tracing::warn!(
                "as many connections are served as max_connections allows; others wait until one ends"
            );
        }
        !full
    }

    fn serve(&mut self, accepted: Accepted) {
        let (inbox, receiver) = Inbox::new();
        let (serving, http2, of_role) = (Arc::clone(&self.serving), self.http2.clone(), inbox.clone());
        let (securing, mut draining) = (self.securing.clone(), self.draining.subscribe());
        let (room, faults) = (Arc::clone(&self.room), Arc::clone(&self.faults));
        // There is room for one that is served at once; others find theirs when they are through with the handshake.
        let place =
            if securing.needs_handshake() { None } else { Arc::clone(&room).try_acquire_owned().ok() };
        let task = self.tasks.spawn(async move {
            let Some(Accepted { io, info }) = securing.secure(accepted, &mut draining).await else { return };
            let Some(_place) = find_place(place, room, draining).await else { return };
            let peer = info.clone();
            let role = ServerConnection::new(serving, info, of_role);
            let driver: Driver<Box<dyn TransportStream>, ServerConnection> =
                Driver::new(io, role, http2, receiver);
            let closed = driver.await;
            log_end(&peer, &closed, &faults);
        });
        self.inboxes.insert(task.id(), inbox);
    }

    fn ended(&mut self, ended: Option<Result<(Id, ()), tokio::task::JoinError>>) {
        match ended {
            Some(Ok((id, ()))) => {
                self.inboxes.remove(&id);
            }
            Some(Err(error)) => {
                self.inboxes.remove(&error.id());
                tracing::error!(%error, "the task of a connection ended in a way it should not; please report it");
            }
            None => {}
        }
    }

    fn tell_all(&self, command: impl Fn() -> ServerCommand) {
        for inbox in self.inboxes.values() {
            inbox.put(Command::Role(command()));
        }
    }

    /// Lets calls end for as long as the drain lasts, then ends them.
    async fn drain(mut self) {
        self.draining.send_replace(true);
        self.end.end_streams();
        self.tell_all(|| ServerCommand::Drain);
        if tokio::time::timeout(self.drain_timeout, self.all_ended()).await.is_ok() {
            return;
        }
        tracing::warn!(
            connections = self.tasks.len(),
            "the drain time-out has passed: ending the calls still running"
        );
        self.tell_all(|| ServerCommand::Close);
        if tokio::time::timeout(LAST_BYTES, self.all_ended()).await.is_err() {
            // Peers that do not even take our last bytes.
            self.tasks.shutdown().await;
        }
    }

    async fn all_ended(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.ended(Some(ended));
        }
    }
}

/// Waits for the place of a connection among those that are served; `None` if the server drains meanwhile.
async fn find_place(
    place: Option<OwnedSemaphorePermit>,
    room: Arc<Semaphore>,
    mut draining: watch::Receiver<bool>,
) -> Option<OwnedSemaphorePermit> {
    if place.is_some() {
        return place;
    }
    tokio::select! {
        place = room.acquire_owned() => place.ok(),
        _ = draining.wait_for(|draining| *draining) => None,
    }
}

/// Logs how a connection ended: faults of peers as warnings, as long as there are not many.
fn log_end(peer: &ConnectionInfo, closed: &Closed, faults: &Mutex<LogBudget>) {
    let unsaid = match closed {
        Closed::Protocol(_) => faults.lock().unwrap_or_else(PoisonError::into_inner).spend(now()),
        _ => None,
    };
    match (closed, unsaid) {
        (Closed::Protocol(error), Some(0)) => {
            tracing::warn!(?peer, %error, "a connection was ended for what its peer did");
        }
        (Closed::Protocol(error), Some(unsaid)) => {
            tracing::warn!(?peer, %error, unsaid, "a connection was ended for what its peer did, as others before");
        }
        _ => tracing::debug!(?peer, %closed, "a connection ended"),
    }
}
