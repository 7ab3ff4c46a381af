//! Flow control (RFC 9113 §5.2, §6.9) in both directions, and windows that grow.

use super::*;

/// A server with one open stream whose data is not released by itself.
fn receiver(stream_window: u32, connection_window: u32) -> Script {
    let mut server = Script::server_with(Config {
        initial_stream_window: stream_window,
        initial_connection_window: connection_window,
        adaptive_window: false,
        ..Config::default()
    });
    server.release = false;
    server.feed(&request(1, false));
    server
}

/// A server with a response head sent on stream 1 and these windows of the peer.
fn sender(stream_window: u32) -> Script {
    let mut server = Script::server();
    server.feed(&settings(&[(4, stream_window)]));
    server.feed(&request(1, true));
    server.send_head(1);
    server.sent();
    server
}

#[test]
fn windows_reopen_when_half_is_consumed() {
    let mut server = receiver(65_535, 131_072);
    let key = server.key(1);
    for _ in 0..3 {
        server.feed(&data(1, &[0; 16_384], false));
    }
    server.connection.release(key, 32_767, &mut server.out);
    assert!(server.sent().is_empty());
    server.connection.release(key, 1, &mut server.out);
    assert_eq!(server.sent(), ["WINDOW_UPDATE 1 32768"]);
    server.connection.release(key, 16_384, &mut server.out);
    assert!(server.sent().is_empty());
    server.feed(&data(1, &[0; 16_384], false));
    server.connection.release(key, 16_384, &mut server.out);
    assert_eq!(server.sent(), ["WINDOW_UPDATE 0 65536", "WINDOW_UPDATE 1 32768"]);
}

#[test]
fn more_than_was_received_cannot_be_released() {
    let mut server = receiver(65_535, 65_535);
    let key = server.key(1);
    server.feed(&data(1, &[0; 100], false));
    server.connection.release(key, 1_000_000, &mut server.out);
    assert!(server.sent().is_empty());
    server.connection.release(key, usize::MAX, &mut server.out);
    assert!(server.sent().is_empty());
}

#[test]
fn data_beyond_the_streams_window_resets_the_stream() {
    let mut server = receiver(65_535, 1 << 20);
    for _ in 0..3 {
        server.feed(&data(1, &[0; 16_384], false));
    }
    server.expect(&data(1, &[0; 16_383], false), &["Data 1 16383 bytes"], &[]);
    server.expect(&data(1, b"", true), &["Data 1  end"], &[]);

    let mut server = receiver(65_535, 1 << 20);
    for _ in 0..3 {
        server.feed(&data(1, &[0; 16_384], false));
    }
    server.expect(
        &data(1, &[0; 16_384], false),
        &["Reset 1 FLOW_CONTROL_ERROR Local"],
        &["RST_STREAM 1 FLOW_CONTROL_ERROR"],
    );
}

#[test]
fn data_beyond_the_connections_window_ends_the_connection() {
    let mut server = receiver(1 << 20, 65_535);
    server.feed(&settings_ack());
    for _ in 0..3 {
        server.feed(&data(1, &[0; 16_384], false));
    }
    server.fails(&data(1, &[0; 16_384], false), "FLOW_CONTROL_ERROR");
}

#[test]
fn a_smaller_window_counts_from_its_acknowledgement_on() {
    let mut server =
        Script::new(false, Config { initial_stream_window: 10, adaptive_window: false, ..Config::default() });
    server.release = false;
    server.feed(&[PREFACE, &settings(&[])[..], &request(1, false), &data(1, &[0; 100], false)].concat());
    server.sent();
    // 100 of 65 535 are used up; with the acknowledgement the window is 10 - 100.
    server.feed(&settings_ack());
    let key = server.key(1);
    server.connection.release(key, 89, &mut server.out);
    server.connection.release(key, 11, &mut server.out);
    let sent = server.sent();
    let granted: u32 =
        sent.iter().map(|frame| frame.rsplit(' ').next().unwrap().parse::<u32>().unwrap()).sum();
    assert_eq!(granted, 100, "{sent:?}");
    server.expect(
        &data(1, &[0; 10], false),
        &["Data 1 \\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"],
        &[],
    );
    server.expect(
        &data(1, &[0; 1], false),
        &["Reset 1 FLOW_CONTROL_ERROR Local"],
        &["RST_STREAM 1 FLOW_CONTROL_ERROR"],
    );
}

#[test]
fn what_was_consumed_before_a_smaller_window_counts_is_told_when_it_does() {
    let config = Config { initial_stream_window: 10, adaptive_window: false, ..Config::default() };
    let mut server = Script::new(false, config);
    server.feed(&[PREFACE, &settings(&[])[..], &request(1, false), &data(1, &[0; 100], false)].concat());
    server.sent();
    // The peer's window is 10 - 100 now; without a word from here it would wait for ever.
    server.expect(&settings_ack(), &[], &["WINDOW_UPDATE 1 100"]);
}

#[test]
fn bytes_of_gone_streams_reopen_the_connections_window() {
    let mut server = receiver(65_535, 65_535);
    let key = server.key(1);
    server.feed(&data(1, &[0; 16_000], false));
    server.feed(&rst_stream(1, ErrorCode::Cancel));
    // What was delivered is the caller's to release; what comes late is released here.
    server.expect(&data(1, &[0; 16_000], false), &[], &["RST_STREAM 1 STREAM_CLOSED"]);
    server.connection.release(key, 16_000, &mut server.out);
    assert!(server.sent().is_empty());
    server.expect(&data(1, &[0; 768], false), &[], &["WINDOW_UPDATE 0 32768"]);
}

#[test]
fn data_that_breaks_a_rule_reopens_the_connections_window_too() {
    let mut server = receiver(65_535, 65_535);
    for id in (3..23).step_by(2) {
        let mut fields = REQUEST.to_vec();
        fields.push(("content-length", "1"));
        server.feed(&headers(id, &fields, false));
        assert_eq!(server.feed(&data(id, &[0; 16_000], false)), [format!("Reset {id} PROTOCOL_ERROR Local")]);
    }
    assert_eq!(server.connection.stats().unreleased_bytes, 0);
}

#[test]
fn padding_counts_and_is_released_by_itself() {
    let mut server = receiver(1_000, 65_535);
    let mut payload = vec![255];
    payload.extend_from_slice(&[0; 255 + 44]);
    for _ in 0..3 {
        server.feed(&frame(kind::DATA, flag::PADDED, 1, &payload));
    }
    assert_eq!(server.sent(), ["WINDOW_UPDATE 1 512"]);
    assert_eq!(server.connection.receive_window, 65_535 - 900);
    assert_eq!(server.connection.release_due, 768);
}

#[test]
fn a_sender_keeps_within_the_streams_window() {
    let mut server = sender(5);
    server.send_data(1, &b"hello world"[..], true);
    assert_eq!(server.sent(), ["DATA 1 hello"]);
    assert_eq!(server.connection.queued_bytes(server.key(1)), 6);
    server.expect(&window_update(1, 3), &[], &["DATA 1  wo"]);
    server.expect(&window_update(1, 100), &[], &["DATA 1 rld end"]);
    assert_eq!(server.connection.active_streams(), 0);
    assert_eq!(server.connection.stats().buffered_bytes, 0);
}

#[test]
fn a_sender_keeps_within_the_connections_window() {
    let mut server = sender(1 << 20);
    server.feed(&request(3, true));
    server.send_head(3);
    server.sent();
    server.send_data(1, vec![0; 65_535], false);
    server.send_data(3, &b"hello"[..], true);
    let sent = server.sent();
    assert_eq!(sent.iter().filter(|frame| frame.starts_with("DATA")).count(), 4);
    assert!(!sent.iter().any(|frame| frame.starts_with("DATA 3")), "{sent:?}");
    server.expect(&window_update(0, 1), &[], &["DATA 3 h"]);
    server.expect(&window_update(0, 100), &[], &["DATA 3 ello end"]);
}

#[test]
fn ends_and_trailers_need_no_window() {
    let mut server = sender(0);
    server.send_data(1, Bytes::new(), true);
    assert_eq!(server.sent(), ["DATA 1  end"]);
    let mut server = sender(0);
    server.send_trailers(1);
    assert_eq!(server.sent(), ["HEADERS 1 [grpc-status: 0] end"]);
}

#[test]
fn trailers_wait_behind_queued_data() {
    let mut server = sender(2);
    server.send_data(1, &b"hello"[..], false);
    server.send_trailers(1);
    assert_eq!(server.sent(), ["DATA 1 he"]);
    server.expect(&window_update(1, 2), &[], &["DATA 1 ll"]);
    server.expect(&window_update(1, 1), &[], &["DATA 1 o", "HEADERS 1 [grpc-status: 0] end"]);
    assert_eq!(server.connection.active_streams(), 0);
}

#[test]
fn a_changed_initial_window_applies_to_open_streams() {
    let mut server = sender(5);
    server.send_data(1, &b"hello world"[..], true);
    server.sent();
    // 5 are used: 3 make it -2.
    server.expect(&settings(&[(4, 3)]), &["PeerSettings"], &["SETTINGS ack"]);
    server.expect(&window_update(1, 2), &[], &[]);
    server.expect(&window_update(1, 1), &[], &["DATA 1  "]);
    server.expect(&settings(&[(4, 13)]), &["PeerSettings"], &["SETTINGS ack", "DATA 1 world end"]);
}

#[test]
fn windows_above_the_maximum_are_errors() {
    let mut server = sender(100);
    server.expect(
        &window_update(1, 0x7fff_ffff),
        &["Reset 1 FLOW_CONTROL_ERROR Local"],
        &["RST_STREAM 1 FLOW_CONTROL_ERROR"],
    );
    sender(100).fails(&window_update(0, 0x7fff_ffff), "FLOW_CONTROL_ERROR");
    let mut server = sender(100);
    server.expect(&window_update(1, 0x7fff_ffff - 100), &[], &[]);
    server.fails(&settings(&[(4, 101)]), "FLOW_CONTROL_ERROR");
}

#[test]
fn a_window_update_of_zero_is_an_error() {
    let mut server = sender(100);
    server.expect(&window_update(1, 0), &["Reset 1 PROTOCOL_ERROR Local"], &["RST_STREAM 1 PROTOCOL_ERROR"]);
    sender(100).fails(&window_update(0, 0), "PROTOCOL_ERROR");
    sender(100).fails(&window_update(0, 1 << 31), "PROTOCOL_ERROR");
}

#[test]
fn windows_grow_with_the_bandwidth_delay_product() {
    let mut server = Script::server_with(Config { initial_connection_window: 65_535, ..Config::default() });
    server.feed(&request(1, false));
    assert_eq!(server.feed(&data(1, &[0; 16_384], false)).len(), 1);
    assert_eq!(server.sent(), ["PING gannet:w"], "one probe while data flows");
    for _ in 0..2 {
        server.feed(&data(1, &[0; 16_384], false));
    }
    let sent = server.sent();
    assert!(!sent.iter().any(|frame| frame.starts_with("PING")), "one at a time: {sent:?}");
    server.wait(Duration::from_millis(20));
    let told = server.feed(&ping_ack(*b"gannet:w"));
    assert!(told.is_empty(), "the caller did not ask: {told:?}");
    let sent = server.sent();
    assert_eq!(sent[0], format!("WINDOW_UPDATE 0 {}", 98_304 - 65_535));
    assert!(
        sent[1].starts_with("SETTINGS") && sent[1].contains("initial_window_size: Some(98304)"),
        "{sent:?}"
    );
    assert_eq!(server.connection.stats().stream_window, 98_304);
    server.expect(&settings_ack(), &[], &[]);
}

#[test]
fn windows_do_not_grow_beyond_their_maximum() {
    let config = Config { max_window: 70_000, initial_connection_window: 65_535, ..Config::default() };
    let mut server = Script::server_with(config);
    server.feed(&request(1, false));
    for _ in 0..20 {
        server.feed(&data(1, &[0; 16_384], false));
        server.feed(&data(1, &[0; 16_384], false));
        server.feed(&data(1, &[0; 16_384], false));
        server.wait(Duration::from_millis(1));
        server.feed(&ping_ack(*b"gannet:w"));
    }
    assert_eq!(server.connection.stats().stream_window, 70_000);
    assert_eq!(server.connection.stats().connection_window, 70_000);
}
