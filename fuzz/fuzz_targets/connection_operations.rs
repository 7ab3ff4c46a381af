//! Sequences of operations on a client and a server joined by pipes: whatever the applications do and however slowly the
//! pipes move, neither side finds the other at fault, data arrives in order and whole, and in the end nothing is left.

#![no_main]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use bytes::{Buf, Bytes, BytesMut};
use gannet_http2::hpack::Indexing;
use gannet_http2::{
    Budget, Config, Connection, ErrorCode, Event, FieldList, HeaderVisitor, StreamKey, WriteBuffer,
};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    stream_window: u16,
    write_high_mark: u16,
    max_streams: u8,
    adaptive: bool,
    operations: Vec<(bool, Operation)>,
}

/// One operation; the flag beside it chooses the side, `true` for the client.
#[derive(Debug, Arbitrary)]
enum Operation {
    Open {
        end_stream: bool,
    },
    Head {
        stream: u8,
        end_stream: bool,
    },
    Data {
        stream: u8,
        length: u16,
        end_stream: bool,
        in_place: bool,
    },
    Trailers {
        stream: u8,
    },
    Reset {
        stream: u8,
    },
    /// The application reads what has waited.
    Read,
    /// What the other side has sent arrives, up to so many bytes.
    Deliver {
        bytes: u16,
    },
    Flush,
    Ping,
    GoAway,
    Wait {
        millis: u8,
    },
}

#[derive(Default)]
struct Ignore;

impl HeaderVisitor for Ignore {
    fn classify(&mut self, _name: &[u8], _value: &[u8]) -> u32 {
        0
    }
    fn begin(&mut self, _stream: StreamKey, _trailers: bool) {}
    fn field(&mut self, _tag: u32, _name: &[u8], _value: &[u8]) {}
}

struct Side {
    connection: Connection,
    out: WriteBuffer,
    input: BytesMut,
    /// The streams that this side knows of, in the order of their coming.
    keys: Vec<StreamKey>,
    sent: HashMap<u32, u32>,
    received: HashMap<u32, u32>,
    unread: Vec<(StreamKey, usize)>,
}

impl Side {
    fn key(&self, index: u8) -> Option<StreamKey> {
        let index = (index as usize).checked_rem(self.keys.len())?;
        self.keys.get(index).copied()
    }

    /// Bytes that count up, so that each can be told from its neighbours.
    fn payload(&self, key: StreamKey, length: u16) -> Bytes {
        let sent = self.sent.get(&key.id).copied().unwrap_or(0);
        (sent..sent + u32::from(length)).map(|place| place as u8).collect::<Vec<u8>>().into()
    }

    fn apply(&mut self, operation: &Operation, now: Instant) {
        let Self { connection, out, .. } = self;
        match *operation {
            Operation::Open { end_stream } => {
                let mut head = FieldList::new();
                for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/")] {
                    head.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
                }
                if let Ok(key) = connection.open(now, &mut head, end_stream, out) {
                    self.keys.push(key);
                }
            }
            Operation::Head { stream, end_stream } => {
                let Some(key) = self.key(stream) else { return };
                let mut head = FieldList::new();
                head.push(b":status", b"200", Indexing::Incremental);
                let _ = self.connection.send_head(key, &mut head, end_stream, &mut self.out);
            }
            Operation::Data { stream, length, end_stream, in_place } => {
                let Some(key) = self.key(stream) else { return };
                let data = self.payload(key, length);
                let done = if in_place {
                    self.connection.send_data_in_place(key, end_stream, &mut self.out, |mut tail| {
                        tail.extend_from_slice(&data);
                        tail
                    })
                } else {
                    self.connection.send_data(key, data, end_stream, &mut self.out)
                };
                if done.is_ok() {
                    *self.sent.entry(key.id).or_default() += u32::from(length);
                }
            }
            Operation::Trailers { stream } => {
                let Some(key) = self.key(stream) else { return };
                let mut trailers = FieldList::new();
                trailers.push(b"grpc-status", b"0", Indexing::Incremental);
                let _ = self.connection.send_trailers(key, &mut trailers, &mut self.out);
            }
            Operation::Reset { stream } => {
                let Some(key) = self.key(stream) else { return };
                self.connection.reset(key, ErrorCode::Cancel, &mut self.out);
            }
            Operation::Read => self.read(),
            Operation::Flush => connection.flush(out),
            Operation::Ping => connection.ping(*b"fuzzping", out),
            Operation::GoAway => connection.go_away(out),
            Operation::Deliver { .. } | Operation::Wait { .. } => {}
        }
    }

    fn read(&mut self) {
        for (key, bytes) in self.unread.drain(..) {
            self.connection.release(key, bytes, &mut self.out);
        }
    }

    fn receive(&mut self, now: Instant) {
        loop {
            let event = self.connection.receive(now, &mut self.input, &mut self.out, &mut Ignore);
            let Some(event) = event.expect("neither side breaks a rule") else { return };
            match event {
                Event::Head { stream, .. } if !self.keys.contains(&stream) => self.keys.push(stream),
                Event::Data { stream, data, .. } => {
                    let place = self.received.entry(stream.id).or_default();
                    for byte in &data {
                        assert_eq!(*byte, *place as u8, "data out of order");
                        *place += 1;
                    }
                    self.unread.push((stream, data.len()));
                }
                _ => {}
            }
        }
    }
}

fn deliver(from: &mut Side, to: &mut Side, mut bytes: usize, now: Instant) {
    while bytes > 0 && from.out.has_remaining() {
        let count = bytes.min(from.out.chunk().len());
        to.input.extend_from_slice(&from.out.chunk()[..count]);
        from.out.advance(count);
        bytes -= count;
    }
    to.receive(now);
}

fuzz_target!(|input: Input| {
    let mut now = Instant::now();
    let mut config = Config::default();
    config.initial_stream_window = u32::from(input.stream_window);
    config.adaptive_window = input.adaptive;
    config.max_concurrent_streams = u32::from(input.max_streams);
    config.write_high_mark = usize::from(input.write_high_mark).max(1);
    config.settings_ack_timeout = None;
    // Budgets are for peers that do no work, as these may.
    config.budgets.resets = Budget::UNLIMITED;
    config.budgets.provoked_resets = Budget::UNLIMITED;
    config.budgets.refused_streams = Budget::UNLIMITED;
    config.budgets.pings = Budget::UNLIMITED;
    config.budgets.settings = Budget::UNLIMITED;
    config.budgets.empty_frames = Budget::UNLIMITED;
    config.budgets.window_updates = Budget::UNLIMITED;
    config.budgets.ignored_frames = Budget::UNLIMITED;
    config.budgets.max_control_bytes = usize::MAX;
    config.budgets.max_buffered_bytes = usize::MAX;
    let side = |is_client| {
        let mut out = WriteBuffer::new();
        let connection = match is_client {
            true => Connection::client(config.clone(), now, &mut out),
            false => Connection::server(config.clone(), now, &mut out),
        };
        Side {
            connection,
            out,
            input: BytesMut::new(),
            keys: Vec::new(),
            sent: HashMap::new(),
            received: HashMap::new(),
            unread: Vec::new(),
        }
    };
    let (mut client, mut server) = (side(true), side(false));
    for (at_client, operation) in &input.operations {
        match operation {
            Operation::Deliver { bytes } if *at_client => {
                deliver(&mut server, &mut client, (*bytes).into(), now);
            }
            Operation::Deliver { bytes } => deliver(&mut client, &mut server, (*bytes).into(), now),
            Operation::Wait { millis } => {
                now += Duration::from_millis((*millis).into());
                client.connection.handle_timeout(now, &mut client.out).expect("no budget is used up");
                server.connection.handle_timeout(now, &mut server.out).expect("no budget is used up");
            }
            _ if *at_client => client.apply(operation, now),
            _ => server.apply(operation, now),
        }
    }
    // Everything arrives and is read; then each stream that is still open has all data that was sent on it.
    loop {
        deliver(&mut client, &mut server, usize::MAX, now);
        deliver(&mut server, &mut client, usize::MAX, now);
        for side in [&mut client, &mut server] {
            side.read();
            side.connection.flush(&mut side.out);
        }
        if client.out.is_empty() && server.out.is_empty() {
            break;
        }
    }
    for (from, to) in [(&client, &server), (&server, &client)] {
        for key in &to.keys {
            let open = |side: &Side| {
                side.keys.iter().any(|known| known.id == key.id && side.connection.is_open(*known))
            };
            let blocked = from
                .keys
                .iter()
                .find(|known| known.id == key.id)
                .map_or(0, |known| from.connection.queued_bytes(*known));
            if open(from) && open(to) {
                let (sent, received) = (from.sent.get(&key.id), to.received.get(&key.id));
                assert_eq!(
                    sent.copied().unwrap_or(0),
                    received.copied().unwrap_or(0) + blocked as u32,
                    "stream {} lost data",
                    key.id
                );
                assert!(blocked == 0 || input.stream_window == 0, "stream {} is stuck", key.id);
            }
        }
    }
    // The client gives up: nothing is left on either side.
    for key in client.keys.clone() {
        client.connection.reset(key, ErrorCode::Cancel, &mut client.out);
    }
    deliver(&mut client, &mut server, usize::MAX, now);
    deliver(&mut server, &mut client, usize::MAX, now);
    for side in [&mut client, &mut server] {
        side.read();
        assert_eq!(side.connection.active_streams(), 0);
        let stats = side.connection.stats();
        assert_eq!((stats.buffered_bytes, stats.unreleased_bytes), (0, 0));
        assert!(!side.connection.wants_flush());
    }
});
