//! Budgets: what trips each one, and what heavy but honest use does not.

use super::*;
use crate::{Budget, BudgetKind, Budgets, ConnectionErrorKind};

#[track_caller]
fn tripped(script: &mut Script, kind: BudgetKind) {
    script.events();
    let error = script.error.as_ref().expect("the budget is used up");
    assert_eq!(error.kind(), ConnectionErrorKind::Budget(kind), "{error}");
    assert_eq!(error.code(), ErrorCode::EnhanceYourCalm);
    assert!(error.reason().contains(kind.name()), "{error}");
    assert_eq!(script.connection.stats().budget_trips, 1);
    let sent = script.sent();
    assert!(sent.last().unwrap().ends_with("ENHANCE_YOUR_CALM"), "{sent:?}");
}

/// Gives the same bytes so often, reading what comes back; stops at an error.
fn repeat(script: &mut Script, count: u32, bytes: impl Fn(u32) -> Vec<u8>) -> u32 {
    for round in 0..count {
        script.feed(&bytes(round));
        if script.error.is_some() {
            return round;
        }
        script.out.advance(script.out.len());
    }
    count
}

#[test]
fn rapid_reset_trips() {
    let mut server = Script::server();
    let rounds = repeat(&mut server, 20_000, |round| {
        [request(2 * round + 1, false), rst_stream(2 * round + 1, ErrorCode::Cancel)].concat()
    });
    assert_eq!(rounds, 10_000);
    tripped(&mut server, BudgetKind::Resets);
}

#[test]
fn fifty_thousand_cancels_per_second_of_a_client_that_also_works_do_not_trip() {
    let mut server = Script::server();
    let mut id = 1;
    for round in 0..300_000_u32 {
        server.feed(&request(id, true));
        if round % 6 == 0 {
            server.answer(id);
        } else {
            server.feed(&rst_stream(id, ErrorCode::Cancel));
        }
        assert!(server.error.is_none(), "after {round}: {:?}", server.error);
        server.out.advance(server.out.len());
        server.now += Duration::from_micros(20);
        id += 2;
    }
}

#[test]
fn cancels_of_answered_streams_are_free() {
    let mut server = Script::server();
    for id in (1..100_001).step_by(2) {
        server.feed(&request(id, true));
        server.send_head(id);
        server.feed(&rst_stream(id, ErrorCode::Cancel));
        server.out.advance(server.out.len());
    }
    assert!(server.error.is_none());
}

#[test]
fn a_slow_trickle_of_cancels_does_not_trip() {
    let mut server = Script::server();
    for id in (1..200_001).step_by(2) {
        server.feed(&[request(id, true), rst_stream(id, ErrorCode::Cancel)].concat());
        server.now += Duration::from_millis(2);
    }
    assert!(server.error.is_none());
}

#[test]
fn resets_that_the_peer_provokes_trip() {
    // "Made you reset": each stream is a valid request, then a frame that forces RST_STREAM.
    for provoke in [
        (|id| window_update(id, 0)) as fn(u32) -> Vec<u8>,
        |id| [window_update(id, 0x7fff_ffff), window_update(id, 0x7fff_ffff)].concat(),
        |id| data(id, b"after the end", false),
        |id| frame(kind::PRIORITY, 0, id, &[0; 4]),
        |id| headers(id, &[("x", "y")], false),
    ] {
        let mut server = Script::server();
        let rounds = repeat(&mut server, 1_000, |round| {
            let id = 2 * round + 1;
            [request(id, true), provoke(id)].concat()
        });
        assert_eq!(rounds, 200);
        tripped(&mut server, BudgetKind::ProvokedResets);
    }
}

#[test]
fn a_stream_error_now_and_then_does_not_trip() {
    let mut server = Script::server();
    let mut id = 1;
    for _ in 0..5_000 {
        for _ in 0..9 {
            server.feed(&request(id, true));
            server.answer(id);
            id += 2;
        }
        server.feed(&headers(id, &[("x", "y")], true));
        id += 2;
        server.out.advance(server.out.len());
    }
    assert!(server.error.is_none());
}

#[test]
fn streams_far_beyond_the_limit_trip() {
    let mut server = Script::server_with(Config { max_concurrent_streams: 1, ..Config::default() });
    let rounds = repeat(&mut server, 20_000, |round| request(2 * round + 1, true));
    assert_eq!(rounds, 10_001);
    tripped(&mut server, BudgetKind::RefusedStreams);
}

#[test]
fn pings_without_work_trip_and_pings_beside_data_do_not() {
    let mut server = Script::server();
    assert_eq!(repeat(&mut server, 1_000, |_| ping(*b"12345678")), 200);
    tripped(&mut server, BudgetKind::Pings);

    let mut server = Script::server();
    server.feed(&request(1, false));
    let rounds = repeat(&mut server, 100_000, |_| [data(1, b"x", false), ping(*b"12345678")].concat());
    assert_eq!(rounds, 100_000);

    let mut server = Script::server();
    for _ in 0..10_000 {
        server.feed(&ping(*b"12345678"));
        server.out.advance(server.out.len());
        server.now += Duration::from_millis(100);
    }
    assert!(server.error.is_none());
}

#[test]
fn settings_without_work_trip_and_growing_windows_do_not() {
    let mut server = Script::server();
    assert_eq!(repeat(&mut server, 1_000, |_| settings(&[])), 49);
    tripped(&mut server, BudgetKind::Settings);

    let mut server = Script::server();
    server.feed(&request(1, false));
    let rounds = repeat(&mut server, 2_000, |round| {
        let change = if round % 5 == 0 { settings(&[(4, 100_000 + round)]) } else { Vec::new() };
        [data(1, &[0; 16_384], false), change].concat()
    });
    assert_eq!(rounds, 2_000);
}

#[test]
fn empty_data_trips_and_small_data_does_not() {
    for empty in [data(1, b"", false), frame(kind::DATA, flag::PADDED, 1, &[3, 0, 0, 0])] {
        let mut server = Script::server();
        server.feed(&request(1, false));
        assert_eq!(repeat(&mut server, 2_000, |_| empty.clone()), 1_000);
        tripped(&mut server, BudgetKind::EmptyFrames);
    }
    let mut server = Script::server();
    server.feed(&request(1, false));
    assert_eq!(repeat(&mut server, 200_000, |_| data(1, b"x", false)), 200_000);
    // One empty frame per message, as some senders do.
    assert_eq!(repeat(&mut server, 50_000, |_| [data(1, b"x", false), data(1, b"", false)].concat()), 50_000);
}

#[test]
fn empty_data_on_a_stream_reset_here_trips_too() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    let key = server.key(1);
    server.connection.reset(key, ErrorCode::Cancel, &mut server.out);
    assert_eq!(repeat(&mut server, 2_000, |_| data(1, b"", false)), 1_000);
    tripped(&mut server, BudgetKind::EmptyFrames);
}

#[test]
fn window_updates_without_data_trip_and_those_for_data_do_not() {
    for id in [0, 1] {
        let mut server = Script::server();
        server.feed(&request(1, true));
        assert_eq!(repeat(&mut server, 20_000, |_| window_update(id, 1)), 10_000);
        tripped(&mut server, BudgetKind::WindowUpdates);
    }
    // One for each 64 bytes, on both levels, while a long answer streams.
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.send_head(1);
    for _ in 0..200_000 {
        server.send_data(1, vec![0; 128], false);
        server.feed(
            &[window_update(1, 64), window_update(1, 64), window_update(0, 64), window_update(0, 64)]
                .concat(),
        );
        assert!(server.error.is_none());
        server.out.advance(server.out.len());
    }
}

#[test]
fn frames_without_effect_trip_and_a_few_do_not() {
    for useless in [
        frame(0x16, 0, 0, b"unknown"),
        frame(kind::PRIORITY, 0, 1, &[0; 5]),
        rst_stream(1, ErrorCode::Cancel),
        go_away(0, ErrorCode::NoError, b""),
        settings_ack(),
    ] {
        let mut server = Script::server();
        server.feed(&request(1, true));
        server.answer(1);
        let rounds = repeat(&mut server, 20_000, |_| useless.clone());
        assert!((9_000..=10_005).contains(&rounds), "{rounds}");
        tripped(&mut server, BudgetKind::IgnoredFrames);
    }
    let mut server = Script::server();
    for id in (1..100_001).step_by(2) {
        server.feed(&[frame(kind::PRIORITY, 0, id, &[0; 5]), request(id, true)].concat());
        server.answer(id);
        server.feed(&rst_stream(id, ErrorCode::NoError));
        server.out.advance(server.out.len());
    }
    assert!(server.error.is_none());
}

#[test]
fn endless_continuations_trip() {
    let mut server = Script::server();
    server.feed(&frame(kind::HEADERS, 0, 1, &block(&REQUEST)));
    assert_eq!(repeat(&mut server, 1_000, |_| frame(kind::CONTINUATION, 0, 1, b"")), 64);
    tripped(&mut server, BudgetKind::HeaderBlock);

    let mut server = Script::server();
    server.feed(&frame(kind::HEADERS, 0, 1, &block(&REQUEST)));
    assert_eq!(repeat(&mut server, 1_000, |_| frame(kind::CONTINUATION, 0, 1, &[0; 16_384])), 15);
    tripped(&mut server, BudgetKind::HeaderBlock);
}

#[test]
fn answers_that_the_peer_does_not_read_trip_while_streams_that_it_does_read_do_not() {
    let budgets = Budgets { pings: Budget::UNLIMITED, ..Budgets::default() };
    let mut server = Script::server_with(Config { budgets: budgets.clone(), ..Config::default() });
    let count = (0..10_000)
        .take_while(|_| {
            server.feed(&ping(*b"12345678"));
            server.error.is_none()
        })
        .count();
    assert_eq!(count, (64 << 10) / 17);
    tripped(&mut server, BudgetKind::ControlBytes);

    // A buffer that is never empty, but moves.
    let mut server = Script::server_with(Config { budgets, ..Config::default() });
    server.out.put_slice(&vec![0; 50_000]);
    for _ in 0..100_000 {
        server.feed(&ping(*b"12345678"));
        server.out.advance(17);
    }
    assert!(server.error.is_none());
}

#[test]
fn data_that_nobody_reads_trips_and_data_read_slowly_does_not() {
    let budgets = Budgets { max_buffered_bytes: 100_000, ..Budgets::default() };
    let stuck = || {
        let mut server = Script::server_with(Config { budgets: budgets.clone(), ..Config::default() });
        server.feed(&settings(&[(4, 10)]));
        server.feed(&request(1, true));
        server.send_head(1);
        server.send_data(1, vec![0; 100_000], false);
        assert_eq!(server.connection.next_timeout(), None);
        server.send_data(1, vec![0; 100_000], false);
        server.sent();
        server
    };
    let mut server = stuck();
    let deadline = server.connection.next_timeout().unwrap();
    assert_eq!(deadline, server.now + Duration::from_secs(20));
    let early = server.now + Duration::from_millis(19_999);
    assert!(server.connection.handle_timeout(early, &mut server.out).is_ok());
    let error = server.connection.handle_timeout(deadline, &mut server.out).unwrap_err();
    assert_eq!(error.kind(), ConnectionErrorKind::Budget(BudgetKind::BufferedBytes));
    server.error = Some(error);
    tripped(&mut server, BudgetKind::BufferedBytes);

    let mut server = stuck();
    for _ in 0..100 {
        server.now += Duration::from_secs(19);
        server.connection.handle_timeout(server.now, &mut server.out).unwrap();
        server.feed(&window_update(1, 1));
    }
}
