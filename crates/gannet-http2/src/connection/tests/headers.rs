//! What messages may look like (RFC 9113 §8): each breach is a stream error of type PROTOCOL_ERROR.

use super::*;

/// The request is refused without an event.
#[track_caller]
fn malformed(fields: &[(&str, &str)]) {
    let mut server = Script::server();
    server.expect(&headers(1, fields, true), &[], &["RST_STREAM 1 PROTOCOL_ERROR"]);
    assert_eq!(server.connection.active_streams(), 0);
    server.expect(&request(3, true), &["Head 3 end"], &[]);
}

#[track_caller]
fn well_formed(fields: &[(&str, &str)]) {
    Script::server().expect(&headers(1, fields, true), &["Head 1 end"], &[]);
}

fn with(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    REQUEST.iter().chain(extra).copied().collect()
}

#[test]
fn pseudo_fields_are_complete_single_and_first() {
    for missing in 0..3 {
        let mut fields = REQUEST.to_vec();
        fields.remove(missing);
        malformed(&fields);
    }
    for twice in REQUEST {
        malformed(&with(&[twice]));
    }
    malformed(&[("x", "y"), (":method", "POST"), (":scheme", "http"), (":path", "/p")]);
    malformed(&with(&[("x", "y"), (":authority", "b")]));
    well_formed(&REQUEST[..3]);
}

#[test]
fn pseudo_fields_of_other_messages_are_refused() {
    malformed(&with(&[(":status", "200")]));
    malformed(&with(&[(":protocol", "websocket")]));
    malformed(&with(&[(":unknown", "x")]));
}

#[test]
fn a_path_is_not_empty() {
    malformed(&[(":method", "POST"), (":scheme", "http"), (":path", "")]);
}

#[test]
fn connect_has_an_authority_alone() {
    well_formed(&[(":method", "CONNECT"), (":authority", "a:1")]);
    malformed(&[(":method", "CONNECT")]);
    malformed(&[(":method", "CONNECT"), (":authority", "a:1"), (":path", "/")]);
    malformed(&[(":method", "CONNECT"), (":authority", "a:1"), (":scheme", "http")]);
}

#[test]
fn names_are_lower_case_and_values_clean() {
    malformed(&with(&[("X-Test", "ok")]));
    malformed(&with(&[("x test", "ok")]));
    malformed(&with(&[("", "ok")]));
    malformed(&with(&[("x-test", "a\nb")]));
    malformed(&with(&[("x-test", "a\0b")]));
    malformed(&with(&[("x-test", " a")]));
    malformed(&[(":method", "POST"), (":scheme", "http"), (":path", "/p\r")]);
    well_formed(&with(&[("x-test", "a b\tc")]));
    well_formed(&with(&[("x-test", "")]));
}

#[test]
fn connection_specific_fields_are_refused() {
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        malformed(&with(&[(name, "x")]));
    }
}

#[test]
fn te_is_trailers_or_absent() {
    well_formed(&with(&[("te", "trailers")]));
    malformed(&with(&[("te", "trailers, deflate")]));
    malformed(&with(&[("te", "gzip")]));
}

#[test]
fn a_content_length_is_one_number() {
    malformed(&with(&[("content-length", "1x")]));
    malformed(&with(&[("content-length", "")]));
    malformed(&with(&[("content-length", "-1")]));
    malformed(&with(&[("content-length", "18446744073709551615")]));
    malformed(&with(&[("content-length", "99999999999999999999")]));
    malformed(&with(&[("content-length", "0"), ("content-length", "1")]));
    malformed(&with(&[("content-length", "1")]));
    well_formed(&with(&[("content-length", "0"), ("content-length", "0")]));
}

#[test]
fn a_content_length_is_the_length_of_the_data() {
    let open = |length: &'static str| {
        let mut server = Script::server();
        server.expect(&headers(1, &with(&[("content-length", length)]), false), &["Head 1"], &[]);
        server
    };
    let reset: &[&str] = &["Reset 1 PROTOCOL_ERROR Local"];
    let sent: &[&str] = &["RST_STREAM 1 PROTOCOL_ERROR"];
    open("5").expect(&data(1, b"hello", true), &["Data 1 hello end"], &[]);
    open("5").expect(&data(1, b"hell", true), reset, sent);
    open("5").expect(&data(1, b"hello!", false), reset, sent);
    let mut server = open("5");
    server.expect(&data(1, b"hel", false), &["Data 1 hel"], &[]);
    server.expect(&frame(kind::DATA, flag::PADDED, 1, b"\x02lo\0\0"), &["Data 1 lo"], &[]);
    server.expect(&trailers(1), &["Trailers 1"], &[]);
    let mut server = open("5");
    server.expect(&data(1, b"hel", false), &["Data 1 hel"], &[]);
    server.expect(&trailers(1), reset, sent);
}

#[test]
fn trailers_end_the_stream_and_hold_no_pseudo_fields() {
    let open = || {
        let mut server = Script::server();
        server.feed(&[request(1, false), data(1, b"x", false)].concat());
        server
    };
    let mut server = open();
    server.expect(&trailers(1), &["Trailers 1"], &[]);
    assert!(server.fields.trailers);
    assert_eq!(server.fields.fields, ["grpc-status: 0"]);
    for bytes in [
        headers(1, &[("grpc-status", "0")], false),
        headers(1, &[(":method", "POST")], true),
        headers(1, &[("x", "y"), (":path", "/")], true),
        headers(1, &[("Upper", "y")], true),
        headers(1, &[("connection", "close")], true),
    ] {
        open().expect(&bytes, &["Reset 1 PROTOCOL_ERROR Local"], &["RST_STREAM 1 PROTOCOL_ERROR"]);
    }
}

#[test]
fn a_block_that_is_no_hpack_ends_the_connection() {
    let mut server = Script::server();
    server.fails(&frame(kind::HEADERS, flag::END_HEADERS, 1, &[0x80]), "COMPRESSION_ERROR");
    // Even where nobody wants the fields.
    let mut server = Script::server();
    server.feed(&request(1, false));
    let key = server.key(1);
    server.connection.reset(key, ErrorCode::Cancel, &mut server.out);
    server.fails(&frame(kind::HEADERS, flag::END_HEADERS, 1, &[0x80]), "COMPRESSION_ERROR");
}

#[test]
fn a_malformed_block_leaves_the_table_right() {
    let mut server = Script::server();
    // An entry before and one behind the field that is wrong.
    let bad = b"\x40\x01a\x011\x00\x01X\x011\x40\x01b\x012";
    server.expect(&frame(kind::HEADERS, flag::END_HEADERS, 1, bad), &[], &["RST_STREAM 1 PROTOCOL_ERROR"]);
    let good = [&block(&REQUEST)[..], &[0xbe, 0xbf]].concat();
    server.expect(&frame(kind::HEADERS, flag::END_HEADERS, 3, &good), &["Head 3"], &[]);
    assert_eq!(server.fields.fields[4..], ["b: 2", "a: 1"]);
}

#[test]
fn a_header_list_above_the_limit_resets_its_stream() {
    let mut server = Script::server_with(Config { max_header_list_size: 200, ..Config::default() });
    let long = "x".repeat(100);
    let fields: Vec<_> = REQUEST.iter().copied().chain([("long", long.as_str())]).collect();
    server.expect(&headers(1, &fields, true), &[], &["RST_STREAM 1 ENHANCE_YOUR_CALM"]);
    server.expect(&request(3, true), &["Head 3 end"], &[]);
}

#[test]
fn responses_need_one_status_of_three_digits() {
    let malformed = |fields: &[(&str, &str)]| {
        let mut client = Script::client();
        client.open(true);
        client.sent();
        client.expect(
            &headers(1, fields, false),
            &["Reset 1 PROTOCOL_ERROR Local"],
            &["RST_STREAM 1 PROTOCOL_ERROR"],
        );
    };
    malformed(&[]);
    malformed(&[("x", "y")]);
    malformed(&[(":status", "20")]);
    malformed(&[(":status", "2000")]);
    malformed(&[(":status", "099")]);
    malformed(&[(":status", "abc")]);
    malformed(&[(":status", "101")]);
    malformed(&[(":status", "200"), (":status", "200")]);
    malformed(&[(":status", "200"), (":path", "/")]);
    malformed(&[("x", "y"), (":status", "200")]);
}

/// Remembers the fields of blocks that come again, and says so.
#[derive(Default)]
struct Remembering {
    fields: Fields,
    memory: [Vec<String>; <Remembering as HeaderVisitor>::MEMO_PLACES],
    recalled: usize,
}

impl HeaderVisitor for Remembering {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        HeaderVisitor::classify(&mut self.fields, name, value)
    }

    fn begin(&mut self, stream: StreamKey, trailers: bool) {
        self.fields.begin(stream, trailers);
    }

    fn field(&mut self, tag: u32, name: &[u8], value: &[u8]) {
        HeaderVisitor::field(&mut self.fields, tag, name, value);
    }

    fn memorize(&mut self, place: usize) {
        self.memory[place].clone_from(&self.fields.fields);
    }

    fn recall(&mut self, place: usize) -> bool {
        self.fields.fields.clone_from(&self.memory[place]);
        self.recalled += 1;
        true
    }
}

/// Gives blocks of requests to a server whose visitor remembers; the fields of the last one, and how many were recalled.
fn remembering(blocks: &[&Vec<u8>]) -> (Vec<String>, usize) {
    let mut server = Script::server();
    let mut visitor = Remembering::default();
    let mut id = 1;
    for block in blocks {
        server.input.extend_from_slice(&frame(
            kind::HEADERS,
            flag::END_HEADERS | flag::END_STREAM,
            id,
            block,
        ));
        let (connection, out) = (&mut server.connection, &mut server.out);
        let event = connection.receive(server.now, &mut server.input, out, &mut visitor).unwrap();
        assert!(matches!(event, Some(Event::Head { end_stream: true, .. })), "{event:?}");
        id += 2;
    }
    (visitor.fields.fields, visitor.recalled)
}

#[test]
fn a_block_that_comes_again_is_recalled_from_the_third_time_on() {
    let block = block(&REQUEST);
    assert_eq!(remembering(&[&block; 2]).1, 0);
    let (fields, recalled) = remembering(&[&block; 10]);
    assert_eq!(recalled, 8);
    assert_eq!(fields, [":method: POST", ":scheme: http", ":path: /p", ":authority: a"]);
}

#[test]
fn a_block_is_not_recalled_once_the_table_has_changed() {
    let adding = |value: u8| [&block(&REQUEST)[..], &[0x40, 1, b'a', 1, value]].concat();
    let using = [&block(&REQUEST)[..], &[0xbe]].concat();
    let (first, second) = (adding(b'1'), adding(b'2'));
    let (fields, recalled) = remembering(&[&first, &using, &using, &using, &second, &using]);
    assert_eq!(recalled, 1);
    assert_eq!(fields.last().map(String::as_str), Some("a: 2"));
    // A block that adds to the table is never recalled, for it must be decoded.
    assert_eq!(remembering(&[&first; 10]).1, 0);
    // Neither is one with an update of the table's size.
    let resizing = [&[0x20][..], &block(&REQUEST)].concat();
    let (fields, recalled) = remembering(&[&first, &resizing, &resizing, &resizing, &resizing]);
    assert_eq!((fields.len(), recalled), (4, 1), "once the table is empty, the update changes nothing");
    // Unless the table was allowed to be larger in between.
    let restoring = [&[0x3f, 0xe1, 0x1f][..], &block(&REQUEST)].concat();
    let blocks = [&resizing, &resizing, &resizing, &restoring, &resizing, &restoring, &first, &using];
    let (fields, recalled) = remembering(&blocks);
    assert_eq!((fields.last().map(String::as_str), recalled), (Some("a: 1"), 0));
}

#[test]
fn a_recalled_content_length_is_checked_like_any_other() {
    let block = block(&with(&[("content-length", "5")]));
    let mut server = Script::server();
    let mut visitor = Remembering::default();
    for id in [1, 3, 5] {
        server.input.extend_from_slice(&frame(kind::HEADERS, flag::END_HEADERS, id, &block));
        let (connection, out) = (&mut server.connection, &mut server.out);
        connection.receive(server.now, &mut server.input, out, &mut visitor).unwrap();
    }
    assert_eq!(visitor.recalled, 1);
    server.expect(
        &data(5, b"four", true),
        &["Reset 5 PROTOCOL_ERROR Local"],
        &["RST_STREAM 5 PROTOCOL_ERROR"],
    );
}
