//! The first bytes of a connection: whether they are TLS, and if not, what they are and how to tell the peer in its own
//! language that this port speaks TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// What a peer begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A TLS record with a handshake message.
    Tls,
    /// The preface of HTTP/2 (RFC 9113 section 3.4).
    Http2,
    /// A request line of HTTP/1.
    Http1,
    /// Anything else.
    Unknown,
    /// The end.
    Nothing,
}

/// The line that tells HTTP/2's preface from everything else.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n";

const METHODS: [&[u8]; 9] =
    [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE ", b"CONNECT "];

/// The first bytes, as many as it takes to know.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct FirstBytes {
    bytes: [u8; HTTP2.len()],
    length: u8,
}

impl FirstBytes {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Takes as much of `bytes` as there is room for.
    fn take(&mut self, bytes: &[u8]) {
        let room = &mut self.bytes[usize::from(self.length)..];
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.length += taken as u8;
    }

    /// What they are, if there are enough to tell.
    pub(super) fn opening(&self) -> Option<Opening> {
        let bytes = self.as_slice();
        let first = *bytes.first()?;
        // A handshake record of version 3.x (RFC 8446 section 5.1).
        if first == 22 {
            return match bytes.get(1) {
                None => None,
                Some(3) => Some(Opening::Tls),
                Some(_) => Some(Opening::Unknown),
            };
        }
        let might_be = |known: &[u8]| known.starts_with(bytes);
        if bytes.starts_with(HTTP2) {
            return Some(Opening::Http2);
        }
        if METHODS.iter().any(|method| bytes.starts_with(method)) {
            return Some(Opening::Http1);
        }
        if might_be(HTTP2) || METHODS.iter().any(|method| might_be(method)) {
            return None;
        }
        Some(Opening::Unknown)
    }
}

/// Reads until it is clear what the peer begins with.
pub(super) async fn read<I: AsyncRead + Unpin>(io: &mut I) -> io::Result<(Opening, FirstBytes)> {
    let mut first = FirstBytes::default();
    loop {
        if let Some(opening) = first.opening() {
            return Ok((opening, first));
        }
        let length = usize::from(first.length);
        let read = io.read(&mut first.bytes[length..]).await?;
        if read == 0 {
            return Ok((if length == 0 { Opening::Nothing } else { Opening::Unknown }, first));
        }
        first.length += read as u8;
    }
}

/// Says in HTTP/2: GOAWAY with INADEQUATE_SECURITY and the reason as its debug data (RFC 9113 section 6.8).
///
/// Without the SETTINGS that every server sends first (section 3.4), since this is no connection of HTTP/2. They would be
/// the sign that it is one: grpc-go and gRPC's C core then take the GOAWAY for the end of a good connection, and connect
/// anew at once, thousands of times a second, for as long as the call may last. Without them they fail the call and
/// wait longer and longer.
pub(super) async fn answer_http2<I: AsyncRead + AsyncWrite + Unpin>(io: &mut I, why: &str) {
    const GOAWAY: u8 = 7;
    const INADEQUATE_SECURITY: u8 = 0xc;
    let length = (8 + why.len()) as u32;
    let mut answer = length.to_be_bytes()[1..].to_vec();
    // No flags; stream 0; the last stream that was looked at is 0: none.
    answer.extend_from_slice(&[GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, INADEQUATE_SECURITY]);
    answer.extend_from_slice(why.as_bytes());
    say_and_close(io, &answer).await;
}

/// Says in HTTP/1.1 that the request was bad.
pub(super) async fn answer_http1<I: AsyncRead + AsyncWrite + Unpin>(io: &mut I, why: &str) {
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{why}\n",
        why.len() + 1
    );
    say_and_close(io, answer.as_bytes()).await;
}

/// Shuts our side and lets the peer see what was written last, such as an alert.
pub(super) async fn close<I: AsyncRead + AsyncWrite + Unpin>(io: &mut I) {
    say_and_close(io, b"").await;
}

/// Writes, shuts our side, and reads a while, so that the peer sees the answer rather than a TCP reset.
async fn say_and_close<I: AsyncRead + AsyncWrite + Unpin>(io: &mut I, answer: &[u8]) {
    const LINGER: Duration = Duration::from_secs(1);
    const LINGER_BYTES: u64 = 64 * 1024;
    let saying = async {
        io.write_all(answer).await?;
        io.shutdown().await?;
        tokio::io::copy(&mut io.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // The peer may be gone; that the answer does not reach it is no news.
    let _ = tokio::time::timeout(LINGER, saying).await;
}

/// A stream whose first bytes were read already, and are read again.
pub(super) struct Replayed<I> {
    io: I,
    first: FirstBytes,
    at: u8,
}

impl<I> Replayed<I> {
    pub(super) fn new(io: I, first: FirstBytes) -> Self {
        Self { io, first, at: 0 }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Replayed<I> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.at < self.first.length {
            let left = &self.first.as_slice()[usize::from(self.at)..];
            let taken = left.len().min(into.remaining());
            into.put_slice(&left[..taken]);
            self.at += taken as u8;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

/// A stream that remembers the first bytes that were read from it.
pub(super) struct Remembered<I> {
    io: I,
    first: FirstBytes,
}

impl<I> Remembered<I> {
    pub(super) fn new(io: I) -> Self {
        Self { io, first: FirstBytes::default() }
    }

    pub(super) fn first(&self) -> FirstBytes {
        self.first
    }
}

impl<I: AsyncRead + Unpin> Remembered<I> {
    /// Reads the first bytes, if none was read, of a peer that has left already: writing to it failed before anybody
    /// read what it had said.
    pub(super) async fn read_first(&mut self) {
        const WITHIN: Duration = Duration::from_millis(250);
        if self.first.as_slice().is_empty() {
            // What comes of it is in `first`.
            let _ = tokio::time::timeout(WITHIN, self.read(&mut [0; HTTP2.len()])).await;
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Remembered<I> {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(context, into);
        if usize::from(this.first.length) < HTTP2.len() {
            this.first.take(&into.filled()[before..]);
        }
        polled
    }
}

macro_rules! write_through {
    ($stream:ident) => {
        impl<I: AsyncWrite + Unpin> AsyncWrite for $stream<I> {
            #[inline]
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.io).poll_write(context, bytes)
            }

            #[inline]
            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.io).poll_write_vectored(context, bytes)
            }

            fn is_write_vectored(&self) -> bool {
                self.io.is_write_vectored()
            }

            #[inline]
            fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.io).poll_flush(context)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.io).poll_shutdown(context)
            }
        }
    };
}

write_through!(Replayed);
write_through!(Remembered);

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(bytes: &[u8]) -> Option<Opening> {
        let mut first = FirstBytes::default();
        first.take(bytes);
        first.opening()
    }

    #[test]
    fn what_a_peer_begins_with_is_told_as_soon_as_it_can_be() {
        assert_eq!(opening(b""), None);
        assert_eq!(opening(&[22]), None);
        assert_eq!(opening(&[22, 3]), Some(Opening::Tls));
        assert_eq!(opening(&[22, 4]), Some(Opening::Unknown));
        assert_eq!(opening(b"P"), None);
        assert_eq!(opening(b"PRI * HTTP/2.0\r"), None);
        assert_eq!(opening(b"PRI * HTTP/2.0\r\n\r\nSM"), Some(Opening::Http2));
        assert_eq!(opening(b"PRI x"), Some(Opening::Unknown));
        assert_eq!(opening(b"POST"), None);
        assert_eq!(opening(b"POST /helloworld.Greeter/SayHello HTTP/1.1"), Some(Opening::Http1));
        assert_eq!(opening(b"GET / HTTP/1.1"), Some(Opening::Http1));
        assert_eq!(opening(b"EHLO localhost"), Some(Opening::Unknown));
        assert_eq!(opening(&[0]), Some(Opening::Unknown));
    }
}
