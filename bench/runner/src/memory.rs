//! What an idle connection costs a server in resident memory: connections by hand, so that this end costs little and
//! each is known to be idle. Not the memory under load, which the report takes from the process's peak.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::load::{PATH, REQUEST};
use crate::server::Server;

const LIMIT: Duration = Duration::from_secs(10);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// Bytes of resident memory per connection.
#[derive(Clone, Copy, Serialize)]
pub struct IdleConnection {
    /// It has exchanged prefaces and settings, no more.
    pub fresh: f64,
    /// It has also made one call, whose answer is read.
    pub used: f64,
}

/// Lets a server have `count` idle connections and looks at its memory.
pub fn idle_connections(server: &Server, count: u32) -> Result<IdleConnection> {
    // One connection before, so that what a server sets up once is not counted.
    let mut first = Connection::open(server.address())?;
    first.call(server.address())?;
    let before = server.memory()?;
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(Connection::open(server.address())?);
    }
    first.call(server.address())?;
    let fresh = server.memory()?;
    for connection in &mut connections {
        connection.call(server.address())?;
    }
    let used = server.memory()?;
    let each = |now: u64| now.saturating_sub(before) as f64 / f64::from(count);
    Ok(IdleConnection { fresh: each(fresh), used: each(used) })
}

struct Connection {
    socket: TcpStream,
    next_stream: u32,
}

impl Connection {
    /// Connects and exchanges prefaces and settings.
    fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(LIMIT))?;
        let mut connection = Self { socket, next_stream: 1 };
        let mut start = PREFACE.to_vec();
        put_frame(&mut start, SETTINGS, 0, 0, &[]);
        connection.socket.write_all(&start)?;
        // No wait for the server's acknowledgement: pajamax never sends one. A call on the first connection, made after
        // all are open, shows that the server is through with them.
        while connection.frame()?.0 != SETTINGS {}
        let mut answer = Vec::new();
        put_frame(&mut answer, SETTINGS, ACK, 0, &[]);
        connection.socket.write_all(&answer)?;
        Ok(connection)
    }

    /// Makes a call and reads its answer to the end.
    fn call(&mut self, address: SocketAddr) -> Result<()> {
        // :method POST and :scheme http are indexed; the rest are literals that no table keeps.
        let mut block = vec![0x83, 0x86];
        put_literal(&mut block, &[0x04], PATH);
        put_literal(&mut block, &[0x01], &address.to_string());
        put_literal(&mut block, &[0x0f, 0x10], "application/grpc");
        put_literal(&mut block, b"\x00\x02te", "trailers");
        let id = self.next_stream;
        self.next_stream += 2;
        let mut request = Vec::new();
        put_frame(&mut request, HEADERS, END_HEADERS, id, &block);
        put_frame(&mut request, DATA, END_STREAM, id, REQUEST);
        self.socket.write_all(&request)?;
        loop {
            let (kind, flags, stream) = self.frame()?;
            if stream == id && matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                return Ok(());
            }
        }
    }

    /// Type, flags and stream of the next frame; its payload is read and dropped.
    fn frame(&mut self) -> Result<(u8, u8, u32)> {
        let mut header = [0; FRAME_HEADER];
        self.socket.read_exact(&mut header)?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; length as usize];
        self.socket.read_exact(&mut payload)?;
        let stream = u32::from_be_bytes([header[5] & 0x7f, header[6], header[7], header[8]]);
        Ok((header[3], header[4], stream))
    }
}

fn put_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    out.extend_from_slice(&[length[1], length[2], length[3], kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// `name` is the encoded name; the value must be shorter than 127 bytes, which are those of one length byte.
fn put_literal(block: &mut Vec<u8>, name: &[u8], value: &str) {
    block.extend_from_slice(name);
    block.push(value.len() as u8);
    block.extend_from_slice(value.as_bytes());
}
