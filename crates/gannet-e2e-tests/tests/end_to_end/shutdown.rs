//! The end of a server: drain, its time-out, and the future that is dropped.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use gannet::{Channel, Code};
use gannet_e2e_tests::probe::ProbeClient;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::support::{
    DropSignal, Running, Script, all_quiet, answer, ask, echo, on_tcp, one_thread, paused, signals,
    tasks_are, threads,
};

/// Handlers that wait until the gate lets them through.
fn gated() -> (Script, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let (unary, converse) = (Arc::clone(&gate), Arc::clone(&gate));
    let script = Script::new()
        .unary(move |request| {
            let gate = Arc::clone(&unary);
            async move {
                if request.text != "fine" {
                    gate.acquire().await.unwrap().forget();
                }
                Ok(echo(request.into_inner()).into())
            }
        })
        .converse(move |mut requests, mut replies| {
            let gate = Arc::clone(&converse);
            async move {
                replies.send(answer("begun")).await?;
                gate.acquire().await.unwrap().forget();
                while let Some(request) = requests.next().await? {
                    replies.send(echo(request)).await?;
                }
                Ok(())
            }
        });
    (script, gate)
}

#[test]
fn a_drain_lets_running_calls_end_and_takes_no_new_connection() {
    paused(async {
        let (script, gate) = gated();
        let (client, mut running) = script.start();
        let unary = tokio::spawn(client.unary(ask("slow")).into_future());
        let (mut requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "begun");
        running.shut_down();
        all_quiet().await;
        assert!(!running.has_ended());
        // The old connection takes no more calls, and there is no new one.
        let status = client.unary(ask("fine")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert_eq!(running.client().unary(ask("fine")).await.unwrap_err().code(), Code::Unavailable);
        assert!(running.connector().connect().is_err());
        gate.add_permits(2);
        assert_eq!(unary.await.unwrap().unwrap().text, "slow");
        requests.send(ask("still here")).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "still here");
        assert!(!running.has_ended());
        requests.finish();
        assert_eq!(replies.next().await.unwrap(), None);
        running.ended().await;
        drop(client);
        tasks_are(0).await;
    });
}

#[test]
fn a_drain_of_idle_connections_is_over_at_once() {
    paused(async {
        let mut running = Running::start(Script::new().server());
        let clients: Vec<_> = (0..10).map(|_| running.client()).collect();
        for client in &clients {
            client.unary(ask("")).await.unwrap();
        }
        let started = Instant::now();
        running.shut_down();
        running.ended().await;
        assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
        tasks_are(0).await;
    });
}

#[test]
fn a_drain_without_connections_is_over_at_once() {
    paused(async {
        let mut running = Running::start(Script::new().server());
        running.shut_down();
        running.ended().await;
    });
}

#[test]
fn a_drain_that_takes_too_long_ends_the_calls() {
    paused(async {
        let (dropped, mut drops) = signals();
        let streams = dropped.clone();
        let script = Script::new()
            .unary(move |_| {
                let signal = DropSignal(dropped.clone());
                async move {
                    let _signal = signal;
                    pending().await
                }
            })
            .converse(move |_, mut replies| {
                let signal = DropSignal(streams.clone());
                async move {
                    let _signal = signal;
                    replies.send(answer("begun")).await?;
                    pending().await
                }
            });
        let mut running = Running::start(script.server().drain_timeout(Duration::from_secs(7)));
        let client = running.client();
        let unary = tokio::spawn(client.unary(ask("")).into_future());
        let (mut requests, mut replies) = client.converse().open();
        assert!(replies.next().await.unwrap().is_some());
        let started = Instant::now();
        running.shut_down();
        let status = unary.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.message().contains("shutting down"), "{status}");
        let waited = started.elapsed();
        assert!((Duration::from_secs(7)..Duration::from_secs(9)).contains(&waited), "{waited:?}");
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(requests.send(ask("")).await.unwrap_err().code(), Code::Unavailable);
        drops.recv().await.unwrap();
        drops.recv().await.unwrap();
        running.ended().await;
        tasks_are(0).await;
    });
}

#[test]
fn a_peer_that_takes_no_bytes_does_not_hold_a_forced_end_up() {
    paused(async {
        let mut running = Running::start(Script::new().server().drain_timeout(Duration::from_secs(1)));
        // One that never says anything, and one that does not read.
        let silent = running.connector().connect().unwrap();
        let client = running.client();
        client.unary(ask("")).await.unwrap();
        let started = Instant::now();
        running.shut_down();
        running.ended().await;
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        drop(silent);
        tasks_are(0).await;
    });
}

#[test]
fn dropping_the_serve_future_ends_everything() {
    paused(async {
        let (dropped, mut drops) = signals();
        let script = Script::new().unary(move |_| {
            let signal = DropSignal(dropped.clone());
            async move {
                let _signal = signal;
                pending().await
            }
        });
        let (client, running) = script.start();
        let call = tokio::spawn(client.unary(ask("")).into_future());
        let (_requests, mut replies) = client.converse().open();
        all_quiet().await;
        drop(running);
        drops.recv().await.unwrap();
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Unavailable);
        tasks_are(0).await;
    });
}

#[test]
fn a_client_goes_on_with_the_next_server_while_the_old_one_drains() {
    threads(async {
        let (script, gate) = gated();
        let (mut old, port) = on_tcp(script.server(), 0).await;
        let client = ProbeClient::new(Channel::lazy(&format!("127.0.0.1:{port}")).unwrap());
        let (requests, mut replies) = client.converse().open();
        assert!(replies.next().await.unwrap().is_some());
        old.shut_down();
        // The port is free once the old server has closed its listener.
        let (_new, _) = loop {
            match Script::new().server().bind(format!("127.0.0.1:{port}")).await {
                Ok(bound) => break (crate::support::Serving::on(bound), port),
                Err(_) => tokio::task::yield_now().await,
            }
        };
        while client.unary(ask("fine")).wait_for_ready().await.is_err() {}
        let (more, mut new_replies) = client.converse().open();
        assert!(!old.has_ended());
        gate.add_permits(1);
        requests.finish();
        assert_eq!(replies.next().await.unwrap(), None);
        old.ended().await;
        // The end of the old connection is nothing to the new one.
        let mut more = more;
        more.send(ask("x")).await.unwrap();
        assert_eq!(new_replies.next().await.unwrap().unwrap().text, "x");
        client.unary(ask("")).await.unwrap();
        // `serve`, the stream's handler, and each side of one connection, not of two.
        tasks_are(4).await;
    });
}

#[test]
fn the_last_bytes_reach_a_client_that_is_still_sending() {
    one_thread(async {
        let (mut serving, port) =
            on_tcp(Script::new().server().drain_timeout(Duration::from_millis(50)), 0).await;
        let client = ProbeClient::new(Channel::connect(&format!("127.0.0.1:{port}")).await.unwrap());
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("x")).await.unwrap();
        assert!(replies.next().await.unwrap().is_some());
        let sender = tokio::spawn(async move { while requests.send(ask("more")).await.is_ok() {} });
        serving.shut_down();
        let status = loop {
            match replies.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a clean end"),
                Err(status) => break status,
            }
        };
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.message().contains("shutting down"), "the server's own words: {status}");
        sender.await.unwrap();
        serving.ended().await;
    });
}

#[test]
fn a_connection_that_was_never_used_is_closed_by_the_drain() {
    paused(async {
        let mut running = Running::start(Script::new().server());
        let mut io = running.connector().connect().unwrap().io;
        all_quiet().await;
        running.shut_down();
        let mut received = Vec::new();
        io.read_to_end(&mut received).await.unwrap();
        drop(io);
        running.ended().await;
    });
}
