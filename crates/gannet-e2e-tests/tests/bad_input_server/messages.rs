//! Messages: cut short, too large, too many, too few, compressed.

use gannet::Code;
use gannet_testing::ErrorCode;

use crate::bad_input::{COLLECT, CONVERSE, EXPAND, UNARY, X, head_with};
use crate::support::all_quiet;
use crate::{assert_calls_work, assert_fails, server, server_with};

const IN_THE_MIDDLE: &str = "in the middle of a message";

#[test]
fn a_call_whose_one_message_is_cut_short_fails_before_its_handler() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, EXPAND] {
            for cut in 1..5 + X.len() {
                let message = [&b"\0\0\0\0\x03"[..], X].concat();
                peer.send_grpc_request(stream, path).await.unwrap();
                peer.send_data(stream, &message[..cut], true).await.unwrap();
                assert_fails(&mut peer, stream, Code::Internal, IN_THE_MIDDLE).await;
                stream += 2;
            }
        }
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, stream).await;
    });
}

#[test]
fn a_stream_cut_short_in_a_message_gives_its_handler_the_error() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, path) in [(1, COLLECT), (3, CONVERSE)] {
            peer.send_grpc_request(stream, path).await.unwrap();
            peer.send_message(stream, X, false).await.unwrap();
            peer.send_data(stream, b"\0\0\0\0\x03\x0a", true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Internal, IN_THE_MIDDLE).await;
            let error = bed.errors().pop().unwrap();
            assert!(error.code() == Code::Internal && error.message().contains(IN_THE_MIDDLE), "{error}");
        }
        assert_calls_work(&mut peer, 5).await;
    });
}

#[test]
fn a_message_over_the_limit_is_refused_by_its_length_and_names_the_setting() {
    const LIMIT: usize = 1000;
    server_with(
        |server| server.max_receive_message_size(LIMIT),
        async |bed| {
            let mut peer = bed.peer().await;
            for (stream, path) in [(1, UNARY), (3, EXPAND), (5, COLLECT), (7, CONVERSE)] {
                peer.send_grpc_request(stream, path).await.unwrap();
                // The length alone is enough to know.
                peer.send_data(stream, &[0, 0, 0, 0x03, 0xe9], false).await.unwrap();
                assert_fails(&mut peer, stream, Code::ResourceExhausted, "max_receive_message_size").await;
            }
            for error in bed.errors() {
                assert!(error.message().contains("1001") && error.message().contains("1000"), "{error}");
            }
            assert_eq!(bed.errors().len(), 2);
            // Whole, in one frame with its end.
            peer.send_grpc_request(9, UNARY).await.unwrap();
            peer.send_message(9, &[0; LIMIT + 1], true).await.unwrap();
            assert_fails(&mut peer, 9, Code::ResourceExhausted, "max_receive_message_size").await;
            assert_calls_work(&mut peer, 11).await;
        },
    );
}

/// The most memory that this process has had mapped, in bytes.
#[cfg(target_os = "linux")]
fn mapped() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn a_length_of_four_gigabytes_takes_no_memory_before_the_bytes_come() {
    server_with(
        |server| server.max_receive_message_size(usize::MAX),
        async |bed| {
            let mut peer = bed.peer().await;
            let before = mapped();
            for (stream, path) in [(1, UNARY), (3, EXPAND), (5, COLLECT), (7, CONVERSE)] {
                peer.send_grpc_request(stream, path).await.unwrap();
                peer.send_data(stream, b"\0\xff\xff\xff\xff and a little", false).await.unwrap();
                peer.expect_alive().await.unwrap();
                all_quiet().await;
            }
            // One allocation of that size would be twice as much.
            assert!(mapped() - before < 2 << 30, "{before} bytes have become {}", mapped());
            for stream in [1, 3, 5, 7] {
                peer.send_data(stream, b"", true).await.unwrap();
                assert_fails(&mut peer, stream, Code::Internal, IN_THE_MIDDLE).await;
            }
        },
    );
}

#[test]
fn a_message_that_says_it_is_compressed_is_the_clients_fault() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, EXPAND, COLLECT, CONVERSE] {
            for flag in [1, 2, 0x80, 0xff] {
                peer.send_grpc_request(stream, path).await.unwrap();
                peer.send_data(stream, &[flag, 0, 0, 0, 0], true).await.unwrap();
                let (code, message) = peer.expect_grpc_status(stream).await.unwrap();
                assert_eq!(code, Code::Internal, "{flag}: {message}");
                assert!(message.contains(if flag == 1 { "compressed" } else { "flag" }), "{flag}: {message}");
                stream += 2;
            }
        }
        assert_calls_work(&mut peer, stream).await;
    });
}

#[test]
fn an_encoding_that_the_server_does_not_have_is_unimplemented_and_named() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, encoding) in [(1, "gzip"), (3, "snappy"), (5, ""), (7, "identity, gzip")] {
            peer.send_headers(stream, head_with(UNARY, "grpc-encoding", Some(encoding)), false)
                .await
                .unwrap();
            peer.send_data(stream, &[1, 0, 0, 0, 0], true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Unimplemented, encoding).await;
        }
        assert_eq!(bed.started(), 0);
        peer.send_headers(9, head_with(UNARY, "grpc-encoding", Some("identity")), false).await.unwrap();
        peer.send_message(9, X, true).await.unwrap();
        assert_eq!(peer.expect_grpc_status(9).await.unwrap().0, Code::Ok);
    });
}

#[test]
fn a_message_format_that_the_server_does_not_have_is_unimplemented_and_named() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, COLLECT, EXPAND, CONVERSE] {
            for content in
                ["application/grpc+json", "application/grpc+protobuf", "application/grpc+thrift; v=1"]
            {
                peer.send_headers(stream, head_with(path, "content-type", Some(content)), false)
                    .await
                    .unwrap();
                // Which would be a message in Protobuf too.
                peer.send_message(stream, b"", true).await.unwrap();
                assert_fails(&mut peer, stream, Code::Unimplemented, content).await;
                stream += 2;
            }
        }
        assert_eq!(bed.started(), 0);
        for content in ["application/grpc+proto", "Application/gRPC; charset=utf-8"] {
            peer.send_headers(stream, head_with(UNARY, "content-type", Some(content)), false).await.unwrap();
            peer.send_message(stream, X, true).await.unwrap();
            assert_eq!(peer.expect_grpc_status(stream).await.unwrap().0, Code::Ok, "{content}");
            stream += 2;
        }
    });
}

#[test]
fn a_call_that_takes_one_message_takes_neither_two_nor_none() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, EXPAND] {
            let two = b"\0\0\0\0\0\0\0\0\0\0";
            // At once, and one after the other.
            peer.send_grpc_request(stream, path).await.unwrap();
            peer.send_data(stream, two, true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Unimplemented, "more than one request message").await;
            stream += 2;
            peer.send_grpc_request(stream, path).await.unwrap();
            peer.send_message(stream, X, false).await.unwrap();
            peer.send_message(stream, X, true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Unimplemented, "more than one request message").await;
            stream += 2;
            // None: the head ends the stream, or an empty frame, or trailers.
            peer.send_headers(stream, head_with(path, "te", Some("trailers")), true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Unimplemented, "no request message").await;
            stream += 2;
            peer.send_grpc_request(stream, path).await.unwrap();
            peer.send_data(stream, b"", true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Unimplemented, "no request message").await;
            stream += 2;
            peer.send_grpc_request(stream, path).await.unwrap();
            peer.send_headers(stream, [("trailers", "from a client")], true).await.unwrap();
            assert_fails(&mut peer, stream, Code::Unimplemented, "no request message").await;
            stream += 2;
        }
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, stream).await;
    });
}

#[test]
fn bytes_that_are_no_message_end_the_call_alone() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut stream = 1;
        for path in [UNARY, EXPAND, COLLECT, CONVERSE] {
            // A string that is not UTF-8, a length beyond the end, an endless tag, a group that never ends.
            for broken in [&b"\x0a\x02\xff\xff"[..], b"\x0a\x7f", &[0xff; 11], b"\x0b"] {
                peer.send_grpc_request(stream, path).await.unwrap();
                peer.send_message(stream, broken, true).await.unwrap();
                let (code, message) = peer.expect_grpc_status(stream).await.unwrap();
                assert_eq!(code, Code::Internal, "{path} {broken:?}: {message}");
                stream += 2;
            }
        }
        assert_calls_work(&mut peer, stream).await;
    });
}

#[test]
fn a_call_with_a_false_content_length_is_reset() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        for (stream, length) in [(1, "7"), (3, "9")] {
            peer.send_headers(stream, head_with(UNARY, "content-length", Some(length)), false).await.unwrap();
            peer.send_message(stream, X, true).await.unwrap();
            assert_eq!(peer.expect_reset(stream).await.unwrap(), ErrorCode::ProtocolError);
        }
        assert_eq!(bed.started(), 0);
        assert_calls_work(&mut peer, 5).await;
    });
}
