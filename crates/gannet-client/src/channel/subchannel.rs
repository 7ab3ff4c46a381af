//! One connection of a channel, whenever there is one: connecting, losing, connecting again.
//!
//! Its states are gRPC's: idle until a call wants it, connecting, ready, and after a failure in transient failure until
//! the backoff has passed. Not here: which subchannel a call takes (`balancer`), the connection (`crate::connection`).

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use gannet_core::Status;
use gannet_transport::{
    Accepted, Address, Backoff, Command, Driver, Error, Inbox, Phase, TransportStream, connect,
};
use tokio::sync::{oneshot, watch};

use super::ChannelSettings;
use super::resolver::Resolver;
use crate::connection::{ClientCommand, ClientConnection};

/// How long an attempt to connect may take, over all addresses.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection that takes calls.
#[derive(Debug)]
pub(crate) struct ConnectionHandle {
    pub(crate) inbox: Inbox<ClientCommand>,
    /// Whom it reaches, for messages.
    pub(crate) peer: String,
    /// Why the server will not have the connection, if it said so.
    pub(crate) refusal: OnceLock<String>,
}

impl Drop for ConnectionHandle {
    fn drop(&mut self) {
        // The inbox itself stays open for as long as somebody holds a half of a call, even one that has ended.
        self.inbox.put(Command::Role(ClientCommand::Abandon));
    }
}

/// The state of a subchannel (gRPC's connectivity semantics).
#[derive(Debug, Clone)]
pub(crate) enum Connectivity {
    /// No connection, and nobody wants one.
    Idle,
    /// An attempt is under way.
    Connecting,
    /// There is a connection.
    Ready,
    /// The last attempt failed, and it is too early for the next.
    TransientFailure(Error),
}

/// What a call gets when it asks for a connection.
pub(crate) enum Pick {
    /// This one.
    Ready(Arc<ConnectionHandle>),
    /// None yet: ask again when the state has changed.
    Wait(watch::Receiver<Connectivity>),
    /// None, and waiting would not help soon.
    Fail(Error),
}

/// One connection of a channel, whenever there is one.
pub(crate) struct Subchannel {
    /// The connection of a ready subchannel: all that a call looks at in the common case.
    ready: ArcSwapOption<ConnectionHandle>,
    state: watch::Sender<Connectivity>,
    backoff: Mutex<Backoff>,
    connector: Connector,
}

impl Subchannel {
    pub(crate) fn new(resolver: Arc<dyn Resolver>, settings: Arc<ChannelSettings>) -> Arc<Self> {
        Arc::new(Self {
            ready: ArcSwapOption::empty(),
            state: watch::Sender::new(Connectivity::Idle),
            backoff: Mutex::new(Backoff::new()),
            connector: Connector { resolver, settings },
        })
    }

    /// The connection if there is one; otherwise an attempt is started if none is under way.
    #[inline]
    pub(crate) fn pick(self: &Arc<Self>) -> Pick {
        match &*self.ready.load() {
            Some(handle) if !handle.inbox.is_closed() => Pick::Ready(Arc::clone(handle)),
            _ => self.pick_slowly(),
        }
    }

    #[cold]
    fn pick_slowly(self: &Arc<Self>) -> Pick {
        let mut failure = None;
        let mut start = false;
        self.state.send_if_modified(|state| {
            match state {
                Connectivity::Idle => start = true,
                // A ready connection that is gone by now is as good as none.
                Connectivity::Ready => {
                    start = self.ready.load().as_ref().is_none_or(|handle| handle.inbox.is_closed());
                }
                Connectivity::Connecting => {}
                Connectivity::TransientFailure(error) => failure = Some(error.clone()),
            }
            if start {
                *state = Connectivity::Connecting;
            }
            start
        });
        if let Some(error) = failure {
            return Pick::Fail(error);
        }
        if start {
            tokio::spawn(Self::run(Arc::downgrade(self)));
        }
        Pick::Wait(self.state.subscribe())
    }

    /// Connects, serves the connection until its end, and waits out the backoff if connecting failed.
    async fn run(subchannel: Weak<Self>) {
        let Some(this) = subchannel.upgrade() else { return };
        let (connector, mut gone) = (this.connector.clone(), this.state.subscribe());
        drop(this);
        let attempt = tokio::select! {
            attempt = tokio::time::timeout(CONNECT_TIMEOUT, connector.open(&subchannel)) => attempt,
            // An error: the channel is gone, and nobody wants the connection.
            _ = gone.wait_for(|_| false) => return,
        };
        let opened = attempt.unwrap_or_else(|_| Err(connector.no_answer()));
        match opened {
            Ok(Opened { driver, handle }) => {
                let Some(this) = subchannel.upgrade() else { return };
                this.lock_backoff().reset();
                this.ready.store(Some(handle));
                this.state.send_replace(Connectivity::Ready);
                // The channel may go while its connection still has calls.
                drop(this);
                let closed = driver.await;
                tracing::debug!(%closed, "a connection of a channel ended");
                if let Some(this) = subchannel.upgrade() {
                    this.state.send_if_modified(|state| match state {
                        Connectivity::Ready
                            if this.ready.load().as_ref().is_none_or(|handle| handle.inbox.is_closed()) =>
                        {
                            this.ready.store(None);
                            *state = Connectivity::Idle;
                            true
                        }
                        _ => false,
                    });
                }
            }
            Err(error) => {
                let Some(this) = subchannel.upgrade() else { return };
                let wait = this.lock_backoff().after_failure();
                tracing::debug!(%error, ?wait, "connecting failed");
                this.state.send_replace(Connectivity::TransientFailure(error));
                drop(this);
                // Ends with an error when the channel is gone, and only then.
                let _ = tokio::time::timeout(wait, gone.wait_for(|_| false)).await;
                if let Some(this) = subchannel.upgrade() {
                    this.state.send_replace(Connectivity::Idle);
                }
            }
        }
    }

    fn lock_backoff(&self) -> std::sync::MutexGuard<'_, Backoff> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the subchannel is not in transient failure.
    pub(crate) async fn left_failure(&self) {
        let mut state = self.state.subscribe();
        let left = |state: &Connectivity| !matches!(state, Connectivity::TransientFailure(_));
        // The sender is our own: it lives as long as we do.
        let _ = state.wait_for(left).await;
    }

    /// The peer of a connection wants no more calls on it: the next call gets a new one. Nothing happens if there is a
    /// new one already.
    pub(crate) fn going_away(&self, connection: &Weak<ConnectionHandle>) {
        self.state.send_if_modified(|state| {
            let current =
                |ready: &Arc<ConnectionHandle>| std::ptr::eq(Arc::as_ptr(ready), connection.as_ptr());
            if !self.ready.load().as_ref().is_some_and(current) {
                return false;
            }
            self.ready.store(None);
            let was_ready = matches!(state, Connectivity::Ready);
            if was_ready {
                *state = Connectivity::Idle;
            }
            was_ready
        });
    }
}

/// Makes connections: from a name to a peer that has said that it speaks HTTP/2.
#[derive(Clone)]
struct Connector {
    resolver: Arc<dyn Resolver>,
    settings: Arc<ChannelSettings>,
}

/// A connection whose peer has sent its SETTINGS.
struct Opened {
    driver: Driver<Box<dyn TransportStream>, ClientConnection>,
    handle: Arc<ConnectionHandle>,
}

impl Connector {
    /// Resolves, connects to the first address that answers, and waits until the server has sent its SETTINGS: who
    /// accepts and says nothing, closes, or speaks something else is no server.
    async fn open(&self, subchannel: &Weak<Subchannel>) -> Result<Opened, Error> {
        let (accepted, peer) = self.establish().await?;
        let (inbox, receiver) = Inbox::new();
        let handle = Arc::new(ConnectionHandle { inbox, peer: peer.clone(), refusal: OnceLock::new() });
        let (settled, mut settings) = oneshot::channel();
        let role =
            ClientConnection::new(&self.settings, peer, subchannel.clone(), Arc::downgrade(&handle), settled);
        let mut driver = Driver::new(accepted.io, role, self.settings.http2.clone(), receiver);
        let closed = tokio::select! {
            biased;
            closed = &mut driver => Some(closed),
            _ = &mut settings => None,
        };
        if let Some(refusal) = handle.refusal.get() {
            return Err(self.failed(format!("the server refused the connection: {refusal}")));
        }
        match closed {
            None => Ok(Opened { driver, handle }),
            // It said that it is a server, and was gone with the same breath: not one to dial again at once.
            Some(closed) if settings.try_recv().is_ok() => {
                Err(self.failed(format!("the connection was lost at once: {closed}")))
            }
            Some(closed) => Err(self.failed(format!("before the server had sent its SETTINGS, {closed}"))),
        }
    }

    /// Resolves, and connects to the first address that answers.
    async fn establish(&self) -> Result<(Accepted, String), Error> {
        let addresses = self.resolver.resolve().await?;
        let mut failures = Vec::new();
        for address in &addresses {
            match self.reach(address).await {
                Ok(accepted) => return Ok((accepted, address.to_string())),
                Err(error) => failures.push((address, error)),
            }
        }
        Err(explain(&self.settings.uri, failures))
    }

    /// Connects to an address, and secures the connection.
    async fn reach(&self, address: &Address) -> Result<Accepted, Error> {
        let accepted =
            connect(address).await.map_err(|cause| Error::new(Phase::Connect, &self.settings.uri, cause))?;
        self.settings.security.secure(accepted).await
    }

    fn failed(&self, why: String) -> Error {
        Error::new(Phase::Connect, &self.settings.uri, why)
    }

    fn no_answer(&self) -> Error {
        self.failed(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))
    }
}

/// One error of all failed addresses.
fn explain(uri: &str, mut failures: Vec<(&Address, Error)>) -> Error {
    if failures.len() == 1
        && let Some((_, error)) = failures.pop()
    {
        return error;
    }
    // That one could be reached, and what it said there, tells more than that another could not.
    let phase = failures.iter().map(|(_, error)| error.phase()).find(|phase| *phase == Phase::Handshake);
    let cause = |error: &Error| std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let causes: Vec<_> =
        failures.iter().map(|(address, error)| format!("{address}: {}", cause(error))).collect();
    Error::new(phase.unwrap_or(Phase::Connect), uri, causes.join("; "))
}

/// The status of a call that got no connection.
#[cold]
pub(crate) fn no_connection(error: &Error) -> Status {
    Status::unavailable(error.to_string()).with_source(error.clone())
}
