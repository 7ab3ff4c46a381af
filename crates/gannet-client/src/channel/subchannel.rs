//! One connection of a channel, whenever there is one: connecting, losing, connecting again.
//!
//! Its states are gRPC's: idle until a call wants it, connecting, ready, and after a failure in transient failure until
//! the backoff has passed. Not here: which subchannel a call takes (`balancer`), how a connection is made (`connector`),
//! the connection (`crate::connection`).

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use gannet_core::Status;
use gannet_transport::{Backoff, Command, Error, Inbox};
use tokio::sync::watch;

use super::ChannelSettings;
use super::connector::{Connector, Opened};
use super::resolver::Resolver;
use crate::connection::ClientCommand;

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
            connector: Connector::new(resolver, settings),
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
        let opened = tokio::select! {
            opened = connector.open(&subchannel) => opened,
            // An error: the channel is gone, and nobody wants the connection.
            _ = gone.wait_for(|_| false) => return,
        };
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

/// The status of a call that got no connection.
#[cold]
pub(crate) fn no_connection(error: &Error) -> Status {
    Status::unavailable(error.to_string()).with_source(error.clone())
}
