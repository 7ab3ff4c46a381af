//! Limits and hostile blocks: what is reported, what is remembered, and what it costs.

use bytes::BytesMut;
use gannet_http2::hpack::{DecodeOutcome, Decoder, Encoder, HpackError, Indexing};

use crate::{Collect, NO_LIMIT, decode, encode, pairs, put_integer, put_literal, put_string, table};

fn decode_within(decoder: &mut Decoder, block: &[u8], limit: usize) -> (DecodeOutcome, Collect) {
    let mut collect = Collect::default();
    let outcome = decoder.decode(block, limit, &mut collect).unwrap();
    (outcome, collect)
}

#[test]
fn a_list_of_exactly_the_limit_passes_and_one_more_does_not() {
    let block = encode(&mut Encoder::new(), &[("a", "1"), ("b", "2"), ("c", "3")], Indexing::Without);
    let (outcome, collect) = decode_within(&mut Decoder::new(4096), &block, 3 * 34);
    assert_eq!(outcome, DecodeOutcome::Complete { size: 3 * 34 });
    assert_eq!(collect.fields.len(), 3);
    let (outcome, collect) = decode_within(&mut Decoder::new(4096), &block, 3 * 34 - 1);
    assert_eq!(outcome, DecodeOutcome::TooLarge { size: 3 * 34 });
    assert_eq!(collect.fields, pairs(&[("a", "1"), ("b", "2")]));
}

#[test]
fn behind_the_field_that_breaks_the_limit_nothing_is_reported_but_the_table_is_kept() {
    let mut block = BytesMut::new();
    put_literal(&mut block, 0x40, b"a", b"1");
    put_literal(&mut block, 0x00, b"large", &[b'v'; 500]);
    put_literal(&mut block, 0x40, b"b", b"2");
    let mut decoder = Decoder::new(4096);
    let (outcome, collect) = decode_within(&mut decoder, &block, 200);
    assert_eq!(outcome, DecodeOutcome::TooLarge { size: 34 + 537 + 34 });
    assert_eq!(collect.fields, pairs(&[("a", "1")]));
    assert_eq!(table(&mut decoder), pairs(&[("b", "2"), ("a", "1")]));
}

#[test]
fn a_sink_that_stops_hears_no_more_but_the_table_is_kept() {
    let mut block = BytesMut::new();
    for name in [b"a", b"b", b"c"] {
        put_literal(&mut block, 0x40, name, b"v");
    }
    let mut decoder = Decoder::new(4096);
    let mut collect = Collect { stop_after: Some(1), ..Collect::default() };
    assert_eq!(decoder.decode(&block, NO_LIMIT, &mut collect), Ok(DecodeOutcome::Stopped));
    assert_eq!(collect.fields, pairs(&[("a", "v")]));
    assert_eq!(table(&mut decoder), pairs(&[("c", "v"), ("b", "v"), ("a", "v")]));
}

#[test]
fn a_bomb_of_references_to_a_large_entry_is_measured_and_not_unpacked() {
    let mut decoder = Decoder::new(4096);
    let mut block = BytesMut::new();
    put_literal(&mut block, 0x40, b"n", &[b'v'; 4000]);
    block.resize(block.len() + 100_000, 0xbe);
    let (outcome, collect) = decode_within(&mut decoder, &block, 16 * 1024);
    assert_eq!(outcome, DecodeOutcome::TooLarge { size: 100_001 * 4033 });
    assert_eq!(collect.fields.len(), 4, "16 KiB hold four of them");
    assert_eq!(collect.classified.len(), 1, "an entry is classified once");
}

#[test]
fn a_bomb_of_insertions_with_a_large_name_keeps_to_the_table() {
    let mut decoder = Decoder::new(4096);
    let mut block = BytesMut::new();
    put_literal(&mut block, 0x40, &[b'n'; 4000], b"");
    for _ in 0..10_000 {
        // A literal with the name of index 62, which it evicts.
        block.extend_from_slice(b"\x7e\x00");
    }
    let (outcome, collect) = decode_within(&mut decoder, &block, 16 * 1024);
    assert_eq!(outcome, DecodeOutcome::TooLarge { size: 10_001 * 4032 });
    assert_eq!(collect.fields.len(), 4);
    assert_eq!(table(&mut decoder), [(vec![b'n'; 4000], Vec::new())]);
}

/// A literal whose name and value are Huffman-coded, given as coded.
fn huffman_literal(flags: u8, name: &[u8], value: &[u8]) -> BytesMut {
    let mut block = BytesMut::from(&[flags][..]);
    for text in [name, value] {
        put_integer(&mut block, 0x80, 7, text.len());
        block.extend_from_slice(text);
    }
    block
}

#[test]
fn a_huffman_literal_over_the_limit_is_still_checked_to_its_end() {
    // '0' has the code 00000: five octets are eight of them. 0x1f is 'a' and padding.
    for flags in [0x00, 0x10, 0x40] {
        let good = huffman_literal(flags, b"\x1f", &vec![0; 50_000]);
        let (outcome, collect) = decode_within(&mut Decoder::new(4096), &good, 1000);
        assert_eq!(outcome, DecodeOutcome::TooLarge { size: 1 + 80_000 + 32 });
        assert!(collect.fields.is_empty() && collect.classified.is_empty());

        let mut value = vec![0; 50_000];
        value.push(0x01);
        let bad = huffman_literal(flags, b"\x1f", &value);
        let error = Decoder::new(4096).decode(&bad, 1000, &mut Collect::default()).unwrap_err();
        assert_eq!(error, HpackError::HuffmanPadding { offset: bad.len() - value.len() });
    }
}

#[test]
fn a_huffman_literal_over_the_limit_that_fits_into_the_table_enters_it() {
    let mut decoder = Decoder::new(4096);
    let block = huffman_literal(0x40, b"\x1f", &[0; 1000]);
    let (outcome, collect) = decode_within(&mut decoder, &block, 500);
    assert_eq!(outcome, DecodeOutcome::TooLarge { size: 1 + 1600 + 32 });
    assert!(collect.fields.is_empty());
    assert_eq!(table(&mut decoder), [(b"a".to_vec(), vec![b'0'; 1600])]);
}

#[test]
fn a_field_within_the_limit_that_is_larger_than_the_table_is_reported_and_empties_it() {
    let mut decoder = Decoder::new(100);
    let mut block = BytesMut::new();
    put_literal(&mut block, 0x40, b"a", b"1");
    // With the name of index 62, which goes with the rest of the table.
    block.extend_from_slice(b"\x7e");
    put_string(&mut block, &[b'v'; 200]);
    let (outcome, collect) = decode_within(&mut decoder, &block, 1000);
    assert_eq!(outcome, DecodeOutcome::Complete { size: 34 + 233 });
    assert_eq!(collect.fields[1], (b"a".to_vec(), vec![b'v'; 200]));
    assert_eq!(table(&mut decoder), []);
}

#[test]
fn an_entry_is_classified_once_and_keeps_its_tag() {
    let mut decoder = Decoder::new(4096);
    let mut collect = Collect::default();
    let mut block = BytesMut::from(&b"\x83\x83"[..]);
    put_literal(&mut block, 0x40, b"a", b"1");
    put_literal(&mut block, 0x00, b"b", b"2");
    for block in [&block[..], b"\xbe\x83\xbe"] {
        let _ = decoder.decode(block, NO_LIMIT, &mut collect).unwrap();
    }
    assert_eq!(collect.tags, [1, 1, 2, 3, 2, 1, 2]);
    assert_eq!(collect.classified, pairs(&[(":method", "POST"), ("a", "1"), ("b", "2")]));
}

#[test]
fn a_block_cut_short_anywhere_is_an_error_or_ends_between_two_fields() {
    let mut encoder = Encoder::new();
    encode(&mut encoder, &[("some-name", "some value")], Indexing::Incremental);
    let fields =
        [("some-name", "some value"), (":path", "/a/b"), ("other-name", "{plain}"), ("te", "trailers")];
    let first = encode(&mut Encoder::new(), &[("some-name", "some value")], Indexing::Incremental);
    let block = encode(&mut encoder, &fields, Indexing::Incremental);
    for length in 0..block.len() {
        let mut decoder = Decoder::new(4096);
        decode(&mut decoder, &first).unwrap();
        match decode(&mut decoder, &block[..length]) {
            Ok(whole) => assert_eq!(whole, pairs(&fields[..whole.len()])),
            Err(HpackError::Truncated { offset }) => assert!(offset <= length),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn indexes_that_no_table_holds_are_errors() {
    for (block, index) in [(&b"\x80"[..], 0), (b"\xbe", 62), (b"\xff\x80\x80\x04", 65663), (b"\x7e\x00", 62)]
    {
        let error = decode(&mut Decoder::new(4096), block).unwrap_err();
        assert_eq!(error, HpackError::InvalidIndex { offset: 0, index });
        assert!(error.to_string().contains(&format!("index {index}")), "{error}");
    }
}
