//! How much goes over a connection: back-pressure both ways, large messages, and the limits on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use gannet::http2::Config;
use gannet::{Code, Server, Status};
use gannet_e2e_tests::probe::{Answer, Ask, ProbeClient, ProbeServer};
use tokio::sync::Semaphore;

use crate::support::{Running, Script, all_quiet, ask, echo, paused, tasks_are, threads};

const PIECE: usize = 16 * 1024;

/// What may be under way on one stream that nobody reads: windows, the pipe, and what waits on either side. Far less
/// than the tests send.
const UNDER_WAY: usize = 2 * 1024 * 1024;

/// Pieces of a transfer that is much larger than that.
const PIECES: usize = 1_000;

fn piece() -> Ask {
    Ask { payload: Bytes::from(vec![7; PIECE]), ..Ask::default() }
}

fn gate() -> (Arc<Semaphore>, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    (Arc::clone(&gate), gate)
}

#[test]
fn a_server_that_does_not_read_holds_the_client_up_but_not_its_neighbours() {
    paused(async {
        let (open, gate) = gate();
        let script = Script::new().collect(move |mut requests| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                let mut count = 0;
                while let Some(request) = requests.next().await? {
                    assert_eq!(request.payload.len(), PIECE);
                    count += 1;
                }
                Ok(Answer { count, ..Answer::default() }.into())
            }
        });
        let (client, _running) = script.start();
        let (mut requests, reply) = client.collect().open();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let sender = tokio::spawn(async move {
            for _ in 0..PIECES {
                requests.send(piece()).await.unwrap();
                counted.fetch_add(PIECE, Ordering::SeqCst);
            }
            requests.finish();
        });
        all_quiet().await;
        let held = sent.load(Ordering::SeqCst);
        assert!((64 * 1024..UNDER_WAY).contains(&held), "{held} bytes were taken");
        for _ in 0..100 {
            let large = Ask { payload: Bytes::from(vec![1; 200_000]), ..Ask::default() };
            assert_eq!(client.unary(large).await.unwrap().payload.len(), 200_000);
        }
        // They may have made the windows grow.
        let held = sent.load(Ordering::SeqCst);
        assert!(held < UNDER_WAY, "{held} bytes under way");
        open.add_permits(1);
        assert_eq!(reply.await.unwrap().count as usize, PIECES);
        sender.await.unwrap();
        tasks_are(3).await;
    });
}

#[test]
fn a_client_that_does_not_read_holds_the_handler_up_but_not_its_neighbours() {
    paused(async {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let script = Script::new().expand(move |request, mut replies| {
            let counted = Arc::clone(&counted);
            async move {
                for _ in 0..PIECES {
                    replies.send(echo(request.clone())).await?;
                    counted.fetch_add(PIECE, Ordering::SeqCst);
                }
                Ok(())
            }
        });
        let (client, _running) = script.start();
        let mut replies = client.expand(piece()).open();
        all_quiet().await;
        let held = sent.load(Ordering::SeqCst);
        assert!((64 * 1024..UNDER_WAY).contains(&held), "{held} bytes were sent");
        for _ in 0..100 {
            let large = Ask { payload: Bytes::from(vec![1; 200_000]), ..Ask::default() };
            assert_eq!(client.unary(large).await.unwrap().payload.len(), 200_000);
        }
        // They may have made the windows grow.
        let held = sent.load(Ordering::SeqCst);
        assert!(held < UNDER_WAY, "{held} bytes under way");
        let mut count = 0;
        while let Some(reply) = replies.next().await.unwrap() {
            assert_eq!(reply.payload.len(), PIECE);
            count += 1;
        }
        assert_eq!(count, PIECES);
        tasks_are(3).await;
    });
}

#[test]
fn streams_that_have_read_all_they_got_hold_nothing_of_the_connection() {
    // Together they had more than the connection's window, each of them less than a stream's.
    const STREAMS: usize = 300;
    paused(async {
        let script = Script::new().converse(|mut requests, mut replies| async move {
            while let Some(request) = requests.next().await? {
                replies.send(Answer { count: request.payload.len() as u32, ..Answer::default() }).await?;
            }
            Ok(())
        });
        let (client, _running) = script.start();
        let mut open = Vec::new();
        for _ in 0..STREAMS {
            let (mut requests, mut replies) = client.converse().open();
            requests.send(Ask { payload: Bytes::from(vec![1; 12_000]), ..Ask::default() }).await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().count, 12_000);
            open.push((requests, replies));
        }
        // The same the other way.
        let mut expanded = Vec::new();
        for _ in 0..STREAMS {
            let mut replies = client
                .expand(Ask { payload: Bytes::from(vec![1; 6_000]), count: 2, ..Ask::default() })
                .open();
            replies.next().await.unwrap().unwrap();
            replies.next().await.unwrap().unwrap();
            expanded.push(replies);
        }
        let large = Ask { payload: Bytes::from(vec![1; 2_000_000]), ..Ask::default() };
        assert_eq!(client.unary(large).await.unwrap().payload.len(), 2_000_000);
        drop((open, expanded));
        tasks_are(3).await;
    });
}

/// A server and a client that take messages of up to 16 MiB.
fn roomy(script: Script) -> (ProbeClient, Running) {
    let running = Running::start(script.server().max_receive_message_size(16 << 20));
    let channel = running.channel().max_receive_message_size(16 << 20).lazy().unwrap();
    (ProbeClient::new(channel), running)
}

async fn echo_ten_megabytes() {
    let script = Script::new().unary(|request| async move {
        if request.text == "later" {
            tokio::task::yield_now().await;
        }
        Ok(echo(request.into_inner()).into())
    });
    let (client, _running) = roomy(script);
    let payload: Bytes = (0..10_000_000_u32).map(|index| (index / 251) as u8).collect();
    for text in ["at once", "later"] {
        let large = Ask { payload: payload.clone(), ..ask(text) };
        let reply = client.unary(large).await.unwrap();
        assert!(reply.payload == payload, "the bytes changed on the way");
    }
    let (mut requests, mut replies) = client.converse().open();
    let sender = tokio::spawn({
        let payload = payload.clone();
        async move {
            for _ in 0..3 {
                requests.send(Ask { payload: payload.clone(), ..Ask::default() }).await.unwrap();
            }
            requests.finish();
        }
    });
    for _ in 0..3 {
        assert!(replies.next().await.unwrap().unwrap().payload == payload, "the bytes changed on the way");
    }
    assert_eq!(replies.next().await.unwrap(), None);
    sender.await.unwrap();
    tasks_are(3).await;
}

#[test]
fn ten_megabytes_come_back_as_they_were_on_one_thread() {
    paused(echo_ten_megabytes());
}

#[test]
fn ten_megabytes_come_back_as_they_were_on_several_threads() {
    threads(echo_ten_megabytes());
}

#[test]
fn a_connection_that_has_much_to_write_goes_on_reading() {
    let exchange = || async {
        let mut config = Config::default();
        config.initial_stream_window = 8 << 20;
        config.initial_connection_window = 64 << 20;
        config.adaptive_window = false;
        let script = Script::new().unary(|request| async move {
            tokio::task::yield_now().await;
            Ok(echo(request.into_inner()).into())
        });
        let running = Running::start(script.server().http2(config.clone()));
        let client = ProbeClient::new(running.channel().http2(config).lazy().unwrap());
        let calls = (0..16).map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let large = Ask { payload: Bytes::from(vec![1; 700_000]), ..Ask::default() };
                    assert_eq!(client.unary(large).await.unwrap().payload.len(), 700_000);
                    client.unary(ask("small")).await.unwrap();
                }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
    };
    paused(exchange());
    threads(exchange());
}

#[test]
fn small_windows_only_make_it_slower() {
    paused(async {
        let mut config = Config::default();
        config.initial_stream_window = 1_000;
        config.adaptive_window = false;
        let running = Running::start(Script::new().server().http2(config.clone()));
        let client = ProbeClient::new(running.channel().http2(config).lazy().unwrap());
        client.unary(ask("the settings have arrived")).await.unwrap();
        let large = || Ask { payload: Bytes::from(vec![1; 100_000]), ..Ask::default() };
        assert_eq!(client.unary(large()).await.unwrap().payload.len(), 100_000);
        let (mut requests, mut replies) = client.converse().open();
        for _ in 0..3 {
            requests.send(large()).await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().payload.len(), 100_000);
        }
        requests.finish();
        assert_eq!(replies.next().await.unwrap(), None);
        let mut replies = client.expand(Ask { count: 10, ..large() }).open();
        for _ in 0..10 {
            assert_eq!(replies.next().await.unwrap().unwrap().payload.len(), 100_000);
        }
    });
}

#[test]
fn high_and_low_marks_of_the_engine_may_be_set() {
    paused(async {
        for mark in [1_000, 10 << 20] {
            let mut config = Config::default();
            config.write_high_mark = mark;
            config.stream_high_mark = mark;
            // No WINDOW_UPDATE comes that would set things going again.
            config.initial_stream_window = 64 << 20;
            config.initial_connection_window = 64 << 20;
            config.adaptive_window = false;
            let running = Running::start(Script::new().server().http2(config.clone()));
            let client = ProbeClient::new(running.channel().http2(config).lazy().unwrap());
            let large = Ask { payload: Bytes::from(vec![1; 1_000_000]), count: 8, ..Ask::default() };
            let mut replies = client.expand(large).open();
            for _ in 0..8 {
                assert_eq!(replies.next().await.unwrap().unwrap().payload.len(), 1_000_000);
            }
            assert_eq!(replies.next().await.unwrap(), None);
        }
    });
}

fn assert_names(status: &Status, setting: &str) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains(setting), "{status}");
}

fn sized(payload: usize) -> Ask {
    Ask { payload: Bytes::from(vec![1; payload]), count: 1, ..Ask::default() }
}

#[test]
fn a_request_over_the_servers_limit_ends_its_call_and_names_the_setting() {
    paused(async {
        let server = Server::new().max_receive_message_size(100_000).add(ProbeServer::new(Script::new()));
        let running = Running::start(server);
        let client = running.client();
        for size in [100_001, 3_000_000] {
            assert_names(&client.unary(sized(size)).await.unwrap_err(), "max_receive_message_size");
            let mut replies = client.expand(sized(size)).open();
            assert_names(&replies.next().await.unwrap_err(), "max_receive_message_size");
            let (mut requests, reply) = client.collect().open();
            let _ = requests.send(sized(size)).await;
            assert_names(&reply.await.unwrap_err(), "max_receive_message_size");
            let (mut requests, mut replies) = client.converse().open();
            requests.send(sized(90_000)).await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().payload.len(), 90_000);
            let _ = requests.send(sized(size)).await;
            assert_names(&replies.next().await.unwrap_err(), "max_receive_message_size");
        }
        client.unary(sized(90_000)).await.unwrap();
        tasks_are(3).await;
    });
}

#[test]
fn a_reply_over_the_clients_limit_ends_its_call_and_names_the_setting() {
    paused(async {
        let (_, running) = Script::new().start();
        let channel = running.channel().max_receive_message_size(100_000).lazy().unwrap();
        let client = ProbeClient::new(channel);
        for size in [100_001, 3_000_000] {
            assert_names(&client.unary(sized(size)).await.unwrap_err(), "max_receive_message_size");
            let mut replies = client.expand(sized(size)).open();
            assert_names(&replies.next().await.unwrap_err(), "max_receive_message_size");
        }
        assert_eq!(client.unary(sized(90_000)).await.unwrap().payload.len(), 90_000);
        tasks_are(3).await;
    });
}

#[test]
fn messages_over_the_senders_limit_are_not_sent() {
    paused(async {
        let running = Running::start(Script::new().server().max_send_message_size(50_000));
        let client = ProbeClient::new(running.channel().max_send_message_size(100_000).lazy().unwrap());
        assert_names(&client.unary(sized(100_001)).await.unwrap_err(), "max_send_message_size");
        let mut replies = client.expand(sized(100_001)).open();
        assert_names(&replies.next().await.unwrap_err(), "max_send_message_size");
        // The server refuses to send it back.
        assert_names(&client.unary(sized(60_000)).await.unwrap_err(), "max_send_message_size");
        let (mut requests, mut replies) = client.converse().open();
        assert_names(&requests.send(sized(100_001)).await.unwrap_err(), "max_send_message_size");
        requests.send(sized(40_000)).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().payload.len(), 40_000, "the stream goes on");
        requests.send(sized(60_000)).await.unwrap();
        assert_names(&replies.next().await.unwrap_err(), "max_send_message_size");
        tasks_are(3).await;
    });
}
