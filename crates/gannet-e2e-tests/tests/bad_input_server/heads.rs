//! Request heads that are not gRPC's, or not HTTP's.

use gannet::Code;
use gannet_testing::{ErrorCode, Frame, header_block};

use crate::bad_input::{COLLECT, CONVERSE, EXPAND, Peer, UNARY, X, head_with};
use crate::{assert_calls_work, assert_fails, server};

/// Sends a whole call with this head.
async fn call(peer: &mut Peer, stream: u32, head: Vec<(String, String)>) {
    peer.send_headers(stream, head, false).await.unwrap();
    peer.send_message(stream, X, true).await.unwrap();
}

/// The answer on `stream` is HTTP's, and says what the server is.
async fn assert_http_answer(peer: &mut Peer, stream: u32, status: &str, why: &str) {
    let response = peer.expect_response(stream).await.unwrap();
    assert_eq!(response.head.get(":status"), Some(status));
    assert!(response.head.get("content-type").unwrap().starts_with("text/plain"), "{response:?}");
    assert_eq!(response.grpc_status(), None);
    let text = String::from_utf8_lossy(&response.data);
    assert!(text.contains("gRPC") && text.contains(why), "{text}");
}

#[test]
fn what_is_not_grpc_is_answered_in_http_and_for_people() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, COLLECT, EXPAND, CONVERSE, "/"] {
            for content in [
                None,
                Some(""),
                Some("text/html"),
                Some("application/json"),
                Some("application/grpcx"),
                Some("application/grp"),
            ] {
                call(&mut peer, stream, head_with(path, "content-type", content)).await;
                assert_http_answer(&mut peer, stream, "415", "application/grpc").await;
                stream += 2;
            }
            for method in ["GET", "PUT", "post", "DELETE"] {
                call(&mut peer, stream, head_with(path, ":method", Some(method))).await;
                assert_http_answer(&mut peer, stream, "405", "POST").await;
                stream += 2;
            }
        }
        // As a browser would: no body, no gRPC at all.
        let get =
            [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "x"), ("accept", "*/*")];
        peer.send_headers(stream, get, true).await.unwrap();
        assert_http_answer(&mut peer, stream, "415", "gRPC").await;
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, stream + 2).await;
    });
}

#[test]
fn a_request_without_te_is_told_what_is_missing() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, path) in [(1, UNARY), (3, CONVERSE)] {
            call(&mut peer, stream, head_with(path, "te", None)).await;
            assert_fails(&mut peer, stream, Code::Internal, "te: trailers").await;
        }
        // Any other value is malformed in HTTP/2 (RFC 9113 §8.2.2).
        call(&mut peer, 5, head_with(UNARY, "te", Some("gzip"))).await;
        assert_eq!(peer.expect_reset(5).await.unwrap(), ErrorCode::ProtocolError);
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, 7).await;
    });
}

#[test]
fn a_path_that_names_no_method_reaches_no_handler() {
    const PATHS: [&str; 19] = [
        "probe.Probe/Unary",
        "/",
        "//",
        "///",
        "*",
        "/probe.Probe",
        "/probe.Probe/",
        "//Unary",
        "/probe.Probe//Unary",
        "/probe.Probe/Unary/",
        "//probe.Probe/Unary",
        "/probe.Probe/Unary?x=1",
        "/probe.Probe/Unary#x",
        "/probe.Probe/%55nary",
        "/probe.Probe%2FUnary",
        "/probe.probe/Unary",
        "/probe.Probe/unary",
        "/x/../probe.Probe/Unary",
        "http://localhost/probe.Probe/Unary",
    ];
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in PATHS {
            call(&mut peer, stream, head_with(path, "te", Some("trailers"))).await;
            let (code, message) = peer.expect_grpc_status(stream).await.unwrap();
            assert_eq!(code, Code::Unimplemented, "{path}: {message}");
            assert!(!message.is_empty(), "{path}");
            stream += 2;
        }
        for path in [None, Some("")] {
            call(&mut peer, stream, head_with(UNARY, ":path", path)).await;
            assert_eq!(peer.expect_reset(stream).await.unwrap(), ErrorCode::ProtocolError, "{path:?}");
            stream += 2;
        }
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, stream).await;
    });
}

#[test]
fn a_long_path_is_not_thrown_back_whole() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let path = format!("/{}/{}", "s".repeat(4000), "m".repeat(4000));
        for stream in [1, 3] {
            call(&mut peer, stream, head_with(&path, "te", Some("trailers"))).await;
            assert_fails(&mut peer, stream, Code::Unimplemented, "sss").await;
        }
        // Bytes that are no text.
        let mut head = vec![(&b":path"[..], &b"/probe.Probe/\xff\xfe"[..])];
        head.extend([
            (&b":method"[..], &b"POST"[..]),
            (b":scheme", b"http"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
        ]);
        peer.send_headers(5, head, false).await.unwrap();
        peer.send_message(5, X, true).await.unwrap();
        let answered = peer.expect("an answer", |frame| match frame {
            Frame::Headers { stream: 5, fields, .. } => Some(fields.get("grpc-status") == Some("12")),
            Frame::Reset { stream: 5, code } => Some(*code == ErrorCode::ProtocolError),
            _ => None,
        });
        assert!(answered.await.unwrap());
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, 7).await;
    });
}

#[test]
fn a_malformed_time_out_is_an_error_not_no_time_out() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, CONVERSE] {
            for timeout in
                ["", "1", "S", "123456789S", "1x", "1s", "-1S", "+1S", "1.5S", "1SS", "0x1S", "1 S", "１S"]
            {
                call(&mut peer, stream, head_with(path, "grpc-timeout", Some(timeout))).await;
                assert_fails(&mut peer, stream, Code::Internal, "malformed grpc-timeout").await;
                stream += 2;
            }
        }
        assert_eq!(bed.started(), 0);
        // The longest there is.
        call(&mut peer, stream, head_with(UNARY, "grpc-timeout", Some("99999999H"))).await;
        assert_eq!(peer.expect_grpc_status(stream).await.unwrap().0, Code::Ok);
        // None at all left.
        call(&mut peer, stream + 2, head_with(UNARY, "grpc-timeout", Some("0n"))).await;
        assert_eq!(peer.expect_grpc_status(stream + 2).await.unwrap().0, Code::DeadlineExceeded);
        assert_calls_work(&mut peer, stream + 4).await;
    });
}

#[test]
fn heads_that_http_forbids_are_reset() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for (name, value) in [
            ("Upper", "case"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "1"),
            ("upgrade", "h2c"),
            ("with space", "x"),
            ("", "x"),
            ("line", "a\nb"),
            ("nul", "a\0b"),
            (":status", "200"),
            (":unknown", "x"),
            (":method", ""),
        ] {
            let mut head = head_with(UNARY, "te", Some("trailers"));
            head.push((name.to_owned(), value.to_owned()));
            call(&mut peer, stream, head).await;
            assert_eq!(
                peer.expect_reset(stream).await.unwrap(),
                ErrorCode::ProtocolError,
                "{name:?}: {value:?}"
            );
            stream += 2;
        }
        for missing in [":method", ":scheme"] {
            call(&mut peer, stream, head_with(UNARY, missing, None)).await;
            assert_eq!(peer.expect_reset(stream).await.unwrap(), ErrorCode::ProtocolError, "{missing}");
            stream += 2;
        }
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, stream).await;
    });
}

#[test]
fn metadata_that_is_not_valid_harms_nobody() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, name, value) in [
            (1, "trace-bin", "this is not base64!!"),
            (3, "trace-bin", "a"),
            (5, "trace-bin", ",,,=,"),
            (7, "grpc-unknown", "x"),
            (9, "grpc-message", "%zz"),
            (11, "text", "\u{7f}\u{fffd}"),
            (13, "a", ""),
        ] {
            call(&mut peer, stream, head_with(UNARY, name, Some(value))).await;
            let (code, message) = peer.expect_grpc_status(stream).await.unwrap();
            assert_eq!(code, Code::Ok, "{name}: {message}");
        }
        // The same request field by field in a table, again and again.
        let block = header_block(head_with(UNARY, "trace-bin", Some("!")));
        assert!(!block.is_empty());
        assert_calls_work(&mut peer, 15).await;
    });
}
