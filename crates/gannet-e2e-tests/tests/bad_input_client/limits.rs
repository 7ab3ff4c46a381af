//! Windows, limits and floods of a server.

use std::future::IntoFuture as _;

use gannet::Code;
use gannet_testing::{ErrorCode, RawFrame, ScriptErrorKind, flag, kind, setting};

use crate::bad_input::X;
use crate::support::{all_quiet, ask};
use crate::{assert_failed, client, client_with, reply, request};

#[test]
fn a_reply_over_the_limit_ends_its_call_and_names_the_setting() {
    client_with(
        |channel| channel.max_receive_message_size(1000),
        async |bed| {
            // One that is there, and one that is only announced.
            for data in [&[&[0, 0, 0, 3, 0xe9][..], &[0; 1001]].concat()[..], &[0, 0xff, 0xff, 0xff, 0xff]] {
                let answer = bed
                    .unary(async |server, stream| {
                        server.send_grpc_head(stream).await.unwrap();
                        server.send_data(stream, data, false).await.unwrap();
                        server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
                    })
                    .await;
                assert_failed(answer, Code::ResourceExhausted, "max_receive_message_size");
            }
            let mut replies = bed.client.expand(ask("x")).open();
            let mut server = bed.server().await;
            let stream = request(&mut server).await;
            server.send_grpc_head(stream).await.unwrap();
            server.send_message(stream, X, false).await.unwrap();
            server.send_data(stream, &[0, 0xff, 0xff, 0xff, 0xff], false).await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().text, "x");
            let status = replies.next().await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert!(status.message().contains("max_receive_message_size"), "{status}");
            drop(replies);
            assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::Cancel);
            bed.assert_connection_works(&mut server).await;
        },
    );
}

#[test]
fn an_endless_reply_to_a_unary_call_is_cut_off_at_the_limit() {
    client_with(
        |channel| channel.max_receive_message_size(100_000),
        async |bed| {
            let answer = bed
                .unary(async |server, stream| {
                    server.send_grpc_head(stream).await.unwrap();
                    server.send_data(stream, &[0, 0, 1, 0x86, 0xa0], false).await.unwrap();
                    // As much as the limit, and then messages of nothing: more than one reply could ever need.
                    for _ in 0..7 {
                        server.send_data(stream, &[0; 16 * 1024], false).await.unwrap();
                    }
                    assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::Cancel);
                })
                .await;
            assert_failed(answer, Code::ResourceExhausted, "max_receive_message_size");
        },
    );
}

#[test]
fn calls_wait_while_the_server_allows_no_streams() {
    client(async |bed| {
        // With a connection there, calls are sent in the order in which they are made.
        let first = tokio::spawn(bed.client.unary(ask("x")).into_future());
        let mut server = bed.server().await;
        let stream = request(&mut server).await;
        server.send_settings(&[(setting::MAX_CONCURRENT_STREAMS, 0)]).await.unwrap();
        reply(&mut server, stream).await;
        assert_eq!(first.await.unwrap().unwrap().text, "x");
        let calls: Vec<_> = (0..3).map(|_| tokio::spawn(bed.client.unary(ask("x")).into_future())).collect();
        let soon = std::time::Duration::from_secs(1);
        let timed_out = bed.client.unary(ask("x")).timeout(soon).await;
        assert_failed(timed_out, Code::DeadlineExceeded, "deadline");
        server.expect_alive().await.unwrap();
        assert_eq!(server.unclaimed().filter(|frame| frame.stream() > stream).count(), 0);
        server.send_settings(&[(setting::MAX_CONCURRENT_STREAMS, 1)]).await.unwrap();
        for call in calls {
            let stream = request(&mut server).await;
            server.expect_alive().await.unwrap();
            assert_eq!(
                server.unclaimed().filter(|frame| frame.stream() > stream).count(),
                0,
                "one at a time"
            );
            reply(&mut server, stream).await;
            assert_eq!(call.await.unwrap().unwrap().text, "x");
        }
    });
}

#[test]
fn requests_wait_while_the_windows_are_closed() {
    client(async |bed| {
        let call = tokio::spawn(bed.client.unary(ask("x")).into_future());
        let mut server = bed.accept().await;
        server.expect_preface().await.unwrap();
        server.send_settings(&[(setting::INITIAL_WINDOW_SIZE, 0)]).await.unwrap();
        let stream = server.expect_request().await.unwrap().stream;
        server.expect_alive().await.unwrap();
        assert!(!server.unclaimed().any(gannet_testing::Frame::is_data));
        // One byte, and then as many as it likes, by the setting.
        server.send_window_update(stream, 1).await.unwrap();
        assert_eq!(server.expect_data(stream).await.unwrap().0, "\0");
        server.send_settings(&[(setting::INITIAL_WINDOW_SIZE, 65_535)]).await.unwrap();
        let (rest, _) = server.expect_rest(stream).await.unwrap();
        assert_eq!(&rest[4..], X);
        reply(&mut server, stream).await;
        assert_eq!(call.await.unwrap().unwrap().text, "x");
    });
}

#[test]
fn a_header_list_over_the_limit_ends_its_call_alone() {
    client(async |bed| {
        for trailers in [false, true] {
            let answer = bed
                .unary(async |server, stream| {
                    let huge = "x".repeat(64 * 1024);
                    if trailers {
                        server.send_grpc_head(stream).await.unwrap();
                        server.send_message(stream, X, false).await.unwrap();
                        server
                            .send_headers(stream, [("grpc-status", "0"), ("huge", &huge)], true)
                            .await
                            .unwrap();
                    } else {
                        server
                            .send_headers(stream, [(":status", "200"), ("huge", &huge)], false)
                            .await
                            .unwrap();
                    }
                })
                .await;
            let status = answer.unwrap_err();
            // The limit is the client's own; what is over it is a resource that is exhausted.
            assert!(status.message().contains("max_header_list_size"), "{status}");
            assert!(matches!(status.code(), Code::ResourceExhausted | Code::Internal), "{status}");
        }
    });
}

#[test]
fn windows_that_are_overrun_or_opened_too_far_are_the_servers_fault() {
    const MOST: u32 = (1 << 31) - 1;
    client(async |bed| {
        // The stream's: nobody takes the replies.
        let mut replies = bed.client.expand(ask("x")).open();
        let mut server = bed.server().await;
        let stream = request(&mut server).await;
        server.send_grpc_head(stream).await.unwrap();
        for _ in 0..4 {
            server.send_data(stream, &[0; 16 * 1024], false).await.unwrap();
        }
        assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::FlowControlError);
        let status = loop {
            match replies.next().await {
                Ok(reply) => assert!(reply.is_some()),
                Err(status) => break status,
            }
        };
        assert!(
            status.code() == Code::Internal && status.message().contains("flow-control window"),
            "{status}"
        );
        bed.assert_connection_works(&mut server).await;
        server.shutdown().await.unwrap();
        all_quiet().await;

        let answer = bed
            .unary(async |server, stream| {
                server.send_window_update(stream, MOST).await.unwrap();
                assert_eq!(server.expect_reset(stream).await.unwrap(), ErrorCode::FlowControlError);
            })
            .await;
        assert_failed(answer, Code::Internal, "FLOW_CONTROL_ERROR");
        let status = bed
            .unary_ending(async |server, _| {
                server.send_window_update(0, MOST).await.unwrap();
                assert_eq!(server.expect_go_away().await.unwrap().code, ErrorCode::FlowControlError);
                server.expect_closed().await.unwrap();
            })
            .await;
        assert!(status.message().contains("FLOW_CONTROL_ERROR"), "{status}");
    });
}

#[test]
fn floods_end_the_connection() {
    let table = [
        (RawFrame::new(kind::SETTINGS, 0, 0, &b""[..]), 100, "`settings`"),
        (RawFrame::new(kind::PING, 0, 0, &[7; 8][..]), 300, "`pings`"),
        (RawFrame::new(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1][..]), 10_100, "`window_updates`"),
        (RawFrame::new(0x77, 0, 0, &b""[..]), 10_100, "`ignored_frames`"),
    ];
    client(async |bed| {
        for (frame, most, budget) in table {
            let status = bed
                .unary_ending(async |server, _| {
                    for _ in 0..most {
                        match server.send_raw(&frame.to_bytes()).await {
                            // Not by way of the clock, which would bring budgets back.
                            Ok(()) => tokio::task::yield_now().await,
                            Err(error) => {
                                assert!(matches!(error.kind(), ScriptErrorKind::Io(_)), "{error}");
                                break;
                            }
                        }
                    }
                    assert_eq!(server.expect_go_away().await.unwrap().code, ErrorCode::EnhanceYourCalm);
                })
                .await;
            assert_eq!(status.code(), Code::Unavailable);
            assert!(status.message().contains(budget), "{status}");
        }
        let status = bed
            .unary_ending(async |server, stream| {
                server.send_frame(kind::HEADERS, 0, stream, &b"\x88"[..]).await.unwrap();
                let piece = RawFrame::new(kind::CONTINUATION, 0, stream, &b""[..]).to_bytes();
                server.send_raw(&piece.repeat(65)).await.unwrap();
                assert_eq!(server.expect_go_away().await.unwrap().code, ErrorCode::EnhanceYourCalm);
            })
            .await;
        assert!(status.message().contains("header block"), "{status}");
        // The same block to its end, with one frame less, is taken.
        let answer = bed
            .unary(async |server, stream| {
                let block =
                    gannet_testing::header_block([(":status", "200"), ("content-type", "application/grpc")]);
                server.send_frame(kind::HEADERS, 0, stream, block).await.unwrap();
                let piece = RawFrame::new(kind::CONTINUATION, 0, stream, &b""[..]).to_bytes();
                server.send_raw(&piece.repeat(63)).await.unwrap();
                server.send_frame(kind::CONTINUATION, flag::END_HEADERS, stream, &b""[..]).await.unwrap();
                server.send_message(stream, X, false).await.unwrap();
                server.send_grpc_trailers(stream, Code::Ok, "").await.unwrap();
            })
            .await;
        assert_eq!(answer.unwrap().text, "x");
    });
}

#[test]
fn a_server_that_never_reads_holds_senders_up() {
    client(async |bed| {
        let (mut requests, replies) = bed.client.converse().open();
        let mut server = bed.server().await;
        server.send_settings(&[(setting::INITIAL_WINDOW_SIZE, (1 << 31) - 1)]).await.unwrap();
        server.send_window_update(0, (1 << 31) - 1 - 65_535).await.unwrap();
        server.expect_alive().await.unwrap();
        let mut sent = 0;
        let large = gannet_e2e_tests::probe::Ask { payload: vec![7; 16 * 1024].into(), ..ask("") };
        let quiet = std::time::Duration::from_secs(60);
        // On a paused clock this passes as soon as nothing moves.
        while let Ok(taken) = tokio::time::timeout(quiet, requests.send(large.clone())).await {
            taken.unwrap();
            sent += 16 * 1024;
            assert!(sent < 1 << 20, "a client that takes whatever it is given");
        }
        assert!(sent > 0);
        drop((requests, replies));
    });
}
