//! The end of connections (RFC 9113 §6.8).

use super::*;
use crate::{ConnectionErrorKind, OpenError};

#[test]
fn a_graceful_end_has_two_steps_and_open_streams_finish() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.connection.go_away(&mut server.out);
    assert_eq!(server.sent(), ["GOAWAY 2147483647 NO_ERROR", "PING gannet:g"]);
    // On its way before the peer knew.
    server.expect(&request(3, true), &["Head 3 end"], &[]);
    server.expect(&ping_ack(*b"gannet:g"), &[], &["GOAWAY 3 NO_ERROR"]);
    server.expect(&request(5, true), &[], &[]);
    server.expect(&data(5, b"x", true), &[], &[]);
    assert!(!server.connection.is_drained());
    server.answer(1);
    server.answer(3);
    assert!(server.connection.is_drained());
}

#[test]
fn the_second_step_does_not_wait_for_ever() {
    let mut server = Script::server();
    server.connection.go_away(&mut server.out);
    server.sent();
    assert!(!server.connection.is_drained());
    let deadline = server.connection.next_timeout().unwrap();
    assert_eq!(deadline, server.now + Duration::from_secs(5));
    server.connection.handle_timeout(deadline, &mut server.out).unwrap();
    assert_eq!(server.sent(), ["GOAWAY 0 NO_ERROR"]);
    assert!(server.connection.is_drained());
    assert_eq!(server.connection.next_timeout(), None);
}

#[test]
fn called_again_the_second_step_is_done_at_once() {
    let mut server = Script::server();
    for _ in 0..4 {
        server.connection.go_away(&mut server.out);
    }
    assert_eq!(server.sent(), ["GOAWAY 2147483647 NO_ERROR", "PING gannet:g", "GOAWAY 0 NO_ERROR"]);
}

#[test]
fn a_block_ignored_after_the_end_is_decoded_all_the_same() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.connection.go_away(&mut server.out);
    server.connection.go_away(&mut server.out);
    let adding = [&block(&REQUEST)[..], b"\x40\x01a\x011"].concat();
    assert!(server.feed(&frame(kind::HEADERS, flag::END_HEADERS, 3, &adding)).is_empty());
    let trailers = frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 1, &[0xbe]);
    assert_eq!(server.feed(&trailers), ["Trailers 1"]);
    assert_eq!(server.fields.fields, ["a: 1"]);
}

#[test]
fn a_client_goes_away_by_opening_no_more() {
    let mut client = Script::client();
    client.open(true);
    client.connection.go_away(&mut client.out);
    let sent = client.sent();
    assert_eq!(sent[1..], ["GOAWAY 0 NO_ERROR"]);
    let refused = client.connection.open(client.now, &mut request_fields(), true, &mut client.out);
    assert_eq!(refused, Err(OpenError::GoingAway));
    client.expect(&response(1, true), &["Head 1 end"], &[]);
    assert!(client.connection.is_drained());
}

#[test]
fn streams_above_the_peers_last_one_were_not_processed() {
    let mut client = Script::client();
    for _ in 0..3 {
        client.open(true);
    }
    client.sent();
    client.expect(
        &go_away(3, ErrorCode::EnhanceYourCalm, b"too_many_pings"),
        &["GoAway 3 ENHANCE_YOUR_CALM too_many_pings", "Reset 5 REFUSED_STREAM Remote"],
        &[],
    );
    let refused = client.connection.open(client.now, &mut request_fields(), true, &mut client.out);
    assert_eq!(refused, Err(OpenError::GoingAway));
    client.expect(&response(1, true), &["Head 1 end"], &[]);
    client.expect(&response(3, true), &["Head 3 end"], &[]);
    assert!(client.connection.is_drained());
}

#[test]
fn the_peers_graceful_end_is_told_step_by_step() {
    let mut client = Script::client();
    for _ in 0..2 {
        client.open(true);
    }
    client.sent();
    client.expect(&go_away(0x7fff_ffff, ErrorCode::NoError, b""), &["GoAway 2147483647 NO_ERROR "], &[]);
    client.expect(
        &go_away(1, ErrorCode::NoError, b""),
        &["GoAway 1 NO_ERROR ", "Reset 3 REFUSED_STREAM Remote"],
        &[],
    );
    // A last stream must not grow; it brings nothing back.
    client.expect(&go_away(5, ErrorCode::NoError, b""), &["GoAway 5 NO_ERROR "], &[]);
    assert_eq!(client.connection.active_streams(), 1);
}

#[test]
fn a_clients_goaway_lets_its_streams_finish() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.expect(&go_away(0, ErrorCode::NoError, b""), &["GoAway 0 NO_ERROR "], &[]);
    assert!(!server.connection.is_drained());
    server.answer(1);
    assert!(server.connection.is_drained());
}

#[test]
fn an_error_names_the_last_stream_that_was_taken() {
    let mut server = Script::server_with(Config { max_concurrent_streams: 1, ..Config::default() });
    server.feed(&[request(1, true), request(3, true)].concat());
    server.sent();
    server.feed(&frame(kind::PING, 0, 0, &[0; 7]));
    assert_eq!(server.sent(), ["GOAWAY 1 FRAME_SIZE_ERROR"]);
    assert_eq!(server.connection.active_streams(), 0);
    assert!(server.connection.is_drained());
}

#[test]
fn a_closed_connection_says_why_and_takes_nothing_more() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    let key = server.key(1);
    server.connection.close(ErrorCode::EnhanceYourCalm, "too_many_pings", &mut server.out);
    server.connection.close(ErrorCode::NoError, "", &mut server.out);
    assert_eq!(server.sent(), ["GOAWAY 1 ENHANCE_YOUR_CALM"]);
    assert_eq!(server.feed(&data(1, b"x", true)), ["error ENHANCE_YOUR_CALM"]);
    assert_eq!(server.error.as_ref().unwrap().kind(), ConnectionErrorKind::Closed);
    server.connection.release(key, 100, &mut server.out);
    server.connection.reset(key, ErrorCode::Cancel, &mut server.out);
    server.connection.go_away(&mut server.out);
    server.connection.flush(&mut server.out);
    assert!(server.sent().is_empty());
}

#[test]
fn a_server_may_refuse_a_client_before_it_has_said_anything_else() {
    let mut client = Script::new(true, Config::default());
    client.out.advance(PREFACE.len());
    client.sent();
    let refusal = go_away(0, ErrorCode::InadequateSecurity, b"TLS only");
    client.expect(&refusal, &["GoAway 0 INADEQUATE_SECURITY TLS only"], &[]);
    // It is no server yet.
    client.fails(&ping(*b"12345678"), "PROTOCOL_ERROR");

    let mut server = Script::new(false, Config::default());
    server.sent();
    server.fails(&[PREFACE, &refusal[..]].concat(), "PROTOCOL_ERROR");
}
