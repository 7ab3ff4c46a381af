//! Sequences of operations on an encoder: whatever they are, the decoder reads what was meant.

#![no_main]

use std::ops::ControlFlow;

use arbitrary::Arbitrary;
use bytes::BytesMut;
use gannet_http2::hpack::{DecodeOutcome, Decoder, Encoder, Field, FieldSink, FixedBlock, Indexing};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Operation<'a> {
    /// The peer's SETTINGS_HEADER_TABLE_SIZE arrives.
    TableSize(u16),
    /// A field of the current block; the first number chooses a name.
    Field { name: Name<'a>, value: &'a [u8], indexing: u8 },
    /// One of the fixed blocks.
    Fixed(u8),
    /// The block ends.
    End,
}

#[derive(Debug, Arbitrary)]
enum Name<'a> {
    Known(u8),
    Other(&'a [u8]),
}

const KNOWN: [&str; 6] = [":path", ":status", "te", "grpc-status", "x-request-id", "content-type"];

#[derive(Default)]
struct Collect(Vec<(Vec<u8>, Vec<u8>)>);

impl FieldSink for Collect {
    fn classify(&mut self, _name: &[u8], _value: &[u8]) -> u32 {
        0
    }

    fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
        self.0.push((field.name.to_vec(), field.value.to_vec()));
        ControlFlow::Continue(())
    }
}

struct Pair {
    encoder: Encoder,
    decoder: Decoder,
    block: BytesMut,
    expected: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Pair {
    fn end(&mut self) {
        let mut collect = Collect::default();
        let outcome =
            self.decoder.decode(&self.block, usize::MAX, &mut collect).expect("what was encoded decodes");
        assert!(matches!(outcome, DecodeOutcome::Complete { .. }));
        assert_eq!(collect.0, self.expected);
        self.block.clear();
        self.expected.clear();
    }
}

fuzz_target!(|operations: Vec<Operation<'_>>| {
    let mut fixed = [
        FixedBlock::new(vec![(":status", "200"), ("content-type", "application/grpc")]),
        FixedBlock::new(vec![("grpc-status", "0")]),
        FixedBlock::new(vec![("te", "trailers"), ("user-agent", "gannet"), (":path", "/pkg.Service/Method")]),
    ];
    let mut pair = Pair {
        encoder: Encoder::with_limit(16 * 1024),
        decoder: Decoder::new(4096),
        block: BytesMut::new(),
        expected: Vec::new(),
    };
    for operation in operations {
        match operation {
            Operation::TableSize(size) => {
                pair.end();
                pair.encoder.set_max_size(usize::from(size));
                pair.decoder.set_max_size(usize::from(size));
            }
            Operation::Field { name, value, indexing } => {
                let name = match name {
                    Name::Known(at) => KNOWN[usize::from(at) % KNOWN.len()].as_bytes(),
                    Name::Other(name) => name,
                };
                let indexing = match indexing % 4 {
                    0 | 1 => Indexing::Incremental,
                    2 => Indexing::Without,
                    _ => Indexing::Never,
                };
                pair.encoder.field(&mut pair.block, name, value, indexing);
                pair.expected.push((name.to_vec(), value.to_vec()));
            }
            Operation::Fixed(at) => {
                let chosen = &mut fixed[usize::from(at) % 3];
                pair.encoder.fixed(&mut pair.block, chosen);
                pair.expected.extend(chosen.fields().map(|(name, value)| (name.to_vec(), value.to_vec())));
            }
            Operation::End => pair.end(),
        }
    }
    pair.end();
});
