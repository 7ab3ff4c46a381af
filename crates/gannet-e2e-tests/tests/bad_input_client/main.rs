//! What a client does about servers that break rules, frame by frame: each call ends with the code of gRPC's tables and a
//! message that says what happened, nothing is left, and calls that were not at fault get their replies.
//!
//! Not here: the same for servers (`bad_input_server`), good faith (`end_to_end`), and arbitrary bytes (`fuzz`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails is a test that fails")]

mod answers;
#[allow(dead_code, reason = "made for the servers' tests too")]
#[path = "../bad_input/mod.rs"]
mod bad_input;
mod connections;
mod limits;
mod streams;
#[allow(dead_code, reason = "made for all end-to-end tests")]
#[path = "../end_to_end/support.rs"]
mod support;

use bad_input::{Peer, X};
use gannet::{Channel, ChannelBuilder, Code, Listener as _, MemoryListener, Response, Status, memory};
use gannet_e2e_tests::probe::{Answer, ProbeClient};
use gannet_testing::{IncomingRequest, ScriptedPeer};
use support::{all_quiet, ask, paused, tasks_are};

/// A client and the place where its connections arrive.
pub(crate) struct Bed {
    listener: MemoryListener,
    client: ProbeClient,
}

impl Bed {
    fn new(settings: impl FnOnce(ChannelBuilder) -> ChannelBuilder) -> Self {
        let (connector, listener) = memory();
        let channel = settings(Channel::in_memory(connector)).lazy().unwrap();
        Self { listener, client: ProbeClient::new(channel) }
    }

    /// The next connection of the client; nothing has been said on it.
    pub(crate) async fn accept(&mut self) -> Peer {
        ScriptedPeer::server(Box::new(self.listener.accept().await.unwrap().io))
    }

    /// The next connection of the client, through the handshake.
    pub(crate) async fn server(&mut self) -> Peer {
        let mut server = self.accept().await;
        server.handshake().await.unwrap();
        server
    }

    /// What a unary call comes to, on a connection of its own, when the server does what `script` says once the request
    /// has arrived. Unless it has `ended` the connection, another call on it must work.
    pub(crate) async fn unary(
        &mut self,
        script: impl AsyncFnOnce(&mut Peer, u32),
    ) -> Result<Response<Answer>, Status> {
        let call = tokio::spawn(self.client.unary(ask("x")).into_future());
        let mut server = self.server().await;
        let stream = request(&mut server).await;
        script(&mut server, stream).await;
        let answer = call.await.unwrap();
        self.assert_connection_works(&mut server).await;
        server.shutdown().await.unwrap();
        all_quiet().await;
        answer
    }

    /// As [`Bed::unary`], for a script that ends the connection; the next call must get a new one.
    pub(crate) async fn unary_ending(&mut self, script: impl AsyncFnOnce(&mut Peer, u32)) -> Status {
        let call = tokio::spawn(self.client.unary(ask("x")).into_future());
        let mut server = self.server().await;
        let stream = request(&mut server).await;
        script(&mut server, stream).await;
        let status = call.await.unwrap().unwrap_err();
        drop(server);
        self.assert_next_connection_works().await;
        status
    }

    /// A call gets its reply on this connection.
    pub(crate) async fn assert_connection_works(&self, server: &mut Peer) {
        let call = tokio::spawn(self.client.unary(ask("x")).into_future());
        let stream = request(server).await;
        reply(server, stream).await;
        assert_eq!(call.await.unwrap().unwrap().text, "x");
    }

    /// The next call opens a connection, after the backoff if the last attempt failed, and gets its reply.
    pub(crate) async fn assert_next_connection_works(&mut self) {
        let call = tokio::spawn(self.client.unary(ask("x")).wait_for_ready().into_future());
        let mut server = self.server().await;
        let stream = request(&mut server).await;
        reply(&mut server, stream).await;
        assert_eq!(call.await.unwrap().unwrap().text, "x");
        server.shutdown().await.unwrap();
        all_quiet().await;
    }
}

/// Runs a test with a client of these settings; nothing may be left of it.
pub(crate) fn client_with(
    settings: impl FnOnce(ChannelBuilder) -> ChannelBuilder,
    test: impl AsyncFnOnce(&mut Bed),
) {
    paused(async {
        let mut bed = Bed::new(settings);
        test(&mut bed).await;
        drop(bed);
        tasks_are(0).await;
    });
}

/// Runs a test with a client.
pub(crate) fn client(test: impl AsyncFnOnce(&mut Bed)) {
    client_with(|channel| channel, test);
}

/// The stream of a unary request that arrives whole.
pub(crate) async fn request(server: &mut Peer) -> u32 {
    let IncomingRequest { stream, .. } = server.expect_request().await.unwrap();
    let (data, trailers) = server.expect_rest(stream).await.unwrap();
    assert_eq!((&data[5..], trailers), (X, None));
    stream
}

/// Answers as a server should.
pub(crate) async fn reply(server: &mut Peer, stream: u32) {
    server.send_grpc_head(stream).await.unwrap();
    server.send_message(stream, X, false).await.unwrap();
    server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
}

/// The call failed with `code` and a message that says `why`.
pub(crate) fn assert_failed(answer: Result<Response<Answer>, Status>, code: Code, why: &str) {
    let status = answer.unwrap_err();
    assert!(status.code() == code && status.message().contains(why), "{status}");
}
