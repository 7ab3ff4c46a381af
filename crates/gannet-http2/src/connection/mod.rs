//! One connection: what is kept for it, how it starts, and what can be asked of it. The files beside this one hold
//! what it does, by subject.

mod bdp;
mod budget;
mod flow;
mod goaway;
mod headers;
mod memo;
mod receive;
mod send;
mod streams;
#[cfg(test)]
mod tests;
mod timeout;

use std::collections::VecDeque;
use std::time::Instant;

use bdp::Bdp;
use budget::{Buckets, ControlBytes};
use goaway::GoAwayState;
use headers::OpenBlock;
use memo::BlockMemo;
pub use send::InPlace;

use crate::frame::{
    DEFAULT_WINDOW, MAX_31, MAX_MAX_FRAME_SIZE, MIN_MAX_FRAME_SIZE, PREFACE, Setting, put_settings,
    put_window_update,
};
use crate::hpack::{DEFAULT_TABLE_SIZE, Decoder, Encoder};
use crate::stream::{ClosedStreams, SendQueue, StreamTable};
use crate::{Config, ConnectionError, Event, StreamKey, WriteBuffer};

/// Which side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Opens streams.
    Client,
    /// Answers them.
    Server,
}

/// Plain counters of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Streams opened, by either side.
    pub streams_opened: u64,
    /// Streams that both sides have ended.
    pub streams_completed: u64,
    /// Streams that the peer reset.
    pub resets_received: u64,
    /// RST_STREAM frames sent.
    pub resets_sent: u64,
    /// Frames received, of any type.
    pub frames_received: u64,
    /// Payload bytes of DATA frames received, without padding.
    pub data_received: u64,
    /// Payload bytes of DATA frames put into the write buffer.
    pub data_sent: u64,
    /// Bytes that wait in the send queues of streams now.
    pub buffered_bytes: usize,
    /// Bytes of received data that the caller has not released.
    pub unreleased_bytes: usize,
    /// What the peer may send on the connection before more is released, in bytes, once all is released: grows with
    /// [`Config::adaptive_window`].
    pub connection_window: u32,
    /// The same for each stream.
    pub stream_window: u32,
    /// Budgets that were used up; each ends the connection.
    pub budget_trips: u32,
}

/// What must come next.
#[derive(Debug, Clone, Copy)]
enum Expecting {
    /// Server: the rest of the client's preface, of which so many bytes have come.
    Preface(usize),
    /// The first frame, which must be SETTINGS (RFC 9113 §3.4).
    Settings,
    /// Any frame but CONTINUATION.
    Any,
    /// A CONTINUATION of this block (RFC 9113 §6.10).
    Continuation(OpenBlock),
}

/// What the peer's SETTINGS say, or the defaults before they come.
#[derive(Debug, Clone, Copy)]
struct PeerSettings {
    initial_window: u32,
    max_frame_size: u32,
    max_concurrent_streams: u32,
    max_header_list_size: Option<u32>,
}

/// One HTTP/2 connection without its socket: bytes and `now` in, events and bytes out.
///
/// The [crate documentation](crate) tells in which order the methods are called. None of them blocks, reads a clock or
/// does I/O. Whatever is to be sent is appended to the [`WriteBuffer`] that each call gets; it must be the same one for
/// all of the connection's life.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    expecting: Expecting,
    /// The latest time that the caller has told.
    now: Instant,
    config: Config,
    peer: PeerSettings,
    failed: Option<ConnectionError>,
    events: VecDeque<Event>,

    decoder: Decoder,
    encoder: Encoder,
    memo: BlockMemo,
    /// The fragments of a block whose CONTINUATION frames are still to come.
    block: Vec<u8>,

    streams: StreamTable,
    closed: ClosedStreams,
    /// The highest identifier that the peer has used (server).
    last_peer_id: u32,
    /// The highest one that was not refused (server).
    last_processed_id: u32,
    /// The next stream to open (client).
    next_id: u32,
    /// `open` has failed for the peer's limit.
    open_blocked: bool,

    /// What the peer lets us send on the connection.
    send_window: i32,
    /// Streams with something to send and a window for it; each sends one frame and goes to the end of the line.
    ready: VecDeque<StreamKey>,
    /// Entries of `ready` whose stream is gone.
    ready_stale: usize,
    /// Queues that are not in use.
    #[expect(clippy::vec_box, reason = "the boxes move between here and the streams")]
    spare_queues: Vec<Box<SendQueue>>,
    /// When queued data last moved, or began to be too much.
    moved_at: Instant,

    /// What we let the peer send on the connection, and consumed bytes that it has not been told of.
    receive_window: i32,
    release_due: u32,
    /// What the two add up to once all data is consumed; the same for each stream.
    receive_target: u32,
    stream_target: u32,
    bdp: Bdp,

    /// The peer's first SETTINGS have come.
    peer_settings_seen: bool,
    /// SETTINGS frames that the peer has not acknowledged.
    settings_unacknowledged: u32,
    /// The first acknowledgement has come.
    settings_effective: bool,
    settings_deadline: Option<Instant>,

    go_away: GoAwayState,
    /// The last stream of ours that the peer's GOAWAY spares.
    peer_go_away: Option<u32>,

    buckets: Buckets,
    control_bytes: ControlBytes,
    stats: Stats,
}

impl Connection {
    /// The client's side of a connection. Writes the preface and SETTINGS.
    pub fn client(config: Config, now: Instant, out: &mut WriteBuffer) -> Self {
        out.put_slice(PREFACE);
        Self::new(Role::Client, Expecting::Settings, config, now, out)
    }

    /// The server's side of a connection. Writes SETTINGS; the preface that the client sends first is expected by
    /// [`receive`](Self::receive).
    pub fn server(config: Config, now: Instant, out: &mut WriteBuffer) -> Self {
        Self::new(Role::Server, Expecting::Preface(0), config, now, out)
    }

    fn new(
        role: Role,
        expecting: Expecting,
        mut config: Config,
        now: Instant,
        out: &mut WriteBuffer,
    ) -> Self {
        config.initial_stream_window = config.initial_stream_window.min(MAX_31);
        config.initial_connection_window = config.initial_connection_window.clamp(DEFAULT_WINDOW, MAX_31);
        config.max_window = config.max_window.min(MAX_31);
        config.max_frame_size = config.max_frame_size.clamp(MIN_MAX_FRAME_SIZE, MAX_MAX_FRAME_SIZE);
        let mut connection = Self {
            role,
            expecting,
            now,
            peer: PeerSettings {
                initial_window: DEFAULT_WINDOW,
                max_frame_size: MIN_MAX_FRAME_SIZE,
                max_concurrent_streams: config.initial_max_send_streams,
                max_header_list_size: None,
            },
            failed: None,
            events: VecDeque::new(),
            decoder: Decoder::new(DEFAULT_TABLE_SIZE),
            encoder: Encoder::new(),
            memo: BlockMemo::default(),
            block: Vec::new(),
            streams: StreamTable::new(),
            closed: ClosedStreams::default(),
            last_peer_id: 0,
            last_processed_id: 0,
            next_id: 1,
            open_blocked: false,
            send_window: DEFAULT_WINDOW as i32,
            ready: VecDeque::new(),
            ready_stale: 0,
            spare_queues: Vec::new(),
            moved_at: now,
            receive_window: config.initial_connection_window as i32,
            release_due: 0,
            receive_target: config.initial_connection_window,
            // Until the peer has acknowledged a smaller window it may use the default one.
            stream_target: config.initial_stream_window.max(DEFAULT_WINDOW),
            bdp: Bdp::new(config.initial_stream_window, config.max_window, config.adaptive_window),
            peer_settings_seen: false,
            settings_unacknowledged: 0,
            settings_effective: false,
            settings_deadline: None,
            go_away: GoAwayState::default(),
            peer_go_away: None,
            buckets: Buckets::new(&config.budgets, now),
            control_bytes: ControlBytes::default(),
            stats: Stats::default(),
            config,
        };
        connection.send_first_settings(out);
        connection
    }

    fn send_first_settings(&mut self, out: &mut WriteBuffer) {
        let config = &self.config;
        let mut settings = [(Setting::EnablePush, 0); 5];
        let mut count = 0;
        let mut add = |setting, value| {
            if let Some(place) = settings.get_mut(count) {
                *place = (setting, value);
                count += 1;
            }
        };
        match self.role {
            Role::Client => add(Setting::EnablePush, 0),
            Role::Server => add(Setting::MaxConcurrentStreams, config.max_concurrent_streams),
        }
        add(Setting::MaxHeaderListSize, config.max_header_list_size);
        if config.initial_stream_window != DEFAULT_WINDOW {
            add(Setting::InitialWindowSize, config.initial_stream_window);
        }
        if config.max_frame_size != MIN_MAX_FRAME_SIZE {
            add(Setting::MaxFrameSize, config.max_frame_size);
        }
        if config.header_table_size as usize != DEFAULT_TABLE_SIZE {
            add(Setting::HeaderTableSize, config.header_table_size);
        }
        let tail = out.tail_mut();
        put_settings(tail, settings.get(..count).unwrap_or_default());
        if self.receive_target > DEFAULT_WINDOW {
            put_window_update(tail, 0, self.receive_target - DEFAULT_WINDOW);
        }
        self.settings_sent();
    }

    /// Which side this is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The next event that needs no more input. [`receive`](Self::receive) gives these too, before any others; this is
    /// for events that other methods caused, such as [`Event::OpenAvailable`] after [`reset`](Self::reset).
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many bytes of the stream wait for flow-control windows, or for room in the write buffer. 0 for a stream that
    /// is gone.
    pub fn queued_bytes(&self, stream: StreamKey) -> usize {
        self.streams.get(stream).and_then(|stream| stream.queue.as_ref()).map_or(0, |queue| queue.bytes)
    }

    /// Whether the stream is still in the table: neither reset nor ended by both sides (with its queue sent).
    pub fn is_open(&self, stream: StreamKey) -> bool {
        self.streams.get(stream).is_some()
    }

    /// Whether the peer has sent the whole connection preface (RFC 9113 §3.4), so that it is known to speak HTTP/2. Always
    /// true on a client, whose peer sends none.
    pub fn preface_received(&self) -> bool {
        !matches!(self.expecting, Expecting::Preface(_))
    }

    /// Whether something may still be sent on the stream.
    pub fn can_send(&self, stream: StreamKey) -> bool {
        self.streams.get(stream).is_some_and(send::accepts_data)
    }

    /// How many streams are open.
    pub fn active_streams(&self) -> usize {
        self.streams.len()
    }

    /// How many streams the peer lets this endpoint have open at once.
    pub fn peer_max_concurrent_streams(&self) -> u32 {
        self.peer.max_concurrent_streams
    }

    /// How many more streams [`open`](Self::open) would take now. 0 for a server.
    pub fn open_capacity(&self) -> usize {
        if self.role == Role::Server || !self.takes_new_streams() {
            return 0;
        }
        (self.peer.max_concurrent_streams as usize).saturating_sub(self.streams.len())
    }

    /// Gives back memory that an idle connection does not need. Call it when the connection has been idle for a while;
    /// it does nothing while streams are open.
    pub fn shrink(&mut self) {
        if self.streams.len() == 0 {
            self.streams.shrink();
            self.spare_queues = Vec::new();
            self.ready = VecDeque::new();
            self.ready_stale = 0;
            self.decoder.shrink();
        }
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
    }

    /// The counters so far.
    #[inline]
    pub fn stats(&self) -> Stats {
        let work = &self.buckets.work;
        Stats {
            streams_completed: work.completed,
            resets_sent: work.resets_sent,
            data_received: work.bytes_received,
            data_sent: work.bytes_sent,
            unreleased_bytes: (self.receive_target as usize)
                .saturating_sub(self.receive_window.max(0) as usize + self.release_due as usize),
            connection_window: self.receive_target,
            stream_window: self.stream_target,
            ..self.stats
        }
    }
}
