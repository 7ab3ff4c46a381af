//! The end of a connection (RFC 9113 §6.8): graceful in two steps, at once, or the peer's.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Connection, ConnectionError, Event, Role, WriteBuffer};
use crate::error::ConnectionErrorKind;
use crate::frame::{GoAway, MAX_31, put_go_away, put_ping};
use crate::{ErrorCode, StreamError};

/// The payload of the PING between the two steps.
const BETWEEN: [u8; 8] = *b"gannet:g";

/// How long the acknowledgement of that PING may take before the second step is done without it.
const BETWEEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How far this endpoint has come in ending the connection.
#[derive(Debug, Default)]
pub(super) enum GoAwayState {
    #[default]
    Open,
    /// The peer is told to open no more streams; those it had opened before it knew are still taken.
    Announced { deadline: Instant },
    /// The last stream is said. The other streams may finish.
    Final,
}

impl GoAwayState {
    /// Whether new streams of the peer are ignored.
    #[inline]
    pub(super) fn refuses_streams(&self) -> bool {
        matches!(self, Self::Final)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Announced { deadline } => Some(*deadline),
            Self::Open | Self::Final => None,
        }
    }
}

impl Connection {
    /// Ends the connection gracefully: open streams may finish, see [`is_drained`](Self::is_drained).
    ///
    /// A server first announces the end, with the highest stream identifier there is and a PING, and says which stream is
    /// the last once that PING is acknowledged (or after 5 s), so that no request on its way is lost. Called a second
    /// time it says so at once. A client just opens no more streams.
    pub fn go_away(&mut self, out: &mut WriteBuffer) {
        match self.go_away {
            _ if self.failed.is_some() => {}
            GoAwayState::Open if self.role == Role::Server => {
                put_go_away(out.tail_mut(), MAX_31, ErrorCode::NoError, b"");
                put_ping(out.tail_mut(), BETWEEN, false);
                self.go_away = GoAwayState::Announced { deadline: self.now + BETWEEN_TIMEOUT };
            }
            GoAwayState::Open | GoAwayState::Announced { .. } => {
                self.put_final_go_away(ErrorCode::NoError, "", out);
            }
            GoAwayState::Final => {}
        }
    }

    /// Ends the connection at once: GOAWAY with the code goes into `out`, all streams are dropped without events, and
    /// [`receive`](Self::receive) gives an error of kind [`ConnectionErrorKind::Closed`]. Flush `out`, then close the
    /// socket.
    pub fn close(&mut self, code: ErrorCode, debug: &str, out: &mut WriteBuffer) {
        if self.failed.is_none() {
            self.fail(ConnectionError::new(ConnectionErrorKind::Closed, code, debug.to_owned()), out);
        }
    }

    /// Whether the connection has come to its end: one side has sent GOAWAY and no stream is left. Flush the write
    /// buffer, then close the socket.
    pub fn is_drained(&self) -> bool {
        let ending = self.failed.is_some() || self.go_away.refuses_streams() || self.peer_go_away.is_some();
        ending && self.streams.len() == 0
    }

    /// Whether neither side has said that it takes no new streams.
    pub(super) fn takes_new_streams(&self) -> bool {
        self.failed.is_none() && self.peer_go_away.is_none() && matches!(self.go_away, GoAwayState::Open)
    }

    /// Says which stream is the last.
    pub(super) fn put_final_go_away(&mut self, code: ErrorCode, debug: &str, out: &mut WriteBuffer) {
        self.go_away = GoAwayState::Final;
        put_go_away(out.tail_mut(), self.last_processed_id, code, debug.as_bytes());
    }

    /// Sends a PING with this payload; [`Event::Pong`] answers it.
    pub fn ping(&mut self, payload: [u8; 8], out: &mut WriteBuffer) {
        put_ping(out.tail_mut(), payload, false);
    }

    pub(super) fn ping_acknowledged(&mut self, payload: [u8; 8], out: &mut WriteBuffer) -> Option<Event> {
        match self.go_away {
            _ if payload == super::bdp::PROBE && self.bdp.is_probing() => {
                self.probe_acknowledged(out);
                None
            }
            GoAwayState::Announced { .. } if payload == BETWEEN => {
                self.put_final_go_away(ErrorCode::NoError, "", out);
                None
            }
            _ => Some(Event::Pong { payload }),
        }
    }

    /// The peer's GOAWAY: streams above the last one were not processed.
    pub(super) fn peer_goes_away(&mut self, frame: &GoAway<'_>) -> Event {
        let last = self.peer_go_away.map_or(frame.last_stream_id, |before| before.min(frame.last_stream_id));
        let changed = self.peer_go_away != Some(last);
        self.peer_go_away = Some(last);
        self.open_blocked = false;
        if self.role == Role::Client && changed && last < self.next_id {
            let unprocessed: Vec<_> =
                self.streams.iter_mut().map(|(key, _)| key).filter(|key| key.id > last).collect();
            for stream in unprocessed {
                self.remove_stream(stream);
                self.closed.reset_here(stream.id);
                let error = StreamError::remote(
                    ErrorCode::RefusedStream,
                    "the peer went away without processing the stream",
                );
                self.events.push_back(Event::Reset { stream, error });
            }
        }
        Event::GoAway {
            last_stream_id: frame.last_stream_id,
            code: frame.code,
            debug_data: Bytes::copy_from_slice(frame.debug_data),
        }
    }
}
