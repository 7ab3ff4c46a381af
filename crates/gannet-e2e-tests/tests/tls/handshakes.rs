//! Handshakes that are not finished: by the thousand, for too long, or when the server ends.

use std::time::Duration;

use gannet::{MemoryConnector, ServerTls};
use gannet_e2e_tests::probe::ProbeClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::assert_says;
use crate::bad_input::Log;
use crate::certificates::Site;
use crate::support::{Running, Script, all_quiet, ask, on_tcp, one_thread, paused, tasks_are};

/// The first bytes of a client's side of a handshake.
async fn client_hello(site: &Site) -> Vec<u8> {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let connector = tokio_rustls::TlsConnector::from(site.rustls_client(&[b"h2"]));
    let connecting = tokio::spawn(connector.connect("localhost".try_into().unwrap(), ours));
    let mut hello = vec![0; 64 * 1024];
    let length = theirs.read(&mut hello).await.unwrap();
    hello.truncate(length);
    connecting.abort();
    hello
}

fn over_memory(running: &Running, site: &Site) -> ProbeClient {
    let channel = running.channel().tls(site.anonymous().server_name("localhost"));
    ProbeClient::new(channel.lazy().unwrap())
}

fn start(tls: ServerTls) -> Running {
    Running::start(Script::new().server().tls(tls))
}

/// Opens a connection and sends `bytes`.
async fn begin(connector: &MemoryConnector, bytes: &[u8]) -> gannet::Accepted {
    let mut connection = connector.connect().unwrap();
    // The server may have closed it already.
    let _ = connection.io.write_all(bytes).await;
    connection
}

#[test]
fn thousands_of_unfinished_handshakes_keep_nobody_out_and_end_with_their_time() {
    const MOST: usize = 64;
    const ROUNDS: usize = 30;
    paused(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let running = start(site.server().max_handshakes(MOST));
        let hello = client_hello(&site).await;
        let old = over_memory(&running, &site);
        old.unary(ask("")).await.unwrap();
        let metrics = Handle::current().metrics();
        let tasks = metrics.num_alive_tasks();
        let mut unfinished = Vec::new();
        for round in 0..ROUNDS {
            for index in 0..100 {
                // Nothing, one byte, half of it, and all of it but for the client's second flight.
                let sent = [0, 1, hello.len() / 2, hello.len()][index % 4];
                unfinished.push(begin(running.connector(), &hello[..sent]).await);
            }
            let new = over_memory(&running, &site);
            assert_eq!(new.unary(ask("new")).await.unwrap().text, "new", "round {round}");
            assert_eq!(old.unary(ask("old")).await.unwrap().text, "old", "round {round}");
            drop(new);
            all_quiet().await;
            // Of each client of a round the connection may still wait for the other side to close.
            let most = tasks + MOST + 2;
            assert!(metrics.num_alive_tasks() <= most, "{} tasks", metrics.num_alive_tasks());
        }
        assert_eq!(unfinished.len(), 3_000);
        let said = log.text();
        assert_says(&said, &["WARN", "more than 64 were under way, and this was the oldest"]);
        assert!(said.lines().count() < 50, "{said}");
        // The clients that hold on are let go when their time is over, and nothing is left.
        tokio::time::sleep(Duration::from_secs(11)).await;
        tasks_are(tasks).await;
        assert_says(&log.text(), &["the client did not finish within 10s"]);
        old.unary(ask("")).await.unwrap();
    });
}

#[test]
fn hundreds_of_sockets_with_half_a_handshake_keep_nobody_out() {
    one_thread(async {
        let site = Site::new();
        let hello = client_hello(&site).await;
        let (_serving, port) = on_tcp(Script::new().server().tls(site.server().max_handshakes(20)), 0).await;
        let mut unfinished = Vec::new();
        for index in 0..300 {
            let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            socket.write_all(&hello[..hello.len() / 2]).await.unwrap();
            unfinished.push(socket);
            if index % 50 == 49 {
                let client = crate::connect("localhost", port, site.anonymous()).await;
                assert_eq!(client.unary(ask("x")).await.unwrap().text, "x");
            }
        }
        // The first ones made room for the last ones.
        for mut socket in unfinished.drain(..250) {
            // An end or a reset: the server had not read all.
            assert!(!matches!(socket.read(&mut [0; 1]).await, Ok(1..)));
        }
        drop(unfinished);
        tasks_are(1).await;
    });
}

#[test]
fn a_handshake_has_its_time_and_no_more() {
    paused(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let running = start(site.server().handshake_timeout(Duration::from_secs(3)));
        let started = Instant::now();
        let mut connection = begin(running.connector(), b"").await;
        // A byte now and then does not prolong it.
        let hello = client_hello(&site).await;
        let mut sent = 0;
        let mut end = [0; 1];
        while sent < hello.len() {
            tokio::select! {
                read = connection.io.read(&mut end) => {
                    assert_eq!(read.unwrap(), 0);
                    break;
                }
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    connection.io.write_all(&hello[sent..=sent]).await.unwrap();
                    sent += 1;
                }
            }
        }
        assert_eq!(started.elapsed().as_secs(), 3);
        tasks_are(1).await;
        assert_says(&log.text(), &["INFO", "the client did not finish within 3s"]);
    });
}

#[test]
fn a_handshake_that_comes_byte_by_byte_is_as_good_as_any() {
    paused(async {
        let site = Site::new();
        let running = start(site.server());
        let connector = running.connector().clone();
        let connect = move || {
            let connection = connector.connect();
            // One byte at a time fits into the pipe.
            let (ours, theirs) = tokio::io::duplex(1);
            async move {
                let mut connection = connection?.io;
                let mut theirs = theirs;
                tokio::spawn(async move {
                    let _ = tokio::io::copy_bidirectional(&mut theirs, &mut connection).await;
                });
                Ok::<_, std::io::Error>(ours)
            }
        };
        let channel = gannet::Channel::over("localhost", connect).tls(site.anonymous());
        let client = ProbeClient::new(channel.connect().await.unwrap());
        assert_eq!(client.unary(ask("x")).await.unwrap().text, "x");
    });
}

#[test]
fn a_drain_does_not_wait_for_handshakes() {
    paused(async {
        let site = Site::new();
        let mut running = start(site.server());
        let hello = client_hello(&site).await;
        let mut unfinished = Vec::new();
        for sent in [0, hello.len() / 2, hello.len()] {
            unfinished.push(begin(running.connector(), &hello[..sent]).await);
        }
        all_quiet().await;
        let started = Instant::now();
        running.shut_down();
        running.ended().await;
        assert!(started.elapsed() < Duration::from_millis(10), "{:?}", started.elapsed());
        for mut connection in unfinished {
            // What the server had said until then, and the end.
            connection.io.read_to_end(&mut Vec::new()).await.unwrap();
        }
        tasks_are(0).await;
    });
}

#[test]
fn a_server_whose_future_is_dropped_leaves_no_handshake() {
    paused(async {
        let site = Site::new();
        let running = start(site.server());
        let connection = begin(running.connector(), b"\x16").await;
        all_quiet().await;
        drop(running);
        tasks_are(0).await;
        drop(connection);
    });
}
