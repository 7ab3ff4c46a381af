//! The first bytes of a connection.

use gannet_testing::{ErrorCode, Frame, kind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bad_input::{Log, Wire};
use crate::{Bed, assert_ended, server};

/// All that the server sends to a peer that sends `pieces`, each on its own.
async fn answer_to(bed: &Bed, pieces: &[&[u8]]) -> String {
    let mut io: Box<dyn Wire> = bed.connect().into_inner();
    for piece in pieces {
        io.write_all(piece).await.unwrap();
        crate::support::all_quiet().await;
    }
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    drop(io);
    // The line in the log comes at the very end.
    crate::support::all_quiet().await;
    answer
}

#[test]
fn bytes_that_are_not_http2_get_no_answer_and_a_line_in_the_log() {
    server(async |bed| {
        for bytes in
            [&b"\0\x01\x02 no protocol at all, but long enough for a preface"[..], b"SSH-2.0-OpenSSH_9.9\r\n"]
        {
            let log = Log::of_this_thread();
            assert_eq!(answer_to(bed, &[bytes]).await, "");
            let log = log.text();
            assert!(log.contains("WARN") && log.contains("no HTTP/2 connection preface"), "{log}");
            assert!(log.contains("InMemory"), "the peer is not named: {log}");
        }
    });
}

#[test]
fn a_tls_handshake_at_a_plaintext_port_is_named_in_the_log_and_answered_without_tls() {
    server(async |bed| {
        let log = Log::of_this_thread();
        let client_hello =
            [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03][..], &[0x5a; 506]].concat();
        let answer = answer_to(bed, &[&client_hello]).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.starts_with("HTTP/1.1 400 "), "{answer:?}");
        assert!(body.contains("does not speak TLS: use http://"), "{answer:?}");
        let log = log.text();
        assert!(log.contains("the peer uses TLS, this endpoint does not"), "{log}");
    });
}

#[test]
fn thousands_of_bad_connections_do_not_fill_the_log() {
    server(async |bed| {
        let log = Log::of_this_thread();
        for _ in 0..1_000 {
            assert_eq!(answer_to(bed, &[b"SSH-2.0-OpenSSH_9.9\r\n"]).await, "");
        }
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        answer_to(bed, &[b"SSH-2.0-OpenSSH_9.9\r\n"]).await;
        let log = log.text();
        assert!(log.lines().count() < 30, "{log}");
        assert!(log.contains("unsaid=9"), "how many were left out is not said: {log}");
    });
}

fn assert_is_http1_refusal(answer: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    assert!(head.starts_with("HTTP/1.1 505 "), "{answer:?}");
    assert!(head.contains("content-type: text/plain"), "{answer:?}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{answer:?}");
    assert!(body.contains("gRPC") && body.contains("HTTP/2"), "{answer:?}");
}

#[test]
fn a_request_of_http1_is_answered_in_http1_and_nothing_else() {
    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    server(async |bed| {
        let log = Log::of_this_thread();
        for request in [
            GET,
            b"POST /probe.Probe/Unary HTTP/1.1\r\ncontent-length: 1\r\n\r\nx",
            b"OPTIONS * HTTP/1.0\r\n\r\n",
            b"PROPFIND / HTTP/1.1\r\n\r\n",
        ] {
            assert_is_http1_refusal(&answer_to(bed, &[request]).await);
        }
        assert!(log.text().contains("HTTP/1.x request"), "{}", log.text());
    });
}

#[test]
fn a_request_of_http1_that_comes_in_pieces_is_answered_all_the_same() {
    server(async |bed| {
        assert_is_http1_refusal(
            &answer_to(bed, &[b"G", b"ET / HT", b"TP/1.1\r\nhost: localhost\r\n\r\n"]).await,
        );
        // `P` could still be the preface.
        assert_is_http1_refusal(&answer_to(bed, &[b"P", b"O", b"ST / HTTP/1.1\r\n\r\n"]).await);
    });
}

#[test]
fn a_peer_that_says_nothing_or_half_a_preface_is_let_go() {
    server(async |bed| {
        for start in [&b""[..], b"PRI * HT"] {
            let mut peer = bed.connect();
            peer.answers_mut().settings = false;
            peer.set_time_limit(std::time::Duration::from_secs(60));
            peer.send_raw(start).await.unwrap();
            assert_ended(&mut peer, ErrorCode::SettingsTimeout, "settings_ack_timeout").await;
        }
        let mut peer = bed.connect();
        peer.answers_mut().settings = false;
        peer.send_raw(b"PRI * HT").await.unwrap();
        peer.shutdown().await.unwrap();
        peer.expect_closed().await.unwrap();
    });
}

#[test]
fn the_first_frame_has_to_be_settings() {
    server(async |bed| {
        let mut peer = bed.connect();
        peer.send_preface().await.unwrap();
        peer.send_frame(kind::PING, 0, 0, vec![0; 8]).await.unwrap();
        assert_ended(&mut peer, ErrorCode::ProtocolError, "SETTINGS").await;
    });
}

#[test]
fn settings_that_are_never_acknowledged_end_the_connection() {
    server(async |bed| {
        let mut peer = bed.connect();
        peer.set_time_limit(std::time::Duration::from_secs(60));
        peer.answers_mut().settings = false;
        peer.send_preface().await.unwrap();
        peer.send_settings(&[]).await.unwrap();
        peer.expect("an acknowledgement", |frame| (*frame == Frame::SettingsAck).then_some(()))
            .await
            .unwrap();
        assert_ended(&mut peer, ErrorCode::SettingsTimeout, "settings_ack_timeout").await;
    });
}

#[test]
fn a_peer_that_is_gone_at_once_leaves_nothing() {
    server(async |bed| {
        for _ in 0..100 {
            drop(bed.connect());
            let mut peer = bed.connect();
            peer.send_preface().await.unwrap();
            drop(peer);
        }
        // One that has nothing to say is let go without an error.
        let mut peer = bed.connect();
        peer.answers_mut().settings = false;
        peer.shutdown().await.unwrap();
        peer.expect_closed().await.unwrap();
    });
}
