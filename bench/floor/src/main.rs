//! The floor: the least a server can do for a gRPC call. It splits HTTP/2 frames and answers every finished request
//! with the same bytes. It is a measuring mark, not a server: no HPACK decoding, no protobuf, no routing, no flow
//! control of what it sends, no limits, no futures. What a real server costs above it is the price of being one.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status 200`, `content-type: application/grpc`: one indexed field, one literal with a static name.
const HEAD_BLOCK: &[u8] = b"\x88\x0f\x10\x10application/grpc";
/// An uncompressed message of 14 bytes: `HelloReply { message: "Hello world!" }`.
const MESSAGE: &[u8] = b"\x00\x00\x00\x00\x0e\x0a\x0cHello world!";
/// `grpc-status: 0`, a literal with a literal name.
const TRAILER_BLOCK: &[u8] = b"\x00\x0bgrpc-status\x010";

/// Received payload is given back to the peer's connection window in steps of this many bytes.
const WINDOW_STEP: u32 = 1 << 20;
/// Added to the connection window at the start, so that the steps never let it run dry.
const WINDOW_START: u32 = 1 << 30;

/// The event data of the listening socket; connections count up from 1.
const LISTENER: u64 = 0;

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind(address()?)?;
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;

    let answer = Answer::new();
    let mut connections: HashMap<u64, Connection> = HashMap::new();
    let mut next_id = LISTENER + 1;
    let mut scratch = vec![0; 64 * 1024];
    let mut events: Vec<epoll::Event> = Vec::with_capacity(256);
    loop {
        match epoll::wait(&epoll, spare_capacity(&mut events), None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            let id = event.data.u64();
            if id == LISTENER {
                accept(&listener, &epoll, &mut connections, &mut next_id)?;
            } else if let Some(connection) = connections.get_mut(&id)
                && connection.turn(&mut scratch, &answer, &epoll, id).is_err()
            {
                connections.remove(&id);
            }
        }
    }
}

/// `--addr ADDRESS`; `--threads 1` is accepted because the runner passes it to every server.
fn address() -> std::io::Result<String> {
    let mut address = String::from("127.0.0.1:50051");
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match (name.as_str(), value.as_str()) {
            ("--addr", _) => address = value,
            ("--threads", "1") => {}
            _ => {
                let usage = format!("{name} {value}: the floor takes only --addr ADDRESS and --threads 1");
                return Err(std::io::Error::new(ErrorKind::InvalidInput, usage));
            }
        }
    }
    Ok(address)
}

fn accept(
    listener: &TcpListener,
    epoll: &OwnedFd,
    connections: &mut HashMap<u64, Connection>,
    next_id: &mut u64,
) -> std::io::Result<()> {
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(true)?;
                socket.set_nodelay(true)?;
                epoll::add(epoll, &socket, epoll::EventData::new_u64(*next_id), epoll::EventFlags::IN)?;
                connections.insert(*next_id, Connection::new(socket));
                *next_id += 1;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// HEADERS, DATA and trailers of one answer, and where the three stream ids stand in them.
struct Answer {
    bytes: Vec<u8>,
    stream_ids: [usize; 3],
}

impl Answer {
    fn new() -> Self {
        let mut bytes = Vec::new();
        let mut stream_ids = [0; 3];
        let frames = [
            (HEADERS, END_HEADERS, HEAD_BLOCK),
            (DATA, 0, MESSAGE),
            (HEADERS, END_HEADERS | END_STREAM, TRAILER_BLOCK),
        ];
        for (slot, (kind, flags, payload)) in stream_ids.iter_mut().zip(frames) {
            *slot = bytes.len() + 5;
            put_frame(&mut bytes, kind, flags, 0, payload);
        }
        Self { bytes, stream_ids }
    }

    fn put(&self, out: &mut Vec<u8>, stream: u32) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        for at in self.stream_ids {
            out[start + at..start + at + 4].copy_from_slice(&stream.to_be_bytes());
        }
    }
}

fn put_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    out.extend_from_slice(&[length[1], length[2], length[3], kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

struct Connection {
    socket: TcpStream,
    /// The cut-off end of the last read.
    partial: Vec<u8>,
    out: Vec<u8>,
    preface_seen: bool,
    /// Received payload not yet given back to the connection window.
    unreturned: u32,
    waits_for_write: bool,
}

impl Connection {
    fn new(socket: TcpStream) -> Self {
        let mut out = Vec::new();
        put_frame(&mut out, SETTINGS, 0, 0, &[]);
        put_frame(&mut out, WINDOW_UPDATE, 0, 0, &WINDOW_START.to_be_bytes());
        Self { socket, partial: Vec::new(), out, preface_seen: false, unreturned: 0, waits_for_write: false }
    }

    /// One read, all its answers, one write.
    fn turn(&mut self, scratch: &mut [u8], answer: &Answer, epoll: &OwnedFd, id: u64) -> std::io::Result<()> {
        if self.waits_for_write {
            return self.flush(epoll, id);
        }
        let count = match self.socket.read(scratch) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if self.partial.is_empty() {
            let consumed = self.frames(&scratch[..count], answer)?;
            self.partial.extend_from_slice(&scratch[consumed..count]);
        } else {
            let mut input = std::mem::take(&mut self.partial);
            input.extend_from_slice(&scratch[..count]);
            let consumed = self.frames(&input, answer)?;
            input.drain(..consumed);
            self.partial = input;
        }
        self.flush(epoll, id)
    }

    /// Answers all whole frames of `input` and returns how many bytes they were.
    fn frames(&mut self, input: &[u8], answer: &Answer) -> std::io::Result<usize> {
        let mut at = 0;
        if !self.preface_seen {
            if input.len() < PREFACE.len() {
                return Ok(0);
            }
            if !input.starts_with(PREFACE) {
                return Err(ErrorKind::InvalidData.into());
            }
            self.preface_seen = true;
            at = PREFACE.len();
        }
        while let Some((header, rest)) = input[at..].split_first_chunk::<FRAME_HEADER>() {
            let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
            let (kind, flags) = (header[3], header[4]);
            let stream = u32::from_be_bytes([header[5] & 0x7f, header[6], header[7], header[8]]);
            let Some(payload) = rest.get(..length as usize) else { break };
            at += FRAME_HEADER + payload.len();
            match kind {
                DATA | HEADERS => {
                    if kind == DATA {
                        self.unreturned += length;
                    }
                    if flags & END_STREAM != 0 {
                        answer.put(&mut self.out, stream);
                    }
                }
                SETTINGS if flags & ACK == 0 => put_frame(&mut self.out, SETTINGS, ACK, 0, &[]),
                PING if flags & ACK == 0 => put_frame(&mut self.out, PING, ACK, 0, payload),
                _ => {}
            }
        }
        if self.unreturned >= WINDOW_STEP {
            put_frame(&mut self.out, WINDOW_UPDATE, 0, 0, &self.unreturned.to_be_bytes());
            self.unreturned = 0;
        }
        Ok(at)
    }

    fn flush(&mut self, epoll: &OwnedFd, id: u64) -> std::io::Result<()> {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(count) if count == self.out.len() => self.out.clear(),
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let waits = !self.out.is_empty();
        if waits != self.waits_for_write {
            self.waits_for_write = waits;
            // From a peer that does not read, nothing more is read either until the rest is out.
            let interest = if waits { epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            epoll::modify(epoll, &self.socket, epoll::EventData::new_u64(id), interest)?;
        }
        Ok(())
    }
}
