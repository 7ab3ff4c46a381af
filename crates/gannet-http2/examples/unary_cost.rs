//! What the engine costs a server per unary call: recorded bytes of a client in, answers out, 100 calls per batch.
//!
//! ```sh
//! cargo run --release -p gannet-http2 --example unary_cost -- 2000              # nanoseconds, blocks that come again
//! cargo run --release -p gannet-http2 --example unary_cost -- 2000 decode       # the same, every block decoded
//! valgrind --tool=callgrind --toggle-collect='unary_cost::serve' \
//!     target/release/examples/unary_cost 200                                    # instructions, see callgrind_annotate
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program to measure with")]

use std::hint::black_box;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use gannet_http2::hpack::{FixedBlock, Indexing};
use gannet_http2::{Config, Connection, Event, FieldList, HeaderVisitor, StreamKey, WriteBuffer};

const CALLS_PER_BATCH: usize = 100;

/// Does what a server has to do at least: knows the path by its tag.
#[derive(Default)]
struct Route {
    path: u32,
    fields: u32,
    /// Paths of blocks that come again, if that is made use of.
    memory: Option<[u32; 4]>,
}

impl HeaderVisitor for Route {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        if name == b":path" { value.len() as u32 } else { 0 }
    }

    fn begin(&mut self, _stream: StreamKey, _trailers: bool) {
        self.path = 0;
        self.fields = 0;
    }

    fn field(&mut self, tag: u32, _name: &[u8], _value: &[u8]) {
        self.path |= tag;
        self.fields += 1;
    }

    fn memorize(&mut self, place: usize) {
        if let Some(memory) = &mut self.memory {
            memory[place] = self.path;
        }
    }

    fn recall(&mut self, place: usize) -> bool {
        self.memory.is_some_and(|memory| {
            self.path = memory[place];
            true
        })
    }
}

struct Server {
    connection: Connection,
    out: WriteBuffer,
    input: BytesMut,
    route: Route,
    head: FixedBlock,
    trailers: FixedBlock,
    pending: Vec<(StreamKey, Bytes)>,
}

impl Server {
    fn new(now: Instant) -> Self {
        let mut out = WriteBuffer::new();
        Self {
            connection: Connection::server(Config::default(), now, &mut out),
            out,
            input: BytesMut::with_capacity(64 << 10),
            route: Route::default(),
            head: FixedBlock::new([(":status", "200"), ("content-type", "application/grpc")]),
            trailers: FixedBlock::new([("grpc-status", "0")]),
            pending: Vec::with_capacity(CALLS_PER_BATCH),
        }
    }
}

/// All that is measured.
#[inline(never)]
fn serve(server: &mut Server, now: Instant) {
    serve_receive(server, now);
    serve_answer(server);
}

#[inline(never)]
fn serve_receive(server: &mut Server, now: Instant) {
    let Server { connection, out, input, route, pending, .. } = server;
    while let Some(event) = connection.receive(now, input, out, route).unwrap() {
        match event {
            Event::Head { .. } => assert!(black_box(route.path) > 0),
            Event::Data { stream, data, end_stream: true } => {
                connection.release(stream, data.len(), out);
                pending.push((stream, data));
            }
            _ => {}
        }
    }
}

#[inline(never)]
fn serve_answer(server: &mut Server) {
    let Server { connection, out, head, trailers, pending, .. } = server;
    for (stream, _request) in pending.drain(..) {
        connection.send_head(stream, head, false, out).unwrap();
        connection
            .send_data_in_place(stream, false, out, |mut tail| {
                tail.extend_from_slice(b"\0\0\0\0\x0e\x0a\x0cHello world!");
                tail
            })
            .unwrap();
        connection.send_trailers(stream, trailers, out).unwrap();
    }
}

fn take(out: &mut WriteBuffer) -> Bytes {
    let count = out.remaining();
    out.copy_to_bytes(count)
}

/// Lets a client make its calls to a server and keeps what it sent, by batch.
fn record(batches: usize, now: Instant) -> Vec<Bytes> {
    let mut out = WriteBuffer::new();
    let mut client = Connection::client(Config::default(), now, &mut out);
    let mut server = Server::new(now);
    let mut fields = FieldList::new();
    for (name, value) in [
        (":path", "/helloworld.Greeter/SayHello"),
        (":scheme", "http"),
        (":authority", "127.0.0.1:50051"),
        (":method", "POST"),
        ("user-agent", "h2load nghttp2/1.52.0"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        fields.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
    }
    fields.push(b"content-length", b"12", Indexing::Without);
    let mut recorded = Vec::new();
    let mut input = BytesMut::new();
    for _ in 0..batches {
        for _ in 0..CALLS_PER_BATCH {
            let stream = client.open(now, &mut fields, false, &mut out).unwrap();
            let request = Bytes::from_static(b"\0\0\0\0\x07\x0a\x05world");
            client.send_data(stream, request, true, &mut out).unwrap();
        }
        let bytes = take(&mut out);
        server.input.extend_from_slice(&bytes);
        recorded.push(bytes);
        serve_receive(&mut server, now);
        serve_answer(&mut server);
        input.extend_from_slice(&take(&mut server.out));
        while let Some(event) = client.receive(now, &mut input, &mut out, &mut Route::default()).unwrap() {
            if let Event::Data { stream, data, .. } = event {
                client.release(stream, data.len(), &mut out);
            }
        }
        assert_eq!(client.active_streams(), 0);
    }
    recorded
}

fn main() {
    let batches = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let now = Instant::now();
    let recorded = record(batches, now);
    let mut server = Server::new(now);
    // With a second argument every block is decoded.
    server.route.memory = std::env::args().nth(2).is_none().then_some([0; 4]);
    let mut spent = std::time::Duration::ZERO;
    for bytes in &recorded {
        // A read of the socket would put the bytes there.
        server.input.reserve(bytes.len());
        server.input.extend_from_slice(bytes);
        let start = Instant::now();
        serve(&mut server, start);
        spent += start.elapsed();
        let written = server.out.remaining();
        server.out.advance(written);
    }
    let calls = batches * CALLS_PER_BATCH;
    assert_eq!(server.connection.stats().streams_completed, calls as u64);
    println!("{calls} calls, {} ns each", spent.as_nanos() / calls as u128);
}
