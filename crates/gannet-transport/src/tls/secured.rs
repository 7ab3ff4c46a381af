//! The stream of a connection with TLS: that of tokio-rustls, with two differences in what ends it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What an error of the first read, or the end there, means, where it means more than it says; taken away with the first
/// bytes that come.
pub(super) type Explain = Box<dyn Fn(Option<&io::Error>) -> Option<io::Error> + Send>;

/// A stream that says its errors in words.
///
/// With TLS 1.3 a client is through with its handshake before the server has looked at its certificate, so that a refusal
/// comes with the first read. And the end of the bytes without TLS's own end is an end like another: HTTP/2 knows by
/// itself what is not whole.
pub(super) struct Secured<S> {
    stream: S,
    explain: Option<Explain>,
}

impl<S> Secured<S> {
    pub(super) fn new(stream: S, explain: Option<Explain>) -> Self {
        Self { stream, explain }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Secured<S> {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let end = match ready!(Pin::new(&mut this.stream).poll_read(context, into)) {
            Ok(()) if into.filled().len() > before => {
                if this.explain.is_some() {
                    this.explain = None;
                }
                return Poll::Ready(Ok(()));
            }
            Ok(()) => None,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => Some(error),
        };
        if let Some(explained) = this.explain.take().and_then(|explain| explain(end.as_ref())) {
            return Poll::Ready(Err(explained));
        }
        Poll::Ready(end.map_or(Ok(()), Err))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
