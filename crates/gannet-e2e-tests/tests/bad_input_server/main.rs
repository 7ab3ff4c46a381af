//! What a server does about clients that break rules, frame by frame: each fault ends what it has to end with the right
//! code and a reason, leaks nothing, and leaves the neighbours alone.
//!
//! Not here: the same for clients (`bad_input_client`), good faith (`end_to_end`), and arbitrary bytes (`fuzz`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails is a test that fails")]

#[path = "../bad_input/mod.rs"]
mod bad_input;
mod connections;
mod floods;
mod heads;
mod messages;
mod prefaces;
mod stuck;
#[allow(dead_code, reason = "made for all end-to-end tests")]
#[path = "../end_to_end/support.rs"]
mod support;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bad_input::Peer;
use gannet::{Code, Server, Status};
use gannet_e2e_tests::probe::{Answer, ProbeClient};
use gannet_testing::ScriptedPeer;
use support::{Running, Script, answer, ask, echo, paused, tasks_are};

/// What the handlers of a server have seen.
#[derive(Default)]
pub(crate) struct Watch {
    started: AtomicUsize,
    running: AtomicUsize,
    /// Bytes of replies that were taken from `Expand`.
    sent: AtomicUsize,
    /// What came in place of the next request.
    errors: Mutex<Vec<Status>>,
}

impl Watch {
    fn start(self: &Arc<Self>) -> HandlerRuns {
        self.started.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        HandlerRuns(Arc::clone(self))
    }

    fn note(&self, status: Status) -> Status {
        self.errors.lock().unwrap().push(status.clone());
        status
    }
}

/// Lives as long as a handler.
struct HandlerRuns(Arc<Watch>);

impl Drop for HandlerRuns {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Bytes in a reply of `Expand`.
const REPLY: usize = 16 * 1024;

/// A service whose handlers are watched. `Unary` waits for ever if the text is `wait`; `Collect` and `Converse` never
/// look at their requests if the metadata has `sits`; `Expand` replies until nobody wants more.
fn service(watch: &Arc<Watch>) -> Script {
    let (unary, collect, expand, converse) = (watch.clone(), watch.clone(), watch.clone(), watch.clone());
    Script::new()
        .unary(move |request| {
            let runs = unary.start();
            async move {
                if request.text == "wait" {
                    pending::<()>().await;
                }
                drop(runs);
                Ok(echo(request.into_inner()).into())
            }
        })
        .collect(move |mut requests| {
            let runs = collect.start();
            async move {
                if requests.metadata().contains_key("sits") {
                    pending::<()>().await;
                }
                let mut all = answer("");
                while let Some(request) = requests.next().await.map_err(|status| runs.0.note(status))? {
                    all.text.push_str(&request.text);
                }
                Ok(all.into())
            }
        })
        .expand(move |_, mut replies| {
            let runs = expand.start();
            async move {
                loop {
                    let reply = Answer { payload: vec![7; REPLY].into(), ..Answer::default() };
                    replies.send(reply).await.map_err(|status| runs.0.note(status))?;
                    runs.0.sent.fetch_add(REPLY, Ordering::SeqCst);
                }
            }
        })
        .converse(move |mut requests, mut replies| {
            let runs = converse.start();
            async move {
                if requests.metadata().contains_key("sits") {
                    pending::<()>().await;
                }
                while let Some(request) = requests.next().await.map_err(|status| runs.0.note(status))? {
                    replies.send(echo(request)).await?;
                }
                Ok(())
            }
        })
}

/// A server with a well-behaved client, for peers that are not.
pub(crate) struct Bed {
    running: Running,
    neighbour: ProbeClient,
    watch: Arc<Watch>,
    /// Calls that the neighbour has made.
    neighbourly: usize,
}

/// The tasks of a server with one client in the same process: the server, and both ends of the connection.
const TASKS: usize = 3;

impl Bed {
    fn start(settings: impl FnOnce(Server) -> Server) -> Self {
        let watch = Arc::default();
        let running = Running::start(settings(service(&watch).server()));
        let neighbour = running.client();
        Self { running, neighbour, watch, neighbourly: 0 }
    }

    /// A new connection, on which nothing is sent yet.
    pub(crate) fn connect(&self) -> Peer {
        ScriptedPeer::client(Box::new(self.running.connector().connect().unwrap().io))
    }

    /// A new connection that has gone through the handshake.
    pub(crate) async fn peer(&self) -> Peer {
        let mut peer = self.connect();
        peer.handshake().await.unwrap();
        peer
    }

    /// The neighbour gets its reply.
    pub(crate) async fn neighbour_is_served(&mut self) {
        self.neighbourly += 1;
        assert_eq!(self.neighbour.unary(ask("neighbour")).await.unwrap().text, "neighbour");
    }

    /// How many handlers were started, the neighbour's left out.
    pub(crate) fn started(&self) -> usize {
        self.watch.started.load(Ordering::SeqCst) - self.neighbourly
    }

    /// How many handlers run.
    pub(crate) fn running(&self) -> usize {
        self.watch.running.load(Ordering::SeqCst)
    }

    /// How many bytes of replies were taken from handlers of `Expand`.
    pub(crate) fn sent(&self) -> usize {
        self.watch.sent.load(Ordering::SeqCst)
    }

    /// What handlers saw in place of a request.
    pub(crate) fn errors(&self) -> Vec<Status> {
        self.watch.errors.lock().unwrap().clone()
    }

    /// Nothing is left of any peer, and the neighbour is still served.
    async fn settled(&mut self) {
        tasks_are(TASKS).await;
        assert_eq!(self.running(), 0, "handlers left");
        self.neighbour_is_served().await;
        tasks_are(TASKS).await;
    }
}

/// Runs a test against a server with `settings`. When it is done and its peers are dropped, the neighbour must be served
/// and nothing may be left: no task, no handler.
pub(crate) fn server_with(settings: impl FnOnce(Server) -> Server, test: impl AsyncFnOnce(&mut Bed)) {
    paused(async {
        let mut bed = Bed::start(settings);
        bed.neighbour_is_served().await;
        test(&mut bed).await;
        bed.settled().await;
    });
}

/// Runs a test against a server as [`server_with`] does.
pub(crate) fn server(test: impl AsyncFnOnce(&mut Bed)) {
    server_with(|server| server, test);
}

/// A call on the peer's connection gets its reply: whatever was wrong before was not the connection's fault.
pub(crate) async fn assert_calls_work(peer: &mut Peer, stream: u32) {
    peer.send_grpc_request(stream, bad_input::UNARY).await.unwrap();
    peer.send_message(stream, bad_input::X, true).await.unwrap();
    let response = peer.expect_response(stream).await.unwrap();
    assert_eq!(response.grpc_status(), Some((Code::Ok, String::new())));
    assert_eq!(response.messages().unwrap(), [bad_input::X]);
}

/// The call on `stream` ends with `code` and a message that says `why`.
pub(crate) async fn assert_fails(peer: &mut Peer, stream: u32, code: Code, why: &str) {
    let (found, message) = peer.expect_grpc_status(stream).await.unwrap();
    assert!(found == code && message.contains(why), "{found:?}: {message}");
}

/// The connection ends with `code` and a reason that says `why`; gives the last stream.
pub(crate) async fn assert_ended(peer: &mut Peer, code: gannet_testing::ErrorCode, why: &str) -> u32 {
    let go_away = peer.expect_go_away().await.unwrap();
    let reason = String::from_utf8_lossy(&go_away.debug_data);
    assert!(go_away.code == code && reason.contains(why), "{}: {reason}", go_away.code);
    peer.expect_closed().await.unwrap();
    go_away.last_stream
}
