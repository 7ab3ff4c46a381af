//! One stream as two tasks see it: the connection's task and the task of the call.
//!
//! The connection's task puts what arrives into the [`ReceiveHalf`] and takes what is to be sent out of the
//! [`SendHalf`]; the call's task does the reverse. Each half has a lock of its own, held for a few moves at a time and
//! shared by just these two tasks. What the call's task did reaches the connection's task as a [`Command`] in its
//! inbox, and only when there is none under way already.
//!
//! Not here: HTTP/2 itself (`gannet-http2`), gRPC framing (`gannet-core`), and the typed handles
//! (`gannet-server`, `gannet-client`).

mod receive;
mod send;
#[cfg(test)]
mod tests;

pub use receive::{ReceiveEnd, ReceiveHalf, StreamBody};
pub use send::{SendEnd, SendHalf, Taken, append_message};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use gannet_core::{EncodeBuffer, Status};
use gannet_http2::StreamKey;

use crate::inbox::{Command, Inbox};

/// Bytes a sender may have waiting in its half before [`SharedStream::poll_ready`] makes it wait: 64 KiB.
pub const SEND_HIGH_MARK: usize = 64 * 1024;

/// So many bytes may wait for their consumer and be released all the same; what is above that is released when it is
/// consumed, in steps of this size. 16 KiB.
const RELEASE_STEP: usize = 16 * 1024;

/// The key of a stream that the connection has not opened yet.
const NO_KEY: u64 = u64::MAX;

/// The state that a connection and one of its calls share.
#[derive(Debug)]
pub struct SharedStream<C> {
    /// Absent while a client's stream waits for its connection.
    inbox: OnceLock<Inbox<C>>,
    key: AtomicU64,
    cancelled: AtomicBool,
    receive: Mutex<ReceiveHalf>,
    send: Mutex<SendHalf>,
}

impl<C: Send + 'static> SharedStream<C> {
    /// A stream that the peer opened: its key is known.
    pub fn accepted(inbox: Inbox<C>, key: StreamKey) -> Arc<Self> {
        let stream = Self::unopened(false);
        stream.bind(inbox);
        stream.set_key(key);
        stream
    }

    /// A stream that a connection is yet to open. With `whole`, the receiver is woken only at the stream's end:
    /// it wants the whole answer or nothing.
    ///
    /// Until [`SharedStream::bind`], what is sent only gathers; the connection looks for it when it opens the stream.
    pub fn unopened(whole: bool) -> Arc<Self> {
        Arc::new(Self {
            inbox: OnceLock::new(),
            key: AtomicU64::new(NO_KEY),
            cancelled: AtomicBool::new(false),
            receive: Mutex::new(ReceiveHalf::new(whole)),
            send: Mutex::new(SendHalf::default()),
        })
    }

    /// Says which connection the stream belongs to. The first one counts.
    pub fn bind(&self, inbox: Inbox<C>) {
        let _ = self.inbox.set(inbox);
    }

    fn put(&self, command: Command<C>) {
        if let Some(inbox) = self.inbox.get() {
            inbox.put(command);
        }
    }

    /// Which stream of the connection this is, once it is open.
    pub fn key(&self) -> Option<StreamKey> {
        // Only the connection's task acts on the key, and it is the one that stores it.
        match self.key.load(Ordering::Relaxed) {
            NO_KEY => None,
            packed => Some(StreamKey { slot: (packed >> 32) as u32, id: packed as u32 }),
        }
    }

    /// Remembers which stream of the connection this is.
    pub fn set_key(&self, key: StreamKey) {
        self.key.store(u64::from(key.slot) << 32 | u64::from(key.id), Ordering::Relaxed);
    }

    /// The receiving half, locked.
    pub fn receive(&self) -> MutexGuard<'_, ReceiveHalf> {
        // Nothing panics while it holds the lock; were it so, the state is still whole.
        self.receive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sending half, locked.
    pub fn send(&self) -> MutexGuard<'_, SendHalf> {
        self.send.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the stream takes another message.
    ///
    /// # Errors
    ///
    /// The status that ended the stream, if it has ended.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.send().poll_ready(context)
    }

    /// Encodes one message, with its gRPC header, behind what waits to be sent, and wakes the connection if it does
    /// not know yet.
    ///
    /// # Errors
    ///
    /// What `encode` refuses, or the status that ended the stream; nothing is queued then.
    pub fn push_message(
        self: &Arc<Self>,
        limit: usize,
        encode: impl FnOnce(&mut EncodeBuffer) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let flush = {
            let mut send = self.send();
            send.push_message(limit, encode)?;
            send.schedule()
        };
        if flush {
            self.put(Command::Flush(Arc::clone(self)));
        }
        Ok(())
    }

    /// Ends the sending side behind what waits to be sent. A second end is ignored.
    pub fn finish(self: &Arc<Self>, end: SendEnd) {
        let flush = {
            let mut send = self.send();
            send.finish(end) && send.schedule()
        };
        if flush {
            self.put(Command::Flush(Arc::clone(self)));
        }
    }

    /// Makes the connection look at the sending side, for example because the head may go out now.
    pub fn flush(self: &Arc<Self>) {
        if self.send().schedule() {
            self.put(Command::Flush(Arc::clone(self)));
        }
    }

    /// Says which connection the stream belongs to, after it was handed out. False: the call was cancelled meanwhile,
    /// and is not to be opened.
    #[must_use]
    pub fn bind_late(&self, inbox: Inbox<C>) -> bool {
        self.bind(inbox);
        // Together with the fence in `cancel`: one of the two sees what the other did.
        fence(Ordering::SeqCst);
        !self.is_cancelled()
    }

    /// The call is no longer wanted: the connection resets the stream unless it has ended.
    pub fn cancel(self: &Arc<Self>) {
        self.cancelled.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        match self.inbox.get() {
            Some(inbox) => inbox.put(Command::Cancel(Arc::clone(self))),
            None => self.fail(&Status::cancelled("the call was cancelled before it was sent")),
        }
    }

    /// Whether the call was cancelled, possibly before its connection knew of it.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Ends both directions with `status`, as when the stream is reset or the connection is lost.
    pub fn fail(&self, status: &Status) {
        self.receive().deliver_end(Err(status.clone()));
        self.send().close(status.clone());
    }
}
