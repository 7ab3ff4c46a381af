//! One connection of a channel, whenever there is one: connecting, losing, connecting again.
//!
//! Its states are gRPC's: idle until a call wants it, connecting, ready, and after a failure in transient failure until
//! the backoff has passed. Not here: which subchannel a call takes (`balancer`), the connection (`crate::connection`).

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use gannet_core::Status;
use gannet_transport::{Accepted, Address, Command, Driver, Error, Inbox, Phase, TransportStream, connect};
use tokio::sync::watch;

use super::ChannelSettings;
use super::backoff::Backoff;
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
    resolver: Box<dyn Resolver>,
    settings: ChannelSettings,
}

impl Subchannel {
    pub(crate) fn new(resolver: Box<dyn Resolver>, settings: ChannelSettings) -> Arc<Self> {
        Arc::new(Self {
            ready: ArcSwapOption::empty(),
            state: watch::Sender::new(Connectivity::Idle),
            backoff: Mutex::new(Backoff::new()),
            resolver,
            settings,
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
        let attempt = tokio::time::timeout(CONNECT_TIMEOUT, this.establish()).await;
        let established = match attempt {
            Ok(established) => established,
            Err(_) => Err(Error::new(
                Phase::Connect,
                &this.settings.uri,
                format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
            )),
        };
        match established {
            Ok(accepted) => {
                this.lock_backoff().reset();
                let driver = this.take_into_service(accepted);
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
                let wait = this.lock_backoff().after_failure();
                tracing::debug!(%error, ?wait, "connecting failed");
                this.state.send_replace(Connectivity::TransientFailure(error));
                let mut gone = this.state.subscribe();
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

    /// Resolves, and connects to the first address that answers.
    async fn establish(&self) -> Result<(Accepted, String), Error> {
        let addresses = self.resolver.resolve().await?;
        let mut failures = Vec::new();
        for address in &addresses {
            match connect(address).await {
                Ok(accepted) => return Ok((accepted, address.to_string())),
                Err(error) => failures.push((address, error)),
            }
        }
        Err(explain(&self.settings.uri, failures))
    }

    /// Makes a connection the one that calls get.
    fn take_into_service(
        self: &Arc<Self>,
        (accepted, peer): (Accepted, String),
    ) -> Driver<Box<dyn TransportStream>, ClientConnection> {
        let (inbox, receiver) = Inbox::new();
        let handle = Arc::new(ConnectionHandle { inbox, peer: peer.clone() });
        let role = ClientConnection::new(&self.settings, peer, Arc::downgrade(self), Arc::downgrade(&handle));
        self.ready.store(Some(handle));
        self.state.send_replace(Connectivity::Ready);
        Driver::new(accepted.io, role, self.settings.http2.clone(), receiver)
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

/// One error of all failed addresses.
fn explain(uri: &str, mut failures: Vec<(&Address, std::io::Error)>) -> Error {
    if failures.len() == 1
        && let Some((_, cause)) = failures.pop()
    {
        return Error::new(Phase::Connect, uri, cause);
    }
    let causes: Vec<_> = failures.iter().map(|(address, cause)| format!("{address}: {cause}")).collect();
    Error::new(Phase::Connect, uri, causes.join("; "))
}

/// The status of a call that got no connection.
#[cold]
pub(crate) fn no_connection(error: &Error) -> Status {
    Status::unavailable(error.to_string())
        .with_source(Arc::new(error.clone()) as Arc<dyn std::error::Error + Send + Sync>)
}
