//! Dynamic table size updates (RFC 7541 §4.2, §6.3), on both sides.

use bytes::BytesMut;
use gannet_http2::hpack::{Decoder, Encoder, HpackError, Indexing};

use crate::{decode, encode, pairs, put_integer, put_literal, table};

fn size_update(size: usize) -> BytesMut {
    let mut block = BytesMut::new();
    put_integer(&mut block, 0x20, 5, size);
    block
}

fn with_three_entries() -> Decoder {
    let mut decoder = Decoder::new(4096);
    let mut block = BytesMut::new();
    for name in [b"a", b"b", b"c"] {
        put_literal(&mut block, 0x40, name, b"v");
    }
    decode(&mut decoder, &block).unwrap();
    decoder
}

#[test]
fn an_update_evicts_at_once() {
    let mut decoder = with_three_entries();
    decode(&mut decoder, &size_update(2 * 34)).unwrap();
    assert_eq!(table(&mut decoder), pairs(&[("c", "v"), ("b", "v")]));
}

#[test]
fn two_updates_at_the_start_of_a_block_empty_the_table_and_open_it_again() {
    let mut decoder = with_three_entries();
    let mut block = size_update(0);
    block.extend_from_slice(&size_update(4096));
    put_literal(&mut block, 0x40, b"d", b"v");
    assert_eq!(decode(&mut decoder, &block), Ok(pairs(&[("d", "v")])));
    assert_eq!(table(&mut decoder), pairs(&[("d", "v")]));
}

#[test]
fn an_update_behind_a_field_is_an_error() {
    let mut block = BytesMut::from(&b"\x82"[..]);
    block.extend_from_slice(&size_update(100));
    let error = decode(&mut Decoder::new(4096), &block).unwrap_err();
    assert_eq!(error, HpackError::SizeUpdateMisplaced { offset: 1 });
}

#[test]
fn an_update_beyond_the_setting_is_an_error() {
    let mut decoder = Decoder::new(4096);
    let error = decode(&mut decoder, &size_update(4097)).unwrap_err();
    assert_eq!(error, HpackError::SizeUpdateTooLarge { offset: 0, size: 4097, max: 4096 });
    let mut decoder = Decoder::new(4096);
    decoder.set_max_size(10_000);
    assert_eq!(decode(&mut decoder, &size_update(10_000)), Ok(Vec::new()));
}

#[test]
fn a_peer_that_acknowledged_a_smaller_table_must_say_so() {
    let mut decoder = with_three_entries();
    decoder.set_max_size(40);
    let error = decode(&mut decoder, b"\x82").unwrap_err();
    assert_eq!(error, HpackError::SizeUpdateMissing { offset: 0, max: 40 });

    let mut decoder = with_three_entries();
    decoder.set_max_size(40);
    let mut block = size_update(40);
    block.extend_from_slice(b"\x82\xbe");
    assert_eq!(decode(&mut decoder, &block), Ok(pairs(&[(":method", "GET"), ("c", "v")])));
}

#[test]
fn a_larger_setting_leaves_the_table_as_it_is_until_the_peer_follows() {
    let mut decoder = Decoder::new(40);
    decoder.set_max_size(4096);
    let mut block = BytesMut::new();
    put_literal(&mut block, 0x40, b"a", b"v");
    put_literal(&mut block, 0x40, b"b", b"v");
    decode(&mut decoder, &block).unwrap();
    assert_eq!(table(&mut decoder), pairs(&[("b", "v")]));
}

const FIELD: &[(&str, &str)] = &[(":method", "GET")];

fn updates(sizes: &[usize]) -> BytesMut {
    let mut block = BytesMut::new();
    for size in sizes {
        put_integer(&mut block, 0x20, 5, *size);
    }
    block.extend_from_slice(b"\x82");
    block
}

#[test]
fn the_encoder_signals_a_change_once_with_its_next_block() {
    let mut encoder = Encoder::new();
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[]));
    encoder.set_max_size(1000);
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[1000]));
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[]));
}

#[test]
fn the_encoder_signals_the_least_and_the_last_of_several_changes() {
    let mut encoder = Encoder::new();
    for size in [2000, 100, 500, 3000] {
        encoder.set_max_size(size);
    }
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[100, 3000]));
    for size in [2000, 100] {
        encoder.set_max_size(size);
    }
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[100]));
    for size in [50, 100] {
        encoder.set_max_size(size);
    }
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[50, 100]));
}

#[test]
fn the_encoder_uses_no_more_than_its_own_limit() {
    let mut encoder = Encoder::new();
    encoder.set_max_size(1 << 30);
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[]));
    let mut encoder = Encoder::with_limit(0);
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[0]));
    encoder.set_max_size(65536);
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[]));
    let mut encoder = Encoder::with_limit(65536);
    encoder.set_max_size(65536);
    assert_eq!(encode(&mut encoder, FIELD, Indexing::Incremental), updates(&[65536]));
}

#[test]
fn a_table_of_zero_is_left_alone() {
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new(4096);
    encoder.set_max_size(0);
    decoder.set_max_size(0);
    let fields = [("grpc-status", "0"), ("content-type", "application/grpc")];
    for _ in 0..3 {
        let block = encode(&mut encoder, &fields, Indexing::Incremental);
        assert_eq!(decode(&mut decoder, &block), Ok(pairs(&fields)));
        assert_eq!(table(&mut decoder), []);
    }
}
