//! Calls over streams of the user's own: anything that reads and writes bytes.

#![forbid(unsafe_code)]

use std::sync::Mutex;

use gannet::{Channel, Code, Replies, Request, Response, Server, Status, Streaming};
use gannet_e2e_tests::probe::{Answer, Ask, Probe, ProbeClient, ProbeServer};

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
    let connect =
        || std::future::ready(Err::<tokio::io::DuplexStream, _>(std::io::Error::other("no pipe today")));
    let client = ProbeClient::new(Channel::over("pipe", connect).lazy().unwrap());
    let status = client.unary(Ask::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("pipe") && status.message().contains("no pipe today"), "{status}");
}
