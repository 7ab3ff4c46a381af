//! Frame scripts: raw frames go into a connection, and what it tells and sends is compared as text.

mod budgets;
mod client;
mod flow;
mod frames;
mod goaway;
mod headers;
mod properties;
mod sending;
mod settings;
mod states;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};

use super::Connection;
use crate::frame::{FrameHeader, HEADER_LEN, PREFACE, Settings, flag, kind, parse_go_away};
use crate::hpack::{Decoder, Field, FieldSink, Indexing};
use crate::{Config, ConnectionError, ErrorCode, Event, FieldList, HeaderVisitor, StreamKey, WriteBuffer};

/// Keeps the fields of the last block as text.
#[derive(Debug, Default)]
struct Fields {
    fields: Vec<String>,
    trailers: bool,
}

impl HeaderVisitor for Fields {
    fn classify(&mut self, name: &[u8], _value: &[u8]) -> u32 {
        name.len() as u32
    }

    fn begin(&mut self, _stream: StreamKey, trailers: bool) {
        self.fields.clear();
        self.trailers = trailers;
    }

    fn field(&mut self, tag: u32, name: &[u8], value: &[u8]) {
        assert_eq!(tag, name.len() as u32, "the tag belongs to another field");
        self.fields.push(format!("{}: {}", name.escape_ascii(), value.escape_ascii()));
    }
}

impl FieldSink for Fields {
    fn classify(&mut self, _name: &[u8], _value: &[u8]) -> u32 {
        0
    }

    fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
        self.fields.push(format!("{}: {}", field.name.escape_ascii(), field.value.escape_ascii()));
        ControlFlow::Continue(())
    }
}

/// A connection and the peer that the test plays.
struct Script {
    connection: Connection,
    input: BytesMut,
    out: WriteBuffer,
    fields: Fields,
    now: Instant,
    /// Decodes what the connection sends.
    decoder: Decoder,
    error: Option<ConnectionError>,
    /// Whether received data is released at once.
    release: bool,
}

impl Script {
    fn new(client: bool, config: Config) -> Self {
        let now = Instant::now();
        let mut out = WriteBuffer::new();
        let connection = if client {
            Connection::client(config, now, &mut out)
        } else {
            Connection::server(config, now, &mut out)
        };
        Self {
            connection,
            input: BytesMut::new(),
            out,
            fields: Fields::default(),
            now,
            decoder: Decoder::new(4096),
            error: None,
            release: true,
        }
    }

    /// A server after the handshake.
    fn server() -> Self {
        Self::server_with(Config::default())
    }

    fn server_with(config: Config) -> Self {
        let mut script = Self::new(false, config);
        script.sent();
        assert_eq!(script.feed(&[PREFACE, &settings(&[])[..], &settings_ack()].concat()), ["PeerSettings"]);
        assert_eq!(script.sent(), ["SETTINGS ack"]);
        script
    }

    /// A client after the handshake.
    fn client() -> Self {
        Self::client_with(Config::default(), &[])
    }

    fn client_with(config: Config, peer: &[(u16, u32)]) -> Self {
        let mut script = Self::new(true, config);
        assert!(script.out.chunk().starts_with(PREFACE));
        script.out.advance(PREFACE.len());
        script.sent();
        assert_eq!(script.feed(&[settings(peer), settings_ack()].concat()), ["PeerSettings"]);
        assert_eq!(script.sent(), ["SETTINGS ack"]);
        script
    }

    /// Gives bytes to the connection; what it tells.
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.input.extend_from_slice(bytes);
        self.events()
    }

    fn events(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            match self.connection.receive(self.now, &mut self.input, &mut self.out, &mut self.fields) {
                Ok(None) => return told,
                Ok(Some(event)) => {
                    if let Event::Data { stream, data, .. } = &event
                        && self.release
                    {
                        self.connection.release(*stream, data.len(), &mut self.out);
                    }
                    told.push(describe(&event));
                }
                Err(error) => {
                    told.push(format!("error {}", error.code()));
                    self.error = Some(error);
                    return told;
                }
            }
        }
    }

    /// What the connection has sent since the last time.
    fn sent(&mut self) -> Vec<String> {
        let mut bytes = Vec::new();
        while self.out.has_remaining() {
            let count = self.out.chunk().len();
            bytes.extend_from_slice(self.out.chunk());
            self.out.advance(count);
        }
        let mut rest = &bytes[..];
        let mut frames = Vec::new();
        while let Some((header, behind)) = rest.split_first_chunk::<HEADER_LEN>() {
            let header = FrameHeader::parse(*header);
            let (payload, behind) = behind.split_at(header.length as usize);
            frames.push(self.describe_frame(header, payload));
            rest = behind;
        }
        assert!(rest.is_empty(), "half a frame was sent");
        frames
    }

    fn describe_frame(&mut self, header: FrameHeader, payload: &[u8]) -> String {
        let id = header.stream_id;
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        let end = if header.has(flag::END_STREAM) { " end" } else { "" };
        match header.kind {
            kind::DATA if payload.len() <= 16 => format!("DATA {id} {}{end}", payload.escape_ascii()),
            kind::DATA => format!("DATA {id} {} bytes{end}", payload.len()),
            kind::HEADERS if header.has(flag::END_HEADERS) => {
                let mut fields = Fields::default();
                let _ = self.decoder.decode(payload, usize::MAX, &mut fields).unwrap();
                format!("HEADERS {id} [{}]{end}", fields.fields.join(", "))
            }
            kind::HEADERS => format!("HEADERS {id} {} bytes and more{end}", payload.len()),
            kind::CONTINUATION if header.has(flag::END_HEADERS) => {
                format!("CONTINUATION {id} {} bytes", payload.len())
            }
            kind::CONTINUATION => format!("CONTINUATION {id} {} bytes and more", payload.len()),
            kind::RST_STREAM => format!("RST_STREAM {id} {}", ErrorCode::from_u32(number(0))),
            kind::SETTINGS if header.has(flag::ACK) => "SETTINGS ack".to_owned(),
            kind::SETTINGS => {
                let settings = Settings::parse(payload).unwrap();
                format!("SETTINGS {settings:?}").replace("Settings ", "")
            }
            kind::PING if header.has(flag::ACK) => format!("PING ack {}", payload.escape_ascii()),
            kind::PING => format!("PING {}", payload.escape_ascii()),
            kind::GOAWAY => {
                let frame = parse_go_away(payload).unwrap();
                format!("GOAWAY {} {}", frame.last_stream_id, frame.code)
            }
            kind::WINDOW_UPDATE => format!("WINDOW_UPDATE {id} {}", number(0)),
            other => format!("frame of type {other}"),
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// The bytes end the connection with this code: the caller is told, and so is the peer.
    #[track_caller]
    fn fails(&mut self, bytes: &[u8], code: &str) {
        let told = self.feed(bytes);
        assert_eq!(told.last().map(String::as_str), Some(format!("error {code}").as_str()), "{told:?}");
        let sent = self.sent();
        assert!(
            sent.last().is_some_and(|frame| frame.starts_with("GOAWAY") && frame.ends_with(code)),
            "{sent:?}"
        );
        assert_eq!(self.feed(&ping(*b"anything")), [format!("error {code}")], "the error stays");
        assert!(self.sent().is_empty(), "nothing is sent after GOAWAY");
    }

    /// The bytes give these events and these frames.
    #[track_caller]
    fn expect(&mut self, bytes: &[u8], told: &[&str], sent: &[&str]) {
        assert_eq!(self.feed(bytes), told);
        assert_eq!(self.sent(), sent);
    }

    /// The key of an open stream.
    #[track_caller]
    fn key(&self, id: u32) -> StreamKey {
        StreamKey { slot: self.connection.streams.find(id).expect("the stream is open"), id }
    }

    /// Opens a stream with a POST (client).
    fn open(&mut self, end_stream: bool) -> StreamKey {
        self.connection.open(self.now, &mut request_fields(), end_stream, &mut self.out).unwrap()
    }

    fn send_data(&mut self, id: u32, data: impl Into<Bytes>, end_stream: bool) {
        let key = self.key(id);
        self.connection.send_data(key, data.into(), end_stream, &mut self.out).unwrap();
    }

    fn send_head(&mut self, id: u32) {
        let key = self.key(id);
        self.connection.send_head(key, &mut list(&[(":status", "200")]), false, &mut self.out).unwrap();
    }

    fn send_trailers(&mut self, id: u32) {
        let key = self.key(id);
        self.connection.send_trailers(key, &mut list(&[("grpc-status", "0")]), &mut self.out).unwrap();
    }

    /// Sends a whole small answer (server).
    fn answer(&mut self, id: u32) {
        self.send_head(id);
        self.send_trailers(id);
    }
}

fn describe(event: &Event) -> String {
    let end = |end: &bool| if *end { " end" } else { "" };
    match event {
        Event::Head { stream, end_stream } => format!("Head {}{}", stream.id, end(end_stream)),
        Event::Informational { stream } => format!("Informational {}", stream.id),
        Event::Data { stream, data, end_stream } if data.len() <= 16 => {
            format!("Data {} {}{}", stream.id, data.escape_ascii(), end(end_stream))
        }
        Event::Data { stream, data, end_stream } => {
            format!("Data {} {} bytes{}", stream.id, data.len(), end(end_stream))
        }
        Event::Trailers { stream } => format!("Trailers {}", stream.id),
        Event::Reset { stream, error } => format!("Reset {} {} {:?}", stream.id, error.code(), error.by()),
        Event::Writable { stream } => format!("Writable {}", stream.id),
        Event::GoAway { last_stream_id, code, debug_data } => {
            format!("GoAway {last_stream_id} {code} {}", debug_data.escape_ascii())
        }
        Event::Pong { payload } => format!("Pong {}", payload.escape_ascii()),
        Event::OpenAvailable | Event::PeerSettings => format!("{event:?}"),
    }
}

fn list(fields: &[(&str, &str)]) -> FieldList {
    let mut list = FieldList::new();
    for (name, value) in fields {
        list.push(name.as_bytes(), value.as_bytes(), Indexing::Incremental);
    }
    list
}

const REQUEST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "http"), (":path", "/p"), (":authority", "a")];

fn request_fields() -> FieldList {
    list(&REQUEST)
}

// Raw frames.

fn frame(kind: u8, flags: u8, stream_id: u32, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader { length: payload.len() as u32, kind, flags, stream_id };
    [&header.encode()[..], payload].concat()
}

fn data(id: u32, payload: &[u8], end_stream: bool) -> Vec<u8> {
    frame(kind::DATA, u8::from(end_stream), id, payload)
}

/// Literals without indexing, so that blocks do not depend on each other.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        assert!(name.len() < 127 && value.len() < 127);
        block.extend_from_slice(&[0, name.len() as u8]);
        block.extend_from_slice(name.as_bytes());
        block.push(value.len() as u8);
        block.extend_from_slice(value.as_bytes());
    }
    block
}

fn headers(id: u32, fields: &[(&str, &str)], end_stream: bool) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_HEADERS | u8::from(end_stream), id, &block(fields))
}

fn request(id: u32, end_stream: bool) -> Vec<u8> {
    headers(id, &REQUEST, end_stream)
}

fn response(id: u32, end_stream: bool) -> Vec<u8> {
    headers(id, &[(":status", "200")], end_stream)
}

fn trailers(id: u32) -> Vec<u8> {
    headers(id, &[("grpc-status", "0")], true)
}

fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = settings
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    frame(kind::SETTINGS, 0, 0, &payload)
}

fn settings_ack() -> Vec<u8> {
    frame(kind::SETTINGS, flag::ACK, 0, &[])
}

fn ping(payload: [u8; 8]) -> Vec<u8> {
    frame(kind::PING, 0, 0, &payload)
}

fn ping_ack(payload: [u8; 8]) -> Vec<u8> {
    frame(kind::PING, flag::ACK, 0, &payload)
}

fn rst_stream(id: u32, code: ErrorCode) -> Vec<u8> {
    frame(kind::RST_STREAM, 0, id, &code.as_u32().to_be_bytes())
}

fn window_update(id: u32, increment: u32) -> Vec<u8> {
    frame(kind::WINDOW_UPDATE, 0, id, &increment.to_be_bytes())
}

fn go_away(last: u32, code: ErrorCode, debug: &[u8]) -> Vec<u8> {
    frame(kind::GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &code.as_u32().to_be_bytes(), debug].concat())
}
