//! Answers that are not gRPC's, or say less than they have to.

use gannet::Code;
use gannet_testing::{ErrorCode, flag, header_block, kind};

use crate::bad_input::X;
use crate::support::ask;
use crate::{assert_failed, client};

const HEAD: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];

#[test]
fn a_status_of_http_stands_for_the_code_of_grpcs_table() {
    let table = [
        ("400", Code::Internal),
        ("401", Code::Unauthenticated),
        ("403", Code::PermissionDenied),
        ("404", Code::Unimplemented),
        ("429", Code::Unavailable),
        ("500", Code::Unknown),
        ("502", Code::Unavailable),
        ("503", Code::Unavailable),
        ("504", Code::Unavailable),
        ("301", Code::Unknown),
        ("418", Code::Unknown),
        ("431", Code::Unknown),
    ];
    client(async |bed| {
        for (status, code) in table {
            let head = [(":status", status), ("content-type", "text/html")];
            // With a page behind it, and with nothing.
            let answer = bed
                .unary(async |server, stream| {
                    server.send_headers(stream, head, false).await.unwrap();
                    server.send_data(stream, b"<html>upstream</html>", true).await.unwrap();
                })
                .await;
            assert_failed(answer, code, status);
            let answer = bed
                .unary(async |server, stream| server.send_headers(stream, head, true).await.unwrap())
                .await;
            assert_failed(answer, code, status);
        }
    });
}

#[test]
fn an_answer_of_another_content_type_is_unknown_and_the_type_named() {
    client(async |bed| {
        for content in ["text/html", "application/json", "application/grpcx"] {
            let answer = bed
                .unary(async |server, stream| {
                    server
                        .send_headers(stream, [(":status", "200"), ("content-type", content)], false)
                        .await
                        .unwrap();
                    server.send_message(stream, X, true).await.unwrap();
                })
                .await;
            assert_failed(answer, Code::Unknown, content);
        }
        let answer = bed
            .unary(async |server, stream| {
                server.send_headers(stream, [(":status", "200")], true).await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Unknown, "content-type");
    });
}

#[test]
fn an_answer_in_another_message_format_is_the_servers_fault_and_not_decoded() {
    client(async |bed| {
        for content in ["application/grpc+json", "application/grpc+protobuf"] {
            let answer = bed
                .unary(async |server, stream| {
                    server
                        .send_headers(stream, [(":status", "200"), ("content-type", content)], false)
                        .await
                        .unwrap();
                    // Which would be a message in Protobuf too.
                    server.send_message(stream, b"", false).await.unwrap();
                    server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
                })
                .await;
            assert_failed(answer, Code::Internal, content);
        }
        // A server that fails may say so in whichever way it likes.
        let answer = bed
            .unary(async |server, stream| {
                let head = [
                    (":status", "200"),
                    ("content-type", "application/grpc+json"),
                    ("grpc-status", "5"),
                    ("grpc-message", "not here"),
                ];
                server.send_headers(stream, head, true).await.unwrap();
            })
            .await;
        assert_failed(answer, Code::NotFound, "not here");
    });
}

#[test]
fn an_answer_without_trailers_is_no_success() {
    client(async |bed| {
        // END_STREAM on the message, on an empty frame behind it, and on the head.
        let answer = bed
            .unary(async |server, stream| {
                server.send_grpc_head(stream).await.unwrap();
                server.send_message(stream, X, true).await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Internal, "without trailers");
        let answer = bed
            .unary(async |server, stream| {
                server.send_grpc_head(stream).await.unwrap();
                server.send_message(stream, X, false).await.unwrap();
                server.send_data(stream, b"", true).await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Internal, "without trailers");
        let answer =
            bed.unary(async |server, stream| server.send_headers(stream, HEAD, true).await.unwrap()).await;
        assert_failed(answer, Code::Unknown, "no grpc-status");
        // Trailers, but none that say how the call ended.
        let answer = bed
            .unary(async |server, stream| {
                server.send_grpc_head(stream).await.unwrap();
                server.send_message(stream, X, false).await.unwrap();
                server.send_headers(stream, [("other", "x")], true).await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Unknown, "no grpc-status");
    });
}

#[test]
fn a_status_that_is_no_code_is_unknown_and_never_a_success() {
    client(async |bed| {
        for status in [
            "",
            "x",
            "OK",
            "99",
            "17",
            "-1",
            "4294967296",
            "4294967295",
            "16777216",
            "1.0",
            "0x0",
            "+0",
            "00",
            "0 0",
        ] {
            let answer = bed
                .unary(async |server, stream| {
                    server.send_grpc_head(stream).await.unwrap();
                    server.send_message(stream, X, false).await.unwrap();
                    server
                        .send_headers(stream, [("grpc-status", status), ("grpc-message", "m")], true)
                        .await
                        .unwrap();
                })
                .await;
            let error = answer.expect_err(status);
            assert_eq!(error.code(), Code::Unknown, "{status:?}: {error}");
        }
    });
}

#[test]
fn a_message_that_is_broken_is_shown_as_far_as_it_goes() {
    client(async |bed| {
        for (sent, shown) in [
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%41%4g", "A%4g"),
            ("%ff", "\u{fffd}"),
            ("%E2%82", "\u{fffd}"),
            ("%00", "\0"),
        ] {
            let answer = bed
                .unary(async |server, stream| {
                    let fields = [HEAD[0], HEAD[1], ("grpc-status", "5"), ("grpc-message", sent)];
                    server.send_headers(stream, fields, true).await.unwrap();
                })
                .await;
            let status = answer.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::NotFound, shown), "{sent}");
        }
        // Details that are no base64 do not hide the code.
        let answer = bed
            .unary(async |server, stream| {
                let fields = [HEAD[0], HEAD[1], ("grpc-status", "5"), ("grpc-status-details-bin", "!!")];
                server.send_headers(stream, fields, true).await.unwrap();
            })
            .await;
        let status = answer.unwrap_err();
        assert_eq!((status.code(), status.details().len()), (Code::NotFound, 0));
    });
}

#[test]
fn messages_that_are_cut_short_compressed_broken_none_or_too_many_are_the_servers_fault() {
    let table: [(&[u8], Code, &str); 6] = [
        (b"\0\0\0", Code::Internal, "in the middle of a message"),
        (b"\0\0\0\0\x03\x0a", Code::Internal, "in the middle of a message"),
        (b"\x01\0\0\0\0", Code::Internal, "compressed"),
        (b"\x02\0\0\0\0", Code::Internal, "flag"),
        // gRPC has a code of its own for a wrong number of messages.
        (b"", Code::Unimplemented, "without a reply"),
        (b"\0\0\0\0\0\0\0\0\0\0", Code::Unimplemented, "more than one reply"),
    ];
    client(async |bed| {
        for (data, code, why) in table {
            let answer = bed
                .unary(async |server, stream| {
                    server.send_grpc_head(stream).await.unwrap();
                    server.send_data(stream, data, false).await.unwrap();
                    server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
                })
                .await;
            assert_failed(answer, code, why);
        }
        let answer = bed
            .unary(async |server, stream| {
                server.send_grpc_head(stream).await.unwrap();
                server.send_message(stream, b"\x0a\x02\xff\xff", false).await.unwrap();
                server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Internal, "");
    });
}

#[test]
fn an_encoding_that_was_not_offered_is_the_servers_fault() {
    client(async |bed| {
        let answer = bed
            .unary(async |server, stream| {
                server
                    .send_headers(stream, [HEAD[0], HEAD[1], ("grpc-encoding", "gzip")], false)
                    .await
                    .unwrap();
                server.send_data(stream, b"\x01\0\0\0\x01x", false).await.unwrap();
                server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Internal, "gzip");
    });
}

#[test]
fn a_failure_behind_a_reply_is_a_failure() {
    client(async |bed| {
        let answer = bed
            .unary(async |server, stream| {
                server.send_grpc_head(stream).await.unwrap();
                server.send_message(stream, X, false).await.unwrap();
                server.send_grpc_trailers(stream, Code::Aborted, "after all").await.unwrap();
            })
            .await;
        assert_failed(answer, Code::Aborted, "after all");
    });
}

#[test]
fn what_a_server_sends_ahead_of_a_failure_is_with_the_status_of_a_call_that_has_one_reply() {
    client(async |bed| {
        for with_reply in [false, true] {
            let answer = bed
                .unary(async |server, stream| {
                    let head = [HEAD[0], HEAD[1], ("x-both", "ahead"), ("x-ahead", "1")];
                    server.send_headers(stream, head, false).await.unwrap();
                    if with_reply {
                        server.send_message(stream, X, false).await.unwrap();
                    }
                    let trailers = [("grpc-status", "10"), ("x-both", "behind"), ("x-behind", "2")];
                    server.send_headers(stream, trailers, true).await.unwrap();
                })
                .await;
            let status = answer.unwrap_err();
            assert_eq!(status.code(), Code::Aborted);
            let metadata = status.metadata();
            assert_eq!((metadata.get("x-ahead"), metadata.get("x-behind")), (Some("1"), Some("2")));
            assert_eq!(metadata.get_all("x-both").collect::<Vec<_>>(), ["ahead", "behind"]);
            assert_eq!(metadata.len(), 4, "{metadata:?}");
        }
    });
}

#[test]
fn answers_that_http_forbids_end_the_call_alone() {
    client(async |bed| {
        for fields in [
            vec![("content-type", "application/grpc")],
            vec![(":status", "20"), HEAD[1]],
            vec![(":status", "two"), HEAD[1]],
            vec![HEAD[0], HEAD[0], HEAD[1]],
            vec![HEAD[1], HEAD[0]],
            vec![HEAD[0], HEAD[1], ("Upper", "case")],
            vec![HEAD[0], HEAD[1], ("connection", "close")],
            vec![HEAD[0], HEAD[1], (":path", "/")],
            vec![(":status", "101")],
        ] {
            let mut reset = None;
            let answer = bed
                .unary(async |server, stream| {
                    server.send_headers(stream, fields.clone(), false).await.unwrap();
                    reset = Some(server.expect_reset(stream).await.unwrap());
                })
                .await;
            assert_eq!(reset, Some(ErrorCode::ProtocolError), "{fields:?}");
            assert_failed(answer, Code::Internal, "RFC 9113");
        }
        // DATA before the head.
        let answer = bed
            .unary(async |server, stream| {
                server.send_message(stream, X, false).await.unwrap();
                assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::ProtocolError);
            })
            .await;
        assert_failed(answer, Code::Internal, "before the response head");
    });
}

#[test]
fn an_informational_answer_in_front_is_passed_over() {
    client(async |bed| {
        let answer = bed
            .unary(async |server, stream| {
                for _ in 0..3 {
                    server.send_headers(stream, [(":status", "103"), ("link", "x")], false).await.unwrap();
                }
                crate::reply(server, stream).await;
            })
            .await;
        assert_eq!(answer.unwrap().text, "x");
    });
}

#[test]
fn metadata_that_is_not_valid_does_not_hide_the_reply() {
    client(async |bed| {
        let answer = bed
            .unary(async |server, stream| {
                let fields =
                    [HEAD[0], HEAD[1], ("trace-bin", "!!!"), ("grpc-unknown", "x"), ("text", "\u{fffd}")];
                server.send_headers(stream, fields, false).await.unwrap();
                server.send_message(stream, X, false).await.unwrap();
                let trailers = [("grpc-status", "0"), ("end-bin", "a"), ("date", "today")];
                server.send_headers(stream, trailers, true).await.unwrap();
            })
            .await
            .unwrap();
        assert_eq!(answer.text, "x");
        assert_eq!(answer.metadata().get_bin("trace-bin"), None);
        assert_eq!(answer.trailers().get_bin("end-bin"), None);
    });
}

#[test]
fn a_stream_gives_what_came_before_the_fault_and_then_the_fault() {
    client(async |bed| {
        for (data, code, why) in [
            (&b"\0\0\0"[..], Code::Internal, "in the middle of a message"),
            (b"\x01\0\0\0\0", Code::Internal, "compressed"),
            (b"\0\0\0\0\x04\x0a\x02\xff\xff", Code::Internal, ""),
        ] {
            let mut replies = bed.client.expand(ask("x")).open();
            let mut server = bed.server().await;
            let stream = crate::request(&mut server).await;
            server.send_grpc_head(stream).await.unwrap();
            server.send_message(stream, X, false).await.unwrap();
            server.send_data(stream, data, false).await.unwrap();
            server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().text, "x");
            let status = replies.next().await.unwrap_err();
            assert!(status.code() == code && status.message().contains(why), "{status}");
            assert_eq!(replies.next().await.unwrap(), None);
            bed.assert_connection_works(&mut server).await;
            server.shutdown().await.unwrap();
            crate::support::all_quiet().await;
        }
    });
}

#[test]
fn a_head_that_cannot_be_decoded_ends_the_connection() {
    client(async |bed| {
        let status = bed
            .unary_ending(async |server, stream| {
                let mut block = header_block(HEAD);
                block.push(0xff);
                server.send_frame(kind::HEADERS, flag::END_HEADERS, stream, block).await.unwrap();
                assert_eq!(server.expect_go_away().await.unwrap().code, ErrorCode::CompressionError);
                server.expect_closed().await.unwrap();
            })
            .await;
        assert!(
            status.message().contains("COMPRESSION_ERROR") && status.message().contains("in-memory"),
            "{status}"
        );
    });
}
