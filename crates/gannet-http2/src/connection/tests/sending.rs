//! What goes out: order, queues and turns, large payloads, payloads written in place, long header blocks.

use super::*;
use crate::hpack::FixedBlock;
use crate::{OpenError, SEGMENT_MIN, SendError};

fn answering() -> Script {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.send_head(1);
    server.sent();
    server
}

fn in_place(server: &mut Script, id: u32, payload: &[u8], end_stream: bool) {
    let key = server.key(id);
    server
        .connection
        .send_data_in_place(key, end_stream, &mut server.out, |mut tail| {
            tail.extend_from_slice(payload);
            tail
        })
        .unwrap();
}

#[test]
fn payloads_written_in_place_become_frames() {
    let mut server = answering();
    in_place(&mut server, 1, b"hello", false);
    in_place(&mut server, 1, b"", false);
    in_place(&mut server, 1, b"world", true);
    assert_eq!(server.sent(), ["DATA 1 hello", "DATA 1 world end"]);
    assert_eq!(server.connection.active_streams(), 0);
}

#[test]
fn payloads_written_in_place_that_do_not_fit_are_queued_or_split() {
    let mut server = Script::server();
    server.feed(&settings(&[(4, 20_000)]));
    server.feed(&request(1, true));
    server.send_head(1);
    server.sent();
    in_place(&mut server, 1, &vec![7; 25_000], false);
    in_place(&mut server, 1, b"behind", true);
    assert_eq!(server.sent(), ["DATA 1 16384 bytes", "DATA 1 3616 bytes"]);
    server.expect(&window_update(1, 10_000), &[], &["DATA 1 5006 bytes end"]);
}

#[test]
fn segments_behind_a_payload_written_in_place_are_not_copied() {
    let mut server = answering();
    let large = Bytes::from(vec![7; 10_000]);
    let address = large.as_ptr();
    let key = server.key(1);
    server
        .connection
        .send_data_in_place(key, true, &mut server.out, |mut tail| {
            tail.extend_from_slice(b"head");
            (tail, vec![large, Bytes::from_static(b"tail")])
        })
        .unwrap();
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let count = server.out.chunks_vectored(&mut slices);
    assert!(slices[..count].iter().any(|slice| slice.as_ptr() == address));
    assert_eq!(server.sent(), ["DATA 1 10008 bytes end"]);
}

#[test]
fn large_payloads_are_not_copied() {
    let mut server = answering();
    let large = Bytes::from(vec![7; 40_000]);
    let addresses = [large.as_ptr(), large[16_384..].as_ptr(), large[32_768..].as_ptr()];
    server.send_data(1, large, false);
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let count = server.out.chunks_vectored(&mut slices);
    for address in addresses {
        assert!(slices[..count].iter().any(|slice| slice.as_ptr() == address));
    }
    assert_eq!(server.sent(), ["DATA 1 16384 bytes", "DATA 1 16384 bytes", "DATA 1 7232 bytes"]);
    const { assert!(SEGMENT_MIN <= 7232) }
}

#[test]
fn streams_take_turns_when_windows_open() {
    let mut server = Script::server();
    server.feed(&settings(&[(4, 1 << 20)]));
    for id in [1, 3, 5, 7] {
        server.feed(&request(id, true));
        server.send_head(id);
    }
    // 1 uses the connection's window up; 3 and 5 wait.
    server.send_data(1, vec![0; 65_535], true);
    server.send_data(3, vec![0; 40_000], true);
    server.send_data(5, vec![0; 40_000], true);
    server.send_data(7, &b"small"[..], true);
    server.sent();
    server.feed(&window_update(0, 1 << 20));
    assert_eq!(
        server.sent(),
        [
            "DATA 3 16384 bytes",
            "DATA 5 16384 bytes",
            "DATA 7 small end",
            "DATA 3 16384 bytes",
            "DATA 5 16384 bytes",
            "DATA 3 7232 bytes end",
            "DATA 5 7232 bytes end"
        ]
    );
}

#[test]
fn streams_share_a_write_buffer_that_is_drained_slowly() {
    let mut server = Script::server_with(Config { write_high_mark: 16_384, ..Config::default() });
    server.feed(&settings(&[(4, 1 << 20)]));
    server.feed(&window_update(0, 1 << 20));
    server.feed(&[request(1, true), request(3, true)].concat());
    server.send_head(1);
    server.send_head(3);
    server.sent();
    server.send_data(1, vec![0; 100_000], true);
    server.send_data(3, &b"small"[..], true);
    assert_eq!(server.sent(), ["DATA 1 16384 bytes"]);
    let mut order = Vec::new();
    while server.connection.wants_flush() {
        server.connection.flush(&mut server.out);
        order.extend(server.sent());
    }
    assert_eq!(order[..3], ["DATA 1 16384 bytes", "DATA 3 small end", "DATA 1 16384 bytes"]);
    assert_eq!(server.connection.active_streams(), 0);
}

#[test]
fn a_full_queue_tells_when_it_is_half_empty() {
    let mut server = Script::server_with(Config { stream_high_mark: 1_000, ..Config::default() });
    server.feed(&settings(&[(4, 0)]));
    server.feed(&request(1, true));
    server.send_head(1);
    server.send_data(1, vec![0; 600], false);
    server.send_data(1, vec![0; 600], false);
    server.sent();
    server.expect(&window_update(1, 600), &[], &["DATA 1 600 bytes"]);
    server.expect(&window_update(1, 100), &["Writable 1"], &["DATA 1 100 bytes"]);
    server.expect(&window_update(1, 100), &[], &["DATA 1 100 bytes"]);
    // Not full since: nothing to tell.
    server.send_data(1, vec![0; 300], false);
    server.expect(&window_update(1, 700), &[], &["DATA 1 700 bytes"]);
}

#[test]
fn a_reset_drops_what_is_queued() {
    let mut server = Script::server();
    server.feed(&settings(&[(4, 0)]));
    server.feed(&[request(1, true), request(3, true)].concat());
    for id in [1, 3] {
        server.send_head(id);
        server.send_data(id, &b"queued"[..], true);
    }
    server.sent();
    assert_eq!(server.connection.stats().buffered_bytes, 12);
    server.expect(&rst_stream(1, ErrorCode::Cancel), &["Reset 1 CANCEL Remote"], &[]);
    let key = server.key(3);
    server.connection.reset(key, ErrorCode::InternalError, &mut server.out);
    assert_eq!(server.sent(), ["RST_STREAM 3 INTERNAL_ERROR"]);
    assert_eq!(server.connection.stats().buffered_bytes, 0);
    server.expect(&settings(&[(4, 100)]), &["PeerSettings"], &["SETTINGS ack"]);
}

#[test]
fn gone_streams_do_not_pile_up_among_the_ready_ones() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    server.send_head(1);
    server.send_data(1, vec![0; 65_535], false);
    // One that stays keeps its place in front of all that come and go.
    server.feed(&request(3, true));
    server.send_head(3);
    server.send_data(3, &b"y"[..], true);
    for id in (5..10_003).step_by(2) {
        server.feed(&request(id, true));
        server.send_head(id);
        server.send_data(id, &b"x"[..], true);
        server.feed(&rst_stream(id, ErrorCode::Cancel));
        assert!(server.connection.ready.len() < 100);
        assert!(server.connection.spare_queues.len() < 100);
    }
    server.sent();
    server.expect(&window_update(0, 2), &[], &["DATA 3 y end"]);
    assert!(!server.connection.wants_flush());
}

#[test]
fn a_server_sends_a_head_first_and_once() {
    let mut server = Script::server();
    server.feed(&request(1, true));
    let key = server.key(1);
    let mut head = list(&[(":status", "200")]);
    let (connection, out) = (&mut server.connection, &mut server.out);
    assert_eq!(connection.send_data(key, Bytes::new(), true, out), Err(SendError::HeadOrder));
    assert_eq!(connection.send_trailers(key, &mut head, out), Err(SendError::HeadOrder));
    assert_eq!(connection.send_data_in_place(key, true, out, |tail| tail), Err(SendError::HeadOrder));
    assert!(!connection.can_send(key));
    connection.send_head(key, &mut head, false, out).unwrap();
    assert!(connection.can_send(key));
    assert_eq!(connection.send_head(key, &mut head, false, out), Err(SendError::HeadOrder));
    assert_eq!(server.sent(), ["HEADERS 1 [:status: 200]"]);
}

#[test]
fn nothing_follows_the_end() {
    let mut client = Script::client();
    let key = client.open(true);
    client.sent();
    let (connection, out) = (&mut client.connection, &mut client.out);
    assert_eq!(connection.send_data(key, Bytes::new(), true, out), Err(SendError::AlreadyEnded));
    assert_eq!(connection.send_trailers(key, &mut list(&[("a", "b")]), out), Err(SendError::AlreadyEnded));
    // An end that is queued counts too.
    let mut server = Script::server();
    server.feed(&settings(&[(4, 0)]));
    server.feed(&request(1, true));
    server.send_head(1);
    server.send_data(1, &b"queued"[..], true);
    let key = server.key(1);
    let refused = server.connection.send_data(key, Bytes::new(), true, &mut server.out);
    assert_eq!(refused, Err(SendError::AlreadyEnded));
}

#[test]
fn long_blocks_are_split() {
    let mut client = Script::client();
    let long = "~".repeat(40_000);
    let mut fields = request_fields();
    fields.push(b"long", long.as_bytes(), Indexing::Without);
    client.connection.open(client.now, &mut fields, true, &mut client.out).unwrap();
    let sent = client.sent();
    assert_eq!(sent[0], "HEADERS 1 16384 bytes and more end");
    assert_eq!(sent[1], "CONTINUATION 1 16384 bytes and more");
    assert!(sent[2].starts_with("CONTINUATION 1 ") && !sent[2].ends_with("more"), "{sent:?}");
}

#[test]
fn lists_above_the_peers_limit_are_not_sent() {
    let mut client = Script::client_with(Config::default(), &[(6, 200)]);
    let mut long = request_fields();
    long.push(b"long", &[b'x'; 100], Indexing::Without);
    let refused = client.connection.open(client.now, &mut long, true, &mut client.out);
    assert_eq!(refused, Err(OpenError::HeadersTooLarge { size: 304, limit: 200 }));
    assert!(client.sent().is_empty());
    assert_eq!(client.open(true).id, 1);
    let mut server = answering();
    server.feed(&settings(&[(6, 40)]));
    server.sent();
    let mut trailers = FixedBlock::new([("grpc-status", "0")]);
    let key = server.key(1);
    let refused = server.connection.send_trailers(key, &mut trailers, &mut server.out);
    assert_eq!(refused, Err(SendError::HeadersTooLarge { size: 44, limit: 40 }));
    assert!(server.sent().is_empty());
}

#[test]
fn fixed_trailers_can_wait_in_a_queue() {
    let mut server = Script::server();
    server.feed(&settings(&[(4, 0)]));
    server.feed(&request(1, true));
    server.send_head(1);
    server.send_data(1, &b"x"[..], false);
    let mut trailers = FixedBlock::new([("grpc-status", "0"), ("grpc-message", "")]);
    let key = server.key(1);
    server.connection.send_trailers(key, &mut trailers, &mut server.out).unwrap();
    server.sent();
    server.expect(&window_update(1, 1), &[], &["DATA 1 x", "HEADERS 1 [grpc-status: 0, grpc-message: ] end"]);
}
