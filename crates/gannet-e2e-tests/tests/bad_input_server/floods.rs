//! Floods: of header fields, of control frames, of data beyond the windows, of streams opened and reset.
//!
//! The clock is paused, so that no budget comes back with time: what is counted here is what it takes at once.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gannet::Code;
use gannet_testing::{ErrorCode, Frame, RawFrame, ScriptErrorKind, flag, header_block, kind, setting};

use crate::bad_input::{COLLECT, CONVERSE, Peer, UNARY, X, head_with};
use crate::support::{all_quiet, ask, tasks_are};
use crate::{Bed, assert_calls_work, assert_ended, server, server_with};

/// Sends `bytes` again and again, up to `most` times, while the server takes them; then it has to end the connection with
/// ENHANCE_YOUR_CALM and a reason that names `budget`.
async fn flood(
    bed: &Bed,
    peer: &mut Peer,
    most: usize,
    budget: &str,
    mut bytes: impl FnMut(usize) -> Vec<u8>,
) {
    let mut sent = 0;
    while sent < most {
        match peer.send_raw(&bytes(sent)).await {
            Ok(()) => sent += 1,
            // The server has closed, or takes no more.
            Err(error) => {
                assert!(matches!(error.kind(), ScriptErrorKind::Io(_)), "{error}");
                break;
            }
        }
        if sent % 100 == 0 {
            // Answers are read, so that this is not about a peer that does not read.
            while let Some(Ok(frame)) = now_or_never(peer.expect_frame()) {
                if let Frame::GoAway { code, debug_data, .. } = frame {
                    let reason = String::from_utf8_lossy(&debug_data);
                    assert_eq!(code, ErrorCode::EnhanceYourCalm, "{reason}");
                    assert!(reason.contains(budget), "{reason}");
                    return;
                }
            }
            // Not by way of the clock, which would bring budgets back.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        }
    }
    let last = peer.expect_go_away().await.unwrap_or_else(|error| panic!("{budget}, {sent} times: {error}"));
    let reason = String::from_utf8_lossy(&last.debug_data);
    assert!(last.code == ErrorCode::EnhanceYourCalm && reason.contains(budget), "{}: {reason}", last.code);
    all_quiet().await;
    assert_eq!(bed.running(), 0);
}

/// What a future has at once.
fn now_or_never<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[test]
fn a_flood_of_control_frames_ends_the_connection() {
    let settings = RawFrame::new(kind::SETTINGS, 0, 0, &b""[..]);
    let window_update = RawFrame::new(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1][..]);
    let table = [
        (settings, 51, "`settings`"),
        (RawFrame::new(kind::PING, 0, 0, &[7; 8][..]), 201, "`pings`"),
        (window_update, 10_001, "`window_updates`"),
        (RawFrame::new(kind::PRIORITY, 0, 1, &[0, 0, 0, 0, 9][..]), 10_001, "`ignored_frames`"),
        (RawFrame::new(0x77, 0, 0, &b"x"[..]), 10_001, "`ignored_frames`"),
        (RawFrame::new(kind::SETTINGS, flag::ACK, 0, &b""[..]), 10_001, "`ignored_frames`"),
    ];
    server(async |bed| {
        for (frame, most, budget) in table {
            let mut peer = bed.peer().await;
            flood(bed, &mut peer, most, budget, |_| frame.to_bytes()).await;
            bed.neighbour_is_served().await;
        }
        let mut peer = bed.peer().await;
        peer.send_grpc_request(1, COLLECT).await.unwrap();
        let empty = RawFrame::new(kind::DATA, 0, 1, &b""[..]).to_bytes();
        flood(bed, &mut peer, 1_001, "`empty_frames`", |_| empty.clone()).await;
    });
}

#[test]
fn an_endless_header_block_ends_the_connection() {
    server(async |bed| {
        // Empty pieces, full pieces, and full pieces that are nothing but one long value.
        for piece in [&b""[..], &[0x82; 16_384], &[b'x'; 16_384]] {
            let mut peer = bed.peer().await;
            peer.send_frame(kind::HEADERS, 0, 1, &b"\x82"[..]).await.unwrap();
            let piece = RawFrame::new(kind::CONTINUATION, 0, 1, piece.to_vec()).to_bytes();
            flood(bed, &mut peer, 65, "header block", |_| piece.clone()).await;
            bed.neighbour_is_served().await;
        }
        assert_eq!(bed.started(), 0);
    });
}

#[test]
fn a_header_list_over_the_limit_resets_its_stream_alone() {
    server(async |bed| {
        let mut peer = bed.connect();
        let theirs = peer.handshake_with(&[]).await.unwrap();
        let limit = theirs.iter().find(|(name, _)| *name == setting::MAX_HEADER_LIST_SIZE).unwrap().1;
        assert_eq!(limit, 16 * 1024);
        // One long value; many short ones; in one frame and in several.
        let long = head_with(UNARY, "long", Some(&"x".repeat(limit as usize)));
        let mut many = head_with(UNARY, "te", Some("trailers"));
        many.extend((0..400).map(|index| (format!("many-{index}"), "x".to_owned())));
        let huge = head_with(UNARY, "huge", Some(&"x".repeat(200 * 1024)));
        for (stream, head) in [(1, long), (3, many), (5, huge)] {
            peer.send_headers(stream, head, false).await.unwrap();
            assert_eq!(peer.expect_reset(stream).await.unwrap(), ErrorCode::EnhanceYourCalm);
        }
        assert_eq!(bed.started(), 0);
        // What comes close is taken.
        let head = head_with(UNARY, "long", Some(&"x".repeat(15 * 1024)));
        peer.send_headers(7, head, false).await.unwrap();
        peer.send_message(7, X, true).await.unwrap();
        assert_eq!(peer.expect_grpc_status(7).await.unwrap().0, Code::Ok);
        assert_calls_work(&mut peer, 9).await;
    });
}

/// A block that puts a field of 4000 bytes into the table.
fn fills_the_table() -> Vec<u8> {
    let mut block = header_block(head_with(CONVERSE, "te", Some("trailers")));
    block.extend(header_block([("bomb", "x".repeat(4_000))]));
    let literal = block.len() - header_block([("bomb", "x".repeat(4_000))]).len();
    block[literal] = 0x40;
    block
}

#[test]
fn thousands_of_references_to_a_large_field_reset_the_stream_and_then_end_the_connection() {
    server(async |bed| {
        let mut peer = bed.peer().await;
        let flags = flag::END_HEADERS;
        peer.send_frame(kind::HEADERS, flags, 1, fills_the_table()).await.unwrap();
        peer.expect_alive().await.unwrap();
        // Each byte stands for 4 000: 64 MiB in one frame.
        let bomb = vec![0xbe; 16_000];
        peer.send_frame(kind::HEADERS, flags, 3, bomb.clone()).await.unwrap();
        assert_eq!(peer.expect_reset(3).await.unwrap(), ErrorCode::EnhanceYourCalm);
        assert_calls_work(&mut peer, 5).await;
        // Once is a mistake. Time and again it is an attack.
        flood(bed, &mut peer, 300, "`provoked_resets`", |index| {
            RawFrame::new(kind::HEADERS, flags, 7 + 2 * index as u32, bomb.clone()).to_bytes()
        })
        .await;
    });
}

#[test]
fn data_beyond_the_window_of_a_stream_resets_it() {
    // A window that stays as it is.
    let mut config = gannet::http2::Config::default();
    config.adaptive_window = false;
    server_with(
        |server| server.http2(config),
        async |bed| {
            let mut peer = bed.peer().await;
            peer.send_headers(1, head_with(COLLECT, "sits", Some("1")), false).await.unwrap();
            let frame = [0; 16 * 1024];
            for _ in 0..3 {
                peer.send_data(1, &frame, false).await.unwrap();
            }
            peer.send_data(1, &frame[1..], false).await.unwrap();
            // 65 535 bytes, to the last: as much as the window has.
            peer.expect_alive().await.unwrap();
            assert_eq!(bed.running(), 1);
            peer.send_data(1, b"x", false).await.unwrap();
            assert_eq!(peer.expect_reset(1).await.unwrap(), ErrorCode::FlowControlError);
            all_quiet().await;
            assert_eq!(bed.running(), 0);
            assert_calls_work(&mut peer, 3).await;
        },
    );
}

#[test]
fn data_beyond_the_window_of_the_connection_ends_it() {
    const WINDOW: usize = 1 << 20;
    server(async |bed| {
        let mut peer = bed.peer().await;
        let mut sent = 0;
        let mut stream = 1;
        // Handlers that take nothing; the window of each stream is kept.
        let ended = loop {
            peer.send_headers(stream, head_with(COLLECT, "sits", Some("1")), false).await.unwrap();
            for _ in 0..3 {
                peer.send_data(stream, &[0; 16 * 1024], false).await.unwrap();
                sent += 16 * 1024;
            }
            if sent > WINDOW {
                break peer.expect_go_away().await.unwrap();
            }
            peer.expect_alive().await.unwrap();
            stream += 2;
        };
        assert_eq!(ended.code, ErrorCode::FlowControlError);
        assert!(sent < WINDOW + 64 * 1024, "{sent}");
        peer.expect_closed().await.unwrap();
        all_quiet().await;
        assert_eq!(bed.running(), 0);
    });
}

#[test]
fn a_window_opened_too_far_resets_the_stream_or_ends_the_connection() {
    const MOST: u32 = (1 << 31) - 1;
    server(async |bed| {
        let mut peer = bed.peer().await;
        peer.send_grpc_request(1, CONVERSE).await.unwrap();
        peer.send_window_update(1, MOST - 65_535).await.unwrap();
        peer.expect_alive().await.unwrap();
        peer.send_window_update(1, 1).await.unwrap();
        assert_eq!(peer.expect_reset(1).await.unwrap(), ErrorCode::FlowControlError);
        // An increment of nothing.
        peer.send_grpc_request(3, CONVERSE).await.unwrap();
        peer.send_window_update(3, 0).await.unwrap();
        assert_eq!(peer.expect_reset(3).await.unwrap(), ErrorCode::ProtocolError);
        assert_calls_work(&mut peer, 5).await;
        peer.send_window_update(0, MOST).await.unwrap();
        assert_ended(&mut peer, ErrorCode::FlowControlError, "window").await;

        // By the setting that moves the windows of all streams.
        let mut peer = bed.peer().await;
        peer.send_grpc_request(1, CONVERSE).await.unwrap();
        peer.send_window_update(1, MOST - 65_535).await.unwrap();
        peer.send_settings(&[(setting::INITIAL_WINDOW_SIZE, 65_536)]).await.unwrap();
        assert_ended(&mut peer, ErrorCode::FlowControlError, "window").await;
    });
}

#[test]
fn streams_opened_and_reset_at_once_end_the_connection() {
    let open = |path, stream| {
        let block = header_block(head_with(path, "te", Some("trailers")));
        let mut bytes = RawFrame::new(kind::HEADERS, flag::END_HEADERS, stream, block).to_bytes();
        bytes.extend(RawFrame::new(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8][..]).to_bytes());
        bytes
    };
    server(async |bed| {
        for path in [UNARY, CONVERSE] {
            let mut peer = bed.peer().await;
            flood(bed, &mut peer, 10_001, "`resets`", |index| open(path, 1 + 2 * index as u32)).await;
            drop(peer);
            bed.neighbour_is_served().await;
        }
    });
}

#[test]
fn streams_that_the_server_is_made_to_reset_end_the_connection() {
    server(async |bed| {
        // Each stream gets a WINDOW_UPDATE of nothing, for which the server has to reset it.
        let mut peer = bed.peer().await;
        flood(bed, &mut peer, 300, "`provoked_resets`", |index| {
            let stream = 1 + 2 * index as u32;
            let block = header_block(head_with(CONVERSE, "te", Some("trailers")));
            let mut bytes = RawFrame::new(kind::HEADERS, flag::END_HEADERS, stream, block).to_bytes();
            bytes.extend(RawFrame::new(kind::WINDOW_UPDATE, 0, stream, &[0; 4][..]).to_bytes());
            bytes
        })
        .await;
    });
}

#[test]
fn a_client_that_cancels_every_other_of_many_calls_is_never_ended() {
    server(async |bed| {
        // By hand, each cancelled call before its answer, on a clock that does not move.
        let mut peer = bed.peer().await;
        for index in 0..10_000 {
            let stream = 1 + 4 * index;
            peer.send_grpc_request(stream, UNARY).await.unwrap();
            peer.send_reset(stream, ErrorCode::Cancel).await.unwrap();
            peer.send_grpc_request(stream + 2, UNARY).await.unwrap();
            peer.send_message(stream + 2, X, true).await.unwrap();
            assert_eq!(peer.expect_grpc_status(stream + 2).await.unwrap().0, Code::Ok);
        }
        peer.expect_alive().await.unwrap();
        assert!(!peer.unclaimed().any(|frame| matches!(frame, Frame::GoAway { .. })));
    });
}

#[test]
fn a_real_client_that_cancels_half_of_many_calls_is_never_ended() {
    server(async |bed| {
        let client = bed.running.client();
        client.unary(ask("first")).await.unwrap();
        for _ in 0..100 {
            let mut kept = Vec::new();
            for index in 0..200 {
                if index % 2 == 0 {
                    kept.push(tokio::spawn(client.unary(ask("kept")).into_future()));
                } else {
                    // Sent, and dropped before there can be an answer.
                    let call = tokio::spawn(client.unary(ask("wait")).into_future());
                    tokio::task::yield_now().await;
                    call.abort();
                }
            }
            for call in kept {
                assert_eq!(call.await.unwrap().unwrap().text, "kept");
            }
            bed.neighbour_is_served().await;
        }
        all_quiet().await;
        assert_eq!(bed.running(), 0);
        drop(client);
        tasks_are(crate::TASKS).await;
    });
}
