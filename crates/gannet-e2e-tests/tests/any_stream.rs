//! Calls over streams of the user's own: anything that reads and writes bytes.

#![forbid(unsafe_code)]

use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gannet::{Channel, Code, Replies, Request, Response, Server, Status, Streaming};
use gannet_e2e_tests::probe::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

struct Echo;

impl Probe for Echo {
    async fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let known = request.connection().is_some_and(|connection| connection.remote_address().is_some());
        Ok(Answer { text: format!("{} {known}", request.text), ..Answer::default() }.into())
    }

    async fn collect(&self, _: Request<Streaming<Ask>>) -> Result<Response<Answer>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn expand(&self, _: Request<Ask>, _: Replies<Answer>) -> Result<(), Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn converse(&self, _: Request<Streaming<Ask>>, _: Replies<Answer>) -> Result<(), Status> {
        Err(Status::unimplemented("not needed here"))
    }
}

#[tokio::test]
async fn a_call_goes_over_a_pipe_that_the_user_made() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let serving = tokio::spawn(Server::new().add(ProbeServer::new(Echo)).serve_connection(theirs));
    let pipe = Mutex::new(Some(ours));
    let connect = move || {
        let stream =
            pipe.lock().unwrap().take().ok_or_else(|| std::io::Error::other("there is one pipe only"));
        std::future::ready(stream)
    };
    let channel = Channel::over("pipe", connect).connect().await.unwrap();
    let client = ProbeClient::new(channel);
    let answer = client.unary(Ask { text: "through a pipe".into(), ..Ask::default() }).await.unwrap();
    // Who is at the other end of such a stream only its maker knows.
    assert_eq!(answer.text, "through a pipe false");
    drop(client);
    serving.await.unwrap();
}

#[tokio::test]
async fn a_connector_that_fails_is_named_with_its_reason() {
    let connect = || std::future::ready(Err::<DuplexStream, _>(std::io::Error::other("no pipe today")));
    let client = ProbeClient::new(Channel::over("pipe", connect).lazy().unwrap());
    let status = client.unary(Ask::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("pipe") && status.message().contains("no pipe today"), "{status}");
}

/// A stream that keeps what is written until it is flushed, and takes three polls for that, as one of TLS may.
struct Holding {
    inner: DuplexStream,
    held: Vec<u8>,
    polls_left: u32,
}

impl Holding {
    fn new(inner: DuplexStream) -> Self {
        Self { inner, held: Vec::new(), polls_left: 3 }
    }
}

impl AsyncRead for Holding {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Holding {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if this.polls_left > 0 {
            this.polls_left -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        while !this.held.is_empty() {
            let written = ready!(Pin::new(&mut this.inner).poll_write(context, &this.held))?;
            this.held.drain(..written);
        }
        this.polls_left = 3;
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_flush_takes_time_is_flushed_to_the_end() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let serving =
        tokio::spawn(Server::new().add(ProbeServer::new(Echo)).serve_connection(Holding::new(theirs)));
    let pipe = Mutex::new(Some(Holding::new(ours)));
    let connect = move || {
        std::future::ready(pipe.lock().unwrap().take().ok_or_else(|| std::io::Error::other("one only")))
    };
    let client = ProbeClient::new(Channel::over("pipe", connect).lazy().unwrap());
    for text in ["first", "second"] {
        let call = client.unary(Ask { text: text.into(), ..Ask::default() });
        assert_eq!(call.timeout(Duration::from_secs(9)).await.unwrap().text, format!("{text} false"));
    }
    drop(client);
    serving.await.unwrap();
}
