//! What goes out: heads, data, trailers; the streams' queues and the turns that they take.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{Connection, Event, Role, WriteBuffer};
use crate::fields::list_size;
use crate::frame::{FrameHeader, HEADER_LEN, MAX_31, flag, kind, put_header};
use crate::stream::{End, State, Stream, Turn};
use crate::{BlockWriter, FieldList, HeaderFields, OpenError, SendError, StreamKey};

/// What the closure of [`Connection::send_data_in_place`] gives back: the lent buffer with the payload appended, or
/// that and segments that follow it and are not to be copied.
pub trait InPlace {
    /// The buffer, and what follows.
    fn into_parts(self) -> (BytesMut, Vec<Bytes>);
}

impl InPlace for BytesMut {
    #[inline]
    fn into_parts(self) -> (BytesMut, Vec<Bytes>) {
        (self, Vec::new())
    }
}

impl InPlace for (BytesMut, Vec<Bytes>) {
    #[inline]
    fn into_parts(self) -> (BytesMut, Vec<Bytes>) {
        self
    }
}

/// Whether data or trailers may follow on the stream.
#[inline]
pub(super) fn accepts_data(stream: &Stream) -> bool {
    stream.head_sent
        && stream.state.can_send()
        && stream.queue.as_ref().is_none_or(|queue| matches!(queue.end, End::Open))
}

/// Finds out why [`accepts_data`] said no.
#[cold]
fn refusal(stream: Option<&Stream>) -> SendError {
    match stream {
        None => SendError::StreamGone,
        Some(stream) if stream.state.can_send() && !stream.head_sent => SendError::HeadOrder,
        Some(_) => SendError::AlreadyEnded,
    }
}

impl Connection {
    /// Opens a stream with a request head (client).
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. Nothing was sent.
    #[inline]
    pub fn open<H: HeaderFields>(
        &mut self,
        now: Instant,
        fields: &mut H,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) -> Result<StreamKey, OpenError> {
        self.now = now;
        if self.role == Role::Server {
            return Err(OpenError::NotClient);
        }
        if !self.takes_new_streams() {
            return Err(OpenError::GoingAway);
        }
        if self.next_id > MAX_31 {
            return Err(OpenError::IdsExhausted);
        }
        if self.streams.len() >= self.peer.max_concurrent_streams as usize {
            self.open_blocked = true;
            return Err(OpenError::StreamLimit);
        }
        if let Some((size, limit)) = self.too_large(fields) {
            return Err(OpenError::HeadersTooLarge { size, limit });
        }
        let id = self.next_id;
        self.next_id += 2;
        self.stats.streams_opened += 1;
        let slot = self.streams.insert(id, self.peer.initial_window as i32, self.stream_target as i32);
        let key = StreamKey { slot, id };
        if let Some(stream) = self.streams.get_mut(key) {
            stream.head_sent = true;
            if end_stream {
                stream.state = State::HalfClosedLocal;
            }
        }
        self.put_block(id, fields, end_stream, out);
        Ok(key)
    }

    /// Sends the head of a response (server). With `end_stream` nothing follows it.
    ///
    /// # Errors
    ///
    /// See [`SendError`]. Nothing was sent.
    #[inline]
    pub fn send_head<H: HeaderFields>(
        &mut self,
        stream: StreamKey,
        fields: &mut H,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) -> Result<(), SendError> {
        match self.streams.get(stream) {
            None => return Err(SendError::StreamGone),
            Some(state) if state.head_sent => return Err(SendError::HeadOrder),
            Some(_) => {}
        }
        if let Some((size, limit)) = self.too_large(fields) {
            return Err(SendError::HeadersTooLarge { size, limit });
        }
        if let Some(state) = self.streams.get_mut(stream) {
            state.head_sent = true;
        }
        self.put_block(stream.id, fields, end_stream, out);
        if end_stream {
            self.local_ended(stream, out);
        }
        Ok(())
    }

    /// Sends trailers and with them the end of this side; behind data that is queued. If a server's answer ends before
    /// the request has, RST_STREAM(NO_ERROR) follows by itself (RFC 9113 §8.1), and an [`Event::Reset`] with that code.
    ///
    /// # Errors
    ///
    /// See [`SendError`]. Nothing was sent.
    #[inline]
    pub fn send_trailers<H: HeaderFields>(
        &mut self,
        stream: StreamKey,
        fields: &mut H,
        out: &mut WriteBuffer,
    ) -> Result<(), SendError> {
        let state = self.streams.get(stream);
        let queued = match state {
            Some(state) if accepts_data(state) => state.queue.is_some(),
            refused => return Err(refusal(refused)),
        };
        if let Some((size, limit)) = self.too_large(fields) {
            return Err(SendError::HeadersTooLarge { size, limit });
        }
        if queued {
            self.queue_end(stream, End::Trailers(FieldList::collect(fields)));
        } else {
            self.put_block(stream.id, fields, true, out);
            self.local_ended(stream, out);
        }
        Ok(())
    }

    /// Sends data, split into frames. What the flow-control windows do not allow yet is queued; see
    /// [`queued_bytes`](Self::queued_bytes) and [`Event::Writable`]. Payloads of [`SEGMENT_MIN`](crate::SEGMENT_MIN) and
    /// more are never copied. Without data and `end_stream` nothing is sent.
    ///
    /// # Errors
    ///
    /// See [`SendError`]. Nothing was sent.
    pub fn send_data(
        &mut self,
        stream: StreamKey,
        data: Bytes,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) -> Result<(), SendError> {
        let state = self.streams.get(stream);
        match state {
            Some(state) if accepts_data(state) => {}
            refused => return Err(refusal(refused)),
        }
        self.write_or_queue(stream, data, end_stream, out);
        Ok(())
    }

    /// Sends data that `write` appends to the write buffer itself, which it is lent for that.
    ///
    /// `write` gets the buffer with a frame header reserved at its end, must only append to it, and gives it back, if it
    /// likes with segments that follow what it appended. What does not fit the windows or one frame is cut off again and
    /// queued or split as by [`send_data`](Self::send_data).
    ///
    /// # Errors
    ///
    /// See [`SendError`]. `write` was not called.
    #[inline]
    pub fn send_data_in_place<P: InPlace>(
        &mut self,
        stream: StreamKey,
        end_stream: bool,
        out: &mut WriteBuffer,
        write: impl FnOnce(BytesMut) -> P,
    ) -> Result<(), SendError> {
        let Some(state) = self.streams.get_mut(stream) else { return Err(SendError::StreamGone) };
        if !accepts_data(state) {
            return Err(refusal(Some(state)));
        }
        let mut allowed = state.send_window.min(self.send_window).min(self.peer.max_frame_size as i32);
        if state.queue.is_some() || out.len() >= self.config.write_high_mark {
            allowed = 0;
        }
        let mut tail = out.take_tail();
        let start = tail.len();
        tail.extend_from_slice(&[0; HEADER_LEN]);
        let (mut tail, segments) = write(tail).into_parts();
        debug_assert!(tail.len() >= start + HEADER_LEN, "the lent buffer was cut into");
        let length = tail.len().saturating_sub(start + HEADER_LEN);
        if segments.is_empty() && length > 0 && length as i64 <= i64::from(allowed) {
            state.send_window -= length as i32;
            self.send_window -= length as i32;
            self.buckets.work.frames_sent += 1;
            self.buckets.work.bytes_sent += length as u64;
            patch_header(&mut tail, start, length, kind::DATA, end_flag(end_stream), stream.id);
            out.restore_tail(tail);
            if end_stream {
                self.local_ended(stream, out);
            }
            return Ok(());
        }
        let payload = if length == 0 { Bytes::new() } else { tail.split_off(start + HEADER_LEN).freeze() };
        tail.truncate(start);
        out.restore_tail(tail);
        self.write_or_queue_all(stream, payload, segments, end_stream, out);
        Ok(())
    }

    #[cold]
    fn write_or_queue_all(
        &mut self,
        stream: StreamKey,
        payload: Bytes,
        segments: Vec<Bytes>,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) {
        if segments.is_empty() {
            return self.write_or_queue(stream, payload, end_stream, out);
        }
        // All of it goes through the queue, so that frames are filled across the borders of segments.
        for piece in std::iter::once(payload).chain(segments) {
            self.queue_piece(stream, piece);
        }
        if end_stream {
            self.queue_end(stream, End::Flag);
        }
        self.start_queue(stream, out);
    }

    /// Sends what may be sent now and queues the rest. The stream accepts data.
    fn write_or_queue(&mut self, key: StreamKey, mut data: Bytes, end_stream: bool, out: &mut WriteBuffer) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        if stream.queue.is_none() {
            loop {
                let most = if out.len() >= self.config.write_high_mark {
                    0
                } else {
                    self.peer.max_frame_size as i32
                };
                let allowed = stream.send_window.min(self.send_window).min(most).max(0) as usize;
                let last = data.len() <= allowed;
                if last && data.is_empty() && !end_stream {
                    return;
                }
                if allowed == 0 && !data.is_empty() {
                    break;
                }
                let piece = if last { std::mem::take(&mut data) } else { data.split_to(allowed) };
                let length = piece.len();
                stream.send_window -= length as i32;
                self.send_window -= length as i32;
                self.buckets.work.frames_sent += u64::from(length > 0);
                self.buckets.work.bytes_sent += length as u64;
                put_header(out.tail_mut(), length, kind::DATA, end_flag(end_stream && last), key.id);
                out.put_segment(piece);
                if last {
                    if end_stream {
                        self.local_ended(key, out);
                    }
                    return;
                }
            }
        }
        self.queue_piece(key, data);
        if end_stream {
            self.queue_end(key, End::Flag);
        }
        self.start_queue(key, out);
    }

    /// Appends to the queue of a stream; it must be started afterwards.
    fn queue_piece(&mut self, key: StreamKey, piece: Bytes) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let limit = self.config.budgets.max_buffered_bytes;
        if self.stats.buffered_bytes <= limit && self.stats.buffered_bytes + piece.len() > limit {
            self.moved_at = self.now;
        }
        self.stats.buffered_bytes += piece.len();
        let queue = stream.queue.get_or_insert_with(|| self.spare_queues.pop().unwrap_or_default());
        queue.push(piece);
        if queue.bytes > self.config.stream_high_mark {
            stream.full = true;
        }
    }

    fn queue_end(&mut self, key: StreamKey, end: End) {
        if let Some(stream) = self.streams.get_mut(key) {
            stream.queue.get_or_insert_with(|| self.spare_queues.pop().unwrap_or_default()).end = end;
        }
    }

    /// Lets a queue that was filled take its turns.
    fn start_queue(&mut self, key: StreamKey, out: &mut WriteBuffer) {
        self.make_ready(key);
        self.flush(out);
    }

    /// Lists a stream among the ready ones if it has something queued and may send it.
    pub(super) fn make_ready(&mut self, key: StreamKey) {
        if let Some(stream) = self.streams.get_mut(key)
            && stream.turn == Turn::Off
            && let Some(queue) = &stream.queue
            && (stream.send_window > 0 || queue.bytes == 0)
        {
            stream.turn = Turn::Waiting;
            self.ready.push_back(key);
        }
    }

    /// Whether the stream has more queued than [`Config::stream_high_mark`](crate::Config::stream_high_mark) allows, or had
    /// and [`Event::Writable`] has not come yet: whoever has more to send does well to wait for that event.
    #[inline]
    pub fn is_full(&self, stream: StreamKey) -> bool {
        self.streams.get(stream).is_some_and(|stream| stream.full)
    }

    /// Whether data waits for room in the write buffer alone; see [`flush`](Self::flush).
    #[inline]
    pub fn wants_flush(&self) -> bool {
        self.ready.len() > self.ready_stale && self.send_window > 0
    }

    /// Moves queued data to `out`, one frame of each stream in turn, as far as the flow-control windows and
    /// [`Config::write_high_mark`](crate::Config::write_high_mark) allow. To be called when `out` has been written to the
    /// socket and [`wants_flush`](Self::wants_flush); new windows are used at once without it.
    #[inline]
    pub fn flush(&mut self, out: &mut WriteBuffer) {
        if !self.ready.is_empty() {
            self.flush_ready(out);
        }
    }

    #[cold]
    fn flush_ready(&mut self, out: &mut WriteBuffer) {
        while out.len() < self.config.write_high_mark {
            let Some(key) = self.ready.pop_front() else { return };
            if self.streams.get(key).is_none() {
                self.ready_stale = self.ready_stale.saturating_sub(1);
                continue;
            }
            if !self.send_one_frame(key, out) {
                self.ready.push_front(key);
                return;
            }
        }
    }

    /// Sends one frame of a ready stream's queue. False: the connection's window is used up, and the stream keeps its
    /// place.
    fn send_one_frame(&mut self, key: StreamKey, out: &mut WriteBuffer) -> bool {
        let Some(stream) = self.streams.get_mut(key) else { return true };
        let Some(queue) = &mut stream.queue else { return true };
        let allowed = stream.send_window.min(self.send_window).min(self.peer.max_frame_size as i32).max(0);
        let length = queue.bytes.min(allowed as usize);
        if length == 0 && queue.bytes > 0 {
            // Either the connection holds the stream back, or its own window does (it may have shrunk).
            stream.turn = if stream.send_window > 0 { Turn::Waiting } else { Turn::Off };
            return stream.turn == Turn::Off;
        }
        let last = length == queue.bytes;
        let end_stream = last && matches!(queue.end, End::Flag);
        if length > 0 || end_stream {
            put_header(out.tail_mut(), length, kind::DATA, end_flag(end_stream), key.id);
            let mut left = length;
            while left > 0 {
                let Some(mut piece) = queue.pieces.pop_front() else { break };
                if piece.len() > left {
                    queue.pieces.push_front(piece.split_off(left));
                }
                left -= piece.len();
                out.put_segment(piece);
            }
            queue.bytes -= length;
            stream.send_window -= length as i32;
            self.send_window -= length as i32;
            self.stats.buffered_bytes -= length;
            self.moved_at = self.now;
            self.buckets.work.frames_sent += 1;
            self.buckets.work.bytes_sent += length as u64;
        }
        if stream.full && queue.bytes < self.config.stream_high_mark / 2 + 1 {
            stream.full = false;
            if matches!(queue.end, End::Open) {
                self.events.push_back(Event::Writable { stream: key });
            }
        }
        if !last {
            stream.turn = if stream.send_window > 0 { Turn::Waiting } else { Turn::Off };
            if stream.turn == Turn::Waiting {
                self.ready.push_back(key);
            }
            return true;
        }
        stream.turn = Turn::Off;
        self.finish_queue(key, out);
        true
    }

    /// The data of a queue is sent: what is behind it follows.
    fn finish_queue(&mut self, key: StreamKey, out: &mut WriteBuffer) {
        let Some(mut queue) = self.streams.get_mut(key).and_then(|stream| stream.queue.take()) else {
            return;
        };
        let end = std::mem::take(&mut queue.end);
        queue.clear();
        self.spare_queues.push(queue);
        match end {
            End::Open => return,
            End::Flag => {}
            End::Trailers(mut fields) => self.put_block(key.id, &mut fields, true, out),
        }
        self.local_ended(key, out);
    }

    /// The size and limit of a header list that the peer would not take.
    #[inline]
    fn too_large<H: HeaderFields>(&self, fields: &mut H) -> Option<(usize, usize)> {
        let limit = self.peer.max_header_list_size? as usize;
        let size = list_size(fields);
        (size > limit).then_some((size, limit))
    }

    /// Encodes a header block into the write buffer.
    #[inline(always)]
    fn put_block<H: HeaderFields>(
        &mut self,
        id: u32,
        fields: &mut H,
        end_stream: bool,
        out: &mut WriteBuffer,
    ) {
        out.warm();
        let tail = out.tail_mut();
        let start = tail.len();
        tail.extend_from_slice(&[0; HEADER_LEN]);
        fields.write(&mut BlockWriter::encode(&mut self.encoder, tail));
        let length = tail.len() - start - HEADER_LEN;
        if length <= self.peer.max_frame_size as usize {
            patch_header(tail, start, length, kind::HEADERS, flag::END_HEADERS | end_flag(end_stream), id);
        } else {
            split_block(tail, start, id, end_stream, self.peer.max_frame_size as usize);
        }
    }
}

#[inline]
fn end_flag(end_stream: bool) -> u8 {
    if end_stream { flag::END_STREAM } else { 0 }
}

/// Writes a frame header where room was left for it.
#[inline]
fn patch_header(tail: &mut BytesMut, start: usize, length: usize, kind: u8, flags: u8, stream_id: u32) {
    if let Some(place) = tail.get_mut(start..start + HEADER_LEN) {
        place.copy_from_slice(&FrameHeader { length: length as u32, kind, flags, stream_id }.encode());
    }
}

/// Makes HEADERS and CONTINUATION frames of a block that is longer than one frame may be (RFC 9113 §6.10).
#[cold]
fn split_block(tail: &mut BytesMut, start: usize, id: u32, end_stream: bool, max_frame_size: usize) {
    let block = tail.get(start + HEADER_LEN..).unwrap_or_default().to_vec();
    tail.truncate(start);
    let mut chunks = block.chunks(max_frame_size).peekable();
    let mut kind = kind::HEADERS;
    let mut flags = end_flag(end_stream);
    while let Some(chunk) = chunks.next() {
        if chunks.peek().is_none() {
            flags |= flag::END_HEADERS;
        }
        put_header(tail, chunk.len(), kind, flags, id);
        tail.extend_from_slice(chunk);
        kind = kind::CONTINUATION;
        flags = 0;
    }
}
