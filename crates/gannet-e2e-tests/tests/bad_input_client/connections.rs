//! Connections that are no HTTP/2, break its rules, go away, or are cut.

use std::future::IntoFuture as _;

use gannet::{Code, Status};
use gannet_testing::{ErrorCode, RawFrame, flag, kind, setting};

use crate::bad_input::{Peer, X};
use crate::support::{all_quiet, ask, tasks_are};
use crate::{Bed, client, reply, request};

/// An empty SETTINGS frame has so many bytes.
const SETTINGS_END: usize = 9;

/// What a unary call comes to when the server's first and only bytes are these.
async fn answer_to(bed: &mut Bed, bytes: &[u8]) -> Status {
    let call = tokio::spawn(bed.client.unary(ask("x")).into_future());
    let mut server = bed.accept().await;
    server.expect_preface().await.unwrap();
    server.send_raw(bytes).await.unwrap();
    server.shutdown().await.unwrap();
    let status = call.await.unwrap().unwrap_err();
    drop(server);
    bed.assert_next_connection_works().await;
    status
}

fn assert_lost(status: &Status, why: &str) {
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains("in-memory"), "who was it? {status}");
    assert!(status.message().contains(why), "{status}");
}

#[test]
fn a_server_that_speaks_http1_is_named_as_such() {
    client(async |bed| {
        for answer in [
            &b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.0 505 HTTP Version Not Supported\r\n\r\n",
        ] {
            assert_lost(&answer_to(bed, answer).await, "HTTP/1");
        }
    });
}

#[test]
fn a_server_that_speaks_something_else_is_a_lost_connection() {
    client(async |bed| {
        for answer in [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], &[0xff; 100], &[0; 100], b"x"] {
            assert_lost(&answer_to(bed, answer).await, "");
        }
        // An alert: the server wants TLS.
        let status = answer_to(bed, &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]).await;
        assert_lost(&status, "");
    });
}

#[test]
fn the_first_frame_of_a_server_has_to_be_settings() {
    client(async |bed| {
        let status = answer_to(bed, &RawFrame::new(kind::PING, 0, 0, &[0; 8][..]).to_bytes()).await;
        assert_lost(&status, "SETTINGS");
    });
}

#[test]
fn a_server_that_refuses_the_connection_before_its_settings_is_quoted() {
    client(async |bed| {
        let why = [&[0, 0, 0, 0, 0, 0, 0, 0xc][..], b"this port speaks TLS"].concat();
        let status = answer_to(bed, &RawFrame::new(kind::GOAWAY, 0, 0, why).to_bytes()).await;
        assert_lost(&status, "the server refused the connection: this port speaks TLS");
    });
}

#[test]
fn a_server_that_closes_at_once_may_want_tls() {
    client(async |bed| {
        assert_lost(&answer_to(bed, b"").await, "https://");
    });
}

#[test]
fn a_server_that_says_nothing_is_let_go() {
    client(async |bed| {
        let call = tokio::spawn(bed.client.unary(ask("x")).into_future());
        let server = bed.accept().await;
        assert_lost(&call.await.unwrap().unwrap_err(), "settings_ack_timeout");
        drop(server);
        bed.assert_next_connection_works().await;
    });
}

#[test]
fn faults_of_the_connection_end_it_with_the_code_that_says_which() {
    use ErrorCode::{CompressionError, FlowControlError, FrameSizeError, ProtocolError};
    let settings = |name: u16, value: u32| {
        let payload = [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
        RawFrame::new(kind::SETTINGS, 0, 0, payload)
    };
    let table = [
        (RawFrame::new(kind::DATA, 0, 0, &b"x"[..]), ProtocolError),
        (RawFrame::new(kind::DATA, 0, 9, &b"x"[..]), ProtocolError),
        (RawFrame::new(kind::DATA, 0, 2, &b"x"[..]), ProtocolError),
        (RawFrame::new(kind::DATA, 0, 1, vec![0; 16 * 1024 + 1]), FrameSizeError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 9, &b"\x88"[..]), ProtocolError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 2, &b"\x88"[..]), ProtocolError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 1, &b"\x80"[..]), CompressionError),
        (RawFrame::new(kind::RST_STREAM, 0, 9, &[0; 4][..]), ProtocolError),
        (RawFrame::new(kind::RST_STREAM, 0, 1, &[0; 5][..]), FrameSizeError),
        (settings(setting::ENABLE_PUSH, 1), ProtocolError),
        (settings(setting::INITIAL_WINDOW_SIZE, 1 << 31), FlowControlError),
        (settings(setting::MAX_FRAME_SIZE, 1), ProtocolError),
        (RawFrame::new(kind::SETTINGS, 0, 0, &[0; 7][..]), FrameSizeError),
        // A promise on a running call, though push is off.
        (RawFrame::new(kind::PUSH_PROMISE, flag::END_HEADERS, 1, &[0, 0, 0, 2, 0x82][..]), ProtocolError),
        (RawFrame::new(kind::PING, 0, 0, &[0; 9][..]), FrameSizeError),
        (RawFrame::new(kind::GOAWAY, 0, 0, &[0; 4][..]), FrameSizeError),
        (RawFrame::new(kind::WINDOW_UPDATE, 0, 0, &[0; 4][..]), ProtocolError),
        (RawFrame::new(kind::CONTINUATION, flag::END_HEADERS, 1, &b""[..]), ProtocolError),
    ];
    client(async |bed| {
        for (frame, code) in table {
            // A stream is open too, and ends in both directions.
            let (mut requests, mut replies) = bed.client.converse().open();
            requests.send(ask("x")).await.unwrap();
            let mut server = bed.server().await;
            let stream = server.expect_request().await.unwrap().stream;
            assert_eq!(stream, 1);
            server.send_raw(&frame.to_bytes()).await.unwrap();
            let go_away = server.expect_go_away().await.unwrap_or_else(|error| panic!("{frame:?}: {error}"));
            assert_eq!(go_away.code, code, "{frame:?}");
            assert!(!go_away.debug_data.is_empty(), "{frame:?}");
            server.expect_closed().await.unwrap();
            let status = replies.next().await.unwrap_err();
            assert_lost(&status, &code.to_string());
            assert_eq!(requests.send(ask("late")).await.unwrap_err().code(), Code::Unavailable);
            drop((requests, replies, server));
            all_quiet().await;
            tasks_are(0).await;
            bed.assert_next_connection_works().await;
        }
    });
}

#[test]
fn a_server_that_goes_away_finishes_what_it_began_and_refuses_the_rest() {
    client(async |bed| {
        // With a connection there, calls are sent in the order in which they are made.
        let first = tokio::spawn(bed.client.unary(ask("x")).into_future());
        let mut server = bed.server().await;
        let stream = request(&mut server).await;
        reply(&mut server, stream).await;
        first.await.unwrap().unwrap();
        let calls: Vec<_> = (0..4).map(|_| tokio::spawn(bed.client.unary(ask("x")).into_future())).collect();
        for stream in [3, 5, 7, 9] {
            assert_eq!(request(&mut server).await, stream);
        }
        server.send_go_away(5, ErrorCode::NoError, "").await.unwrap();
        // Above the last stream nothing was done: the calls end now, and could be made again.
        let mut calls = calls.into_iter();
        let kept: Vec<_> = calls.by_ref().take(2).collect();
        for call in calls {
            let status = call.await.unwrap().unwrap_err();
            assert_eq!(status.code(), Code::Unavailable, "{status}");
            assert!(status.message().contains("went away"), "{status}");
        }
        // A new call gets a new connection, while the old one goes on.
        bed.assert_next_connection_works().await;
        for (call, stream) in kept.into_iter().zip([3, 5]) {
            reply(&mut server, stream).await;
            assert_eq!(call.await.unwrap().unwrap().text, "x");
        }
        // Nothing is left to do on the old one.
        server.expect_closed().await.unwrap();
    });
}

#[test]
fn a_server_that_goes_away_and_closes_ends_what_it_had_begun() {
    client(async |bed| {
        for (code, debug) in [(ErrorCode::NoError, ""), (ErrorCode::EnhanceYourCalm, "too_many_pings")] {
            let status = bed
                .unary_ending(async |server, stream| {
                    server.send_go_away(stream, code, debug).await.unwrap();
                    server.shutdown().await.unwrap();
                })
                .await;
            assert_lost(&status, "");
            assert!(status.message().contains(debug), "the reason is not told: {status}");
        }
    });
}

#[test]
fn a_server_that_goes_away_before_its_settings_allow_a_call_ends_those_that_wait() {
    client(async |bed| {
        let waiting = tokio::spawn(bed.client.unary(ask("x")).into_future());
        let mut server = bed.accept().await;
        server.handshake_with(&[(setting::MAX_CONCURRENT_STREAMS, 0)]).await.unwrap();
        all_quiet().await;
        server.send_go_away(0, ErrorCode::NoError, "").await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::Unavailable);
        bed.assert_next_connection_works().await;
    });
}

#[test]
fn a_connection_that_is_cut_anywhere_ends_its_calls_and_leaves_nothing() {
    let mut script = RawFrame::new(kind::SETTINGS, 0, 0, &b""[..]).to_bytes();
    script.extend(RawFrame::new(kind::SETTINGS, flag::ACK, 0, &b""[..]).to_bytes());
    let head = gannet_testing::header_block([(":status", "200"), ("content-type", "application/grpc")]);
    script.extend(RawFrame::new(kind::HEADERS, flag::END_HEADERS, 1, head).to_bytes());
    script.extend(RawFrame::new(kind::DATA, 0, 1, [b"\0\0\0\0\x03", X].concat()).to_bytes());
    let trailers = gannet_testing::header_block([("grpc-status", "0")]);
    let flags = flag::END_HEADERS | flag::END_STREAM;
    script.extend(RawFrame::new(kind::HEADERS, flags, 1, trailers).to_bytes());
    for cut in 0..=script.len() {
        // Each time another client: one whose attempt has failed waits before the next.
        client(async |bed| {
            let call = tokio::spawn(bed.client.unary(ask("x")).into_future());
            let mut server = bed.accept().await;
            server.expect_preface().await.unwrap();
            let (settings, rest) = script[..cut].split_at(cut.min(SETTINGS_END));
            server.send_raw(settings).await.unwrap();
            if !rest.is_empty() {
                request(&mut server).await;
                server.send_raw(rest).await.unwrap();
            }
            if cut % 2 == 0 {
                server.shutdown().await.unwrap();
            } else {
                drop(server);
            }
            let answer = call.await.unwrap();
            if cut == script.len() {
                assert_eq!(answer.unwrap().text, "x");
            } else if cut < SETTINGS_END {
                assert_lost(&answer.unwrap_err(), "before the server had sent its SETTINGS");
            } else {
                assert_lost(&answer.unwrap_err(), "lost");
            }
            bed.assert_next_connection_works().await;
        });
    }
}

#[test]
fn a_stream_whose_connection_is_cut_never_ends_well() {
    client(async |bed| {
        let mut replies = bed.client.expand(ask("x")).open();
        let mut server: Peer = bed.server().await;
        let stream = request(&mut server).await;
        server.send_grpc_head(stream).await.unwrap();
        server.send_message(stream, X, false).await.unwrap();
        server.send_data(stream, b"\0\0\0", false).await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "x");
        assert_lost(&replies.next().await.unwrap_err(), "lost");
        drop(server);
        bed.assert_next_connection_works().await;
    });
}
