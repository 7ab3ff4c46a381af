//! Streams that the server resets, ends early, or answers in pieces.

use gannet::Code;
use gannet_testing::ErrorCode;

use crate::bad_input::X;
use crate::support::{all_quiet, ask};
use crate::{assert_failed, client, reply};

/// PROTOCOL-HTTP2.md, "Errors".
const TABLE: [(ErrorCode, Code); 14] = [
    (ErrorCode::NoError, Code::Internal),
    (ErrorCode::ProtocolError, Code::Internal),
    (ErrorCode::InternalError, Code::Internal),
    (ErrorCode::FlowControlError, Code::Internal),
    (ErrorCode::SettingsTimeout, Code::Internal),
    (ErrorCode::StreamClosed, Code::Internal),
    (ErrorCode::FrameSizeError, Code::Internal),
    (ErrorCode::RefusedStream, Code::Unavailable),
    (ErrorCode::Cancel, Code::Cancelled),
    (ErrorCode::CompressionError, Code::Internal),
    (ErrorCode::ConnectError, Code::Internal),
    (ErrorCode::EnhanceYourCalm, Code::ResourceExhausted),
    (ErrorCode::InadequateSecurity, Code::PermissionDenied),
    (ErrorCode::Unknown(0x1234), Code::Internal),
];

#[test]
fn a_reset_stands_for_the_code_of_grpcs_table_and_names_the_server() {
    client(async |bed| {
        for (error, code) in TABLE {
            // Before the head, behind it, and within a message.
            for sent in [None, Some(&b""[..]), Some(b"\0\0\0\0\x03\x0a")] {
                let answer = bed
                    .unary(async |server, stream| {
                        if let Some(data) = sent {
                            server.send_grpc_head(stream).await.unwrap();
                            server.send_data(stream, data, false).await.unwrap();
                        }
                        server.send_reset(stream, error).await.unwrap();
                    })
                    .await;
                let status = answer.unwrap_err();
                assert_eq!(status.code(), code, "{error}: {status}");
                let says = |what: &str| status.message().contains(what);
                assert!(says("in-memory") && says(&error.to_string()), "{status}");
            }
        }
    });
}

#[test]
fn a_reset_reaches_both_halves_of_a_stream() {
    client(async |bed| {
        let (mut requests, mut replies) = bed.client.converse().open();
        requests.send(ask("x")).await.unwrap();
        let mut server = bed.server().await;
        let stream = server.expect_request().await.unwrap().stream;
        server.send_grpc_head(stream).await.unwrap();
        server.send_message(stream, X, false).await.unwrap();
        server.send_reset(stream, ErrorCode::EnhanceYourCalm).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "x");
        assert_eq!(replies.next().await.unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(requests.send(ask("late")).await.unwrap_err().code(), Code::ResourceExhausted);
        bed.assert_connection_works(&mut server).await;
    });
}

#[test]
fn a_reset_behind_a_whole_answer_does_not_take_it_back() {
    client(async |bed| {
        for error in [ErrorCode::NoError, ErrorCode::Cancel, ErrorCode::InternalError] {
            let answer = bed
                .unary(async |server, stream| {
                    reply(server, stream).await;
                    server.send_reset(stream, error).await.unwrap();
                })
                .await;
            assert_eq!(answer.unwrap().text, "x");
        }
    });
}

#[test]
fn a_server_that_answers_before_the_requests_end_ends_the_call() {
    client(async |bed| {
        let (mut requests, reply_to) = bed.client.collect().open();
        requests.send(ask("x")).await.unwrap();
        let mut server = bed.server().await;
        let stream = server.expect_request().await.unwrap().stream;
        reply(&mut server, stream).await;
        server.send_reset(stream, ErrorCode::NoError).await.unwrap();
        assert_eq!(reply_to.await.unwrap().text, "x");
        all_quiet().await;
        assert!(requests.send(ask("late")).await.is_err());
        bed.assert_connection_works(&mut server).await;
    });
}

#[test]
fn frames_behind_the_end_of_an_answer_harm_no_other_call() {
    client(async |bed| {
        // The client has cancelled: what is on its way may still come.
        let call = tokio::spawn(bed.client.unary(ask("x")).into_future());
        let mut server = bed.server().await;
        let stream = crate::request(&mut server).await;
        call.abort();
        assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::Cancel);
        reply(&mut server, stream).await;
        server.send_window_update(stream, 1).await.unwrap();
        server.send_reset(stream, ErrorCode::Cancel).await.unwrap();
        bed.assert_connection_works(&mut server).await;
        // The bytes of a call that nobody wants do not use up the window of the connection.
        for _ in 0..100 {
            let call = tokio::spawn(bed.client.unary(ask("x")).into_future());
            let stream = crate::request(&mut server).await;
            call.abort();
            server.expect_reset(stream).await.unwrap();
            server.send_grpc_head(stream).await.unwrap();
            server.send_data(stream, &[0; 16 * 1024], false).await.unwrap();
            server.send_data(stream, &[0; 16 * 1024], true).await.unwrap();
        }
        bed.assert_connection_works(&mut server).await;
    });
}

#[test]
fn a_deadline_ends_a_call_whose_server_sits() {
    client(async |bed| {
        let second = std::time::Duration::from_secs(1);
        let call = tokio::spawn(bed.client.unary(ask("x")).timeout(second).into_future());
        let mut server = bed.server().await;
        let stream = crate::request(&mut server).await;
        server.send_grpc_head(stream).await.unwrap();
        server.send_data(stream, b"\0\0\0\0\x03\x0a", false).await.unwrap();
        assert_failed(call.await.unwrap(), Code::DeadlineExceeded, "deadline");
        assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::Cancel);
        bed.assert_connection_works(&mut server).await;
    });
}
