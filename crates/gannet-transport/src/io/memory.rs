//! Connections inside one process: no socket, no port, the same bytes.

use gannet_core::{ConnectionInfo, PeerAddress};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::{Accepted, Listener};

/// Bytes each direction of an in-memory connection holds before its writer waits: 64 KiB.
const PIPE_CAPACITY: usize = 64 * 1024;

/// The client's end of an in-memory listener; cheap to clone.
#[derive(Debug, Clone)]
pub struct MemoryConnector {
    sender: mpsc::UnboundedSender<DuplexStream>,
}

/// The server's end: a [`Listener`] without a socket.
#[derive(Debug)]
pub struct MemoryListener {
    receiver: mpsc::UnboundedReceiver<DuplexStream>,
}

/// An in-memory listener and the connector that reaches it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use gannet_transport::{Listener, memory};
///
/// let (connector, mut listener) = memory();
/// let client = connector.connect().unwrap();
/// let server = listener.accept().await.unwrap();
/// # let _ = (client, server);
/// # });
/// ```
pub fn memory() -> (MemoryConnector, MemoryListener) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (MemoryConnector { sender }, MemoryListener { receiver })
}

fn info() -> ConnectionInfo {
    ConnectionInfo::new(Some(PeerAddress::InMemory), Some(PeerAddress::InMemory))
}

impl MemoryConnector {
    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` if the listener is gone.
    pub fn connect(&self) -> std::io::Result<Accepted> {
        let (ours, theirs) = tokio::io::duplex(PIPE_CAPACITY);
        match self.sender.send(theirs) {
            Ok(()) => Ok(Accepted { io: Box::new(ours), info: info() }),
            Err(_) => Err(std::io::Error::new(
                std::io::ErrorKind::ConnectionRefused,
                "the in-memory listener is gone",
            )),
        }
    }
}

impl Listener for MemoryListener {
    async fn accept(&mut self) -> std::io::Result<Accepted> {
        match self.receiver.recv().await {
            Some(stream) => Ok(Accepted { io: Box::new(stream), info: info() }),
            // Every connector is gone: no connection can come any more. A server still serves the ones it has.
            None => std::future::pending().await,
        }
    }

    fn local_address(&self) -> Option<PeerAddress> {
        Some(PeerAddress::InMemory)
    }
}
