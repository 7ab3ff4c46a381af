//! Peers against peers, and against bytes that no peer would send.

use bytes::Bytes;
use gannet_core::Code;
use gannet_http2::ErrorCode;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{header_block, setting};

type Peer = ScriptedPeer<DuplexStream>;

fn pair() -> (Peer, Peer) {
    let (near, far) = duplex(64 * 1024);
    (ScriptedPeer::client(near), ScriptedPeer::server(far))
}

async fn connected() -> (Peer, Peer) {
    let (mut client, mut server) = pair();
    let (ours, theirs) = tokio::join!(client.handshake(), server.handshake());
    ours.unwrap();
    theirs.unwrap();
    (client, server)
}

/// A client whose other side is bytes.
async fn client_of(bytes: &[u8]) -> Peer {
    let (near, mut far) = duplex(64 * 1024);
    far.write_all(bytes).await.unwrap();
    ScriptedPeer::client(near)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    RawFrame::new(kind, flags, stream, payload.to_vec()).to_bytes()
}

#[tokio::test]
async fn a_handshake_tells_each_side_the_settings_of_the_other() {
    let (mut client, mut server) = pair();
    let (ours, theirs) = tokio::join!(
        client.handshake_with(&[(setting::MAX_CONCURRENT_STREAMS, 1)]),
        server.handshake_with(&[(setting::INITIAL_WINDOW_SIZE, 2), (0x99, 3)]),
    );
    assert_eq!(ours.unwrap(), [(setting::INITIAL_WINDOW_SIZE, 2), (0x99, 3)]);
    assert_eq!(theirs.unwrap(), [(setting::MAX_CONCURRENT_STREAMS, 1)]);
    assert_eq!((client.unclaimed().count(), server.unclaimed().count()), (0, 0));
}

#[tokio::test]
async fn a_call_goes_over_tcp_with_head_messages_and_trailers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let mut client = ScriptedPeer::client(near.unwrap());
    let mut server = ScriptedPeer::server(far.unwrap().0);
    let calling = async {
        client.handshake().await?;
        client.send_grpc_request(1, "/a.B/C").await?;
        client.send_message(1, b"request", true).await?;
        client.expect_response(1).await
    };
    let serving = async {
        server.handshake().await?;
        let request = server.expect_request().await?;
        assert_eq!((request.stream, request.end_stream), (1, false));
        assert_eq!(request.fields.get(":path"), Some("/a.B/C"));
        let (body, trailers) = server.expect_rest(1).await?;
        assert_eq!((&body[..], trailers), (&b"\0\0\0\0\x07request"[..], None));
        server.send_grpc_head(1).await?;
        server.send_message(1, b"one", false).await?;
        server.send_message(1, b"", false).await?;
        server.send_grpc_trailers(1, Code::Ok, "100 %").await
    };
    let (response, outcome) = tokio::join!(calling, serving);
    outcome.unwrap();
    let response = response.unwrap();
    assert_eq!(response.head.get("content-type"), Some("application/grpc"));
    assert_eq!(response.messages().unwrap(), ["one", ""]);
    assert_eq!(response.grpc_status(), Some((Code::Ok, "100 %".to_owned())));
}

#[tokio::test]
async fn frames_of_other_streams_wait_for_their_turn() {
    let (mut client, mut server) = connected().await;
    for stream in [1, 3, 5] {
        server.send_grpc_failure(stream, Code::NotFound, &stream.to_string()).await.unwrap();
    }
    for stream in [3, 1, 5] {
        assert_eq!(client.expect_grpc_status(stream).await.unwrap(), (Code::NotFound, stream.to_string()));
    }
}

#[tokio::test]
async fn what_did_not_happen_is_seen_after_a_ping() {
    let (mut client, mut server) = connected().await;
    client.send_data(1, b"stray", false).await.unwrap();
    let (alive, answered) = tokio::join!(client.expect_alive(), async {
        server.send_reset(1, ErrorCode::StreamClosed).await?;
        server.expect("a PING", |frame| matches!(frame, Frame::Ping { .. }).then_some(())).await
    });
    alive.unwrap();
    answered.unwrap();
    let unclaimed: Vec<_> = client.unclaimed().cloned().collect();
    assert_eq!(unclaimed, [Frame::Reset { stream: 1, code: ErrorCode::StreamClosed }]);
    assert_eq!(client.expect_reset(1).await.unwrap(), ErrorCode::StreamClosed);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_too_long_says_what_it_waited_for_and_what_came() {
    let (mut client, mut server) = connected().await;
    server.send_window_update(0, 77).await.unwrap();
    client.set_time_limit(Duration::from_secs(1));
    let error = client.expect_reset(9).await.unwrap_err();
    assert!(matches!(error.kind(), ScriptErrorKind::TimedOut(limit) if limit.as_secs() == 1));
    for part in ["RST_STREAM on stream 9", "1s", "WINDOW_UPDATE on stream 0: 77", "SETTINGS, ACK"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn the_time_limit_holds_also_where_there_is_always_something_to_read() {
    let updates = frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(1000);
    let mut client = client_of(&updates).await;
    client.set_time_limit(Duration::ZERO);
    let error = client.expect_go_away().await.unwrap_err();
    assert!(matches!(error.kind(), ScriptErrorKind::TimedOut(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_stops_a_step_too() {
    let (near, _far) = duplex(16);
    let error = ScriptedPeer::client(near).send_raw(&[0; 100]).await.unwrap_err();
    assert!(matches!(error.kind(), ScriptErrorKind::TimedOut(_)), "{error}");
}

#[tokio::test]
async fn settings_and_pings_are_answered_unless_told_otherwise() {
    let (mut client, mut server) = connected().await;
    for answers in [true, false] {
        client.answers_mut().settings = answers;
        client.answers_mut().pings = answers;
        server.send_settings(&[]).await.unwrap();
        server.send_ping([1; 8]).await.unwrap();
        for _ in 0..2 {
            client.expect_frame().await.unwrap();
        }
        if !answers {
            client.send_settings_ack().await.unwrap();
            client.send_pong([2; 8]).await.unwrap();
        }
        let payload = if answers { [1; 8] } else { [2; 8] };
        let first = server.expect_frame().await.unwrap();
        let second = server.expect_frame().await.unwrap();
        assert_eq!((first, second), (Frame::SettingsAck, Frame::Pong { payload }));
    }
}

#[tokio::test]
async fn windows_are_opened_again_in_steps_unless_told_otherwise() {
    let (mut client, mut server) = connected().await;
    let chunk = [0; 10_000];
    for _ in 0..2 {
        server.send_data(1, &chunk, false).await.unwrap();
        client.expect_data(1).await.unwrap();
    }
    assert_eq!(server.expect_window_update(0).await.unwrap(), 20_000);
    assert_eq!(server.expect_window_update(1).await.unwrap(), 20_000);

    client.answers_mut().windows = false;
    for _ in 0..2 {
        server.send_data(1, &chunk, false).await.unwrap();
        client.expect_data(1).await.unwrap();
    }
    client.send_ping([0; 8]).await.unwrap();
    assert_eq!(server.expect_frame().await.unwrap(), Frame::Ping { payload: [0; 8] });
}

#[tokio::test]
async fn the_window_of_a_stream_that_has_ended_is_left_alone() {
    let (mut client, mut server) = connected().await;
    server.send_data(1, &[0; 16_384], true).await.unwrap();
    client.expect_data(1).await.unwrap();
    client.send_ping([0; 8]).await.unwrap();
    assert_eq!(server.expect_frame().await.unwrap(), Frame::WindowUpdate { stream: 0, increment: 16_384 });
    assert_eq!(server.expect_frame().await.unwrap(), Frame::Ping { payload: [0; 8] });
}

#[tokio::test]
async fn a_large_header_block_is_cut_into_frames_and_put_together_again() {
    let (mut client, mut server) = connected().await;
    let value = "v".repeat(40_000);
    client.send_headers(1, [(":method", "GET"), ("large", &*value)], true).await.unwrap();
    let request = server.expect_request().await.unwrap();
    assert!(request.end_stream);
    assert_eq!(request.fields.get("large"), Some(&*value));
}

#[tokio::test]
async fn padding_and_priority_in_headers_are_passed_over() {
    let mut payload = vec![3, 0, 0, 0, 0, 0];
    payload.extend(header_block([("k", "v")]));
    payload.extend([0; 3]);
    let flags = flag::PADDED | flag::PRIORITY | flag::END_HEADERS;
    let mut client = client_of(&frame(kind::HEADERS, flags, 1, &payload)).await;
    let (fields, end_stream) = client.expect_headers(1).await.unwrap();
    assert_eq!((fields.get("k"), end_stream), (Some("v"), false));
}

#[tokio::test]
async fn what_is_no_http2_is_told() {
    let open_block = frame(kind::HEADERS, 0, 1, b"");
    let cases = [
        (frame(kind::PING, 0, 0, b"short"), "PING with a payload of 5 bytes"),
        (frame(kind::CONTINUATION, 0, 1, b""), "CONTINUATION without HEADERS"),
        (
            [&open_block[..], &frame(kind::PING, 0, 0, &[0; 8])].concat(),
            "within the header block of stream 1",
        ),
        (
            [&open_block[..], &frame(kind::CONTINUATION, 0, 3, b"")].concat(),
            "within the header block of stream 1",
        ),
        (frame(kind::HEADERS, flag::END_HEADERS, 1, &[0x80]), "cannot be decoded"),
        (frame(kind::HEADERS, flag::END_HEADERS | flag::PRIORITY, 1, &[0; 4]), "cut short"),
    ];
    for (bytes, part) in cases {
        let error = client_of(&bytes).await.expect_frame().await.unwrap_err();
        assert!(matches!(error.kind(), ScriptErrorKind::Malformed(what) if what.contains(part)), "{error}");
    }
}

#[tokio::test]
async fn what_rules_out_the_expected_is_told() {
    let (mut client, mut server) = connected().await;
    server.send_reset(1, ErrorCode::Cancel).await.unwrap();
    server.send_headers(3, [(":status", "200")], true).await.unwrap();
    let error = client.expect_grpc_status(1).await.unwrap_err().to_string();
    assert!(error.contains("instead, there was RST_STREAM on stream 1: CANCEL"), "{error}");
    let error = client.expect_grpc_status(3).await.unwrap_err().to_string();
    assert!(error.contains("a response without one"), "{error}");
}

#[tokio::test]
async fn a_preface_must_be_one() {
    let (near, mut far) = duplex(100);
    far.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let error = ScriptedPeer::server(near).expect_preface().await.unwrap_err();
    assert!(error.to_string().contains(r"it was GET / HTTP/1.1\r\n"), "{error}");
}

#[tokio::test]
async fn a_close_is_one_only_between_frames() {
    let (mut client, mut server) = connected().await;
    server.send_go_away(7, ErrorCode::EnhanceYourCalm, "too many").await.unwrap();
    server.shutdown().await.unwrap();
    client.expect_closed().await.unwrap();
    let go_away = client.expect_go_away().await.unwrap();
    assert_eq!((go_away.last_stream, go_away.code), (7, ErrorCode::EnhanceYourCalm));
    assert_eq!(go_away.debug_data, Bytes::from_static(b"too many"));
    assert!(matches!(client.expect_frame().await.unwrap_err().kind(), ScriptErrorKind::Closed));

    let (mut client, mut server) = connected().await;
    server.send_raw(&[0; 5]).await.unwrap();
    server.shutdown().await.unwrap();
    let error = client.expect_closed().await.unwrap_err();
    assert!(error.to_string().contains("cut off after 5 bytes"), "{error}");
}

#[tokio::test]
async fn an_acknowledged_table_size_holds_for_what_follows() {
    // A size update to 8192 (RFC 7541 §6.3), which the default of 4096 does not allow.
    let update = [0x3f, 0xe1, 0x3f];
    let (mut client, mut server) = connected().await;
    server.send_frame(kind::HEADERS, flag::END_HEADERS, 1, update.to_vec()).await.unwrap();
    assert!(client.expect_headers(1).await.is_err());

    let (mut client, mut server) = pair();
    let (ours, theirs) =
        tokio::join!(client.handshake_with(&[(setting::HEADER_TABLE_SIZE, 8192)]), server.handshake());
    ours.unwrap();
    theirs.unwrap();
    server.send_frame(kind::HEADERS, flag::END_HEADERS, 1, update.to_vec()).await.unwrap();
    client.expect_headers(1).await.unwrap();
}
