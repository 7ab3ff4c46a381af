//! Flow control (RFC 9113 §5.2 and §6.9): received DATA and its windows, the windows for what is sent, and their growth.

use bytes::{Buf, BytesMut};

use super::headers::content_length_mismatch;
use super::receive::{frame_size, protocol};
use super::{Connection, ConnectionError, Event, WriteBuffer};
use crate::error::BudgetKind;
use crate::frame::{
    FrameHeader, MAX_31, Setting, flag, parse_u31, put_ping, put_settings, put_window_update, strip_padding,
};
use crate::stream::{Closed, State, Stream};
use crate::{ErrorCode, StreamError, StreamKey};

type Received = Result<Option<Event>, ConnectionError>;

impl Connection {
    /// A DATA frame; `payload` is without the frame header.
    #[inline]
    pub(super) fn receive_data(
        &mut self,
        header: FrameHeader,
        mut payload: BytesMut,
        out: &mut WriteBuffer,
    ) -> Received {
        let id = header.stream_id;
        let length = header.length;
        self.receive_window -= length as i32;
        if self.receive_window < 0 {
            return Err(ConnectionError::protocol(
                ErrorCode::FlowControlError,
                "DATA beyond the connection's flow-control window (RFC 9113 §6.9.1)",
            ));
        }
        let Some(slot) = self.streams.find(id) else { return self.receive_stray_data(header, out) };
        let key = StreamKey { slot, id };
        if header.has(flag::PADDED) {
            let content = strip_padding(header, &payload)
                .map_err(|error| ConnectionError::protocol(error.code(), error.reason()))?;
            payload.truncate(content.end);
            payload.advance(content.start);
        }
        let end_stream = header.has(flag::END_STREAM);
        let content = payload.len() as u32;
        let Some(stream) = self.streams.get_mut(key) else { return Ok(None) };
        if let Err(error) = accept_data(stream, length, content, end_stream) {
            self.release_connection(length, out);
            return self.fail_stream(key, error, out).map(Some);
        }
        if content == 0 {
            if !end_stream {
                self.buckets.spend(BudgetKind::EmptyFrames, self.now)?;
            }
        } else {
            self.buckets.work.frames_received += 1;
            self.buckets.work.bytes_received += u64::from(content);
            if self.bdp.data(length, self.now) {
                put_ping(out.tail_mut(), super::bdp::PROBE, false);
            }
        }
        if length != content {
            self.release(key, (length - content) as usize, out);
        }
        if end_stream {
            self.remote_ended(key);
        } else if content == 0 {
            return Ok(None);
        }
        Ok(Some(Event::Data { stream: key, data: payload.freeze(), end_stream }))
    }

    /// DATA for no open stream. Its bytes count for the connection's window nevertheless (RFC 9113 §6.9).
    #[cold]
    fn receive_stray_data(&mut self, header: FrameHeader, out: &mut WriteBuffer) -> Received {
        let id = header.stream_id;
        if id == 0 {
            return Err(protocol("DATA on stream 0 (RFC 9113 §6.1)"));
        }
        if self.is_idle(id) {
            return Err(protocol("DATA on an idle stream (RFC 9113 §5.1)"));
        }
        self.release_connection(header.length, out);
        if header.length == 0 {
            self.buckets.spend(BudgetKind::EmptyFrames, self.now)?;
        }
        if self.closed.get(id) != Closed::ResetHere {
            self.buckets.spend(BudgetKind::ProvokedResets, self.now)?;
            self.send_rst_stream(id, ErrorCode::StreamClosed, out)?;
        }
        Ok(None)
    }

    /// Says that `bytes` of the stream's data are consumed, so that the peer may send more. The peer is told once half a
    /// window is due. The stream may be gone already: the bytes count for the connection all the same, so whatever
    /// [`Event::Data`] gave is to be released in any case.
    #[inline]
    pub fn release(&mut self, stream: StreamKey, bytes: usize, out: &mut WriteBuffer) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.release_connection(bytes, out);
        let target = self.stream_target;
        let Some(state) = self.streams.get_mut(stream) else { return };
        if !state.state.can_receive() {
            return;
        }
        // No more can be released than was received, whatever the caller says.
        let outstanding =
            (i64::from(target) - i64::from(state.receive_window) - i64::from(state.release_due)).max(0);
        state.release_due += outstanding.min(i64::from(bytes)) as u32;
        reopen(state, stream.id, target, out);
    }

    #[inline]
    pub(super) fn release_connection(&mut self, bytes: u32, out: &mut WriteBuffer) {
        if self.failed.is_some() {
            return;
        }
        let outstanding =
            (i64::from(self.receive_target) - i64::from(self.receive_window) - i64::from(self.release_due))
                .max(0);
        self.release_due += outstanding.min(i64::from(bytes)) as u32;
        if u64::from(self.release_due) * 2 >= u64::from(self.receive_target) {
            put_window_update(out.tail_mut(), 0, self.release_due);
            self.receive_window += self.release_due as i32;
            self.release_due = 0;
        }
    }

    pub(super) fn receive_window_update(
        &mut self,
        header: FrameHeader,
        payload: &[u8],
        out: &mut WriteBuffer,
    ) -> Received {
        let Some(increment) = parse_u31(payload) else {
            return Err(frame_size("a WINDOW_UPDATE that is not 4 bytes long (RFC 9113 §6.9)"));
        };
        self.buckets.spend(BudgetKind::WindowUpdates, self.now)?;
        let id = header.stream_id;
        if id == 0 {
            if increment == 0 {
                return Err(protocol("a WINDOW_UPDATE of 0 (RFC 9113 §6.9)"));
            }
            self.send_window = grown(self.send_window, increment).ok_or_else(|| {
                ConnectionError::protocol(
                    ErrorCode::FlowControlError,
                    "the connection's flow-control window is above 2^31-1 (RFC 9113 §6.9.1)",
                )
            })?;
            self.flush(out);
            return Ok(None);
        }
        let Some(slot) = self.streams.find(id) else {
            if self.is_idle(id) {
                return Err(protocol("WINDOW_UPDATE on an idle stream (RFC 9113 §5.1)"));
            }
            // It may have been sent before the peer knew that the stream is closed (RFC 9113 §5.1).
            return Ok(None);
        };
        let key = StreamKey { slot, id };
        let Some(stream) = self.streams.get_mut(key) else { return Ok(None) };
        let error = if increment == 0 {
            StreamError::local(ErrorCode::ProtocolError, "a WINDOW_UPDATE of 0 (RFC 9113 §6.9)")
        } else if let Some(window) = grown(stream.send_window, increment) {
            stream.send_window = window;
            if stream.queue.is_some() {
                self.make_ready(key);
                self.flush(out);
            }
            return Ok(None);
        } else {
            StreamError::local(
                ErrorCode::FlowControlError,
                "the stream's flow-control window is above 2^31-1 (RFC 9113 §6.9.1)",
            )
        };
        self.fail_stream(key, error, out).map(Some)
    }

    /// The peer has changed SETTINGS_INITIAL_WINDOW_SIZE: the windows of open streams follow, perhaps below zero
    /// (RFC 9113 §6.9.2).
    pub(super) fn change_initial_send_window(&mut self, size: u32) -> Result<(), ConnectionError> {
        let delta = i64::from(size) - i64::from(self.peer.initial_window);
        self.peer.initial_window = size;
        if delta == 0 {
            return Ok(());
        }
        let mut ready = Vec::new();
        for (key, stream) in self.streams.iter_mut() {
            let window = i64::from(stream.send_window) + delta;
            if window > i64::from(MAX_31) {
                return Err(ConnectionError::protocol(
                    ErrorCode::FlowControlError,
                    "SETTINGS_INITIAL_WINDOW_SIZE makes a window exceed 2^31-1 (RFC 9113 §6.9.2)",
                ));
            }
            stream.send_window = window.max(i64::from(i32::MIN)) as i32;
            if stream.queue.is_some() {
                ready.push(key);
            }
        }
        for key in ready {
            self.make_ready(key);
        }
        Ok(())
    }

    /// The acknowledgement of a probe: the windows may be due to grow.
    pub(super) fn probe_acknowledged(&mut self, out: &mut WriteBuffer) {
        let Some(size) = self.bdp.acknowledged(self.now) else { return };
        if size > self.receive_target {
            let increment = size - self.receive_target;
            self.receive_target = size;
            self.receive_window += increment as i32;
            put_window_update(out.tail_mut(), 0, increment);
        }
        if size > self.stream_target {
            let increment = (size - self.stream_target) as i32;
            self.stream_target = size;
            // The peer may use the larger windows as soon as it gets the frame, which we cannot see; counting with them
            // from now on errs on its side.
            for (_, stream) in self.streams.iter_mut() {
                stream.receive_window += increment;
            }
            put_settings(out.tail_mut(), &[(Setting::InitialWindowSize, size)]);
            self.settings_sent();
        }
    }

    /// Our first SETTINGS took effect, which may have made the windows of streams smaller than the default.
    pub(super) fn initial_receive_window_effective(&mut self, out: &mut WriteBuffer) {
        let size = self.config.initial_stream_window;
        if size < self.stream_target && !self.bdp.has_grown() {
            let decrement = (self.stream_target - size) as i32;
            self.stream_target = size;
            for (key, stream) in self.streams.iter_mut() {
                stream.receive_window -= decrement;
                // What was consumed may be all that the smaller window holds; then the peer waits for this.
                reopen(stream, key.id, size, out);
            }
        }
    }
}

/// Tells the peer of consumed bytes once they are half a window.
#[inline]
fn reopen(stream: &mut Stream, id: u32, target: u32, out: &mut WriteBuffer) {
    if stream.release_due > 0 && u64::from(stream.release_due) * 2 >= u64::from(target) {
        put_window_update(out.tail_mut(), id, stream.release_due);
        stream.receive_window += stream.release_due as i32;
        stream.release_due = 0;
    }
}

/// Checks a DATA frame against its stream and counts it.
#[inline]
fn accept_data(stream: &mut Stream, length: u32, content: u32, end_stream: bool) -> Result<(), StreamError> {
    if !stream.state.can_receive() {
        return Err(StreamError::local(
            ErrorCode::StreamClosed,
            "DATA after the end of the stream (RFC 9113 §5.1)",
        ));
    }
    debug_assert_ne!(stream.state, State::Closed);
    if !stream.head_received {
        return Err(StreamError::local(
            ErrorCode::ProtocolError,
            "DATA before the response head (RFC 9113 §8.1)",
        ));
    }
    if length > 0 {
        if i64::from(stream.receive_window) < i64::from(length) {
            return Err(StreamError::local(
                ErrorCode::FlowControlError,
                "DATA beyond the stream's flow-control window (RFC 9113 §6.9.1)",
            ));
        }
        stream.receive_window -= length as i32;
    }
    if stream.content_left != Stream::NO_LENGTH {
        match stream.content_left.checked_sub(u64::from(content)) {
            Some(left) if left == 0 || !end_stream => stream.content_left = left,
            _ => return Err(content_length_mismatch()),
        }
    }
    Ok(())
}

/// A window after a WINDOW_UPDATE, unless it is too large.
#[inline]
fn grown(window: i32, increment: u32) -> Option<i32> {
    i32::try_from(i64::from(window) + i64::from(increment)).ok()
}
