//! Properties that hold for all input: round trips, agreement with another implementation, and bounds.

use bytes::BytesMut;
use gannet_http2::hpack::{DecodeOutcome, Decoder, Encoder, FixedBlock, Indexing};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{Collect, NO_LIMIT, Pair, decode, put_integer, put_literal, table};

/// What happens to one direction of a connection.
#[derive(Debug, Clone)]
enum Step {
    /// Settings arrive between two blocks: one after the other.
    Settings(Vec<usize>),
    /// A block of fields; the number says which fixed block goes in front, if any.
    Block(Option<usize>, Vec<(Pair, Indexing)>),
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![":path", ":status", "te", "grpc-status", "x-request-id", "content-length", "a-bin"])
            .prop_map(|name| name.as_bytes().to_vec()),
        1 => "[a-z][a-z0-9-]{0,30}".prop_map(String::into_bytes),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec!["", "/", "200", "0", "trailers", "/pkg.Service/Method"])
            .prop_map(|value| value.as_bytes().to_vec()),
        2 => "[ -~]{0,60}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..300),
    ]
}

fn indexing() -> impl Strategy<Value = Indexing> {
    prop_oneof![3 => Just(Indexing::Incremental), 1 => Just(Indexing::Without), 1 => Just(Indexing::Never)]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 0..200_usize, 2 => 0..5000_usize, 1 => Just(0), 1 => Just(4096)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => vec(size(), 1..4).prop_map(Step::Settings),
        5 => (prop::option::of(0..3_usize), vec(((name(), value()), indexing()), 0..12))
            .prop_map(|(fixed, fields)| Step::Block(fixed, fields)),
    ]
}

fn fixed_blocks() -> Vec<(FixedBlock, Vec<Pair>)> {
    let lists = [
        &[(":status", "200"), ("content-type", "application/grpc")][..],
        &[("grpc-status", "0")],
        &[
            (":method", "POST"),
            ("te", "trailers"),
            ("user-agent", "gannet"),
            (":path", "/pkg.Service/Method"),
        ],
    ];
    lists.map(|list| (FixedBlock::new(list.to_vec()), crate::pairs(list))).into()
}

fn run(steps: Vec<Step>, limit: usize) {
    let mut encoder = Encoder::with_limit(limit);
    let mut decoder = Decoder::new(4096);
    let mut other = fluke_hpack::Decoder::new();
    let mut fixed_blocks = fixed_blocks();
    for step in steps {
        match step {
            Step::Settings(sizes) => {
                for size in sizes {
                    encoder.set_max_size(size);
                    decoder.set_max_size(size);
                }
            }
            Step::Block(fixed, fields) => {
                let mut block = BytesMut::new();
                let mut expected = Vec::new();
                if let Some((fixed, its_fields)) = fixed.map(|at| &mut fixed_blocks[at]) {
                    encoder.fixed(&mut block, fixed);
                    expected.extend_from_slice(its_fields);
                }
                for ((name, value), indexing) in fields {
                    encoder.field(&mut block, &name, &value, indexing);
                    expected.push((name, value));
                }
                assert_eq!(other.decode(&block).unwrap(), expected);
                assert_eq!(decode(&mut decoder, &block), Ok(expected));
            }
        }
    }
}

/// A block that is well-formed more often than random octets are: representations with random indexes and strings.
fn block() -> impl Strategy<Value = Vec<u8>> {
    let representation = prop_oneof![
        5 => prop_oneof![1..70_usize, 1..200_usize].prop_map(|index| {
            let mut block = BytesMut::new();
            put_integer(&mut block, 0x80, 7, index);
            block.to_vec()
        }),
        5 => (prop::sample::select(vec![0x00, 0x10, 0x40]), name(), value()).prop_map(|(flags, name, value)| {
            let mut block = BytesMut::new();
            put_literal(&mut block, flags, &name, &value);
            block.to_vec()
        }),
        3 => (0..0x80_u8, any::<bool>(), vec(any::<u8>(), 0..20)).prop_map(|(first, huffman, text)| {
            let mut block = BytesMut::from(&[first][..]);
            put_integer(&mut block, if huffman { 0x80 } else { 0 }, 7, text.len());
            block.extend_from_slice(&text);
            block.to_vec()
        }),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(representation, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself_here_and_elsewhere(
        steps in vec(step(), 0..15),
        limit in prop_oneof![3 => Just(4096_usize), 1 => size(), 1 => Just(1 << 20)],
    ) {
        run(steps, limit);
    }

    #[test]
    fn what_another_implementation_encodes_decodes_to_itself(blocks in vec(vec((name(), value()), 0..12), 0..15)) {
        let mut decoder = Decoder::new(4096);
        let mut other = fluke_hpack::Encoder::new();
        for fields in blocks {
            let block = other.encode(fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
            prop_assert_eq!(decode(&mut decoder, &block), Ok(fields));
        }
    }

    #[test]
    fn any_octets_decode_or_are_an_error(blocks in vec(vec(any::<u8>(), 0..200), 0..10), limit in 0..1000_usize) {
        let mut decoder = Decoder::new(4096);
        for block in blocks {
            if let Err(error) = decoder.decode(&block, limit, &mut Collect::default()) {
                prop_assert!(!error.to_string().is_empty());
                break;
            }
        }
    }

    /// The limit decides what is reported, and nothing else.
    #[test]
    fn a_limit_changes_neither_the_table_nor_the_verdict(
        blocks in vec(block(), 1..8),
        limit in 0..600_usize,
        stop_after in prop::option::of(1..10_usize),
    ) {
        let (mut limited, mut free) = (Decoder::new(600), Decoder::new(600));
        for block in blocks {
            let mut some = Collect { stop_after, ..Collect::default() };
            let mut all = Collect::default();
            let within = limited.decode(&block, limit, &mut some);
            let without = free.decode(&block, NO_LIMIT, &mut all);
            let reported: usize = some.fields.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
            prop_assert!(reported <= limit);
            prop_assert!(all.fields.starts_with(&some.fields));
            match (within, without) {
                (Ok(DecodeOutcome::Complete { size } | DecodeOutcome::TooLarge { size }), Ok(outcome)) => {
                    prop_assert_eq!(outcome, DecodeOutcome::Complete { size });
                    prop_assert_eq!(size <= limit, all.fields.len() == some.fields.len());
                }
                (Ok(DecodeOutcome::Stopped), Ok(_)) => prop_assert_eq!(Some(some.fields.len()), stop_after),
                (within, without) => {
                    prop_assert_eq!(within.unwrap_err(), without.unwrap_err());
                    break;
                }
            }
            prop_assert_eq!(table(&mut limited), table(&mut free));
        }
    }

    /// What we accept the other reads the same or refuses (a size update that stands alone). What we refuse it is not
    /// asked about: it panics at some such blocks.
    #[test]
    fn another_implementation_reads_the_same_from_any_block(blocks in vec(block(), 1..8)) {
        let mut decoder = Decoder::new(4096);
        let mut other = fluke_hpack::Decoder::new();
        other.set_max_allowed_table_size(4096);
        for block in blocks {
            let Ok(ours) = decode(&mut decoder, &block) else { break };
            let Ok(theirs) = other.decode(&block) else { break };
            prop_assert_eq!(ours, theirs);
        }
    }
}
