//! The client's side: opening streams, their limit, responses.

use super::*;
use crate::OpenError;

#[test]
fn a_request_is_sent_and_its_answer_told() {
    let mut client = Script::client();
    let key = client.open(false);
    client.send_data(1, &b"hello"[..], true);
    assert_eq!(
        client.sent(),
        ["HEADERS 1 [:method: POST, :scheme: http, :path: /p, :authority: a]", "DATA 1 hello end"]
    );
    client.expect(&response(1, false), &["Head 1"], &[]);
    client.expect(&data(1, b"world", false), &["Data 1 world"], &[]);
    client.expect(&trailers(1), &["Trailers 1"], &[]);
    assert!(!client.connection.is_open(key));
    assert_eq!(client.connection.active_streams(), 0);
}

#[test]
fn an_answer_may_come_before_the_request_has_ended() {
    let mut client = Script::client();
    client.open(false);
    client.expect(
        &response(1, true),
        &["Head 1 end"],
        &["HEADERS 1 [:method: POST, :scheme: http, :path: /p, :authority: a]"],
    );
    assert_eq!(client.connection.active_streams(), 1);
    client.expect(&rst_stream(1, ErrorCode::NoError), &["Reset 1 NO_ERROR Remote"], &[]);
    assert_eq!(client.connection.active_streams(), 0);
}

#[test]
fn informational_heads_come_before_the_final_one() {
    let mut client = Script::client();
    client.open(true);
    client.sent();
    client.expect(&headers(1, &[(":status", "103"), ("link", "x")], false), &["Informational 1"], &[]);
    client.expect(&headers(1, &[(":status", "100")], false), &["Informational 1"], &[]);
    client.expect(&response(1, false), &["Head 1"], &[]);
    client.expect(&trailers(1), &["Trailers 1"], &[]);
    client.open(true);
    client.sent();
    client.expect(
        &headers(3, &[(":status", "100")], true),
        &["Reset 3 PROTOCOL_ERROR Local"],
        &["RST_STREAM 3 PROTOCOL_ERROR"],
    );
}

#[test]
fn data_before_the_head_resets_the_stream() {
    let mut client = Script::client();
    client.open(true);
    client.sent();
    client.feed(&headers(1, &[(":status", "100")], false));
    client.expect(&data(1, b"x", false), &["Reset 1 PROTOCOL_ERROR Local"], &["RST_STREAM 1 PROTOCOL_ERROR"]);
}

#[test]
fn a_length_without_content_may_answer_head() {
    let mut client = Script::client();
    client.open(true);
    client.expect(
        &headers(1, &[(":status", "200"), ("content-length", "5")], true),
        &["Head 1 end"],
        &["HEADERS 1 [:method: POST, :scheme: http, :path: /p, :authority: a] end"],
    );
    client.open(true);
    client.sent();
    client.expect(&headers(3, &[(":status", "200"), ("content-length", "5")], false), &["Head 3"], &[]);
    client.expect(
        &data(3, b"four", true),
        &["Reset 3 PROTOCOL_ERROR Local"],
        &["RST_STREAM 3 PROTOCOL_ERROR"],
    );
}

#[test]
fn servers_open_no_streams() {
    Script::client().fails(&response(2, true), "PROTOCOL_ERROR");
    Script::client().fails(&response(1, true), "PROTOCOL_ERROR");
    Script::client().fails(&data(1, b"x", true), "PROTOCOL_ERROR");
    Script::client().fails(&data(2, b"x", true), "PROTOCOL_ERROR");
}

#[test]
fn the_peers_stream_limit_is_kept_and_room_is_told() {
    let mut client = Script::client_with(Config::default(), &[(3, 2)]);
    assert_eq!(client.connection.peer_max_concurrent_streams(), 2);
    client.open(true);
    let second = client.open(true);
    assert_eq!(client.connection.open_capacity(), 0);
    let mut fields = request_fields();
    let now = client.now;
    let refused = client.connection.open(now, &mut fields, true, &mut client.out);
    assert_eq!(refused, Err(OpenError::StreamLimit));
    client.sent();
    client.expect(&response(1, true), &["Head 1 end", "OpenAvailable"], &[]);
    client.open(true);
    assert_eq!(client.connection.open(now, &mut fields, true, &mut client.out), Err(OpenError::StreamLimit));
    client.connection.reset(second, ErrorCode::Cancel, &mut client.out);
    assert_eq!(client.connection.poll_event(), Some(Event::OpenAvailable));
    assert_eq!(client.connection.poll_event(), None);
    client.open(true);
    assert_eq!(client.connection.open(now, &mut fields, true, &mut client.out), Err(OpenError::StreamLimit));
    client.sent();
    client.expect(&settings(&[(3, 3)]), &["PeerSettings", "OpenAvailable"], &["SETTINGS ack"]);
}

#[test]
fn before_the_peers_settings_a_client_opens_as_many_streams_as_configured() {
    let mut client = Script::new(true, Config { initial_max_send_streams: 1, ..Config::default() });
    client.open(true);
    let refused = client.connection.open(client.now, &mut request_fields(), true, &mut client.out);
    assert_eq!(refused, Err(OpenError::StreamLimit));
    assert_eq!(client.feed(&settings(&[])), ["PeerSettings", "OpenAvailable"]);
    assert_eq!(client.connection.peer_max_concurrent_streams(), u32::MAX);
}

#[test]
fn identifiers_run_out() {
    let mut client = Script::client();
    client.connection.next_id = 0x7fff_ffff;
    assert_eq!(client.open(true).id, 0x7fff_ffff);
    let refused = client.connection.open(client.now, &mut request_fields(), true, &mut client.out);
    assert_eq!(refused, Err(OpenError::IdsExhausted));
}

#[test]
fn servers_cannot_open() {
    let mut server = Script::server();
    let refused = server.connection.open(server.now, &mut request_fields(), true, &mut server.out);
    assert_eq!(refused, Err(OpenError::NotClient));
}

#[test]
fn late_frames_of_a_cancelled_call_are_ignored() {
    let mut client = Script::client();
    let key = client.open(false);
    client.connection.reset(key, ErrorCode::Cancel, &mut client.out);
    client.sent();
    client.expect(&response(1, false), &[], &[]);
    client.expect(&data(1, b"x", false), &[], &[]);
    client.expect(&trailers(1), &[], &[]);
    client.expect(&rst_stream(1, ErrorCode::Cancel), &[], &[]);
}
