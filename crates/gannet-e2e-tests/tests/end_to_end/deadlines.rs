//! Deadlines: on the client, on the server, on the way from one to the other.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use gannet::{Channel, Code, Listener, memory};
use gannet_e2e_tests::probe::{Answer, Ask, ProbeClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::support::{DropSignal, Running, Script, all_quiet, ask, frame, paused, signals, tasks_are};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_servers_handler_knows_the_callers_deadline() {
    paused(async {
        let script = Script::new()
            .unary(|request| async move {
                let left =
                    request.deadline().and_then(|deadline| deadline.remaining(Instant::now().into_std()));
                let count = left.map_or(0, |left| left.as_millis() as u32);
                Ok(Answer { count, ..Answer::default() }.into())
            })
            .converse(|requests, mut replies| async move {
                let left =
                    requests.deadline().and_then(|deadline| deadline.remaining(Instant::now().into_std()));
                let count = left.map_or(0, |left| left.as_millis() as u32);
                replies.send(Answer { count, ..Answer::default() }).await
            });
        let (client, _running) = script.start();
        for timeout in [1, 20, 500, 7_000, 100_000_000] {
            let call = client.unary(ask("")).timeout(Duration::from_millis(u64::from(timeout)));
            let left = call.await.unwrap().count;
            assert!(left <= timeout + 1 && left + 5 >= timeout, "{left} of {timeout} ms");
        }
        let (_requests, mut replies) = client.converse().timeout(SECOND).open();
        let left = replies.next().await.unwrap().unwrap().count;
        assert!((990..=1000).contains(&left), "{left}");
        assert_eq!(client.unary(ask("")).await.unwrap().count, 0, "without a time-out there is no deadline");
    });
}

#[test]
fn a_unary_call_ends_at_its_deadline_on_both_sides() {
    paused(async {
        let (dropped, mut drops) = signals();
        let script = Script::new().unary(move |_| {
            let signal = DropSignal(dropped.clone());
            async move {
                let _signal = signal;
                pending().await
            }
        });
        let (client, _running) = script.start();
        let started = Instant::now();
        let status = client.unary(ask("")).timeout(SECOND).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!((SECOND..SECOND * 2).contains(&started.elapsed()), "{:?}", started.elapsed());
        drops.recv().await.unwrap();
        tasks_are(3).await;
    });
}

#[test]
fn streams_end_at_their_deadline_on_both_sides() {
    paused(async {
        let (dropped, mut drops) = signals();
        let (collect, expand) = (dropped.clone(), dropped.clone());
        let script = Script::new()
            .collect(move |requests| {
                let held = (DropSignal(collect.clone()), requests);
                async move {
                    let _held = held;
                    pending().await
                }
            })
            .expand(move |_, mut replies| {
                let signal = DropSignal(expand.clone());
                async move {
                    let _signal = signal;
                    replies.send(Answer::default()).await?;
                    pending().await
                }
            })
            .converse(move |requests, replies| {
                let held = (DropSignal(dropped.clone()), requests, replies);
                async move {
                    let _held = held;
                    pending().await
                }
            });
        let (client, _running) = script.start();
        let mut replies = client.expand(ask("")).timeout(SECOND).open();
        assert!(replies.next().await.unwrap().is_some());
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(replies.next().await.unwrap(), None);
        drops.recv().await.unwrap();

        let (mut requests, reply) = client.collect().timeout(SECOND).open();
        requests.send(ask("")).await.unwrap();
        assert_eq!(reply.await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(requests.send(ask("")).await.unwrap_err().code(), Code::DeadlineExceeded);
        drops.recv().await.unwrap();

        let (requests, mut replies) = client.converse().timeout(SECOND).open();
        assert_eq!(replies.metadata().await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        drop(requests);
        drops.recv().await.unwrap();
        tasks_are(3).await;
    });
}

#[test]
fn a_sender_that_is_held_up_is_let_go_at_the_deadline_by_itself() {
    paused(async {
        // A server that accepts and then says nothing at all, so that only the client's own clock can end the call.
        let (connector, mut listener) = memory();
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let (mut requests, replies) = client.converse().timeout(SECOND).open();
        let accepted = listener.accept().await.unwrap();
        let mut sent = 0;
        let status = loop {
            let large = Ask { payload: Bytes::from(vec![1; 30_000]), ..Ask::default() };
            match requests.send(large).await {
                Ok(()) => sent += 1,
                Err(status) => break status,
            }
            assert!(sent < 100, "somebody reads");
        };
        assert_eq!(status.code(), Code::DeadlineExceeded);
        drop((accepted, replies));
    });
}

#[test]
fn a_deadline_that_has_passed_sends_nothing() {
    paused(async {
        let (handled, mut handles) = signals();
        let script = Script::new().unary(move |_| {
            handled.send(()).unwrap();
            async { Ok(Answer::default().into()) }
        });
        let (client, _running) = script.start();
        client.unary(ask("")).await.unwrap();
        handles.recv().await.unwrap();
        let status = client.unary(ask("")).timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let mut replies = client.expand(ask("")).timeout(Duration::ZERO).open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        all_quiet().await;
        assert!(handles.try_recv().is_err());
    });
}

#[test]
fn calls_end_at_their_deadline_while_nobody_accepts_the_connection() {
    paused(async {
        let (connector, _listener) = memory();
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let status = client.unary(ask("")).timeout(SECOND).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let mut replies = client.expand(ask("")).timeout(SECOND).open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        let (requests, reply) = client.collect().timeout(SECOND).open();
        requests.finish();
        assert_eq!(reply.await.unwrap_err().code(), Code::DeadlineExceeded);
        drop(client);
        tasks_are(0).await;
    });
}

#[test]
fn calls_that_wait_for_a_connection_end_at_their_deadline() {
    paused(async {
        let (connector, listener) = memory();
        drop(listener);
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let started = Instant::now();
        let status = client.unary(ask("")).wait_for_ready().timeout(SECOND * 9).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(status.message().contains("a connection"), "{status}");
        let mut replies = client.expand(ask("")).wait_for_ready().timeout(SECOND * 9).open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        assert!(started.elapsed() < SECOND * 19);
        drop((client, replies));
        tasks_are(0).await;
    });
}

/// A field of a header block, without compression (RFC 7541 §6.2.2).
fn field(block: &mut Vec<u8>, name: &str, value: &str) {
    for part in [name, value] {
        if part.len() == name.len() && std::ptr::eq(part, name) {
            block.push(0);
        }
        block.push(part.len() as u8);
        block.extend_from_slice(part.as_bytes());
    }
}

/// A call with `grpc-timeout`, by a client that knows nothing of it itself.
fn request_with_timeout(path: &str, timeout: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-timeout", timeout),
    ] {
        field(&mut block, name, value);
    }
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[]),
        frame(1, 4, 1, &block),
        frame(0, 1, 1, &[0, 0, 0, 0, 0]),
    ]
    .concat()
}

#[test]
fn the_server_ends_a_call_at_its_deadline_though_the_client_does_not() {
    paused(async {
        for path in ["/probe.Probe/Unary", "/probe.Probe/Expand", "/probe.Probe/Converse"] {
            let (dropped, mut drops) = signals();
            let (expand, converse) = (dropped.clone(), dropped.clone());
            let script = Script::new()
                .unary(move |_| {
                    let signal = DropSignal(dropped.clone());
                    async move {
                        let _signal = signal;
                        pending().await
                    }
                })
                .expand(move |_, replies| {
                    let held = (DropSignal(expand.clone()), replies);
                    async move {
                        let _held = held;
                        pending().await
                    }
                })
                .converse(move |requests, replies| {
                    let held = (DropSignal(converse.clone()), requests, replies);
                    async move {
                        let _held = held;
                        pending().await
                    }
                });
            let running = Running::start(script.server());
            let mut io = running.connector().connect().unwrap().io;
            let started = Instant::now();
            io.write_all(&request_with_timeout(path, "1500m")).await.unwrap();
            drops.recv().await.unwrap();
            let waited = started.elapsed();
            assert!((SECOND..SECOND * 2).contains(&waited), "{path}: {waited:?}");
            // HEADERS that end stream 1: the status.
            let mut received = Vec::new();
            while !has_answer(&received) {
                assert!(io.read_buf(&mut received).await.unwrap() > 0, "{path}: closed without an answer");
            }
            drop(io);
            tasks_are(1).await;
        }
    });
}

/// Whether there are HEADERS with END_STREAM for stream 1 among the frames.
fn has_answer(mut frames: &[u8]) -> bool {
    while let Some((&[_, high, low, kind, flags, _, _, _, stream], rest)) = frames.split_first_chunk::<9>() {
        if (kind, flags & 1, stream) == (1, 1, 1) {
            return true;
        }
        let length = usize::from(high) << 8 | usize::from(low);
        frames = rest.get(length..).unwrap_or_default();
    }
    false
}
