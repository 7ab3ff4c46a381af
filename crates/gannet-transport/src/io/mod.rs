//! Where connections come from: listeners and connectors for TCP, Unix sockets and in-memory pipes.
//!
//! Not here: name resolution and reconnecting (`gannet-client`), the accept loop (`gannet-server`).

mod memory;

pub use memory::{MemoryConnector, MemoryListener, memory};

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use gannet_core::{ConnectionInfo, PeerAddress};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Anything bytes go over in both directions.
///
/// Erased, so that the driver of a connection is compiled once: a connection reads and writes whole batches, so the
/// indirect call is not felt.
pub trait TransportStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> TransportStream for T {}

/// A connection that a peer opened, and who the peer is.
pub struct Accepted {
    /// The bytes.
    pub io: Box<dyn TransportStream>,
    /// The two ends.
    pub info: ConnectionInfo,
}

impl std::fmt::Debug for Accepted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Accepted").field("info", &self.info).finish_non_exhaustive()
    }
}

/// A source of connections for a server.
pub trait Listener: Send + 'static {
    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// What the operating system says. The server logs it and goes on; it waits a little first where the cause is a
    /// shortage (of file descriptors, of memory).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future must lose no connection.
    fn accept(&mut self) -> impl Future<Output = std::io::Result<Accepted>> + Send;

    /// The address this listens on, if it has one.
    fn local_address(&self) -> Option<PeerAddress>;
}

impl Listener for TcpListener {
    async fn accept(&mut self) -> std::io::Result<Accepted> {
        let (stream, remote) = TcpListener::accept(self).await?;
        // gRPC writes whole batches itself; Nagle's algorithm would only delay them.
        stream.set_nodelay(true)?;
        let local = stream.local_addr().ok().map(PeerAddress::Tcp);
        let info = ConnectionInfo::new(Some(PeerAddress::Tcp(remote)), local);
        Ok(Accepted { io: Box::new(stream), info })
    }

    fn local_address(&self) -> Option<PeerAddress> {
        self.local_addr().ok().map(PeerAddress::Tcp)
    }
}

fn unix_address(address: &tokio::net::unix::SocketAddr) -> PeerAddress {
    PeerAddress::Unix(address.as_pathname().map(PathBuf::from))
}

impl Listener for UnixListener {
    async fn accept(&mut self) -> std::io::Result<Accepted> {
        let (stream, remote) = UnixListener::accept(self).await?;
        let local = stream.local_addr().ok().map(|address| unix_address(&address));
        let info = ConnectionInfo::new(Some(unix_address(&remote)), local);
        Ok(Accepted { io: Box::new(stream), info })
    }

    fn local_address(&self) -> Option<PeerAddress> {
        self.local_addr().ok().map(|address| unix_address(&address))
    }
}

/// A stream under way, from a [`Connector`].
pub type Connecting<'a> =
    Pin<Box<dyn Future<Output = std::io::Result<Box<dyn TransportStream>>> + Send + 'a>>;

/// A way of the caller's own to reach a server.
pub trait Connector: Send + Sync + 'static {
    /// Opens a stream; called anew for each connection.
    fn connect(&self) -> Connecting<'_>;
}

impl<F, Fut, I> Connector for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::io::Result<I>> + Send + 'static,
    I: TransportStream,
{
    fn connect(&self) -> Connecting<'_> {
        let connecting = self();
        Box::pin(async move { Ok(Box::new(connecting.await?) as Box<dyn TransportStream>) })
    }
}

/// Where a client connects to, once names are resolved.
#[derive(Clone)]
#[non_exhaustive]
pub enum Address {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// An in-memory listener of this process.
    Memory(MemoryConnector),
    /// Wherever the connector leads.
    Custom(Arc<dyn Connector>),
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Address({self})")
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Memory(_) => formatter.write_str("in-memory"),
            Self::Custom(_) => formatter.write_str("a stream of the caller's own"),
        }
    }
}

/// Connects to `address`.
///
/// # Errors
///
/// What the operating system says; for an in-memory address, that nobody listens.
pub async fn connect(address: &Address) -> std::io::Result<Accepted> {
    match address {
        Address::Tcp(remote) => {
            let stream = TcpStream::connect(remote).await?;
            stream.set_nodelay(true)?;
            let local = stream.local_addr().ok().map(PeerAddress::Tcp);
            let info = ConnectionInfo::new(Some(PeerAddress::Tcp(*remote)), local);
            Ok(Accepted { io: Box::new(stream), info })
        }
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).await?;
            let info = ConnectionInfo::new(Some(PeerAddress::Unix(Some(path.clone()))), None);
            Ok(Accepted { io: Box::new(stream), info })
        }
        Address::Memory(connector) => connector.connect(),
        Address::Custom(connector) => {
            Ok(Accepted { io: connector.connect().await?, info: ConnectionInfo::new(None, None) })
        }
    }
}
