//! Peers that do nothing wrong, frame by frame, and still want too much: they do not read, do not go on, do not leave.

use gannet::Code;
use gannet_testing::{ErrorCode, Frame, RawFrame, ScriptErrorKind, flag, header_block, kind, setting};

use crate::bad_input::{COLLECT, CONVERSE, EXPAND, UNARY, X, head_with};
use crate::support::{all_quiet, tasks_are};
use crate::{TASKS, assert_calls_work, assert_fails, server, server_with};

/// As wide as a window can be.
const WIDE: u32 = (1 << 31) - 1;

/// What may wait for a peer on one stream: in the handler's half of the stream, in the stream's queue, in the write
/// buffer, and in the pipe, each at most once; 1 MiB is generous.
const WAITING: usize = 1 << 20;

#[test]
fn a_peer_that_opens_its_windows_and_never_reads_holds_its_handlers_up() {
    server(async |bed| {
        let mut peer = bed.connect();
        peer.handshake_with(&[(setting::INITIAL_WINDOW_SIZE, WIDE)]).await.unwrap();
        peer.send_window_update(0, WIDE - 65_535).await.unwrap();
        peer.send_grpc_request(1, EXPAND).await.unwrap();
        peer.send_message(1, X, true).await.unwrap();
        let mut sent = 0;
        // Until nothing moves any more.
        for _ in 0..1_000 {
            all_quiet().await;
            bed.neighbour_is_served().await;
            if std::mem::replace(&mut sent, bed.sent()) == bed.sent() && sent > 0 {
                break;
            }
        }
        assert!(sent > 0 && sent < WAITING, "{sent} bytes wait for a peer that does not read");
        assert_eq!(bed.running(), 1);
        // It reads after all: the handler goes on.
        for _ in 0..100 {
            peer.expect("DATA", |frame| frame.is_data().then_some(())).await.unwrap();
        }
        all_quiet().await;
        assert!(bed.sent() > sent);
        peer.send_reset(1, ErrorCode::Cancel).await.unwrap();
        peer.expect_alive().await.unwrap();
        all_quiet().await;
        assert_eq!(bed.running(), 0);
        assert_calls_work(&mut peer, 3).await;
    });
}

#[test]
fn a_peer_that_never_opens_its_windows_holds_its_handlers_up() {
    server(async |bed| {
        let mut peer = bed.connect();
        peer.handshake_with(&[(setting::INITIAL_WINDOW_SIZE, 0)]).await.unwrap();
        for stream in [1, 3, 5] {
            peer.send_grpc_request(stream, EXPAND).await.unwrap();
            peer.send_message(stream, X, true).await.unwrap();
        }
        peer.expect_alive().await.unwrap();
        for _ in 0..100 {
            all_quiet().await;
        }
        assert!(bed.sent() < 3 * WAITING, "{}", bed.sent());
        assert_eq!(bed.running(), 3);
        bed.neighbour_is_served().await;
        assert!(!peer.unclaimed().any(Frame::is_data));
    });
}

/// A whole unary call with a request, and so a reply, of 4 KiB.
fn ask_for_four_kilobytes(stream: u32) -> Vec<u8> {
    let head = header_block(head_with(UNARY, "te", Some("trailers")));
    let mut bytes = RawFrame::new(kind::HEADERS, flag::END_HEADERS, stream, head).to_bytes();
    let mut message = vec![0, 0, 0, 0x10, 0, 0x12, 0xfd, 0x1f];
    message.resize(5 + 4096, b'x');
    bytes.extend(RawFrame::new(kind::DATA, flag::END_STREAM, stream, message).to_bytes());
    bytes
}

#[test]
fn a_peer_that_asks_and_never_reads_is_answered_as_often_as_it_has_streams() {
    const STREAMS: usize = 1024;
    server(async |bed| {
        for window in [0, WIDE] {
            let before = bed.started();
            let mut peer = bed.connect();
            peer.handshake_with(&[(setting::INITIAL_WINDOW_SIZE, window)]).await.unwrap();
            peer.send_window_update(0, WIDE - 65_535).await.unwrap();
            let mut stream = 1;
            let error = loop {
                if let Err(error) = peer.send_raw(&ask_for_four_kilobytes(stream)).await {
                    break error;
                }
                stream += 2;
            };
            // The server stops to read, or ends the connection, because the refusals are not read either.
            assert!(matches!(error.kind(), ScriptErrorKind::Io(_) | ScriptErrorKind::TimedOut(_)), "{error}");
            let answered = bed.started() - before;
            assert!(answered < STREAMS + WAITING / 4096, "{answered}");
            bed.neighbour_is_served().await;
        }
    });
}

#[test]
fn a_peer_that_makes_the_server_say_things_and_never_reads_is_ended() {
    // Answers to PINGs are small; unread ones must not pile up, even if there may be any number of them.
    let mut config = gannet::http2::Config::default();
    config.budgets.pings = gannet::http2::Budget::UNLIMITED;
    server_with(
        |server| server.http2(config),
        async |bed| {
            let mut peer = bed.peer().await;
            let ping = RawFrame::new(kind::PING, 0, 0, &[7; 8][..]).to_bytes();
            for _ in 0..100 {
                if peer.send_raw(&ping.repeat(100)).await.is_err() {
                    break;
                }
                bed.neighbour_is_served().await;
            }
            let go_away = peer.expect_go_away().await.unwrap();
            assert_eq!(go_away.code, ErrorCode::EnhanceYourCalm);
            assert!(String::from_utf8_lossy(&go_away.debug_data).contains("max_control_bytes"));
        },
    );
}

#[test]
fn a_peer_that_vanishes_in_the_middle_of_a_message_leaves_nothing() {
    server(async |bed| {
        for path in [UNARY, EXPAND, COLLECT, CONVERSE] {
            let mut peer = bed.peer().await;
            for stream in (1..100).step_by(2) {
                peer.send_grpc_request(stream, path).await.unwrap();
                peer.send_data(stream, b"\0\0\x10\0\0 a beginning", false).await.unwrap();
            }
            peer.expect_alive().await.unwrap();
            drop(peer);
            tasks_are(TASKS).await;
            assert_eq!(bed.running(), 0);
        }
    });
}

#[test]
fn a_peer_that_opens_all_the_streams_there_are_and_sits_keeps_nobody_else_waiting() {
    const STREAMS: u32 = 1024;
    server(async |bed| {
        for path in [UNARY, CONVERSE] {
            let mut peer = bed.connect();
            let theirs = peer.handshake_with(&[]).await.unwrap();
            assert!(theirs.contains(&(setting::MAX_CONCURRENT_STREAMS, STREAMS)), "{theirs:?}");
            for index in 0..STREAMS {
                peer.send_grpc_request(1 + 2 * index, path).await.unwrap();
            }
            peer.expect_alive().await.unwrap();
            for index in STREAMS..STREAMS + 10 {
                peer.send_grpc_request(1 + 2 * index, path).await.unwrap();
                assert_eq!(peer.expect_reset(1 + 2 * index).await.unwrap(), ErrorCode::RefusedStream);
            }
            all_quiet().await;
            bed.neighbour_is_served().await;
            // One leaves, and its place can be taken.
            peer.send_reset(1, ErrorCode::Cancel).await.unwrap();
            assert_calls_work(&mut peer, 1 + 2 * (STREAMS + 10)).await;
            drop(peer);
            tasks_are(TASKS).await;
            assert_eq!(bed.running(), 0);
        }
    });
}

#[test]
fn a_call_that_sits_ends_with_its_deadline() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, path) in [(1, COLLECT), (3, CONVERSE), (5, UNARY), (7, EXPAND)] {
            peer.send_headers(stream, head_with(path, "grpc-timeout", Some("1S")), false).await.unwrap();
            assert_fails(&mut peer, stream, Code::DeadlineExceeded, "deadline").await;
        }
        all_quiet().await;
        assert_eq!((bed.started(), bed.running()), (2, 0));
    });
}

#[test]
fn a_message_that_comes_after_the_deadline_is_not_answered_with_a_success() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, path) in [(1, UNARY), (3, EXPAND)] {
            peer.send_headers(stream, head_with(path, "grpc-timeout", Some("1S")), false).await.unwrap();
            peer.expect_alive().await.unwrap();
            tokio::time::advance(std::time::Duration::from_secs(2)).await;
            peer.send_message(stream, X, true).await.unwrap();
            let (_, end_stream) = peer.expect_headers(stream).await.unwrap();
            assert!(end_stream, "{path}: a reply after the deadline");
            all_quiet().await;
        }
        assert_eq!((bed.started(), bed.running()), (0, 0));
    });
}

#[test]
fn a_budget_can_be_set() {
    let mut config = gannet::http2::Config::default();
    config.max_concurrent_streams = 2;
    server_with(
        |server| server.http2(config),
        async |bed| {
            let mut peer = bed.peer().await;
            for stream in [1, 3, 5] {
                peer.send_grpc_request(stream, CONVERSE).await.unwrap();
            }
            assert_eq!(peer.expect_reset(5).await.unwrap(), ErrorCode::RefusedStream);
        },
    );
}
