//! The four shapes of calls, over each transport; many services, clients and calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use gannet::http2::Config;
use gannet::{Channel, PeerAddress, Request, Response, Status};
use gannet_e2e_tests::probe::{Answer, Ask, ProbeClient, Second, SecondClient, SecondServer};
use tokio::sync::Semaphore;

use crate::support::{
    Running, Script, Serving, answer, ask, echo, on_tcp, one_thread, paused, tasks_are, threads,
};

/// Calls each method once and checks the answers.
async fn call_all_shapes(client: &ProbeClient) {
    let reply = client.unary(ask("one")).await.unwrap();
    assert_eq!(reply.text, "one");

    let (mut requests, reply) = client.collect().open();
    for text in ["a", "b", "c"] {
        requests.send(ask(text)).await.unwrap();
    }
    requests.finish();
    let reply = reply.await.unwrap();
    assert_eq!((reply.text.as_str(), reply.count), ("abc", 3));

    let mut replies = client.expand(Ask { text: "x".to_owned(), count: 3, ..Ask::default() }).open();
    for index in 0..3 {
        let reply = replies.next().await.unwrap().unwrap();
        assert_eq!((reply.text.as_str(), reply.count), ("x", index));
    }
    assert_eq!(replies.next().await.unwrap(), None);
    assert_eq!(replies.next().await.unwrap(), None, "it stays ended");

    let (mut requests, mut replies) = client.converse().open();
    for text in ["d", "e"] {
        requests.send(ask(text)).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, text);
    }
    requests.finish();
    assert_eq!(replies.next().await.unwrap(), None);
}

#[test]
fn every_shape_works_in_memory_and_leaves_nothing_but_the_connection() {
    paused(async {
        let (client, running) = Script::new().start();
        call_all_shapes(&client).await;
        // `serve`, and each side of the connection.
        tasks_are(3).await;
        drop(client);
        tasks_are(1).await;
        drop(running);
    });
}

#[test]
fn every_shape_works_over_tcp_on_several_threads() {
    threads(async {
        let (_serving, port) = on_tcp(Script::new().server(), 0).await;
        let channel = Channel::connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        call_all_shapes(&ProbeClient::new(channel)).await;
    });
}

#[test]
fn every_shape_works_over_a_unix_socket_on_one_thread() {
    one_thread(async {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix:{}", folder.path().join("socket").display());
        let bound = Script::new().server().bind(&address).await.unwrap();
        assert!(matches!(bound.local_address(), Some(PeerAddress::Unix(Some(_)))));
        let _serving = Serving::on(bound);
        call_all_shapes(&ProbeClient::new(Channel::connect(&address).await.unwrap())).await;
    });
}

#[test]
fn handlers_see_who_calls_them() {
    one_thread(async {
        let script = Script::new()
            .unary(|request| async move { Ok(answer(&format!("{:?}", request.remote_address())).into()) });
        let (_serving, port) = on_tcp(script.server(), 0).await;
        let client = ProbeClient::new(Channel::lazy(&format!("127.0.0.1:{port}")).unwrap());
        let seen = client.unary(ask("")).await.unwrap().into_inner().text;
        assert!(seen.contains("127.0.0.1"), "{seen}");
    });
}

struct Shout;

impl Second for Shout {
    async fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let mut answer = echo(request.into_inner());
        answer.text = answer.text.to_uppercase();
        Ok(answer.into())
    }
}

#[test]
fn services_share_a_port_and_clients_share_a_channel() {
    paused(async {
        let running = Running::start(Script::new().server().add(SecondServer::new(Shout)));
        let channel = running.channel().connect().await.unwrap();
        let (first, second) = (ProbeClient::new(channel.clone()), SecondClient::new(channel));
        assert_eq!(first.unary(ask("quiet")).await.unwrap().text, "quiet");
        assert_eq!(second.unary(ask("loud")).await.unwrap().text, "LOUD");
        tasks_are(3).await;
    });
}

#[test]
fn several_clients_have_a_connection_each() {
    paused(async {
        let running = Running::start(Script::new().server());
        let clients: Vec<_> = (0..5).map(|_| running.client()).collect();
        let calls = clients.iter().map(|client| async { client.unary(ask("x")).await.unwrap() });
        assert_eq!(join_all(calls).await.len(), 5);
        tasks_are(1 + 2 * 5).await;
    });
}

#[test]
fn zero_length_messages_are_messages() {
    paused(async {
        let (client, _running) = Script::new().start();
        assert_eq!(client.unary(Ask::default()).await.unwrap().into_inner(), Answer::default());
        let (mut requests, mut replies) = client.converse().open();
        for _ in 0..3 {
            requests.send(Ask::default()).await.unwrap();
        }
        requests.finish();
        for _ in 0..3 {
            assert_eq!(replies.next().await.unwrap(), Some(Answer::default()));
        }
        assert_eq!(replies.next().await.unwrap(), None);
        let (requests, reply) = client.collect().open();
        requests.finish();
        assert_eq!(reply.await.unwrap().count, 0);
        assert_eq!(client.expand(Ask::default()).open().next().await.unwrap(), None);
    });
}

/// Sends thousands of calls at once over one connection to a server that takes few at a time.
async fn thousands_of_calls() {
    const CALLS: usize = 5_000;
    const LIMIT: usize = 10;
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let script = Script::new().unary(move |request| {
        let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
        async move {
            let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            // Half of the answers are ready at once.
            if request.count % 2 == 0 {
                tokio::task::yield_now().await;
            }
            under_way.fetch_sub(1, Ordering::SeqCst);
            Ok(echo(request.into_inner()).into())
        }
    });
    let mut config = Config::default();
    config.max_concurrent_streams = LIMIT as u32;
    let running = Running::start(script.server().http2(config));
    let client = running.client();
    // The server says how many it takes in its first frame.
    client.unary(ask("")).await.unwrap();
    let calls = (0..CALLS as u32).map(|count| {
        let client = client.clone();
        tokio::spawn(async move {
            let reply = client.unary(Ask { count, ..Ask::default() }).await;
            assert_eq!(reply.unwrap().count, count);
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let most = seen.load(Ordering::SeqCst);
    assert!((1..=LIMIT).contains(&most), "{most} calls at once");
    tasks_are(3).await;
}

#[test]
fn thousands_of_calls_queue_for_few_streams_on_one_thread() {
    paused(thousands_of_calls());
}

#[test]
fn thousands_of_calls_queue_for_few_streams_on_several_threads() {
    threads(thousands_of_calls());
}

#[test]
fn calls_on_a_new_connection_wait_for_the_servers_settings_and_none_is_refused() {
    paused(async {
        let mut config = Config::default();
        config.max_concurrent_streams = 200;
        let script = Script::new().unary(|request| async {
            tokio::task::yield_now().await;
            Ok(echo(request.into_inner()).into())
        });
        let running = Running::start(script.server().http2(config));
        let client = running.client();
        let calls = (0..1_000).map(|_| async { client.unary(ask("x")).await.unwrap() });
        assert_eq!(join_all(calls).await.len(), 1_000);
    });
}

#[test]
fn a_call_that_waits_for_a_stream_gets_the_one_of_a_cancelled_call() {
    paused(async {
        let started = Arc::new(Semaphore::new(0));
        let signal = Arc::clone(&started);
        let script = Script::new().unary(move |request| {
            let signal = Arc::clone(&signal);
            async move {
                if request.text == "hang" {
                    signal.add_permits(1);
                    std::future::pending::<()>().await;
                }
                Ok(echo(request.into_inner()).into())
            }
        });
        let mut config = Config::default();
        config.max_concurrent_streams = 1;
        let running = Running::start(script.server().http2(config));
        let client = running.client();
        client.unary(ask("first")).await.unwrap();
        let hanging = tokio::spawn(client.unary(ask("hang")).into_future());
        started.acquire().await.unwrap().forget();
        let waiting = tokio::spawn(client.unary(ask("waiting")).into_future());
        let given_up = tokio::spawn(client.unary(ask("given up")).into_future());
        crate::support::all_quiet().await;
        assert!(!waiting.is_finished());
        given_up.abort();
        crate::support::all_quiet().await;
        hanging.abort();
        assert_eq!(waiting.await.unwrap().unwrap().text, "waiting");
        tasks_are(3).await;
    });
}

#[test]
fn streams_of_many_calls_run_side_by_side() {
    threads(async {
        let (client, _running) = Script::new().start();
        let calls = (0..200_u32).map(|call| {
            let client = client.clone();
            tokio::spawn(async move {
                let (mut requests, mut replies) = client.converse().open();
                let sent = tokio::spawn(async move {
                    let asks = stream::iter((0..50).map(|count| Ask { count, ..ask("n") }));
                    requests.send_all(asks).await.unwrap();
                    requests.finish();
                });
                let mut expected = 0;
                while let Some(reply) = replies.next().await.unwrap() {
                    assert_eq!(reply.count, expected, "in call {call}");
                    expected += 1;
                }
                assert_eq!(expected, 50);
                sent.await.unwrap();
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        tasks_are(3).await;
    });
}

#[test]
fn replies_are_a_stream_for_combinators_too() {
    paused(async {
        let (client, _running) = Script::new().start();
        let replies = client.expand(Ask { count: 4, ..Ask::default() }).open();
        let counts: Vec<_> = replies.map(|reply| reply.unwrap().count).collect().await;
        assert_eq!(counts, [0, 1, 2, 3]);
    });
}

#[test]
fn payloads_of_every_size_around_a_frame_come_back_whole() {
    paused(async {
        let (client, _running) = Script::new().start();
        let mut sizes: Vec<usize> = (0..200).collect();
        for edge in [4_096, 16_384, 32_768, 65_535, 65_536, 131_072] {
            sizes.extend(edge - 30..edge + 30);
        }
        for size in sizes {
            let payload: Bytes = (0..size).map(|index: usize| index as u8).collect();
            let asked = Ask { payload: payload.clone(), ..Ask::default() };
            assert_eq!(client.unary(asked.clone()).await.unwrap().payload, payload, "unary, {size}");
            let (mut requests, mut replies) = client.converse().open();
            requests.send(asked).await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().payload, payload, "stream, {size}");
            requests.finish();
            assert_eq!(replies.next().await.unwrap(), None);
        }
    });
}
