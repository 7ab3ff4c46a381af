//! The states of streams (RFC 9113 §5.1): what each side may still send, and how late frames are answered.

use super::*;

#[test]
fn a_unary_request_is_answered_and_leaves_nothing() {
    let mut server = Script::server();
    server.expect(&request(1, false), &["Head 1"], &[]);
    server.expect(&data(1, b"hello", true), &["Data 1 hello end"], &[]);
    server.send_head(1);
    server.send_data(1, &b"world"[..], false);
    server.send_trailers(1);
    assert_eq!(server.sent(), ["HEADERS 1 [:status: 200]", "DATA 1 world", "HEADERS 1 [grpc-status: 0] end"]);
    assert_eq!(server.connection.active_streams(), 0);
    assert_eq!(server.connection.stats().streams_completed, 1);
}

#[test]
fn frames_other_than_headers_on_idle_streams_end_the_connection() {
    for bytes in [
        data(1, b"test", true),
        rst_stream(1, ErrorCode::Cancel),
        window_update(1, 100),
        frame(kind::CONTINUATION, flag::END_HEADERS, 1, &block(&REQUEST)),
        // Even identifiers are a server's, and a server of gRPC opens none.
        data(2, b"test", true),
        rst_stream(2, ErrorCode::Cancel),
    ] {
        Script::server().fails(&bytes, "PROTOCOL_ERROR");
    }
}

#[test]
fn data_and_headers_after_the_end_reset_the_stream() {
    for bytes in [data(1, b"test", true), request(1, true), trailers(1)] {
        let mut server = Script::server();
        server.expect(&request(1, true), &["Head 1 end"], &[]);
        server.expect(&bytes, &["Reset 1 STREAM_CLOSED Local"], &["RST_STREAM 1 STREAM_CLOSED"]);
        // What else comes for it may have been on its way.
        server.expect(&bytes, &[], &[]);
    }
}

#[test]
fn window_updates_and_resets_are_taken_after_the_end() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.expect(&window_update(1, 100), &[], &[]);
    server.expect(&rst_stream(1, ErrorCode::Cancel), &["Reset 1 CANCEL Remote"], &[]);
}

#[test]
fn data_after_the_peers_reset_is_answered_and_headers_end_the_connection() {
    let mut server = Script::server();
    server.feed(&[request(1, false), rst_stream(1, ErrorCode::Cancel)].concat());
    server.expect(&data(1, b"test", true), &[], &["RST_STREAM 1 STREAM_CLOSED"]);
    let mut server = Script::server();
    server.feed(&[request(1, false), rst_stream(1, ErrorCode::Cancel)].concat());
    server.fails(&request(1, true), "STREAM_CLOSED");
}

#[test]
fn data_on_a_finished_stream_is_answered_and_headers_end_the_connection() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.answer(1);
    server.sent();
    server.expect(&data(1, b"test", true), &[], &["RST_STREAM 1 STREAM_CLOSED"]);
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.answer(1);
    server.sent();
    server.fails(&request(1, true), "STREAM_CLOSED");
}

#[test]
fn late_resets_and_window_updates_of_finished_streams_are_ignored() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.answer(1);
    server.sent();
    server.expect(&window_update(1, 100), &[], &[]);
    server.expect(&rst_stream(1, ErrorCode::NoError), &[], &[]);
    server.expect(&frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 0, 0]), &[], &[]);
}

#[test]
fn what_comes_for_a_stream_reset_here_is_ignored_but_decoded() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    let key = server.key(1);
    server.connection.reset(key, ErrorCode::Cancel, &mut server.out);
    server.connection.reset(key, ErrorCode::Cancel, &mut server.out);
    assert_eq!(server.sent(), ["RST_STREAM 1 CANCEL"]);
    server.expect(&data(1, b"late", false), &[], &[]);
    // The trailers add an entry to the table that the next request refers to.
    let trailers = frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 1, b"\x40\x05x-new\x05value");
    server.expect(&trailers, &[], &[]);
    let fields = [&block(&REQUEST)[..], &[0xbe]].concat();
    server.expect(&frame(kind::HEADERS, flag::END_HEADERS, 3, &fields), &["Head 3"], &[]);
    assert_eq!(server.fields.fields.last().map(String::as_str), Some("x-new: value"));
}

#[test]
fn identifiers_are_odd_and_only_grow() {
    Script::server().fails(&request(2, true), "PROTOCOL_ERROR");
    let mut server = Script::server();
    server.expect(&request(5, true), &["Head 5 end"], &[]);
    server.fails(&request(3, true), "PROTOCOL_ERROR");
    // A skipped stream is closed, not idle.
    let mut server = Script::server();
    server.feed(&request(5, true));
    server.expect(&data(3, b"x", true), &[], &["RST_STREAM 3 STREAM_CLOSED"]);
    server.expect(&window_update(1, 1), &[], &[]);
}

#[test]
fn a_server_that_ends_first_resets_the_rest_of_the_request() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.answer(1);
    assert_eq!(
        server.sent(),
        ["HEADERS 1 [:status: 200]", "HEADERS 1 [grpc-status: 0] end", "RST_STREAM 1 NO_ERROR"]
    );
    server.expect(&data(1, b"on its way", false), &["Reset 1 NO_ERROR Local"], &[]);
    server.expect(&trailers(1), &[], &[]);
    assert_eq!(server.connection.active_streams(), 0);
}

#[test]
fn streams_above_the_limit_are_refused() {
    let mut server = Script::server_with(Config { max_concurrent_streams: 2, ..Config::default() });
    server.feed(&[request(1, false), request(3, false)].concat());
    server.expect(&request(5, false), &[], &["RST_STREAM 5 REFUSED_STREAM"]);
    server.expect(&data(5, b"on its way", true), &[], &[]);
    server.feed(&rst_stream(1, ErrorCode::Cancel));
    server.expect(&request(7, false), &["Head 7"], &[]);
}

#[test]
fn a_key_of_a_gone_stream_reaches_no_other() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    let old = server.key(1);
    server.answer(1);
    server.feed(&request(3, true));
    assert_eq!(server.key(3).slot, old.slot);
    let mut fields = list(&[(":status", "200")]);
    let connection = &mut server.connection;
    assert!(!connection.is_open(old));
    assert_eq!(
        connection.send_head(old, &mut fields, true, &mut server.out),
        Err(crate::SendError::StreamGone)
    );
    connection.reset(old, ErrorCode::Cancel, &mut server.out);
    assert!(server.connection.is_open(server.key(3)));
}

#[test]
fn a_reset_tells_its_code_even_if_it_is_unknown() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.expect(
        &rst_stream(1, ErrorCode::Unknown(0xbeef)),
        &["Reset 1 unknown error code 0xbeef Remote"],
        &[],
    );
}
