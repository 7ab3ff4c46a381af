//! How many connections a server serves, and what it does when accepting fails.

use std::sync::Arc;
use std::time::Duration;

use gannet::{Accepted, Code, Listener, MemoryListener, PeerAddress, memory};
use gannet_e2e_tests::probe::ProbeClient;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::assert_says;
use crate::bad_input::Log;
use crate::certificates::Site;
use crate::support::{Running, Script, all_quiet, ask, echo, paused, signals, tasks_are};

#[test]
fn no_more_connections_are_served_than_allowed_and_others_wait_for_their_turn() {
    paused(async {
        let log = Log::of_this_thread();
        let running = Running::start(Script::new().server().max_connections(2));
        let (one, two, three) = (running.client(), running.client(), running.client());
        one.unary(ask("")).await.unwrap();
        two.unary(ask("")).await.unwrap();
        let mut waiting = tokio::spawn(three.unary(ask("three")).into_future());
        assert!(tokio::time::timeout(Duration::from_secs(5), &mut waiting).await.is_err());
        one.unary(ask("")).await.unwrap();
        // Nothing is spent on those that wait: each would have a task.
        let tasks = Handle::current().metrics().num_alive_tasks();
        let more: Vec<_> = (0..100).map(|_| running.connector().connect().unwrap()).collect();
        all_quiet().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
        drop(more);
        assert_says(&log.text(), &["WARN", "max_connections"]);
        drop(two);
        assert_eq!(waiting.await.unwrap().unwrap().text, "three");
    });
}

#[test]
fn unfinished_handshakes_take_nobodys_place_and_finished_ones_wait_for_theirs() {
    paused(async {
        let site = Site::new();
        let running = Running::start(Script::new().server().tls(site.server()).max_connections(2));
        let client = || {
            let channel = running.channel().tls(site.anonymous().server_name("localhost"));
            ProbeClient::new(channel.lazy().unwrap())
        };
        let unfinished: Vec<_> = (0..10).map(|_| running.connector().connect().unwrap()).collect();
        let (one, two) = (client(), client());
        one.unary(ask("")).await.unwrap();
        two.unary(ask("")).await.unwrap();
        let three = client();
        let mut waiting = tokio::spawn(three.unary(ask("three")).into_future());
        assert!(tokio::time::timeout(Duration::from_secs(5), &mut waiting).await.is_err());
        drop(one);
        assert_eq!(waiting.await.unwrap().unwrap().text, "three");
        two.unary(ask("")).await.unwrap();
        drop(unfinished);
    });
}

#[test]
fn a_drain_ends_connections_that_wait_for_their_turn_at_once() {
    paused(async {
        let site = Site::new();
        let gate = Arc::new(Semaphore::new(0));
        let (begun, mut beginnings) = signals();
        let held = Arc::clone(&gate);
        let script = Script::new().unary(move |request| {
            begun.send(()).unwrap();
            let held = Arc::clone(&held);
            async move {
                held.acquire().await.unwrap().forget();
                Ok(echo(request.into_inner()).into())
            }
        });
        let mut running = Running::start(script.server().tls(site.server()).max_connections(1));
        let client = || {
            let channel = running.channel().tls(site.anonymous().server_name("localhost"));
            ProbeClient::new(channel.lazy().unwrap())
        };
        let clients = [client(), client()];
        // Both are accepted before either is through with its handshake.
        let mut calls = clients.each_ref().map(|client| tokio::spawn(client.unary(ask("x")).into_future()));
        beginnings.recv().await.unwrap();
        all_quiet().await;
        assert!(beginnings.try_recv().is_err(), "two connections are served");
        let started = Instant::now();
        running.shut_down();
        let [one, other] = &mut calls;
        let (failed, still_running) = tokio::select! {
            failed = one => (failed, calls.into_iter().next_back().unwrap()),
            failed = other => (failed, calls.into_iter().next().unwrap()),
        };
        assert_eq!(failed.unwrap().unwrap_err().code(), Code::Unavailable);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert!(!running.has_ended());
        gate.add_permits(1);
        assert_eq!(still_running.await.unwrap().unwrap().text, "x");
        running.ended().await;
        drop(clients);
        tasks_are(0).await;
    });
}

/// A listener that fails now and then.
struct Failing {
    inner: MemoryListener,
    failures: Vec<std::io::Error>,
}

impl Listener for Failing {
    async fn accept(&mut self) -> std::io::Result<Accepted> {
        match self.failures.pop() {
            Some(error) => Err(error),
            None => self.inner.accept().await,
        }
    }

    fn local_address(&self) -> Option<PeerAddress> {
        self.inner.local_address()
    }
}

#[test]
fn a_server_survives_that_accepting_fails() {
    // Too many open files, of the process and of the system, and no memory.
    const SHORTAGES: [i32; 3] = [24, 23, 12];
    paused(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let (connector, inner) = memory();
        let mut failures: Vec<_> = SHORTAGES.map(std::io::Error::from_raw_os_error).into();
        failures.push(std::io::ErrorKind::ConnectionAborted.into());
        let server = Script::new().server().tls(site.server());
        let serving =
            tokio::spawn(server.serve_listener(Failing { inner, failures }, std::future::pending()));
        let channel = gannet::Channel::in_memory(connector).tls(site.anonymous().server_name("localhost"));
        let client = ProbeClient::new(channel.connect().await.unwrap());
        assert_eq!(client.unary(ask("x")).await.unwrap().text, "x");
        let log = log.text();
        assert_eq!(log.matches("cannot accept connections").count(), SHORTAGES.len(), "{log}");
        assert_says(&log, &["Too many open files"]);
        serving.abort();
    });
}

#[test]
fn a_connection_that_breaks_in_its_handshake_ends_alone() {
    paused(async {
        let site = Site::new();
        let running = Running::start(Script::new().server().tls(site.server()));
        for bytes in
            [&b"\x16\x03\x01\x02\x00\x01"[..], b"\x16\x03\x01\xff\xff", b"\x16\x03\x01\0\x04\xff\xff\xff\xff"]
        {
            let mut connection = running.connector().connect().unwrap();
            connection.io.write_all(bytes).await.unwrap();
            drop(connection);
        }
        all_quiet().await;
        tasks_are(1).await;
        let channel = running.channel().tls(site.anonymous().server_name("localhost"));
        ProbeClient::new(channel.connect().await.unwrap()).unary(ask("")).await.unwrap();
    });
}
