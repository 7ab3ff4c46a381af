//! SETTINGS (RFC 9113 §6.5): what is sent, what is taken, acknowledgements and their time-out.

use super::*;
use crate::{ConnectionErrorKind, Initiator};

#[test]
fn each_side_says_what_differs_from_the_defaults() {
    let mut out = WriteBuffer::new();
    let config = Config {
        max_frame_size: 1 << 20,
        header_table_size: 0,
        initial_stream_window: 100_000,
        ..Config::default()
    };
    Connection::client(config, Instant::now(), &mut out);
    let mut expected = PREFACE.to_vec();
    expected.extend(settings(&[(2, 0), (6, 16_384), (4, 100_000), (5, 1 << 20), (1, 0)]));
    expected.extend(window_update(0, (1 << 20) - 65_535));
    assert_eq!(out.chunk(), expected);

    let mut out = WriteBuffer::new();
    Connection::server(
        Config { initial_connection_window: 0, ..Config::default() },
        Instant::now(),
        &mut out,
    );
    assert_eq!(out.chunk(), settings(&[(3, 1024), (6, 16_384)]));
}

#[test]
fn each_settings_frame_is_acknowledged_and_told() {
    let mut server = Script::server();
    server.expect(&settings(&[(3, 1), (0x99, 5)]), &["PeerSettings"], &["SETTINGS ack"]);
    server.expect(&settings(&[]), &["PeerSettings"], &["SETTINGS ack"]);
}

#[test]
fn values_out_of_range_end_the_connection() {
    Script::server().fails(&settings(&[(2, 2)]), "PROTOCOL_ERROR");
    Script::server().fails(&settings(&[(4, 1 << 31)]), "FLOW_CONTROL_ERROR");
    Script::server().fails(&settings(&[(5, 16_383)]), "PROTOCOL_ERROR");
    Script::server().fails(&settings(&[(5, 1 << 24)]), "PROTOCOL_ERROR");
    Script::client().fails(&settings(&[(2, 1)]), "PROTOCOL_ERROR");
    Script::server().expect(&settings(&[(2, 1)]), &["PeerSettings"], &["SETTINGS ack"]);
}

#[test]
fn settings_not_acknowledged_in_time_end_the_connection() {
    let mut server = Script::new(false, Config::default());
    server.feed(&[PREFACE, &settings(&[])[..]].concat());
    server.sent();
    let deadline = server.connection.next_timeout().unwrap();
    assert_eq!(deadline, server.now + Duration::from_secs(10));
    let early = server.now + Duration::from_millis(9_999);
    assert!(server.connection.handle_timeout(early, &mut server.out).is_ok());
    let error = server.connection.handle_timeout(deadline, &mut server.out).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SettingsTimeout);
    assert_eq!(error.kind(), ConnectionErrorKind::Timeout);
    assert_eq!(error.by(), Initiator::Local);
    assert_eq!(server.sent(), ["GOAWAY 0 SETTINGS_TIMEOUT"]);
    assert_eq!(server.connection.next_timeout(), None);
}

#[test]
fn acknowledged_settings_need_no_timer() {
    let server = Script::server();
    assert_eq!(server.connection.next_timeout(), None);
    let mut out = WriteBuffer::new();
    let config = Config { settings_ack_timeout: None, ..Config::default() };
    assert_eq!(Connection::server(config, Instant::now(), &mut out).next_timeout(), None);
}

#[test]
fn a_larger_frame_size_of_the_peer_is_used() {
    let mut server = Script::server();
    server.feed(&settings(&[(5, 20_000), (4, 100_000)]));
    server.feed(&request(1, true));
    server.send_head(1);
    server.send_data(1, vec![0; 20_001], false);
    let sent = server.sent();
    assert_eq!(sent[2..], ["DATA 1 20000 bytes", "DATA 1 \\x00"]);
}

#[test]
fn a_smaller_header_table_of_the_peer_is_kept_to() {
    let mut client = Script::client_with(Config::default(), &[(1, 0)]);
    client.decoder.set_max_size(0);
    client.open(true);
    client.open(true);
    let head = "[:method: POST, :scheme: http, :path: /p, :authority: a]";
    assert_eq!(client.sent(), [format!("HEADERS 1 {head} end"), format!("HEADERS 3 {head} end")]);
}

#[test]
fn our_own_header_table_size_counts_from_its_acknowledgement_on() {
    let config = Config { header_table_size: 0, ..Config::default() };
    let mut server = Script::new(false, config);
    // Before: entries are taken.
    let first = [&block(&REQUEST)[..], b"\x40\x01a\x011"].concat();
    server.feed(&[PREFACE, &settings(&[])[..], &frame(kind::HEADERS, flag::END_HEADERS, 1, &first)].concat());
    // After: the peer has to say that its table is empty now.
    server.feed(&settings_ack());
    server.sent();
    let after = [&[0x20][..], &block(&REQUEST)].concat();
    server.expect(&frame(kind::HEADERS, flag::END_HEADERS, 3, &after), &["Head 3"], &[]);
    server.fails(&frame(kind::HEADERS, flag::END_HEADERS, 5, &[0xbe]), "COMPRESSION_ERROR");
}

#[test]
fn a_peer_that_does_not_shrink_its_header_table_is_at_fault() {
    let config = Config { header_table_size: 0, ..Config::default() };
    let mut server = Script::new(false, config);
    server.feed(&[PREFACE, &settings(&[])[..], &request(1, true)].concat());
    server.feed(&settings_ack());
    server.sent();
    server.fails(&request(3, true), "COMPRESSION_ERROR");
}

#[test]
fn a_larger_header_table_may_be_used_once_it_is_acknowledged() {
    let growing = [&[0x3f, 0xe1, 0x3f][..], &block(&REQUEST)].concat();
    let growing = frame(kind::HEADERS, flag::END_HEADERS, 1, &growing);
    let server = || {
        let config = Config { header_table_size: 8192, ..Config::default() };
        let mut server = Script::new(false, config);
        server.feed(&[PREFACE, &settings(&[])[..]].concat());
        server
    };
    server().fails(&growing, "COMPRESSION_ERROR");
    let mut server = server();
    server.feed(&settings_ack());
    assert_eq!(server.feed(&growing), ["Head 1"]);
}
