//! Channels: connecting, failing to, connecting again.

use std::future::pending;
use std::time::Duration;

use futures_util::future::join_all;
use gannet::{Channel, Code, Listener, Phase, memory};
use gannet_e2e_tests::probe::ProbeClient;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{
    Running, Script, all_quiet, ask, echo, frame, on_tcp, one_thread, paused, tasks_are, threads,
};

/// A port of the loopback interface that nobody listens on.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[test]
fn a_lazy_channel_connects_with_its_first_call_and_an_eager_one_at_once() {
    paused(async {
        let running = Running::start(Script::new().server());
        tasks_are(1).await;
        let lazy = running.channel().lazy().unwrap();
        all_quiet().await;
        tasks_are(1).await;
        ProbeClient::new(lazy.clone()).unary(ask("")).await.unwrap();
        tasks_are(3).await;
        drop(lazy);
        tasks_are(1).await;
        let eager = running.channel().connect().await.unwrap();
        tasks_are(3).await;
        drop(eager);
    });
}

#[test]
fn an_eager_channel_says_where_it_could_not_connect_and_why() {
    one_thread(async {
        let port = free_port().await;
        let error = Channel::connect(&format!("http://127.0.0.1:{port}")).await.unwrap_err();
        assert_eq!(error.phase(), Phase::Connect);
        let text = error.to_string();
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
        assert!(text.to_lowercase().contains("refused"), "{text}");

        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix:{}", folder.path().join("nobody").display());
        let error = Channel::connect(&address).await.unwrap_err();
        assert!(error.to_string().contains(&address), "{error}");
        assert_eq!(Channel::connect("http://").await.unwrap_err().phase(), Phase::Configure);
        let error = Channel::connect("http://name.invalid:1").await.unwrap_err();
        assert_eq!(error.phase(), Phase::Resolve, "{error}");
    });
}

#[test]
fn a_server_that_cannot_listen_says_where_and_why() {
    one_thread(async {
        let (_serving, port) = on_tcp(Script::new().server(), 0).await;
        let address = format!("127.0.0.1:{port}");
        let error = Script::new().server().serve(&address).await.unwrap_err();
        assert_eq!(error.phase(), Phase::Listen);
        assert!(error.to_string().contains(&address), "{error}");
    });
}

#[test]
fn a_call_without_a_connection_is_unavailable_and_says_why() {
    one_thread(async {
        let port = free_port().await;
        let client = ProbeClient::new(Channel::lazy(&format!("127.0.0.1:{port}")).unwrap());
        for _ in 0..2 {
            let status = client.unary(ask("")).await.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable);
            assert!(status.message().contains(&format!("127.0.0.1:{port}")), "{status}");
            assert!(status.message().to_lowercase().contains("refused"), "{status}");
            let status = client.expand(ask("")).open().next().await.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable);
        }
    });
}

#[test]
fn calls_fail_fast_until_the_backoff_has_passed() {
    paused(async {
        let (connector, listener) = memory();
        drop(listener);
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let started = Instant::now();
        for _ in 0..100 {
            let status = client.unary(ask("")).await.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable);
            assert!(status.message().contains("listener is gone"), "{status}");
        }
        assert!(started.elapsed() < Duration::from_millis(10), "{:?}", started.elapsed());
        drop(client);
        tasks_are(0).await;
    });
}

#[test]
fn a_channel_tries_again_after_the_backoff() {
    one_thread(async {
        let port = free_port().await;
        let client = ProbeClient::new(Channel::lazy(&format!("127.0.0.1:{port}")).unwrap());
        assert_eq!(client.unary(ask("")).await.unwrap_err().code(), Code::Unavailable);
        let (_serving, _) = on_tcp(Script::new().server(), port).await;
        assert_eq!(client.unary(ask("")).await.unwrap_err().code(), Code::Unavailable, "too early");
        let started = Instant::now();
        client.unary(ask("")).wait_for_ready().await.unwrap();
        let waited = started.elapsed();
        assert!(waited > Duration::from_millis(500), "the first backoff is a second: {waited:?}");
    });
}

#[test]
fn a_stream_that_waits_for_a_connection_gets_what_was_sent_meanwhile() {
    one_thread(async {
        let port = free_port().await;
        let client = ProbeClient::new(Channel::lazy(&format!("127.0.0.1:{port}")).unwrap());
        let (mut requests, mut replies) = client.converse().wait_for_ready().open();
        for text in ["early", "birds"] {
            requests.send(ask(text)).await.unwrap();
        }
        requests.finish();
        let (_serving, _) = on_tcp(Script::new().server(), port).await;
        for text in ["early", "birds"] {
            assert_eq!(replies.next().await.unwrap().unwrap().text, text);
        }
        assert_eq!(replies.next().await.unwrap(), None);
    });
}

#[test]
fn calls_made_while_the_channel_connects_share_one_connection() {
    threads(async {
        let running = Running::start(Script::new().server());
        let client = running.client();
        let calls = (0..100).map(|_| tokio::spawn(client.unary(ask("")).into_future()));
        for call in join_all(calls).await {
            call.unwrap().unwrap();
        }
        tasks_are(3).await;
    });
}

#[test]
fn a_channel_connects_again_to_a_server_that_was_started_again() {
    one_thread(async {
        let (mut serving, port) = on_tcp(Script::new().server(), 0).await;
        let client = ProbeClient::new(Channel::lazy(&format!("127.0.0.1:{port}")).unwrap());
        for _ in 0..3 {
            client.unary(ask("")).wait_for_ready().await.unwrap();
            serving.shut_down();
            serving.ended().await;
            (serving, _) = on_tcp(Script::new().server(), port).await;
        }
        client.unary(ask("")).wait_for_ready().await.unwrap();
    });
}

#[test]
fn calls_on_a_lost_connection_are_unavailable_and_name_the_peer_and_the_cause() {
    paused(async {
        let (connector, mut listener) = memory();
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let unary = tokio::spawn(client.unary(ask("")).into_future());
        let (mut requests, mut replies) = client.converse().open();
        let accepted = listener.accept().await.unwrap();
        all_quiet().await;
        drop(accepted);
        let status = unary.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("in-memory"), "{status}");
        assert!(status.message().contains("closed the connection"), "{status}");
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(requests.send(ask("")).await.unwrap_err().code(), Code::Unavailable);
    });
}

#[test]
fn a_lost_connection_names_the_address_of_the_peer() {
    one_thread(async {
        let script = Script::new().unary(|request| async move {
            if request.text == "hang" {
                pending::<()>().await;
            }
            Ok(echo(request.into_inner()).into())
        });
        let (serving, port) = on_tcp(script.server(), 0).await;
        let client = ProbeClient::new(Channel::connect(&format!("localhost:{port}")).await.unwrap());
        client.unary(ask("")).await.unwrap();
        let call = tokio::spawn(client.unary(ask("hang")).into_future());
        tokio::task::yield_now().await;
        drop(serving);
        let status = call.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains(&format!(":{port}")), "{status}");
    });
}

#[test]
fn calls_outlive_their_channel_and_then_the_connection_closes() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Ok(echo(request.into_inner()).into())
        });
        let (client, running) = script.start();
        let unary = tokio::spawn(client.unary(ask("slow")).into_future());
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("x")).await.unwrap();
        assert!(replies.next().await.unwrap().is_some());
        drop(client);
        all_quiet().await;
        requests.send(ask("y")).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "y");
        assert_eq!(unary.await.unwrap().unwrap().text, "slow");
        requests.finish();
        assert_eq!(replies.next().await.unwrap(), None);
        // `replies` is still held, but its call is over.
        tasks_are(1).await;
        drop((replies, running));
    });
}

#[test]
fn a_connection_that_does_not_speak_http2_fails_its_calls() {
    paused(async {
        let (connector, mut listener) = memory();
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let call = tokio::spawn(client.unary(ask("")).into_future());
        let mut accepted = listener.accept().await.unwrap();
        accepted.io.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let status = call.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        drop((client, accepted));
        tasks_are(0).await;
    });
}

#[test]
fn the_last_word_of_an_old_connection_leaves_the_new_one_in_service() {
    // GOAWAY: a last stream and no error.
    let go_away = |last: u32| frame(7, 0, 0, &[&last.to_be_bytes()[..], &[0; 4]].concat());
    paused(async {
        let (connector, mut listener) = memory();
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let mut calls = vec![tokio::spawn(client.unary(ask("")).into_future())];
        let mut old = listener.accept().await.unwrap();
        old.io.write_all(&[frame(4, 0, 0, &[]), go_away(u32::MAX >> 1)].concat()).await.unwrap();
        all_quiet().await;
        calls.push(tokio::spawn(client.unary(ask("")).into_future()));
        let mut new = listener.accept().await.unwrap();
        new.io.write_all(&frame(4, 0, 0, &[])).await.unwrap();
        old.io.write_all(&go_away(1)).await.unwrap();
        all_quiet().await;
        calls.push(tokio::spawn(client.unary(ask("")).into_future()));
        let another = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await;
        assert!(another.is_err(), "the call went to the connection there was");
        for call in calls {
            call.abort();
        }
    });
}
