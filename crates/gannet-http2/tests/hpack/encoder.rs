//! What the encoder chooses, and fixed blocks.

use bytes::BytesMut;
use gannet_http2::hpack::{Decoder, Encoder, FixedBlock, Indexing};

use crate::{Pair, decode, encode, pairs, table};

#[test]
fn a_field_that_was_inserted_is_one_octet_the_next_time() {
    let mut encoder = Encoder::new();
    let fields = [("te", "trailers"), ("grpc-accept-encoding", "identity")];
    encode(&mut encoder, &fields, Indexing::Incremental);
    assert_eq!(encode(&mut encoder, &fields, Indexing::Incremental), b"\xbf\xbe"[..]);
}

#[test]
fn a_name_that_was_inserted_is_referred_to_with_another_value() {
    let mut encoder = Encoder::new();
    encode(&mut encoder, &[("x", "1"), ("y", "1"), ("x", "2")], Indexing::Incremental);
    // The newest entry of the name: index 62.
    assert_eq!(encode(&mut encoder, &[("x", "?")], Indexing::Without), b"\x0f\x2f\x01?"[..]);
    assert_eq!(encode(&mut encoder, &[("y", "?")], Indexing::Never), b"\x1f\x30\x01?"[..]);
    assert_eq!(encode(&mut encoder, &[("y", "?")], Indexing::Incremental), b"\x7f\x00\x01?"[..]);
}

#[test]
fn without_and_never_leave_the_table_alone() {
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new(4096);
    for indexing in [Indexing::Without, Indexing::Never] {
        for (name, value) in [("authorization", "Basic x"), ("secret", "s"), (":status", "200")] {
            let block = encode(&mut encoder, &[(name, value)], indexing);
            assert_eq!(decode(&mut decoder, &block), Ok(pairs(&[(name, value)])));
            assert_eq!(block[0] & 0xf0 == 0x10, indexing == Indexing::Never, "{name}");
        }
    }
    assert_eq!(table(&mut decoder), []);
}

#[test]
fn a_field_larger_than_the_table_does_not_empty_it() {
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new(4096);
    let large = "v".repeat(4096);
    let fields = [("small", "v"), ("large", &large)];
    assert_eq!(
        decode(&mut decoder, &encode(&mut encoder, &fields, Indexing::Incremental)),
        Ok(pairs(&fields))
    );
    assert_eq!(table(&mut decoder), pairs(&[("small", "v")]));
}

#[test]
fn values_that_huffman_coding_would_lengthen_stay_plain() {
    let mut encoder = Encoder::new();
    let block = encode(&mut encoder, &[("x", "{}{}")], Indexing::Without);
    assert_eq!(block, b"\x00\x01x\x04{}{}"[..]);
}

fn head() -> FixedBlock {
    FixedBlock::new([(":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "identity")])
}

fn head_fields() -> Vec<Pair> {
    pairs(&[(":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "identity")])
}

fn fixed(encoder: &mut Encoder, block: &mut FixedBlock) -> BytesMut {
    let mut out = BytesMut::new();
    encoder.fixed(&mut out, block);
    out
}

#[test]
fn a_fixed_block_is_all_indexes_from_its_second_use_on() {
    let (mut encoder, mut head) = (Encoder::new(), head());
    fixed(&mut encoder, &mut head);
    for _ in 0..3 {
        assert_eq!(fixed(&mut encoder, &mut head), b"\x88\xbf\xbe"[..]);
    }
}

#[test]
fn a_fixed_block_follows_every_change_of_the_table() {
    let (mut encoder, mut head, mut trailers) =
        (Encoder::new(), head(), FixedBlock::new([("grpc-status", "0")]));
    let mut decoder = Decoder::new(4096);
    for round in 0..200_u32 {
        assert_eq!(decode(&mut decoder, &fixed(&mut encoder, &mut head)), Ok(head_fields()), "round {round}");
        // Values that push older entries out, now and then.
        let (name, value) = (format!("name-{round}"), "v".repeat(round as usize * 3));
        let block = encode(&mut encoder, &[(&name, &value)], Indexing::Incremental);
        assert_eq!(decode(&mut decoder, &block), Ok(pairs(&[(&name, &value)])), "round {round}");
        let block = fixed(&mut encoder, &mut trailers);
        assert_eq!(decode(&mut decoder, &block), Ok(pairs(&[("grpc-status", "0")])), "round {round}");
        if round % 7 == 0 {
            let size = round as usize * 31 % 4097;
            encoder.set_max_size(size);
            decoder.set_max_size(size);
        }
    }
}

#[test]
fn a_fixed_block_used_with_another_encoder_starts_anew() {
    let (mut first, mut second, mut head) = (Encoder::new(), Encoder::new(), head());
    encode(&mut second, &[("a", "1"), ("b", "2")], Indexing::Incremental);
    for _ in 0..2 {
        fixed(&mut first, &mut head);
    }
    let mut decoder = Decoder::new(4096);
    decode(&mut decoder, &encode(&mut Encoder::new(), &[("a", "1"), ("b", "2")], Indexing::Incremental))
        .unwrap();
    for _ in 0..2 {
        assert_eq!(decode(&mut decoder, &fixed(&mut second, &mut head)), Ok(head_fields()));
    }
}

#[test]
fn a_fixed_block_knows_its_fields_and_their_size() {
    let head = FixedBlock::new([("a", "12"), ("b", "3")]);
    assert_eq!(head.list_size(), 2 * 32 + 5);
    assert!(head.fields().eq([(&b"a"[..], &b"12"[..]), (b"b", b"3")]));
}
