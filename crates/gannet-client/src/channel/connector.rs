//! How a subchannel gets a connection: from the channel's target to a server that has said that it speaks HTTP/2.
//!
//! Not here: when a connection is wanted and what comes of it (`subchannel`), TLS (`security`), the sockets
//! (`gannet_transport::connect`).

use std::error::Error as _;
use std::future::Future;
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use gannet_http2::ConnectionErrorKind;
use gannet_transport::{Accepted, Address, Closed, Driver, Error, Inbox, Phase, TransportStream, connect};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::ChannelSettings;
use super::resolver::Resolver;
use super::subchannel::{ConnectionHandle, Subchannel};
use crate::connection::ClientConnection;

/// How long an attempt to connect may take, over all addresses.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes the connections of a subchannel.
#[derive(Clone)]
pub(super) struct Connector {
    resolver: Arc<dyn Resolver>,
    settings: Arc<ChannelSettings>,
}

/// A connection whose peer has sent its SETTINGS.
pub(super) struct Opened {
    /// The connection's task to be, which has run until now.
    pub(super) driver: Driver<Box<dyn TransportStream>, ClientConnection>,
    /// How calls reach it.
    pub(super) handle: Arc<ConnectionHandle>,
}

/// The time that a part of an attempt has.
#[derive(Clone, Copy)]
struct Allowance {
    time: Duration,
    until: Instant,
}

impl Allowance {
    fn new(time: Duration) -> Self {
        Self { time, until: Instant::now() + time }
    }

    /// An equal share of what is left, for the first of so many: one that does not answer leaves time to the others.
    fn share(self, of: usize) -> Self {
        let left = self.until.saturating_duration_since(Instant::now());
        Self::new(left / u32::try_from(of.max(1)).unwrap_or(u32::MAX))
    }

    /// What a step comes to, or an error that says what did not happen in time.
    async fn give<T>(
        self,
        step: impl Future<Output = Result<T, Error>>,
        late: impl FnOnce(&str) -> Error,
    ) -> Result<T, Error> {
        match timeout_at(self.until, step).await {
            Ok(result) => result,
            Err(_) => Err(late(&format!("within {:.1?}", self.time))),
        }
    }
}

impl Connector {
    pub(super) fn new(resolver: Arc<dyn Resolver>, settings: Arc<ChannelSettings>) -> Self {
        Self { resolver, settings }
    }

    /// Resolves, and goes from address to address until a server has sent its SETTINGS: who accepts and says nothing,
    /// closes, or speaks something else is no server.
    pub(super) async fn open(&self, subchannel: &Weak<Subchannel>) -> Result<Opened, Error> {
        let allowance = Allowance::new(CONNECT_TIMEOUT);
        let late = |within: &str| self.failed(Phase::Resolve, format!("no answer {within}"));
        let addresses = allowance.give(self.resolver.resolve(), late).await?;
        let mut failures = Vec::new();
        for (index, address) in addresses.iter().enumerate() {
            let share = allowance.share(addresses.len() - index);
            match self.open_at(address, subchannel, share).await {
                Ok(opened) => return Ok(opened),
                Err(error) => failures.push((address, error)),
            }
        }
        Err(explain(&self.settings.uri, failures))
    }

    async fn open_at(
        &self,
        address: &Address,
        subchannel: &Weak<Subchannel>,
        allowance: Allowance,
    ) -> Result<Opened, Error> {
        let security = &self.settings.security;
        let connecting = async { connect(address).await.map_err(|cause| self.failed(Phase::Connect, cause)) };
        let late = |within: &str| self.failed(Phase::Connect, format!("no answer {within}"));
        let accepted = allowance.give(connecting, late).await?;
        let late = |within: &str| {
            let why = format!(
                "the server took the connection, but did not finish the handshake {within}: it may not speak TLS on \
                 this port (then use http://)"
            );
            self.failed(Phase::Handshake, why)
        };
        let accepted = allowance.give(security.secure(accepted), late).await?;
        let late = |within: &str| {
            let or =
                if security.is_secure() { "" } else { ", or speak TLS on this port (then use https://)" };
            let why = format!("the server sent no SETTINGS {within}: it may not speak HTTP/2{or}");
            self.failed(Phase::Connect, why)
        };
        allowance.give(self.settle(accepted, address.to_string(), subchannel), late).await
    }

    /// Runs a connection until the server has sent its SETTINGS.
    async fn settle(
        &self,
        accepted: Accepted,
        peer: String,
        subchannel: &Weak<Subchannel>,
    ) -> Result<Opened, Error> {
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
            let why = format!("the server refused the connection: {refusal}");
            return Err(self.failed(Phase::Connect, why));
        }
        match closed {
            None => Ok(Opened { driver, handle }),
            // It said that it is a server, and was gone with the same breath: not one to dial again at once.
            Some(closed) if settings.try_recv().is_ok() => {
                Err(self.failed(Phase::Connect, format!("the connection was lost at once: {closed}")))
            }
            Some(closed) => Err(self.unsettled(&closed)),
        }
    }

    /// Why a connection ended before it was one.
    fn unsettled(&self, closed: &Closed) -> Error {
        if let Closed::Io(cause) = closed
            && let Some(refused) = cause.get_ref().and_then(|cause| cause.downcast_ref::<Error>())
        {
            // With TLS 1.3 the server looks at our certificate when for us the handshake is over.
            return refused.clone();
        }
        if let Closed::Protocol(error) = closed
            && error.kind() == ConnectionErrorKind::Timeout
        {
            return self.silent(&format!("in time ({error})"));
        }
        let hint = match closed {
            Closed::Io(cause) if !is_end(cause.kind()) => "",
            Closed::ByPeer { .. } | Closed::Io(_) if self.settings.security.is_secure() => {
                ". It may turn connections away, or have refused the client's certificate without saying so"
            }
            Closed::ByPeer { .. } | Closed::Io(_) => {
                ". It may speak TLS on this port (then use https://), or turn connections away"
            }
            _ => "",
        };
        self.failed(Phase::Connect, format!("before the server had sent its SETTINGS, {closed}{hint}"))
    }

    /// The error for a server that has sent no SETTINGS.
    fn silent(&self, within: &str) -> Error {
        let secure = self.settings.security.is_secure();
        let or = if secure { "" } else { ", or speak TLS on this port (then use https://)" };
        let why = format!("the server sent no SETTINGS {within}: it may not speak HTTP/2{or}");
        self.failed(Phase::Connect, why)
    }

    fn failed(&self, phase: Phase, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(phase, &self.settings.uri, why)
    }
}

/// Whether it is the peer who ended the connection.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
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
    let cause = |error: &Error| error.source().map(ToString::to_string).unwrap_or_default();
    let causes: Vec<_> =
        failures.iter().map(|(address, error)| format!("{address}: {}", cause(error))).collect();
    Error::new(phase.unwrap_or(Phase::Connect), uri, causes.join("; "))
}

#[cfg(test)]
mod tests;
