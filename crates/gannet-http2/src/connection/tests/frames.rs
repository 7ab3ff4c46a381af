//! The preface, the layouts of frames and which frame may come where (RFC 9113 §3.4, §4, §5.5, §6).

use super::*;
use crate::{ConnectionErrorKind, OtherProtocol, frame::MAX_MAX_FRAME_SIZE};

#[test]
fn a_server_sends_its_settings_first_and_takes_a_preface_in_pieces() {
    let mut server = Script::new(false, Config::default());
    let sent = server.sent();
    assert!(sent[0].starts_with("SETTINGS"), "{sent:?}");
    for byte in PREFACE {
        assert!(server.feed(&[*byte]).is_empty());
    }
    server.expect(&settings(&[(1, 4096)]), &["PeerSettings"], &["SETTINGS ack"]);
}

#[test]
fn a_request_of_http1_is_told_byte_by_byte_and_an_answer_of_http1_too() {
    let http1 = ConnectionErrorKind::NotHttp2 { looks_like: Some(OtherProtocol::Http1) };
    for request in [&b"GET / HTTP/1.1\r\n"[..], b"POST / HTTP/1.1\r\n", b"PATCH / HTTP/1.0\r\n"] {
        let mut server = Script::new(false, Config::default());
        assert!(!server.connection.preface_received());
        for byte in request {
            server.feed(&[*byte]);
        }
        assert_eq!(server.error.unwrap().kind(), http1, "{}", request.escape_ascii());
        assert!(!server.connection.preface_received());
    }
    let mut client = Script::new(true, Config::default());
    client.out.advance(PREFACE.len());
    client.fails(b"HTTP/1.1 400 Bad Request\r\n", "PROTOCOL_ERROR");
    assert_eq!(client.error.unwrap().kind(), http1);
    let mut client = Script::new(true, Config::default());
    client.out.advance(PREFACE.len());
    client.fails(b"\x15\x03\x01\0\x02\x02\x46", "PROTOCOL_ERROR");
    assert!(client.error.unwrap().to_string().contains("use https://"));
}

#[test]
fn what_is_not_the_preface_is_told_apart() {
    use OtherProtocol::{Http1, Tls};
    let cases: [(&[u8], Option<OtherProtocol>, &str); 9] = [
        (b"GET /a-long-path-of-which-the-end-is-yet-to-com", Some(Http1), "HTTP/1.x"),
        (b"INVALID CONNECTION PREFACE\r\n\r\n", None, "no HTTP/2"),
        (b"GET / HTTP/1.1\r\n", Some(Http1), "HTTP/1.x"),
        (b"PUT /x HTTP/1.1\r\n", Some(Http1), "HTTP/1.x"),
        (b"M-SEARCH * HTTP/1.1\r\n", Some(Http1), "HTTP/1.x"),
        (b"HTTP/1.1 200 OK\r\n", Some(Http1), "HTTP/1.x"),
        (b"\x16\x03\x01\x02\x00", Some(Tls), "TLS"),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", None, "no HTTP/2"),
        (b"\0\0\0\x04\0\0\0\0\0", None, "no HTTP/2"),
    ];
    for (bytes, looks_like, reason) in cases {
        let expected = ConnectionErrorKind::NotHttp2 { looks_like };
        let mut server = Script::new(false, Config::default());
        server.sent();
        server.fails(bytes, "PROTOCOL_ERROR");
        let error = server.error.unwrap();
        assert_eq!(error.kind(), expected, "{}", bytes.escape_ascii());
        assert!(error.to_string().contains(reason), "{error}");
        let mut server = Script::new(false, Config::default());
        for byte in bytes {
            server.feed(&[*byte]);
        }
        assert!(server.error.is_some());
    }
}

#[test]
fn the_first_frame_is_settings() {
    for bytes in [ping(*b"12345678"), settings_ack(), request(1, true), frame(0x20, 0, 0, b"")] {
        let mut server = Script::new(false, Config::default());
        server.sent();
        server.fails(&[PREFACE, &bytes[..]].concat(), "PROTOCOL_ERROR");
        let mut client = Script::new(true, Config::default());
        client.out.advance(PREFACE.len());
        client.fails(&bytes, "PROTOCOL_ERROR");
    }
}

#[test]
fn unknown_frames_and_flags_are_ignored() {
    let mut server = Script::server();
    server.expect(&frame(0x16, 0xff, 0, b"anything"), &[], &[]);
    server.expect(&frame(0x16, 0xff, 1, b"anything"), &[], &[]);
    server.expect(&frame(kind::PING, 0xfe, 0, b"12345678"), &[], &["PING ack 12345678"]);
    server.expect(&frame(kind::HEADERS, 0x92 | flag::END_HEADERS, 1, &block(&REQUEST)), &["Head 1"], &[]);
}

#[test]
fn frames_of_the_largest_size_are_taken_and_larger_ones_are_not() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.expect(&data(1, &[7; 16_384], false), &["Data 1 16384 bytes"], &["PING gannet:w"]);
    server.fails(&data(1, &vec![7; 16_385], false), "FRAME_SIZE_ERROR");

    let mut server = Script::server_with(Config { max_frame_size: u32::MAX, ..Config::default() });
    assert_eq!(server.connection.config.max_frame_size, MAX_MAX_FRAME_SIZE);
    server.feed(&request(1, false));
    server.expect(&data(1, &vec![7; 16_385], true), &["Data 1 16385 bytes end"], &["PING gannet:w"]);
}

#[test]
fn a_too_long_frame_fails_before_its_payload_is_there() {
    let mut server = Script::server();
    server.fails(&frame(kind::DATA, 0, 1, &vec![0; 16_385])[..9], "FRAME_SIZE_ERROR");
}

#[test]
fn frames_have_their_fixed_lengths() {
    let cases = [
        frame(kind::PING, 0, 0, &[0; 7]),
        frame(kind::PING, 0, 0, &[0; 9]),
        frame(kind::RST_STREAM, 0, 1, &[0; 3]),
        frame(kind::RST_STREAM, 0, 1, &[0; 5]),
        frame(kind::WINDOW_UPDATE, 0, 0, &[0; 3]),
        frame(kind::WINDOW_UPDATE, 0, 1, &[0; 5]),
        frame(kind::SETTINGS, 0, 0, &[0; 3]),
        frame(kind::SETTINGS, flag::ACK, 0, &[0; 6]),
        frame(kind::GOAWAY, 0, 0, &[0; 7]),
        frame(kind::DATA, flag::PADDED, 1, &[]),
        frame(kind::HEADERS, flag::PADDED | flag::END_HEADERS, 3, &[]),
        frame(kind::HEADERS, flag::PRIORITY | flag::END_HEADERS, 3, &[0; 4]),
    ];
    for bytes in cases {
        let mut server = Script::server();
        server.feed(&request(1, false));
        server.fails(&bytes, "FRAME_SIZE_ERROR");
    }
}

#[test]
fn a_priority_of_another_length_ends_its_stream_alone() {
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.expect(
        &frame(kind::PRIORITY, 0, 1, &[0; 4]),
        &["Reset 1 FRAME_SIZE_ERROR Local"],
        &["RST_STREAM 1 FRAME_SIZE_ERROR"],
    );
    // Even if the stream is closed (RFC 9113 §6.3).
    server.expect(&frame(kind::PRIORITY, 0, 1, &[0; 4]), &[], &["RST_STREAM 1 FRAME_SIZE_ERROR"]);
    server.fails(&frame(kind::PRIORITY, 0, 3, &[0; 4]), "FRAME_SIZE_ERROR");
}

#[test]
fn priority_is_read_over() {
    let mut server = Script::server();
    server.expect(&frame(kind::PRIORITY, 0, 5, &[0, 0, 0, 1, 9]), &[], &[]);
    let payload = [&[0x80, 0, 0, 3, 255][..], &block(&REQUEST)].concat();
    server.expect(&frame(kind::HEADERS, flag::END_HEADERS | flag::PRIORITY, 1, &payload), &["Head 1"], &[]);
}

#[test]
fn a_stream_cannot_depend_on_itself() {
    let mut server = Script::server();
    let payload = [&[0, 0, 0, 1, 255][..], &block(&REQUEST)].concat();
    server.expect(
        &frame(kind::HEADERS, flag::END_HEADERS | flag::PRIORITY, 1, &payload),
        &[],
        &["RST_STREAM 1 PROTOCOL_ERROR"],
    );
    server.feed(&request(3, false));
    server.expect(
        &frame(kind::PRIORITY, 0, 3, &[0, 0, 0, 3, 9]),
        &["Reset 3 PROTOCOL_ERROR Local"],
        &["RST_STREAM 3 PROTOCOL_ERROR"],
    );
    server.fails(&frame(kind::PRIORITY, 0, 5, &[0, 0, 0, 5, 9]), "PROTOCOL_ERROR");
}

#[test]
fn padding_longer_than_the_payload_ends_the_connection() {
    for bytes in [
        frame(kind::DATA, flag::PADDED, 1, b"\x05data"),
        frame(kind::HEADERS, flag::PADDED | flag::END_HEADERS, 3, b"\xffblock"),
    ] {
        let mut server = Script::server();
        server.feed(&request(1, false));
        server.fails(&bytes, "PROTOCOL_ERROR");
    }
}

#[test]
fn padding_is_cut_off() {
    let mut server = Script::server();
    let payload = [&[3][..], &block(&REQUEST), &[0; 3]].concat();
    server.expect(&frame(kind::HEADERS, flag::END_HEADERS | flag::PADDED, 1, &payload), &["Head 1"], &[]);
    assert_eq!(server.fields.fields.len(), 4);
    server.expect(&frame(kind::DATA, flag::PADDED, 1, b"\x03abc\0\0\0"), &["Data 1 abc"], &[]);
    server.expect(&frame(kind::DATA, flag::PADDED | flag::END_STREAM, 1, b"\x01\0"), &["Data 1  end"], &[]);
}

#[test]
fn frames_of_the_connection_have_no_stream_and_others_have_one() {
    let cases = [
        frame(kind::SETTINGS, 0, 1, &[]),
        frame(kind::PING, 0, 1, &[0; 8]),
        frame(kind::GOAWAY, 0, 1, &[0; 8]),
        data(0, b"x", false),
        headers(0, &REQUEST, false),
        frame(kind::PRIORITY, 0, 0, &[0; 5]),
        frame(kind::RST_STREAM, 0, 0, &[0; 4]),
        frame(kind::CONTINUATION, flag::END_HEADERS, 0, &[]),
    ];
    for bytes in cases {
        Script::server().fails(&bytes, "PROTOCOL_ERROR");
    }
}

#[test]
fn pushes_are_refused_by_both_sides() {
    let push =
        frame(kind::PUSH_PROMISE, flag::END_HEADERS, 1, &[&[0, 0, 0, 2][..], &block(&REQUEST)].concat());
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.fails(&push, "PROTOCOL_ERROR");
    let mut client = Script::client();
    client.open(true);
    client.fails(&push, "PROTOCOL_ERROR");
}

#[test]
fn a_block_in_continuations_is_joined() {
    let bytes = block(&REQUEST);
    let (first, rest) = bytes.split_at(5);
    let (second, third) = rest.split_at(10);
    let mut server = Script::server();
    server.expect(&frame(kind::HEADERS, flag::END_STREAM, 1, first), &[], &[]);
    server.expect(&frame(kind::CONTINUATION, 0, 1, second), &[], &[]);
    server.expect(&frame(kind::CONTINUATION, 0, 1, &[]), &[], &[]);
    server.expect(&frame(kind::CONTINUATION, flag::END_HEADERS, 1, third), &["Head 1 end"], &[]);
    assert_eq!(server.fields.fields, [":method: POST", ":scheme: http", ":path: /p", ":authority: a"]);
}

#[test]
fn nothing_may_come_between_the_frames_of_a_block() {
    for bytes in [
        data(1, b"x", false),
        request(3, false),
        ping(*b"12345678"),
        frame(0x16, 0, 0, b"unknown"),
        frame(kind::CONTINUATION, flag::END_HEADERS, 3, &[]),
        frame(kind::PRIORITY, 0, 1, &[0; 5]),
    ] {
        let mut server = Script::server();
        server.feed(&frame(kind::HEADERS, 0, 1, &block(&REQUEST)));
        server.fails(&bytes, "PROTOCOL_ERROR");
    }
}

#[test]
fn continuations_need_an_open_block() {
    let continuation = frame(kind::CONTINUATION, flag::END_HEADERS, 1, &block(&REQUEST));
    let mut server = Script::server();
    server.feed(&request(1, false));
    server.fails(&continuation, "PROTOCOL_ERROR");
    let mut server = Script::server();
    server.feed(&[request(1, false), data(1, b"x", false)].concat());
    server.fails(&continuation, "PROTOCOL_ERROR");
    Script::server().fails(&continuation, "PROTOCOL_ERROR");
}

#[test]
fn pings_are_answered_and_answers_are_told() {
    let mut server = Script::server();
    server.expect(&ping(*b"question"), &[], &["PING ack question"]);
    server.connection.ping(*b"are-you?", &mut server.out);
    assert_eq!(server.sent(), ["PING are-you?"]);
    server.expect(&ping_ack(*b"are-you?"), &["Pong are-you?"], &[]);
}
