//! The inbox of a connection's task: what other tasks want of it, taken in batches.
//!
//! A command costs its sender one push onto a lock-free queue; the connection's task is woken by the first of a batch
//! only. Not here: what the commands do (`driver`, and the roles in `gannet-server` and `gannet-client`).

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::stream::SharedStream;

/// What a task wants of a connection.
#[derive(Debug)]
pub enum Command<C> {
    /// The stream's sending half has something to take.
    Flush(Arc<SharedStream<C>>),
    /// The stream's consumer took this many bytes: the windows may reopen.
    Release(Arc<SharedStream<C>>, usize),
    /// The call is no longer wanted.
    Cancel(Arc<SharedStream<C>>),
    /// What only the role of this connection knows.
    Role(C),
}

/// The sending side of a connection's inbox; cheap to clone.
#[derive(Debug)]
pub struct Inbox<C> {
    sender: mpsc::UnboundedSender<Command<C>>,
}

impl<C> Clone for Inbox<C> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<C> Inbox<C> {
    /// An inbox, and the end from which the connection's task reads it.
    ///
    /// It has no bound of its own: each call has at most a handful of commands under way, and the calls are bounded.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Command<C>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, receiver)
    }

    /// Puts a command into the inbox. If the connection is gone nothing happens: it has failed its streams itself.
    pub fn put(&self, command: Command<C>) {
        let _ = self.sender.send(command);
    }

    /// Puts a command into the inbox, or gives it back if the connection is gone.
    ///
    /// # Errors
    ///
    /// The command itself.
    pub fn try_put(&self, command: Command<C>) -> Result<(), Command<C>> {
        self.sender.send(command).map_err(|refused| refused.0)
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}
