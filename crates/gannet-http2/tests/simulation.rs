//! A client and a server joined by pipes in virtual time: latency, limited bandwidth, random chunks, and applications
//! that cancel, end early and read slowly. Whatever the seed, data arrives intact and nothing is left behind.

#![allow(
    clippy::unwrap_used,
    clippy::manual_assert,
    clippy::struct_excessive_bools,
    clippy::collapsible_match,
    clippy::cast_possible_wrap,
    reason = "a panic is the report of a test"
)]

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use gannet_http2::hpack::Indexing;
use gannet_http2::{
    Config, Connection, ErrorCode, Event, FieldList, HeaderVisitor, OpenError, StreamKey, WriteBuffer,
};

/// xorshift64*: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// The byte at a place of a stream's data, different for each stream and direction.
fn pattern(id: u32, offset: usize, answer: bool) -> u8 {
    (offset as u32).wrapping_mul(31).wrapping_add(id.wrapping_mul(7)).wrapping_add(u32::from(answer) * 101)
        as u8
}

fn payload(id: u32, from: usize, length: usize, answer: bool) -> Bytes {
    (from..from + length).map(|offset| pattern(id, offset, answer)).collect::<Vec<u8>>().into()
}

/// What a link is like.
#[derive(Clone, Copy)]
struct Link {
    latency: Duration,
    bytes_per_second: u64,
    max_chunk: u64,
}

/// One direction of a link.
struct Pipe {
    link: Link,
    free_at: Instant,
    in_flight: VecDeque<(Instant, Bytes)>,
}

impl Pipe {
    fn new(link: Link, now: Instant) -> Self {
        Self { link, free_at: now, in_flight: VecDeque::new() }
    }

    /// Takes bytes of the write buffer as long as the line is free.
    fn fill(&mut self, now: Instant, out: &mut WriteBuffer, random: &mut Random) {
        while self.free_at <= now && out.has_remaining() {
            let most = 1 + random.below(self.link.max_chunk) as usize;
            let count = most.min(out.remaining());
            let chunk = out.copy_to_bytes(count);
            self.free_at =
                now + Duration::from_nanos(count as u64 * 1_000_000_000 / self.link.bytes_per_second);
            self.in_flight.push_back((self.free_at + self.link.latency, chunk));
        }
    }

    fn arrive(&mut self, now: Instant, input: &mut BytesMut) {
        while self.in_flight.front().is_some_and(|(at, _)| *at <= now) {
            input.extend_from_slice(&self.in_flight.pop_front().unwrap().1);
        }
    }
}

/// What the application knows of a stream.
#[derive(Debug, Default)]
struct AppStream {
    to_send: usize,
    sent: usize,
    to_receive: usize,
    received: usize,
    sending_over: bool,
    receiving_over: bool,
    /// The sender waits for [`Event::Writable`].
    full: bool,
    /// The server answers once it has the whole request.
    waiting: bool,
}

/// Reads the sizes that a request asks for.
#[derive(Default)]
struct Sizes {
    request: usize,
    answer: usize,
}

impl HeaderVisitor for Sizes {
    fn classify(&mut self, name: &[u8], _value: &[u8]) -> u32 {
        match name {
            b"x-request" => 1,
            b"x-answer" => 2,
            _ => 0,
        }
    }

    fn begin(&mut self, _stream: StreamKey, _trailers: bool) {}

    fn field(&mut self, tag: u32, _name: &[u8], value: &[u8]) {
        let number = || std::str::from_utf8(value).unwrap().parse().unwrap();
        match tag {
            1 => self.request = number(),
            2 => self.answer = number(),
            _ => {}
        }
    }
}

struct Side {
    name: &'static str,
    connection: Connection,
    input: BytesMut,
    out: WriteBuffer,
    sizes: Sizes,
    streams: HashMap<StreamKey, AppStream>,
    /// Data that the application reads later.
    unread: VecDeque<(Instant, StreamKey, usize)>,
    is_server: bool,
    finished: usize,
    cancelled: usize,
    refused: usize,
    may_open: bool,
    going_away: bool,
}

impl Side {
    fn new(is_server: bool, config: Config, now: Instant) -> Self {
        let mut out = WriteBuffer::new();
        let connection = if is_server {
            Connection::server(config, now, &mut out)
        } else {
            Connection::client(config, now, &mut out)
        };
        Self {
            name: if is_server { "server" } else { "client" },
            connection,
            input: BytesMut::new(),
            out,
            sizes: Sizes::default(),
            streams: HashMap::new(),
            unread: VecDeque::new(),
            is_server,
            finished: 0,
            cancelled: 0,
            refused: 0,
            may_open: true,
            going_away: false,
        }
    }

    fn open(&mut self, now: Instant, request: usize, answer: usize) -> bool {
        let mut head = FieldList::new();
        for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/x")] {
            head.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
        }
        head.push(b"x-request", request.to_string().as_bytes(), Indexing::Without);
        head.push(b"x-answer", answer.to_string().as_bytes(), Indexing::Incremental);
        match self.connection.open(now, &mut head, request == 0, &mut self.out) {
            Ok(key) => {
                let stream = AppStream {
                    to_send: request,
                    to_receive: answer,
                    sending_over: request == 0,
                    ..AppStream::default()
                };
                assert!(self.streams.insert(key, stream).is_none());
                self.send(key);
                true
            }
            Err(OpenError::StreamLimit) => {
                self.may_open = false;
                false
            }
            Err(OpenError::GoingAway) => {
                self.going_away = true;
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends what back-pressure allows.
    fn send(&mut self, key: StreamKey) {
        let Some(stream) = self.streams.get_mut(&key) else { return };
        while !stream.sending_over && !stream.full && !stream.waiting {
            let left = stream.to_send - stream.sent;
            let length = left.min(1 + (stream.sent * 7 + 1_000 * key.id as usize) % 30_000);
            let last = length == left;
            let data = payload(key.id, stream.sent, length, self.is_server);
            stream.sent += length;
            // A server ends with trailers, a client with its last data.
            let end = last && !self.is_server;
            if key.id.is_multiple_of(3) {
                let write = |mut tail: BytesMut| {
                    tail.extend_from_slice(&data);
                    tail
                };
                self.connection.send_data_in_place(key, end, &mut self.out, write).unwrap();
            } else {
                self.connection.send_data(key, data, end, &mut self.out).unwrap();
            }
            if last && self.is_server {
                let mut trailers = FieldList::new();
                trailers.push(b"grpc-status", b"0", Indexing::Incremental);
                self.connection.send_trailers(key, &mut trailers, &mut self.out).unwrap();
            }
            stream.sending_over = last;
            stream.full = self.connection.queued_bytes(key) > 64 << 10;
        }
        self.settle(key);
    }

    /// Forgets a stream that is over on both sides.
    fn settle(&mut self, key: StreamKey) {
        if self.streams.get(&key).is_some_and(|stream| stream.sending_over && stream.receiving_over) {
            let stream = self.streams.remove(&key).unwrap();
            assert_eq!(stream.received, stream.to_receive, "{}: stream {} lost data", self.name, key.id);
            self.finished += 1;
        }
    }

    fn cancel(&mut self, key: StreamKey) {
        if self.streams.remove(&key).is_some() {
            self.connection.reset(key, ErrorCode::Cancel, &mut self.out);
            self.cancelled += 1;
        }
    }

    fn receive(&mut self, now: Instant, random: &mut Random, slow: bool) {
        loop {
            let event = self.connection.receive(now, &mut self.input, &mut self.out, &mut self.sizes);
            let event = event.unwrap_or_else(|error| panic!("{}: {error}", self.name));
            let Some(event) = event else { return };
            match event {
                Event::Head { stream, end_stream } => self.on_head(stream, end_stream, random),
                Event::Data { stream, data, end_stream } => {
                    if let Some(state) = self.streams.get_mut(&stream) {
                        for (index, byte) in data.iter().enumerate().step_by(97) {
                            let expected = pattern(stream.id, state.received + index, !self.is_server);
                            assert_eq!(*byte, expected, "{}: stream {} is garbled", self.name, stream.id);
                        }
                        state.received += data.len();
                        state.receiving_over |= end_stream;
                    }
                    if end_stream {
                        self.on_peer_end(stream);
                    }
                    let delay = if slow { random.below(40) } else { 0 };
                    self.unread.push_back((now + Duration::from_millis(delay), stream, data.len()));
                    self.settle(stream);
                }
                Event::Trailers { stream } => self.on_peer_end(stream),
                Event::Reset { stream, error } => {
                    if self.streams.remove(&stream).is_some() {
                        assert!(
                            [ErrorCode::Cancel, ErrorCode::NoError, ErrorCode::RefusedStream]
                                .contains(&error.code()),
                            "{}: {error}",
                            self.name
                        );
                        if error.code() == ErrorCode::RefusedStream {
                            self.refused += 1;
                        } else {
                            self.cancelled += 1;
                        }
                    }
                }
                Event::Writable { stream } => {
                    if let Some(state) = self.streams.get_mut(&stream) {
                        state.full = false;
                    }
                    self.send(stream);
                }
                Event::OpenAvailable => self.may_open = true,
                Event::GoAway { .. } => self.going_away = true,
                _ => {}
            }
        }
    }

    fn on_head(&mut self, key: StreamKey, end_stream: bool, random: &mut Random) {
        if !self.is_server {
            self.streams.get_mut(&key).unwrap().receiving_over = end_stream;
            return self.settle(key);
        }
        let stream = AppStream {
            to_send: self.sizes.answer,
            to_receive: self.sizes.request,
            receiving_over: end_stream,
            // Some answers do not wait for the end of the request.
            waiting: !end_stream && !key.id.is_multiple_of(5),
            ..AppStream::default()
        };
        self.streams.insert(key, stream);
        if random.chance(5) {
            return self.cancel(key);
        }
        let mut head = FieldList::new();
        head.push(b":status", b"200", Indexing::Incremental);
        self.connection.send_head(key, &mut head, false, &mut self.out).unwrap();
        self.send(key);
    }

    fn on_peer_end(&mut self, key: StreamKey) {
        if let Some(state) = self.streams.get_mut(&key) {
            state.receiving_over = true;
            state.waiting = false;
        }
        self.send(key);
    }

    fn read_slowly(&mut self, now: Instant) {
        while let Some((at, stream, bytes)) = self.unread.front().copied()
            && at <= now
        {
            self.unread.pop_front();
            self.connection.release(stream, bytes, &mut self.out);
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let unread = self.unread.front().map(|(at, ..)| *at);
        [unread, self.connection.next_timeout()].into_iter().flatten().min()
    }
}

struct World {
    now: Instant,
    client: Side,
    server: Side,
    up: Pipe,
    down: Pipe,
    random: Random,
    slow_readers: bool,
}

impl World {
    fn new(seed: u64, link: Link, client: Config, server: Config) -> Self {
        let now = Instant::now();
        Self {
            now,
            client: Side::new(false, client, now),
            server: Side::new(true, server, now),
            up: Pipe::new(link, now),
            down: Pipe::new(link, now),
            random: Random(seed | 1),
            slow_readers: false,
        }
    }

    /// Does all that can be done at this time.
    fn step(&mut self) {
        self.up.arrive(self.now, &mut self.server.input);
        self.down.arrive(self.now, &mut self.client.input);
        for (side, pipe) in [(&mut self.client, &mut self.up), (&mut self.server, &mut self.down)] {
            side.read_slowly(self.now);
            side.connection.handle_timeout(self.now, &mut side.out).unwrap();
            side.receive(self.now, &mut self.random, self.slow_readers);
            if !self.slow_readers {
                side.read_slowly(self.now);
            }
            loop {
                pipe.fill(self.now, &mut side.out, &mut self.random);
                if !side.out.is_empty() || !side.connection.wants_flush() {
                    break;
                }
                side.connection.flush(&mut side.out);
            }
        }
    }

    /// Goes to the next time at which something happens. False: nothing will.
    fn advance(&mut self) -> bool {
        let pipes = [(&self.up, &self.client.out), (&self.down, &self.server.out)].map(|(pipe, out)| {
            let arrival = pipe.in_flight.front().map(|(at, _)| *at);
            let free = (!out.is_empty()).then_some(pipe.free_at);
            [arrival, free]
        });
        let wakes = [self.client.next_wake(), self.server.next_wake()];
        match pipes.into_iter().flatten().chain(wakes).flatten().min() {
            Some(next) => {
                self.now = self.now.max(next);
                true
            }
            None => false,
        }
    }

    fn is_quiet(&self) -> bool {
        self.client.streams.is_empty()
            && self.client.out.is_empty()
            && self.server.out.is_empty()
            && self.up.in_flight.is_empty()
            && self.down.in_flight.is_empty()
            && self.client.unread.is_empty()
            && self.server.unread.is_empty()
    }

    #[track_caller]
    fn assert_nothing_left(&self) {
        for side in [&self.client, &self.server] {
            let name = side.name;
            assert!(side.streams.is_empty(), "{name}: the application has streams left: {:?}", side.streams);
            assert_eq!(side.connection.active_streams(), 0, "{name}");
            let stats = side.connection.stats();
            assert_eq!(stats.buffered_bytes, 0, "{name}");
            assert_eq!(stats.unreleased_bytes, 0, "{name}");
            assert_eq!(stats.budget_trips, 0, "{name}");
            assert!(!side.connection.wants_flush(), "{name}");
        }
    }
}

fn random_size(random: &mut Random) -> usize {
    match random.below(4) {
        0 => 0,
        1 => random.below(100) as usize,
        2 => random.below(20_000) as usize,
        _ => random.below(300_000) as usize,
    }
}

/// Many streams of all kinds over a link that the seed chooses; how many of them finished.
fn many_streams(seed: u64) -> usize {
    let mut random = Random(seed * 2 + 1);
    let link = Link {
        latency: Duration::from_micros(random.below(30_000)),
        bytes_per_second: 100_000 + random.below(200_000_000),
        max_chunk: 1 + random.below(50_000),
    };
    let mut configs = [Config::default(), Config::default()];
    for config in &mut configs {
        config.adaptive_window = random.chance(50);
        config.max_concurrent_streams = 1 + random.below(60) as u32;
        config.initial_stream_window = 1_000 + random.below(200_000) as u32;
        config.initial_connection_window = 65_535 + random.below(200_000) as u32;
        config.settings_ack_timeout = None;
        config.write_high_mark = if random.chance(50) { 20_000 } else { usize::MAX };
    }
    let [client, server] = configs;
    let mut world = World::new(random.next(), link, client, server);
    world.slow_readers = random.chance(50);
    let total = 150;
    let mut opened = 0;
    let mut cancels = 0;
    let drain_at = if random.chance(20) { 100 } else { usize::MAX };
    loop {
        while opened < total && world.client.may_open && !world.client.going_away && random.chance(60) {
            let (request, answer) = (random_size(&mut random), random_size(&mut random));
            opened += usize::from(world.client.open(world.now, request, answer));
            if opened == drain_at {
                world.server.connection.go_away(&mut world.server.out);
            }
        }
        if cancels < 30 && random.chance(2) {
            cancels += 1;
            let side = if random.chance(70) { &mut world.client } else { &mut world.server };
            let mut keys: Vec<_> = side.streams.keys().copied().collect();
            keys.sort_by_key(|key| key.id);
            if !keys.is_empty() {
                let key = keys[random.below(keys.len() as u64) as usize];
                side.cancel(key);
            }
        }
        world.step();
        let all_opened = opened == total || world.client.going_away;
        if all_opened && world.is_quiet() {
            break;
        }
        if !world.advance() && all_opened {
            panic!("seed {seed}: stuck with {:?}, {:?}", world.client.streams, world.server.streams);
        }
    }
    world.assert_nothing_left();
    let Side { finished, cancelled, refused, .. } = world.client;
    assert_eq!(finished + cancelled + refused, opened, "seed {seed}");
    if drain_at != usize::MAX {
        assert!(world.server.connection.is_drained(), "seed {seed}");
    }
    finished
}

#[test]
fn data_arrives_intact_and_nothing_is_left_whatever_the_seed() {
    let finished: usize = (1..=60).map(many_streams).sum();
    assert!(finished > 60 * 20, "{finished}");
}

fn narrow(adaptive: bool) -> Config {
    let mut config = Config::default();
    config.adaptive_window = adaptive;
    config.initial_connection_window = 65_535;
    config
}

#[test]
#[ignore = "takes minutes: cargo test --release -p gannet-http2 --test simulation -- --ignored"]
fn data_arrives_intact_over_a_long_run() {
    let finished: usize = (1_000..6_000).map(many_streams).sum();
    assert!(finished > 5_000 * 20, "{finished}");
}

/// Sends one large request; gives the time it took and the windows at its end.
fn upload(adaptive: bool, bytes: usize) -> (Duration, u32, u32) {
    let link = Link { latency: Duration::from_millis(50), bytes_per_second: 100_000_000, max_chunk: 20_000 };
    let config = narrow(adaptive);
    let mut world = World::new(7, link, config.clone(), config);
    world.client.open(world.now, bytes, 10);
    let start = world.now;
    while !world.client.streams.is_empty() {
        world.step();
        assert!(world.advance() || world.client.streams.is_empty(), "stuck");
    }
    let stats = world.server.connection.stats();
    (world.now - start, stats.connection_window, stats.stream_window)
}

#[test]
fn windows_grow_to_the_bandwidth_delay_product() {
    let size = 60 << 20;
    let (slow, ..) = upload(false, size / 20);
    let (fast, connection, stream) = upload(true, size);
    // 100 MB/s and 100 ms there and back make 10 MB; a fixed window carries 64 KiB per round trip.
    assert!(connection >= 8 << 20 && stream >= 8 << 20, "{connection} {stream}");
    assert!(fast < slow, "{fast:?} for all, {slow:?} for a twentieth with fixed windows");
    assert!(fast < Duration::from_secs(3), "{fast:?}");
}

#[test]
fn a_cancelled_upload_leaves_room_for_others() {
    let link = Link { latency: Duration::from_millis(20), bytes_per_second: 10_000_000, max_chunk: 9_000 };
    let config = narrow(false);
    let mut world = World::new(3, link, config.clone(), config);
    for round in 0..30 {
        assert!(world.client.open(world.now, 500_000, 1_000));
        for _ in 0..40 {
            world.step();
            world.advance();
        }
        let side = if round % 2 == 0 { &mut world.client } else { &mut world.server };
        let keys: Vec<_> = side.streams.keys().copied().collect();
        for key in keys {
            side.cancel(key);
        }
    }
    assert!(world.client.open(world.now, 500_000, 1_000));
    while !world.is_quiet() {
        world.step();
        assert!(world.advance() || world.is_quiet(), "stuck");
    }
    world.assert_nothing_left();
    assert!(world.client.finished >= 1);
}
