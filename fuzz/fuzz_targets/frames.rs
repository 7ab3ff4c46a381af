//! Bytes of a hostile peer, in pieces, to a server or a client that answers what it gets: nothing panics, only whole
//! frames are sent, no more streams are open than allowed, and an error is the end.
//!
//! The first byte of the input chooses the role and whether the handshake is done already, the second the size of the
//! pieces.

#![no_main]

use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use gannet_http2::hpack::Indexing;
use gannet_http2::{Config, Connection, Event, FieldList, HeaderVisitor, StreamKey, WriteBuffer};
use libfuzzer_sys::fuzz_target;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0";
const MAX_STREAMS: u32 = 8;

#[derive(Default)]
struct Fields {
    kept: [usize; Fields::MEMO_PLACES],
    count: usize,
}

impl HeaderVisitor for Fields {
    fn classify(&mut self, name: &[u8], _value: &[u8]) -> u32 {
        name.len() as u32
    }

    fn begin(&mut self, _stream: StreamKey, _trailers: bool) {
        self.count = 0;
    }

    fn field(&mut self, tag: u32, name: &[u8], value: &[u8]) {
        assert_eq!(tag as usize, name.len());
        assert!(!name.is_empty() && !name.iter().any(u8::is_ascii_uppercase));
        assert!(!value.contains(&0));
        self.count += 1;
    }

    fn memorize(&mut self, place: usize) {
        self.kept[place] = self.count;
    }

    fn recall(&mut self, place: usize) -> bool {
        self.count = self.kept[place];
        true
    }
}

fn list(name: &str, value: &str) -> FieldList {
    let mut list = FieldList::new();
    list.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
    list
}

fn open(client: &mut Connection, now: Instant, out: &mut WriteBuffer) {
    let mut head = FieldList::new();
    for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/")] {
        head.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
    }
    let _ = client.open(now, &mut head, client.active_streams().is_multiple_of(2), out);
}

/// Everything that is sent consists of whole frames; `sent` holds what was not looked at yet.
fn check(sent: &[u8]) {
    let mut rest = sent;
    while !rest.is_empty() {
        assert!(rest.len() >= 9, "half a frame header was sent");
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        assert!(length <= 1 << 24 && rest[3] <= 9);
        assert!(rest.len() >= 9 + length, "half a frame was sent");
        rest = &rest[9 + length..];
    }
}

fn answer(connection: &mut Connection, event: Event, out: &mut WriteBuffer) {
    match event {
        Event::Head { stream, end_stream } if stream.id % 4 == 1 => {
            let _ = connection.send_head(stream, &mut list(":status", "200"), false, out);
            if end_stream {
                let _ = connection.send_trailers(stream, &mut list("grpc-status", "0"), out);
            }
        }
        Event::Data { stream, data, end_stream } => {
            connection.release(stream, data.len(), out);
            let _ = connection.send_data_in_place(stream, false, out, |mut tail| {
                tail.extend_from_slice(&data);
                tail
            });
            if end_stream {
                let _ = connection.send_trailers(stream, &mut list("grpc-status", "0"), out);
            }
        }
        Event::Trailers { stream } => connection.reset(stream, gannet_http2::ErrorCode::Cancel, out),
        _ => {}
    }
}

fuzz_target!(|data: &[u8]| {
    let [choice, piece, bytes @ ..] = data else { return };
    let mut config = Config::default();
    config.max_concurrent_streams = MAX_STREAMS;
    config.max_header_list_size = 1_000;
    if choice & 4 != 0 {
        config.initial_stream_window = 100;
    }
    let mut now = Instant::now();
    let mut out = WriteBuffer::new();
    let is_server = choice & 1 == 0;
    let mut input = BytesMut::new();
    let mut connection = if is_server {
        Connection::server(config, now, &mut out)
    } else {
        let mut client = Connection::client(config, now, &mut out);
        out.advance(24);
        for _ in 0..4 {
            open(&mut client, now, &mut out);
        }
        client
    };
    if choice & 2 != 0 {
        input.extend_from_slice(if is_server { PREFACE } else { &PREFACE[24..] });
    }
    let mut fields = Fields::default();
    let mut failed = false;
    let mut sent = Vec::new();
    for chunk in bytes.chunks(1 + *piece as usize) {
        input.extend_from_slice(chunk);
        now += Duration::from_millis(1);
        loop {
            match connection.receive(now, &mut input, &mut out, &mut fields) {
                Ok(Some(event)) => {
                    assert!(!failed, "an event after an error");
                    answer(&mut connection, event, &mut out);
                    assert!(!is_server || connection.active_streams() <= MAX_STREAMS as usize);
                }
                Ok(None) => break,
                Err(_) => {
                    failed = true;
                    break;
                }
            }
        }
        while out.has_remaining() {
            let count = out.chunk().len();
            sent.extend_from_slice(out.chunk());
            out.advance(count);
        }
        check(&sent);
        sent.clear();
        if failed {
            assert_eq!((connection.active_streams(), connection.stats().buffered_bytes), (0, 0));
            let again = connection.receive(now, &mut input, &mut out, &mut fields);
            assert!(again.is_err() && out.is_empty(), "an error is the end");
            return;
        }
        if !is_server {
            open(&mut connection, now, &mut out);
        }
    }
});
