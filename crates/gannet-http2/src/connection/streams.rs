//! The coming and going of streams: how each ends, and what is told to whom.

use super::{Connection, ConnectionError, Event, Role, WriteBuffer};
use crate::error::{BudgetKind, ConnectionErrorKind};
use crate::frame::{HEADER_LEN, put_rst_stream};
use crate::stream::{SendQueue, State, StreamTable, Turn};
use crate::{ErrorCode, StreamError, StreamKey};

/// Queues are kept for other streams up to this many.
const SPARE_QUEUES: usize = 64;

impl Connection {
    /// Whether a stream has not been opened yet, by whoever may open it.
    #[inline]
    pub(super) fn is_idle(&self, id: u32) -> bool {
        match self.role {
            Role::Server => id > self.last_peer_id || id & 1 == 0,
            Role::Client => id >= self.next_id || id & 1 == 0,
        }
    }

    /// The peer has sent END_STREAM.
    #[inline]
    pub(super) fn remote_ended(&mut self, key: StreamKey) {
        if let Some(stream) = self.streams.get_mut(key) {
            stream.state = stream.state.end_remote();
            if stream.state == State::Closed {
                self.complete_stream(key);
            }
        }
    }

    /// END_STREAM is in the write buffer.
    #[inline]
    pub(super) fn local_ended(&mut self, key: StreamKey, out: &mut WriteBuffer) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        stream.state = stream.state.end_local();
        if stream.state == State::Closed {
            self.complete_stream(key);
        } else if self.role == Role::Server {
            // The answer is complete; the rest of the request is of no use (RFC 9113 §8.1).
            self.buckets.work.resets_sent += 1;
            put_rst_stream(out.tail_mut(), key.id, ErrorCode::NoError);
            self.closed.reset_here(key.id);
            self.complete_stream(key);
            let error = StreamError::local(ErrorCode::NoError, "the answer ended before the request did");
            self.events.push_back(Event::Reset { stream: key, error });
        }
    }

    #[inline]
    fn complete_stream(&mut self, key: StreamKey) {
        self.buckets.work.completed += 1;
        self.remove_stream(key);
    }

    /// Takes a stream out of the table, with what it had to send.
    #[inline]
    pub(super) fn remove_stream(&mut self, key: StreamKey) {
        let ready = self.streams.get(key).is_some_and(|stream| stream.turn == Turn::Waiting);
        if let Some(queue) = self.streams.remove(key) {
            self.recycle_queue(queue, ready);
        }
        if self.open_blocked {
            self.wake_opener();
        }
    }

    #[cold]
    fn recycle_queue(&mut self, mut queue: Box<SendQueue>, ready: bool) {
        self.stats.buffered_bytes -= queue.bytes;
        if self.spare_queues.len() < SPARE_QUEUES {
            queue.clear();
            self.spare_queues.push(queue);
        }
        if ready {
            self.ready_stale += 1;
            if self.ready_stale > 32 && self.ready_stale * 2 > self.ready.len() {
                let streams = &self.streams;
                self.ready.retain(|key| streams.get(*key).is_some());
                self.ready_stale = 0;
            }
        }
    }

    /// Tells a client that waits to open a stream that it may, if it may.
    pub(super) fn wake_opener(&mut self) {
        if self.open_blocked && self.streams.len() < self.peer.max_concurrent_streams as usize {
            self.open_blocked = false;
            self.events.push_back(Event::OpenAvailable);
        }
    }

    /// Ends a stream because the peer broke a rule on it (RFC 9113 §5.4.2).
    #[cold]
    pub(super) fn fail_stream(
        &mut self,
        key: StreamKey,
        error: StreamError,
        out: &mut WriteBuffer,
    ) -> Result<Event, ConnectionError> {
        self.buckets.spend(BudgetKind::ProvokedResets, self.now)?;
        self.remove_stream(key);
        self.send_rst_stream(key.id, error.code, out)?;
        Ok(Event::Reset { stream: key, error })
    }

    /// Writes the RST_STREAM that a peer has provoked.
    #[cold]
    pub(super) fn send_rst_stream(
        &mut self,
        id: u32,
        code: ErrorCode,
        out: &mut WriteBuffer,
    ) -> Result<(), ConnectionError> {
        self.answer_control(HEADER_LEN + 4, out)?;
        self.buckets.work.resets_sent += 1;
        put_rst_stream(out.tail_mut(), id, code);
        self.closed.reset_here(id);
        Ok(())
    }

    /// Ends a stream. What it had to send and is not in the write buffer yet is dropped; what the peer still sends for it
    /// is ignored. Nothing happens if the stream is gone already.
    ///
    /// A caller that has consumed less than it was given still owes [`release`](Self::release) for the rest.
    pub fn reset(&mut self, stream: StreamKey, code: ErrorCode, out: &mut WriteBuffer) {
        if self.streams.get(stream).is_none() {
            return;
        }
        self.remove_stream(stream);
        self.buckets.work.resets_sent += 1;
        put_rst_stream(out.tail_mut(), stream.id, code);
        self.closed.reset_here(stream.id);
    }

    /// Counts bytes of an answer that the peer has asked for, which must not pile up if it does not read.
    #[inline]
    pub(super) fn answer_control(&mut self, bytes: usize, out: &WriteBuffer) -> Result<(), ConnectionError> {
        let waiting = self.control_bytes.add(bytes, out.total_written(), out.len());
        if waiting > self.config.budgets.max_control_bytes {
            return Err(super::budget::used_up(BudgetKind::ControlBytes));
        }
        Ok(())
    }

    /// Ends the connection: all streams are dropped, and GOAWAY says why.
    #[cold]
    pub(super) fn fail(&mut self, error: ConnectionError, out: &mut WriteBuffer) -> ConnectionError {
        if let ConnectionErrorKind::Budget(_) = error.kind() {
            self.stats.budget_trips += 1;
        }
        self.put_final_go_away(error.code(), error.reason(), out);
        self.failed = Some(error.clone());
        self.drop_streams();
        error
    }

    /// Forgets all streams, without events.
    pub(super) fn drop_streams(&mut self) {
        self.streams = StreamTable::new();
        self.ready.clear();
        self.ready_stale = 0;
        self.stats.buffered_bytes = 0;
        self.open_blocked = false;
    }
}
