//! Frames that break the rules of HTTP/2, and connections that end in the middle.

use gannet_testing::{ErrorCode, RawFrame, flag, kind, setting};

use crate::bad_input::{CONVERSE, Log, UNARY, X, head_with};
use crate::support::{all_quiet, on_tcp, one_thread, tasks_are};
use crate::{Watch, assert_calls_work, assert_ended, server, service};

#[test]
fn a_frame_over_the_size_is_refused_by_its_header() {
    server(async |bed| {
        for kind in [kind::DATA, kind::HEADERS, kind::SETTINGS, 0x77] {
            let log = Log::of_this_thread();
            let mut peer = bed.peer().await;
            // 16 385 bytes are announced; not one of them has to come.
            peer.send_raw(&[0, 0x40, 1, kind, 0, 0, 0, 0, 1]).await.unwrap();
            assert_ended(&mut peer, ErrorCode::FrameSizeError, "SETTINGS_MAX_FRAME_SIZE").await;
            drop(peer);
            tasks_are(crate::TASKS).await;
            let log = log.text();
            assert!(log.contains("FRAME_SIZE_ERROR") && log.contains("InMemory"), "{log}");
        }
    });
}

#[test]
fn the_largest_frame_is_taken() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        peer.send_grpc_request(1, UNARY).await.unwrap();
        let mut message = vec![0x12, 0xf8, 0x7f];
        message.resize(16 * 1024 - 5, 1);
        peer.send_message(1, &message, true).await.unwrap();
        assert_eq!(peer.expect_response(1).await.unwrap().messages().unwrap(), [message]);
    });
}

#[test]
fn faults_of_the_connection_end_it_with_the_code_that_says_which() {
    use ErrorCode::{CompressionError, FlowControlError, FrameSizeError, ProtocolError, StreamClosed};
    let settings = |name: u16, value: u32| {
        let payload = [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
        RawFrame::new(kind::SETTINGS, 0, 0, payload)
    };
    let table = [
        (RawFrame::new(kind::DATA, 0, 0, &b"x"[..]), ProtocolError),
        (RawFrame::new(kind::DATA, 0, 9, &b"x"[..]), ProtocolError),
        (RawFrame::new(kind::DATA, flag::PADDED, 1, &b"\x05x"[..]), ProtocolError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 0, &b""[..]), ProtocolError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 2, &b""[..]), ProtocolError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 9, &b"\x80"[..]), CompressionError),
        (
            RawFrame::new(kind::HEADERS, flag::END_HEADERS, 9, &b"\xff\xff\xff\xff\xff\xff"[..]),
            CompressionError,
        ),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS | flag::PADDED, 9, &b"\x09"[..]), ProtocolError),
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS | flag::PRIORITY, 9, &b"\0\0"[..]), FrameSizeError),
        (RawFrame::new(kind::RST_STREAM, 0, 0, &[0; 4][..]), ProtocolError),
        (RawFrame::new(kind::RST_STREAM, 0, 9, &[0; 4][..]), ProtocolError),
        (RawFrame::new(kind::RST_STREAM, 0, 1, &[0; 3][..]), FrameSizeError),
        (RawFrame::new(kind::SETTINGS, 0, 1, &b""[..]), ProtocolError),
        (RawFrame::new(kind::SETTINGS, 0, 0, &[0; 5][..]), FrameSizeError),
        (RawFrame::new(kind::SETTINGS, flag::ACK, 0, &[0; 6][..]), FrameSizeError),
        (settings(setting::ENABLE_PUSH, 2), ProtocolError),
        (settings(setting::INITIAL_WINDOW_SIZE, 1 << 31), FlowControlError),
        (settings(setting::MAX_FRAME_SIZE, 16_383), ProtocolError),
        (settings(setting::MAX_FRAME_SIZE, 1 << 24), ProtocolError),
        (RawFrame::new(kind::PUSH_PROMISE, flag::END_HEADERS, 1, &[0, 0, 0, 2][..]), ProtocolError),
        (RawFrame::new(kind::PING, 0, 1, &[0; 8][..]), ProtocolError),
        (RawFrame::new(kind::PING, 0, 0, &[0; 7][..]), FrameSizeError),
        (RawFrame::new(kind::GOAWAY, 0, 1, &[0; 8][..]), ProtocolError),
        (RawFrame::new(kind::GOAWAY, 0, 0, &[0; 7][..]), FrameSizeError),
        (RawFrame::new(kind::WINDOW_UPDATE, 0, 0, &[0; 4][..]), ProtocolError),
        (RawFrame::new(kind::WINDOW_UPDATE, 0, 0, &[0; 3][..]), FrameSizeError),
        (RawFrame::new(kind::WINDOW_UPDATE, 0, 9, &[0, 0, 0, 1][..]), ProtocolError),
        (RawFrame::new(kind::CONTINUATION, flag::END_HEADERS, 1, &b""[..]), ProtocolError),
        (RawFrame::new(kind::PRIORITY, 0, 0, &[0; 5][..]), ProtocolError),
        // Stream 3 is over when this comes.
        (RawFrame::new(kind::HEADERS, flag::END_HEADERS, 3, &b"\x82"[..]), StreamClosed),
    ];
    server(async |bed| {
        for (frame, code) in table {
            let mut peer = bed.peer().await;
            // A call that runs, and one that is over.
            peer.send_grpc_request(1, CONVERSE).await.unwrap();
            assert_calls_work(&mut peer, 3).await;
            all_quiet().await;
            assert_eq!(bed.running(), 1);
            peer.send_raw(&frame.to_bytes()).await.unwrap();
            let go_away = peer.expect_go_away().await.unwrap_or_else(|error| panic!("{frame:?}: {error}"));
            assert_eq!(go_away.code, code, "{frame:?}");
            assert!(!go_away.debug_data.is_empty(), "{frame:?}");
            // A head that cannot be decoded has opened its stream.
            assert!(matches!(go_away.last_stream, 3 | 9), "{frame:?}");
            peer.expect_closed().await.unwrap();
            // The handler goes with its connection, whether or not the peer does.
            all_quiet().await;
            assert_eq!(bed.running(), 0, "{frame:?}");
        }
    });
}

#[test]
fn another_frame_within_a_header_block_ends_the_connection() {
    server(async |bed| {
        for frame in [
            RawFrame::new(kind::DATA, 0, 1, &b""[..]),
            RawFrame::new(kind::CONTINUATION, flag::END_HEADERS, 3, &b""[..]),
            RawFrame::new(kind::HEADERS, flag::END_HEADERS, 3, &b""[..]),
            RawFrame::new(kind::PING, 0, 0, &[0; 8][..]),
        ] {
            let mut peer = bed.peer().await;
            peer.send_frame(kind::HEADERS, 0, 1, &b"\x82"[..]).await.unwrap();
            peer.send_raw(&frame.to_bytes()).await.unwrap();
            assert_ended(&mut peer, ErrorCode::ProtocolError, "header block").await;
        }
    });
}

#[test]
fn streams_are_opened_in_order() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        assert_calls_work(&mut peer, 5).await;
        peer.send_grpc_request(3, UNARY).await.unwrap();
        assert_ended(&mut peer, ErrorCode::ProtocolError, "lower identifier").await;
    });
}

#[test]
fn frames_behind_the_end_of_a_stream_reset_it() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let wait = b"\x0a\x04wait";
        peer.send_grpc_request(1, UNARY).await.unwrap();
        peer.send_message(1, wait, true).await.unwrap();
        peer.send_message(1, X, false).await.unwrap();
        assert_eq!(peer.expect_reset(1).await.unwrap(), ErrorCode::StreamClosed);
        peer.send_grpc_request(3, UNARY).await.unwrap();
        peer.send_message(3, wait, true).await.unwrap();
        peer.send_headers(3, [("late", "x")], true).await.unwrap();
        assert_eq!(peer.expect_reset(3).await.unwrap(), ErrorCode::StreamClosed);
        // The handlers do not wait any longer.
        all_quiet().await;
        assert_eq!(bed.running(), 0);
        // A stream that is over is reset again, as often as the budget for that allows.
        assert_calls_work(&mut peer, 5).await;
        peer.send_data(5, b"x", false).await.unwrap();
        assert_eq!(peer.expect_reset(5).await.unwrap(), ErrorCode::StreamClosed);
        // Trailers that do not end the stream.
        peer.send_grpc_request(7, CONVERSE).await.unwrap();
        peer.send_headers(7, [("not", "the end")], false).await.unwrap();
        assert_eq!(peer.expect_reset(7).await.unwrap(), ErrorCode::ProtocolError);
        assert_calls_work(&mut peer, 9).await;
    });
}

#[test]
fn a_connection_that_ends_anywhere_in_a_call_leaves_nothing() {
    let mut script = Vec::new();
    script.extend(
        RawFrame::new(
            kind::HEADERS,
            flag::END_HEADERS,
            1,
            gannet_testing::header_block(head_with(CONVERSE, "te", Some("trailers"))),
        )
        .to_bytes(),
    );
    script.extend(RawFrame::new(kind::DATA, 0, 1, &b"\0\0\0\0\x03\x0a\x01x\0\0\0"[..]).to_bytes());
    script.extend(
        RawFrame::new(
            kind::HEADERS,
            flag::END_HEADERS,
            3,
            gannet_testing::header_block(head_with(UNARY, "te", Some("trailers"))),
        )
        .to_bytes(),
    );
    script
        .extend(RawFrame::new(kind::DATA, flag::END_STREAM, 3, &b"\0\0\0\0\x06\x0a\x04wait"[..]).to_bytes());
    server(async |bed| {
        for (index, cut) in (0..script.len()).enumerate() {
            let mut peer = bed.peer().await;
            peer.send_raw(&script[..cut]).await.unwrap();
            if index % 4 < 2 {
                // Otherwise the end is there before the handlers have run.
                all_quiet().await;
            }
            if index % 2 == 0 {
                // With a farewell: the server sees the end of the connection, not an error.
                peer.shutdown().await.unwrap();
                peer.expect_closed().await.unwrap();
            }
            drop(peer);
            tasks_are(crate::TASKS).await;
            assert_eq!(bed.running(), 0, "cut off after {cut} bytes");
        }
        assert!(bed.started() > 0);
        // What a handler sees is an error, never a clean end.
        assert!(
            bed.errors().iter().all(|error| error.code() == gannet::Code::Cancelled),
            "{:?}",
            bed.errors()
        );
    });
}

#[test]
fn a_client_that_closes_its_side_of_tcp_gets_what_was_answered_and_the_rest_is_let_go() {
    one_thread(async {
        let watch = std::sync::Arc::<Watch>::default();
        let (serving, port) = on_tcp(service(&watch).server(), 0).await;
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut peer = gannet_testing::ScriptedPeer::client(stream);
        peer.handshake().await.unwrap();
        peer.send_grpc_request(1, UNARY).await.unwrap();
        peer.send_message(1, b"\x0a\x04wait", true).await.unwrap();
        peer.send_grpc_request(3, UNARY).await.unwrap();
        peer.send_message(3, X, true).await.unwrap();
        peer.shutdown().await.unwrap();
        assert_eq!(peer.expect_grpc_status(3).await.unwrap().0, gannet::Code::Ok);
        peer.expect_closed().await.unwrap();
        tasks_are(1).await;
        let running = watch.running.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(running, 0);
        drop(serving);
    });
}

#[test]
fn a_tcp_connection_that_is_reset_leaves_nothing() {
    one_thread(async {
        let watch = std::sync::Arc::<Watch>::default();
        let (serving, port) = on_tcp(service(&watch).server(), 0).await;
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut peer = gannet_testing::ScriptedPeer::client(stream);
        peer.handshake().await.unwrap();
        peer.send_grpc_request(1, CONVERSE).await.unwrap();
        peer.send_data(1, b"\0\0\0\0\x03\x0a\x01x\0\0", false).await.unwrap();
        // The first message came back: the handler runs, in the middle of the second.
        assert!(!peer.expect_headers(1).await.unwrap().1);
        peer.expect_data(1).await.unwrap();
        // What is not read when a socket is closed makes TCP reset the connection.
        peer.send_ping(*b"unread!!").await.unwrap();
        drop(peer);
        tasks_are(1).await;
        assert_eq!(watch.running.load(std::sync::atomic::Ordering::SeqCst), 0);
        drop(serving);
    });
}
